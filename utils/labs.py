"""From lab to page: which labs are stale, run those through nbmake, put them where Jupyter Book finds them.

`python -m utils.labs run [chapter/lab …]` executes; `python -m utils.labs list` says what is stale;
`python -m utils.labs seeds [chapter/lab …]` executes with three values of LAB_SEED and compares the claims;
`python -m utils.labs blank` lets the book be rendered without executing the labs that have no outputs yet.
"""

import argparse
import ast
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parent.parent
CELL_TIMEOUT = 600  # seconds; a cell that takes longer is broken
# glibc hands every large tensor's memory back to the system and asks for it again, page by page; labs that
# run side by side wait for each other there. Kept, it is used again. Other C libraries do not read these.
KEEP_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(8 * 2**30), "MALLOC_TRIM_THRESHOLD_": str(16 * 2**30)}


def names(root: Path = ROOT) -> list[str]:
    """All labs as "chapter/lab", sorted."""
    found = sorted((root / "labs").glob("*/*.ipynb"))
    return [str(path.relative_to(root / "labs").with_suffix("")) for path in found]


def source(name: str, root: Path = ROOT) -> Path:
    """The lab's notebook, the one that people edit. Raises ValueError for a lab that does not exist."""
    path = root / "labs" / f"{name}.ipynb"
    if not path.is_file():
        raise ValueError(f"lab is {name!r}, expected one of {names(root)}")
    return path


def executed(name: str, root: Path = ROOT) -> Path:
    """Where the lab's executed copy lies."""
    return root / "_build" / "labs" / f"{name}.ipynb"


def modules_of(code: str, root: Path = ROOT) -> set[Path]:
    """The files of `utils` that this code imports, directly or through one another."""
    found: set[Path] = set()
    pending = [code]
    while pending:
        for module in _imports(pending.pop()):
            stem = root.joinpath(*module.split("."))
            for path in (stem.with_suffix(".py"), stem / "__init__.py"):
                if path.is_file() and path not in found:
                    found.add(path)
                    pending.append(path.read_text(encoding="utf-8"))
    return found


def plain_python(code: str) -> str:
    """The code with notebook magics (`%pip …`, `!ls`) replaced by `pass` at the same indent."""
    return re.sub(r"(?m)^(\s*)[%!].*$", r"\1pass", code)


def _imports(code: str) -> set[str]:
    modules = set()
    for node in ast.walk(ast.parse(plain_python(code))):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in modules if name.split(".")[0] == "utils"}


def key(name: str, root: Path = ROOT) -> str:
    """What the lab's outputs depend on, as a hash: its code, the utils it imports, the pins, the settings.

    Prose is left out: editing a sentence does not run a lab again.
    """
    notebook = nbformat.read(source(name, root), as_version=4)
    cells = [(cell.source, cell.metadata) for cell in notebook.cells if cell.cell_type == "code"]
    code = "\n".join(cell_source for cell_source, _ in cells)
    files = [*sorted(modules_of(code, root)), root / "constraints.txt"]
    settings = {k: os.environ.get(k, "") for k in ("SCALE", "LAB_SEED", "LAB_SIZES", "ALIGNMENT_DATA_DIR")}
    digest = hashlib.sha256(json.dumps([cells, settings, sys.version_info[:2]], sort_keys=True).encode())
    for path in files:
        digest.update(str(path.relative_to(root)).encode() + path.read_bytes())
    return digest.hexdigest()


def is_stale(name: str, root: Path = ROOT) -> bool:
    """Whether the lab has no executed copy, or one made from other code, utils, pins or settings."""
    stamp = executed(name, root).with_suffix(".key")
    return not executed(name, root).is_file() or not stamp.is_file() or stamp.read_text() != key(name, root)


