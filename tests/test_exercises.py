"""Every exercise of every lab: its parts, its metadata, its check against solution, stub, wrong answers."""

import ast
import copy
import dis
import importlib
import re
import types

import nbformat
import pytest
from nbgrader.nbgraderformat import MetadataValidator, ValidationError

from utils import labs
from utils.checks.core import CheckFailed
from utils.student import student_version

DIFFICULTY = re.compile(r"(?m)^Difficulty [1-5] of 5 · importance [1-5] of 5 · about \d+ minutes$")
HINT = re.compile(r"<details><summary>Hint \d</summary>\n\n.+?\n\n</details>", re.DOTALL)
HEADING = re.compile(r"(?m)^### Exercise (\d+): \S")


def read(name):
    return nbformat.read(labs.source(name), as_version=4)


def grade(cell) -> dict:
    return cell.metadata.get("nbgrader", {})


def exercises(notebook) -> list[str]:
    """The names of the functions that the lab's exercises ask for, in order."""
    return [grade(cell)["grade_id"] for cell in notebook.cells if grade(cell).get("solution")]


def cell_of(notebook, grade_id):
    return next(cell for cell in notebook.cells if grade(cell).get("grade_id") == grade_id)


NOTEBOOKS = {name: read(name) for name in labs.names()}
EXERCISES = [(name, exercise) for name, notebook in NOTEBOOKS.items() for exercise in exercises(notebook)]


def problems(notebook) -> list[str]:
    """What is wrong with the form of a lab's exercises, each in a sentence."""
    found, cells, names = [], notebook.cells, exercises(notebook)
    if not 4 <= len(names) <= 8:
        found.append(f"{len(names)} exercises, expected 4 to 8")
    numbers = [int(n) for cell in cells if cell.cell_type == "markdown" for n in HEADING.findall(cell.source)]
    if numbers != list(range(1, len(names) + 1)):
        found.append(f"exercise headings are numbered {numbers}, expected 1 to {len(names)}")
    for position, cell in enumerate(cells):
        if grade(cell).get("solution"):
            found += _problems_of_one(cells, position)
    return found


def _problems_of_one(cells, position) -> list[str]:
    name, found = grade(cells[position])["grade_id"], []
    task = cells[position - 1]
    text = task.source[task.source.rfind("### Exercise") :]
    if task.cell_type != "markdown" or not HEADING.match(text):
        return [f"{name}: no cell headed '### Exercise N: …' above the solution"]
    if not DIFFICULTY.search(text):
        found.append(f"{name}: no line of difficulty, importance and minutes")
    if len(HINT.findall(text)) < 2:
        found.append(f"{name}: fewer than two hints")
    solution = cells[position]
    body = [node for node in ast.parse(solution.source).body if isinstance(node, ast.FunctionDef)]
    if [node.name for node in body] != [name]:
        found.append(f"{name}: the solution cell defines {[node.name for node in body]}")
    elif not ast.get_docstring(body[0]):
        found.append(f"{name}: the function has no docstring")
    if solution.source.count("### BEGIN SOLUTION") != 1 or solution.source.count("### END SOLUTION") != 1:
        found.append(f"{name}: the solution is not begun and ended once")
    if "hide-input" not in solution.metadata.get("tags", []):
        found.append(f"{name}: the solution is not hidden on the page")
    check = cells[position + 1] if position + 1 < len(cells) else None
    if check is None or check.source.strip() != f"checks.{name}({name})":
        found.append(f"{name}: the cell below is not checks.{name}({name})")
    elif not (grade(check).get("grade") and grade(check).get("locked") and grade(check).get("points", 0) > 0):
        found.append(f"{name}: the check is not a locked cell with points")
    elif grade(check)["grade_id"] != f"check_{name}":
        found.append(f"{name}: the check's grade_id is {grade(check)['grade_id']!r}")
    for other in cells:
        others = other.cell_type == "code" and other is not solution and other is not check
        if others and name in loaded(other.source):
            found.append(f"{name}: a cell besides its check needs it, and would break with the stub")
    return found


def loaded(code: str) -> set[str]:
    """The names that the code reads from its module: not those that a function binds for itself."""

    def read_by(block) -> set[str]:
        instructions = dis.get_instructions(block)
        names = {i.argval for i in instructions if i.opname in ("LOAD_NAME", "LOAD_GLOBAL")}
        inner = [constant for constant in block.co_consts if isinstance(constant, types.CodeType)]
        return names.union(*map(read_by, inner))

    return read_by(compile(labs.plain_python(code), "<cell>", "exec"))


def bound(statement) -> set[str]:
    """The names that a top-level statement binds."""
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return {(alias.asname or alias.name).split(".")[0] for alias in statement.names}
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return {statement.name}
    # What is computed is no part of an exercise: its cell must work without having run the lab.
    if isinstance(statement, ast.Assign) and not any(isinstance(n, ast.Call) for n in ast.walk(statement)):
        return {n.id for target in statement.targets for n in ast.walk(target) if isinstance(n, ast.Name)}
    return set()


def defined(notebook, exercise):
    """The exercise's function, made from its cell and those definitions and imports above that it needs."""
    statements = []
    for cell in notebook.cells:
        if cell.cell_type == "code" and not grade(cell):
            statements += ast.parse(labs.plain_python(cell.source)).body
        if cell is cell_of(notebook, exercise):
            break
    needed, kept = loaded(cell.source), []
    for statement in reversed(statements):
        if bound(statement) & needed:
            kept.insert(0, statement)
            needed |= loaded(ast.unparse(statement))
    space = {}
    code = "\n".join([*map(ast.unparse, kept), cell.source])
    exec(compile(code, f"<{exercise}>", "exec"), space)
    return space[exercise]


