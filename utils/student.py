"""The labs as learners open them: solutions and hidden tests removed by nbgrader's own preprocessors.

`python -m utils.student` writes all of them to _build/student.
"""

import copy
import sys
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from traitlets.config import Config

from utils import labs

STUB = 'raise NotImplementedError("Not written yet: replace this line by your code")'


def student_version(notebook: NotebookNode) -> NotebookNode:
    """A copy without solutions, hidden tests and outputs, its checks locked as nbgrader locks them.

    Raises ModuleNotFoundError if nbgrader is not installed; RuntimeError (from nbgrader) if a solution
    is begun and not ended, or stands in a cell without nbgrader's metadata.
    """
    from nbgrader.preprocessors import ClearHiddenTests, ClearOutput, ClearSolutions, LockCells

    config = Config({"ClearSolutions": {"code_stub": {"python": STUB}, "enforce_metadata": True}})
    notebook, resources = copy.deepcopy(notebook), {}
    for step in (LockCells, ClearSolutions, ClearOutput, ClearHiddenTests):
        notebook, resources = step(config=config).preprocess(notebook, resources)
    for cell in notebook.cells:
        cell.metadata.pop("mystnb", None)
        if "hide-input" in cell.metadata.get("tags", []):
            cell.metadata.tags.remove("hide-input")
    return notebook


def write_all(folder: Path | None = None, root: Path = labs.ROOT) -> list[Path]:
    """Write the student version of every lab below the folder (default _build/student)."""
    folder = folder or root / "_build" / "student"
    written = []
    for name in labs.names(root):
        target = folder / f"{name}.ipynb"
        target.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(student_version(nbformat.read(labs.source(name, root), as_version=4)), target)
        written.append(target)
    return written


if __name__ == "__main__":
    for path in write_all():
        print(path.relative_to(labs.ROOT))
    sys.exit(0)
