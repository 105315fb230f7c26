"""utils.teaching reads from the labs what book/teaching.md tells of them."""

import copy

import nbformat
import pytest

from utils import labs, teaching

NAMES = labs.names()


@pytest.mark.parametrize("name", NAMES)
def test_every_exercise_is_read_with_its_points(name):
    notebook = nbformat.read(labs.source(name), as_version=4)
    found = teaching.exercises(notebook)
    headings = sum(cell.source.count("### Exercise ") for cell in notebook.cells)
    assert len(found) == headings > 0
    for exercise in found:
        assert 1 <= exercise.difficulty <= 5
        assert 1 <= exercise.importance <= 5
        assert exercise.minutes > 0
        assert exercise.points > 0
        assert f"| {exercise.title} | {exercise.difficulty} of 5 |" in teaching.table()


def test_an_exercise_without_its_line_is_not_passed_over():
    notebook = copy.deepcopy(nbformat.read(labs.source(NAMES[0]), as_version=4))
    cell = next(cell for cell in notebook.cells if "Difficulty" in cell.source)
    cell.source = cell.source.replace("Difficulty", "Hardness")
    with pytest.raises(ValueError, match=r"headings, \d+ solutions and \d+ checks"):
        teaching.exercises(notebook)


def test_the_time_is_the_one_that_was_measured(book):
    assert teaching.measured(book.name, book.root) == ""
    book.write("run.finish()")
    book.execute()
    path = labs.executed(book.name, book.root)
    notebook = nbformat.read(path, as_version=4)
    line = f"{book.name}: 88 s, 1.0 GiB at most, CPU with 2 threads, scale fast, LAB_SEED 0"
    notebook.cells[-1].outputs = [nbformat.v4.new_output("stream", text=f"{book.name}: scale fast\n{line}\n")]
    nbformat.write(notebook, path)
    assert teaching.measured(book.name, book.root) == line