def run(wanted: list[str] | None = None, root: Path = ROOT, jobs: int | None = None) -> list[str]:
    """Execute the stale labs among `wanted` (all if None) through nbmake, in parallel; return the failed.

    Each lab is put into the book when it is done, so that a run that is cut short keeps what it has finished.
    jobs: how many labs at once; default one for every two cores, so that each has two threads
    """
    stale = [name for name in (names(root) if wanted is None else wanted) if is_stale(name, root)]
    jobs = min(jobs or max(1, (os.cpu_count() or 1) // 2), len(stale) or 1)
    threads = max(1, (os.cpu_count() or 1) // jobs)
    failed = []

    def execute(name: str) -> tuple[str, str, bytes, str]:
        return name, key(name, root), *_execute(source(name, root), threads)  # the key as it is at the start

    with ThreadPoolExecutor(jobs) as pool:
        for future in as_completed([pool.submit(execute, name) for name in stale]):
            name, stamp, copy, log = future.result()
            print(log, flush=True)
            executed(name, root).parent.mkdir(parents=True, exist_ok=True)
            executed(name, root).with_suffix(".key").unlink(missing_ok=True)
            executed(name, root).write_bytes(copy)
            if is_complete(executed(name, root)):
                _keep(name, stamp, root)
            else:
                failed.append(name)
    return sorted(failed)


def _execute(path: Path, threads: int, **settings: str) -> tuple[bytes, str]:
    """The notebook as nbmake executed it, and what nbmake printed."""
    # nbmake passes over every path with a part named _build, so the copy is staged elsewhere.
    with tempfile.TemporaryDirectory() as folder:
        staged = Path(folder) / path.parent.name / path.name
        staged.parent.mkdir()
        staged.write_bytes(path.read_bytes())
        command = [sys.executable, "-m", "pytest", "--nbmake", "--overwrite", "-q", "-p", "no:cacheprovider"]
        command += [f"--nbmake-timeout={CELL_TIMEOUT}", "--durations=0", f"--rootdir={folder}"]
        environment = os.environ | {"OMP_NUM_THREADS": str(threads)} | KEEP_MEMORY | settings
        done = subprocess.run(
            [*command, "-c", os.devnull, staged], env=environment, check=False, capture_output=True, text=True
        )
        return staged.read_bytes(), done.stdout + done.stderr


def seeds(name: str, values: Sequence[int] = (0, 1, 2), root: Path = ROOT) -> list[list[dict]]:
    """The claims that the lab records under each LAB_SEED in `values`; the book's copy is not touched.

    A run that breaks a claim ends there, as it does in the build: its list is then shorter.
    """
    from utils.claims import records

    threads, recorded = os.cpu_count() or 1, []
    for value in values:
        copy, log = _execute(source(name, root), threads, LAB_SEED=str(value))
        print(log, flush=True)
        recorded.append(records(nbformat.reads(copy.decode(), as_version=4)))
    return recorded


def seeds_table(wanted: list[str], recorded: list[list[dict]], values: Sequence[int] = (0, 1, 2)) -> str:
    """A row a claim, a column a LAB_SEED, as text.

    wanted:   the names of the lab's claims
    recorded: what `seeds` returned
    """
    from utils.stats import Estimate

    def cell(record: dict | None) -> str:
        if record is None:
            return "not reached"
        estimate = Estimate(record["value"], record["low"], record["high"], record["n"])
        return f"{estimate}{'' if record['holds'] else ' BROKEN'}"

    by_name = [{record["name"]: record for record in run} for run in recorded]
    rows = [["claim", "bound", *(f"LAB_SEED={value}" for value in values)]]
    for name in wanted:
        bound = next((run[name]["bound"] for run in by_name if name in run), "")
        rows.append([name, bound, *(cell(run.get(name)) for run in by_name)])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def is_complete(path: Path) -> bool:
    """Whether every code cell ran and none raised."""
    cells = nbformat.read(path, as_version=4).cells
    cells = [cell for cell in cells if cell.cell_type == "code" and cell.source.strip()]
    ran = all(cell.execution_count for cell in cells)
    return ran and not any(output.output_type == "error" for cell in cells for output in cell.outputs)


def blank(root: Path = ROOT) -> list[str]:
    """Put the labs that Jupyter Book's cache does not hold there without outputs; return their names.

    Jupyter Book executes what it does not find, and one lab's page should not wait for all the others. They
    stay stale: when they are executed their outputs take this copy's place.
    """
    missing = []
    for name in names(root):
        notebook = nbformat.read(source(name, root), as_version=4)
        try:
            _cache(root).match_cache_notebook(notebook)
        except KeyError:
            _put(notebook, name, root)
            missing.append(name)
    return missing


def _cache(root: Path):
    """Jupyter Book's cache of executed notebooks."""
    from jupyter_cache import get_cache

    return get_cache(str(root / "_build" / ".jupyter_cache"))


def _put(notebook: nbformat.NotebookNode, name: str, root: Path) -> None:
    """Put the notebook into Jupyter Book's cache, in the place of a copy with the same code."""
    from jupyter_cache.base import CacheBundleIn

    bundle = CacheBundleIn(notebook, str(source(name, root)))
    _cache(root).cache_notebook_bundle(bundle, check_validity=False, overwrite=True)


def _keep(name: str, stamp: str, root: Path) -> None:
    """Put the executed copy into Jupyter Book's cache, make its page stale, and write down the key."""
    path = executed(name, root)
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # timestamps, which would change the cache's key
    nbformat.write(notebook, path)
    _put(notebook, name, root)
    # Sphinx looks at the source's time only; without its doctree the page is read anew.
    for doctree in (root / "_build").glob(f"**/.doctrees/labs/{name}.doctree"):
        doctree.unlink()
    path.with_suffix(".key").write_text(stamp)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("action", choices=["run", "list", "seeds", "blank"])
    parser.add_argument("labs", nargs="*", help="such as bottom_up/superposition; all if none is named")
    parser.add_argument("--jobs", type=int, help="labs at once (default: cores / 2)")
    arguments = parser.parse_intermixed_args()  # options may stand between the labs
    wanted = arguments.labs or names()
    if arguments.action == "list":
        for name in wanted:
            print(f"{'stale  ' if is_stale(name) else 'current'}  {name}")
        return 0
    if arguments.action == "blank":
        if missing := blank():
            print(f"These labs were not executed yet, and their pages show no outputs: {', '.join(missing)}.")
        return 0
    if arguments.action == "seeds":
        return 0 if all([_compare_seeds(name) for name in wanted]) else 1
    failed = run(wanted, jobs=arguments.jobs)
    for name in failed:
        path = executed(name).relative_to(ROOT)
        print(f"{name} failed: its executed copy up to the failing cell lies in {path}")
    return 1 if failed else 0


def _compare_seeds(name: str) -> bool:
    from utils.claims import names_in_source

    recorded = seeds(name)
    wanted = names_in_source(nbformat.read(source(name), as_version=4))
    print(f"\n{name}\n{seeds_table(wanted, recorded)}")
    return all(len(run) == len(wanted) and all(record["holds"] for record in run) for run in recorded)


if __name__ == "__main__":
    sys.exit(main())
