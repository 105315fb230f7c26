"""What several tests need: a small book in a temporary folder, and the browser over the rendered site."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from utils import claims, labs

RECORD = {
    "lab": "part/tiny",
    "name": "one",
    "sentence": "One is about one.",
    "value": 1.0,
    "low": 0.97,
    "high": 1.03,
    "n": 5,
    "bound": ">= 0.9",
    "holds": True,
    "paper": "0.99",
    "source": "someone2020",
    "scale": "fast",
    "seed": 0,
    "sizes_changed": False,
    "device": "a computer",
    "date": "2026-01-01",
}


class Book:
    """A book with one lab, whose notebook and executed copy are written as a test wants them."""

    def __init__(self, root):
        self.root, self.name = root, "part/tiny"
        for folder in ("labs/part", "utils", "book"):
            (root / folder).mkdir(parents=True)
        (root / "constraints.txt").write_text("numpy==2.0\n")

    def write(self, *codes: str, prose: str = "# Tiny", **metadata) -> None:
        cells = [new_markdown_cell(prose), *(new_code_cell(code, metadata=metadata) for code in codes)]
        for number, cell in enumerate(cells):
            cell.id = f"c{number:03d}"
        nbformat.write(new_notebook(cells=cells), self.root / "labs" / f"{self.name}.ipynb")

    def execute(self, *records: dict, stale: bool = False) -> None:
        """Pretend that the lab ran and made these records."""
        notebook = nbformat.read(labs.source(self.name, self.root), as_version=4)
        code = [cell for cell in notebook.cells if cell.cell_type == "code"]
        for number, cell in enumerate(code):
            cell.execution_count = number + 1
        code[-1].outputs = [
            new_output(
                "display_data", {"text/plain": "a claim"}, metadata={claims.METADATA_KEY: RECORD | record}
            )
            for record in records
        ]
        path = labs.executed(self.name, self.root)
        path.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, path)
        path.with_suffix(".key").write_text("another" if stale else labs.key(self.name, self.root))


@pytest.fixture
def book(tmp_path):
    return Book(tmp_path)