def check_of(name, exercise):
    return getattr(importlib.import_module(f"utils.checks.{name.split('/')[1]}"), exercise)


def wrong_answers(name, exercise):
    return importlib.import_module(f"wrong_answers.{name.split('/')[1]}").WRONG[exercise]


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_exercises_have_all_their_parts(name):
    assert problems(NOTEBOOKS[name]) == []


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_metadata_is_valid_for_nbformat_and_nbgrader(name):
    nbformat.validate(NOTEBOOKS[name])
    MetadataValidator().validate_nb(NOTEBOOKS[name])
    ids = [grade(cell)["grade_id"] for cell in NOTEBOOKS[name].cells if grade(cell)]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_no_wrong_answers_for_exercises_that_do_not_exist(name):
    kept = importlib.import_module(f"wrong_answers.{name.split('/')[1]}").WRONG
    assert list(kept) == exercises(NOTEBOOKS[name])


@pytest.mark.parametrize(("name", "exercise"), EXERCISES)
def test_the_solution_passes(name, exercise, capsys):
    check_of(name, exercise)(defined(NOTEBOOKS[name], exercise))
    assert capsys.readouterr().out == f"{exercise}: correct.\n"


@pytest.mark.parametrize(("name", "exercise"), EXERCISES)
def test_the_untouched_stub_is_told_what_to_do(name, exercise):
    stub = defined(student_version(NOTEBOOKS[name]), exercise)
    with pytest.raises(CheckFailed, match=f"{exercise} is not written yet: replace the line"):
        check_of(name, exercise)(stub)


@pytest.mark.parametrize(("name", "exercise"), EXERCISES)
def test_at_least_three_wrong_answers_are_rejected_with_the_mistake_named(name, exercise):
    answers = wrong_answers(name, exercise)
    assert len(answers) >= 3
    for number, (function, expression) in enumerate(answers, 1):
        with pytest.raises(CheckFailed) as error:
            check_of(name, exercise)(function)
        assert re.search(expression, str(error.value)), f"answer {number}: {error.value}"


# The checks above, checked: a lab that is right but for one thing.

TASK = """### Exercise {n}: double

Difficulty 1 of 5 · importance 2 of 5 · about 5 minutes

Double it.

<details><summary>Hint 1</summary>

Add it to itself.

</details>

<details><summary>Hint 2</summary>

Use `+`.

</details>"""
SOLUTION = 'def double{n}(x):\n    """2x"""\n    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION'


def right_lab():
    cells = [nbformat.v4.new_markdown_cell("# A lab")]
    for n in range(1, 5):
        common = {"schema_version": 3, "task": False}
        cells += [
            nbformat.v4.new_markdown_cell(TASK.format(n=n)),
            nbformat.v4.new_code_cell(SOLUTION.format(n=n)),
            nbformat.v4.new_code_cell(f"checks.double{n}(double{n})"),
        ]
        cells[-2].metadata.tags = ["hide-input"]
        cells[-2].metadata.nbgrader = common | {
            "grade": False,
            "grade_id": f"double{n}",
            "locked": False,
            "solution": True,
        }
        cells[-1].metadata.nbgrader = common | {
            "grade": True,
            "grade_id": f"check_double{n}",
            "locked": True,
            "solution": False,
            "points": 1,
        }
    return nbformat.from_dict(nbformat.v4.new_notebook(cells=cells))


def replace(position, old, new):
    def damage(notebook):
        assert old in notebook.cells[position].source
        notebook.cells[position].source = notebook.cells[position].source.replace(old, new)

    return damage


DAMAGES = [
    (lambda lab: lab.cells.__delitem__(slice(10, 13)), "3 exercises, expected 4 to 8"),
    (replace(4, "Exercise 2", "Exercise 3"), r"numbered \[1, 3, 3, 4\]"),
    (replace(1, "### Exercise", "## Exercise"), "double1: no cell headed"),
    (replace(1, "importance 2 of 5", "importance 6 of 5"), "double1: no line of difficulty"),
    (replace(1, "\n\nUse", "\nUse"), "double1: fewer than two hints"),
    (replace(2, "def double1", "def twice"), r"double1: the solution cell defines \['twice'\]"),
    (replace(2, '"""2x"""', "..."), "double1: the function has no docstring"),
    (replace(2, "### END SOLUTION", ""), "double1: the solution is not begun and ended once"),
    (lambda lab: lab.cells[2].metadata.update(tags=[]), "double1: the solution is not hidden"),
    (replace(3, "checks.double1", "checks.double2"), "double1: the cell below is not"),
    (lambda lab: lab.cells[3].metadata.nbgrader.update(points=0), "double1: the check is not a locked cell"),
    (lambda lab: lab.cells[3].metadata.nbgrader.update(grade_id="c"), "double1: the check's grade_id is 'c'"),
    (replace(12, "checks.double4(double4)", "double1(3)"), "double1: a cell besides its check needs it"),
]


def test_a_lab_that_is_right_has_no_problems():
    assert problems(right_lab()) == []
    MetadataValidator().validate_nb(right_lab())


@pytest.mark.parametrize(("damage", "expected"), DAMAGES)
def test_each_defect_is_found(damage, expected):
    lab = copy.deepcopy(right_lab())
    damage(lab)
    assert re.search(expected, "\n".join(problems(lab)))


def test_nbgraders_validator_refuses_what_it_should():
    lab = right_lab()
    del lab.cells[3].metadata.nbgrader["points"]
    with pytest.raises(ValidationError):
        MetadataValidator().validate_nb(lab)
