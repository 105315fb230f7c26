"""What a teacher wants to know of the labs' exercises, read from the labs.

`python -m utils.teaching` writes the tables to _build/generated/teaching.md, which book/teaching.md includes.
"""

import re
import sys
from pathlib import Path
from typing import NamedTuple

import nbformat

from utils import labs

HEADING = re.compile(
    r"### Exercise \d+: (?P<title>.+)\s+"
    r"Difficulty (?P<difficulty>\d) of 5 · importance (?P<importance>\d) of 5 · "
    r"about (?P<minutes>\d+) minutes"
)


class Exercise(NamedTuple):
    """One exercise of a lab.

    title:      as its heading has it
    name:       of the function that is asked for
    difficulty: 1 to 5
    importance: 1 to 5
    minutes:    that it may take
    points:     that its check gives in nbgrader
    """

    title: str
    name: str
    difficulty: int
    importance: int
    minutes: int
    points: float


def exercises(notebook) -> list[Exercise]:
    """The lab's exercises, in order.

    notebook: an nbformat NotebookNode
    Raises ValueError if headings, solutions and checks do not come in equal numbers.
    """
    grades = [cell.metadata.get("nbgrader", {}) for cell in notebook.cells]
    names = [grade["grade_id"] for grade in grades if grade.get("solution")]
    points = [grade["points"] for grade in grades if grade.get("grade")]
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    heads = [match.groupdict() for match in HEADING.finditer(text)]
    if not len(heads) == len(names) == len(points):
        counts = f"{len(heads)} headings, {len(names)} solutions and {len(points)} checks"
        raise ValueError(f"the lab has {counts}, expected as many of each")
    return [
        Exercise(
            head["title"], name, int(head["difficulty"]), int(head["importance"]), int(head["minutes"]), point
        )
        for head, name, point in zip(heads, names, points, strict=True)
    ]


def measured(name: str, root: Path = labs.ROOT) -> str:
    """The last line of the lab's executed copy, which says how long it took; "" if it was not executed."""
    path = labs.executed(name, root)
    if not path.is_file():
        return ""
    cells = nbformat.read(path, as_version=4).cells
    lines = "".join(
        output.text for cell in cells for output in cell.get("outputs", []) if output.output_type == "stream"
    )
    return next((line for line in reversed(lines.splitlines()) if line.startswith(f"{name}: ")), "")


def table(root: Path = labs.ROOT) -> str:
    """All exercises as Markdown: a section a lab, a row an exercise."""
    sections = []
    for name in _in_reading_order(root):
        notebook = nbformat.read(labs.source(name, root), as_version=4)
        title = next(line for line in notebook.cells[0].source.splitlines() if line.startswith("# "))[2:]
        found = exercises(notebook)
        minutes, points = sum(e.minutes for e in found), sum(e.points for e in found)
        about = f"{len(found)} exercises, about {minutes} minutes, {points:g} points."
        if line := measured(name, root):
            about += f" Executing the whole lab: {line.removeprefix(f'{name}: ')}."
        rows = [
            "| Exercise | Difficulty | Minutes | Points |",
            "| --- | --- | --- | --- |",
            *(f"| {e.title} | {e.difficulty} of 5 | {e.minutes} | {e.points:g} |" for e in found),
        ]
        sections.append(f"### [{title}](../labs/{name}.ipynb)\n\n{about}\n\n" + "\n".join(rows))
    return "\n\n".join(sections) + "\n"


def _in_reading_order(root: Path) -> list[str]:
    contents = (root / "_toc.yml").read_text(encoding="utf-8")
    return sorted(labs.names(root), key=lambda name: contents.find(f"labs/{name}"))


def main() -> int:
    target = labs.ROOT / "_build" / "generated" / "teaching.md"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(table(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
