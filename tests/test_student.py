"""The versions that learners open: nothing of the solution left, nothing else lost."""

import ast

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from utils import labs, student

SOLUTION = '''def double(x):
    """2x"""
    ### BEGIN SOLUTION
    secret = 2 * x
    return secret
    ### END SOLUTION'''
CHECK = "check(double)\n### BEGIN HIDDEN TESTS\nassert double(7) == 14\n### END HIDDEN TESTS"


def nbgrader(**changes):
    graded = {
        "grade": False,
        "grade_id": "double",
        "locked": False,
        "schema_version": 3,
        "solution": True,
        "task": False,
    }
    return {"nbgrader": graded | changes}


def exercise(solution=SOLUTION, metadata=None):
    solution_metadata = nbgrader() if metadata is None else metadata
    tags = {"tags": ["hide-input"], "mystnb": {"code_prompt_show": "Show the solution"}}
    return new_notebook(
        cells=[
            new_markdown_cell("# Tiny\n\n<details><summary>Hint 1</summary>\n\nTwice.\n\n</details>"),
            new_code_cell("x = 1", outputs=[new_output("stream", text="one")], execution_count=1),
            new_code_cell(solution, metadata=tags | solution_metadata),
            new_code_cell(
                CHECK,
                metadata=nbgrader(grade=True, grade_id="check_double", points=1, solution=False, locked=True),
            ),
        ]
    )


def test_solution_hidden_tests_and_outputs_are_gone_and_the_rest_is_not():
    given = exercise()
    before = nbformat.writes(given)
    version = student.student_version(given)
    prose, plain, solution, check = version.cells
    assert "secret" not in nbformat.writes(version)
    assert "HIDDEN" not in nbformat.writes(version)
    assert solution.source == f'def double(x):\n    """2x"""\n    {student.STUB}'
    assert check.source == "check(double)"
    assert plain.outputs == []
    assert "Hint 1" in prose.source
    assert nbformat.writes(given) == before


def test_the_stub_raises_and_the_page_no_longer_hides_it():
    solution = student.student_version(exercise()).cells[2]
    names = {}
    exec(solution.source, names)
    with pytest.raises(NotImplementedError, match="Not written yet"):
        names["double"](1)
    assert "hide-input" not in solution.metadata.tags
    assert "mystnb" not in solution.metadata


def test_checks_are_locked():
    version = student.student_version(exercise())
    assert version.cells[3].metadata.deletable is False
    assert version.cells[3].metadata.editable is False
    assert version.cells[2].metadata.get("editable", True)


@pytest.mark.parametrize(
    "bad",
    [
        exercise(solution=SOLUTION.replace("    ### END SOLUTION", "")),
        exercise(solution=SOLUTION.replace("    return", "    ### BEGIN SOLUTION\n    return")),
        exercise(metadata={}),
    ],
    ids=["not ended", "begun twice", "without metadata"],
)
def test_a_solution_that_nbgrader_would_not_remove_is_an_error(bad):
    with pytest.raises(RuntimeError):
        student.student_version(bad)


def test_all_labs_are_written_below_their_chapters(book):
    nbformat.write(exercise(), book.root / "labs" / "part" / "tiny.ipynb")
    (written,) = student.write_all(root=book.root)
    assert written == book.root / "_build" / "student" / "part" / "tiny.ipynb"
    assert "secret" not in written.read_text()


@pytest.mark.parametrize("name", labs.names())
def test_a_lab_of_the_book_keeps_no_solution_and_stays_python(name):
    source = nbformat.read(labs.source(name), as_version=4)
    version = student.student_version(source)
    assert "SOLUTION" not in nbformat.writes(version)
    stubs = [cell.source for cell in version.cells if cell.metadata.get("nbgrader", {}).get("solution")]
    assert len(stubs) >= 4
    for stub in stubs:
        assert student.STUB in stub
        ast.parse(stub)
