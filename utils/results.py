"""The table of all claims: read from the executed labs, checked, and written for book/results.md.

`python -m utils.results` writes the table; `python -m utils.results add FILE.ipynb …` takes over the
records of labs that were executed elsewhere at full scale.
"""

import argparse
import json
import sys
from pathlib import Path

import nbformat

from utils import claims, labs

HEADS = ("Claim", "Paper", "Ours, fast scale", "Ours, full scale", "Verdict")


def full_scale_file(name: str, root: Path = labs.ROOT) -> Path:
    """Where the records of a lab's full-scale run are kept, in the repository."""
    return root / "book" / "full_scale" / f"{name}.json"


def problems(name: str, root: Path = labs.ROOT) -> list[str]:
    """What is wrong with a lab's claims: missing, stale or broken ones, each in a sentence."""
    path = labs.executed(name, root)
    if not path.is_file():
        return [f"{name}: not executed; run `make lab LAB={name}`"]
    found = []
    if labs.is_stale(name, root):
        found.append(f"{name}: its records are stale; run `make lab LAB={name}`")
    recorded = {record["name"]: record for record in claims.records(nbformat.read(path, as_version=4))}
    wanted = claims.names_in_source(nbformat.read(labs.source(name, root), as_version=4))
    found += [] if wanted else [f"{name}: makes no claim"]
    found += [f"{name}: claim {claim!r} was not recorded" for claim in wanted if claim not in recorded]
    found += [
        f"{name}: claim {claim!r} appears twice"
        for claim in sorted({c for c in wanted if wanted.count(c) > 1})
    ]
    found += [f"{name}: claim {c!r} does not hold" for c, record in recorded.items() if not record["holds"]]
    return found


def add(path: Path, root: Path = labs.ROOT) -> Path:
    """Take over the claims of a notebook that was executed at full scale; return the file they went to.

    Raises ValueError if the notebook holds no claims, not all that the lab makes, claims made at fast
    scale, with sizes changed by LAB_SIZES, or of a lab that does not exist.
    """
    records = claims.records(nbformat.read(path, as_version=4))
    if not records:
        raise ValueError(f"{path} holds no claims: was it executed?")
    if any(record["scale"] != "full" for record in records):
        raise ValueError(f"{path} was executed at fast scale; set SCALE=full")
    if any(record["sizes_changed"] for record in records):
        raise ValueError(f"{path} was executed with LAB_SIZES, so its sizes are not those of the full scale")
    name = records[0]["lab"]
    wanted = claims.names_in_source(nbformat.read(labs.source(name, root), as_version=4))
    if missing := sorted(set(wanted) - {record["name"] for record in records}):
        raise ValueError(
            f"{path} lacks the claims {missing}: did it run to its end, and is it the present lab?"
        )
    target = full_scale_file(name, root)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(records, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return target


def table(root: Path = labs.ROOT) -> str:
    """All claims as MyST Markdown: a section a lab, a row a claim."""
    sections = []
    for name in reading_order(root):
        notebook = nbformat.read(labs.executed(name, root), as_version=4)
        fast = claims.records(notebook)
        path = full_scale_file(name, root)
        full = {r["name"]: r for r in json.loads(path.read_text(encoding="utf-8"))} if path.is_file() else {}
        title = labs_title(notebook)
        first = fast[0]
        about = f"Executed at {first['scale']} scale on {first['date']} ({first['device']}, "
        about += f"`LAB_SEED={first['seed']}`)."
        rows = [_row(record, full.get(record["name"])) for record in fast]
        sections.append(f"## {title}\n\n{about} [To the lab](../labs/{name}.ipynb).\n\n{_list_table(rows)}")
    return "\n\n".join(sections) + "\n"


def reading_order(root: Path = labs.ROOT) -> list[str]:
    """All labs in the order of the table of contents, those that do not stand there last."""
    path = root / "_toc.yml"
    contents = path.read_text(encoding="utf-8") if path.is_file() else ""
    place = {name: contents.find(f"labs/{name}\n") for name in labs.names(root)}
    return sorted(place, key=lambda name: (place[name] < 0, place[name]))


def labs_title(notebook) -> str:
    """The text of a notebook's first heading."""
    lines = (
        line for cell in notebook.cells if cell.cell_type == "markdown" for line in cell.source.splitlines()
    )
    return next(line[2:].strip() for line in lines if line.startswith("# "))


def _row(fast: dict, full: dict | None) -> list[str]:
    cited = f"{{cite:p}}`{fast['source']}`" if fast["source"] else ""
    paper = " ".join(filter(None, [fast["paper"], cited])) or "none given"
    verdict = "holds" if fast["holds"] else "does not hold"
    if full and full["holds"] != fast["holds"]:
        verdict += " at fast scale; the opposite at full scale"
    return [
        fast["sentence"],
        paper,
        f"{claims.shown(fast)}; must be {claims.typeset(fast['bound'])}",
        f"{claims.shown(full)} ({full['device']}, {full['date']})" if full else "not run yet",
        verdict,
    ]


def _list_table(rows: list[list[str]]) -> str:
    lines = [":::{list-table}", ":header-rows: 1", ":class: results", ":widths: 32 18 24 14 12", ""]
    for row in [HEADS, *rows]:
        lines += [("* - " if i == 0 else "  - ") + cell.replace("\n", " ") for i, cell in enumerate(row)]
    return "\n".join([*lines, ":::"])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("action", nargs="?", choices=["write", "add"], default="write")
    parser.add_argument(
        "notebooks", nargs="*", type=Path, help="with add: notebooks executed with SCALE=full"
    )
    arguments = parser.parse_args()
    if arguments.action == "add":
        for path in arguments.notebooks:
            print(f"records written to {add(path).relative_to(labs.ROOT)}")
        return 0
    found = [problem for name in labs.names() for problem in problems(name)]
    if found:
        print("\n".join(found), file=sys.stderr)
        return 1
    target = labs.ROOT / "_build" / "generated" / "results.md"
    target.parent.mkdir(parents=True, exist_ok=True)
    text = table()
    if not target.is_file() or target.read_text(encoding="utf-8") != text:
        target.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
