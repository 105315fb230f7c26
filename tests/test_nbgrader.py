"""nbgrader as it is, on a real lab, with the settings and commands that book/teaching.md gives."""

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from utils import labs
from utils.student import student_version

LAB = "bottom_up/superposition"
NAME = LAB.split("/")[1]
# Small enough for a test: what the lab finds is then nonsense, but its exercises do not depend on that.
SIZES = {
    "num_seeds": 2,
    "num_steps": 3,
    "batch": 8,
    "n": 10,
    "m": 3,
    "num_densities": 2,
    "grid": 2,
    "num_inits": 2,
    "n_abs": 6,
    "m_abs": 4,
    "n_detect": 4,
}
TEACHING = (labs.ROOT / "book" / "teaching.md").read_text(encoding="utf-8")


def nbgrader(course: Path, command: str) -> None:
    """Run one of the commands of book/teaching.md in the course's folder."""
    assert f"nbgrader {command}" in TEACHING, "a command that teachers are not told"
    settings = os.environ | {
        # As in an activated environment: nbgrader looks for alembic on the path.
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "SCALE": "fast",
        "LAB_SEED": "0",
        "LAB_SIZES": json.dumps(SIZES),
        "OMP_NUM_THREADS": "1",
        "JUPYTER_DATA_DIR": str(course / "jupyter"),
    }
    result = subprocess.run(
        [sys.executable, "-m", "nbgrader", *command.split()],
        cwd=course,
        env=settings,
        capture_output=True,
        text=True,
        timeout=550,
    )
    assert result.returncode == 0, result.stdout + result.stderr


def solution_of(notebook, name):
    return next(cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == name)


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course of one assignment with three submissions, graded, with feedback."""
    course = tmp_path_factory.mktemp("course")
    config = re.search(r"```python\n(c = get_config.*?)```", TEACHING, re.DOTALL)[1]
    (course / "nbgrader_config.py").write_text(config)
    source = labs.source(LAB)
    hand_in(course, "source", nbformat.read(source, as_version=4))
    nbgrader(course, f"generate_assignment {NAME}")
    release = nbformat.read(course / "release" / NAME / f"{NAME}.ipynb", as_version=4)

    hand_in(course, "submitted/solved", nbformat.read(source, as_version=4))
    hand_in(course, "submitted/untouched", release)
    # A file from the student branch, as Colab opens it: one exercise solved, and one check made to pass.
    partly = student_version(nbformat.read(source, as_version=4))
    solved, cheated = exercises(partly)[:2]
    answer = solution_of(nbformat.read(source, as_version=4), solved).source
    solution_of(partly, solved).source = re.sub(r" *### (BEGIN|END) SOLUTION\n?", "", answer)
    solution_of(partly, f"check_{cheated}").source = "pass"
    hand_in(course, "submitted/partly", partly)

    nbgrader(course, f"autograde {NAME}")
    nbgrader(course, f"generate_feedback {NAME}")
    nbgrader(course, "export")
    return course


def hand_in(course: Path, folder: str, notebook) -> None:
    path = course / folder / NAME / f"{NAME}.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(notebook, path)


def exercises(notebook) -> list[str]:
    grades = [cell.metadata.get("nbgrader", {}) for cell in notebook.cells]
    return [grade["grade_id"] for grade in grades if grade.get("solution")]


def points(notebook) -> dict[str, float]:
    grades = [cell.metadata.get("nbgrader", {}) for cell in notebook.cells]
    return {g["grade_id"].removeprefix("check_"): g["points"] for g in grades if g.get("grade")}


def scores(course: Path) -> dict[str, float]:
    with (course / "grades.csv").open(newline="") as file:
        return {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}


def feedback(course: Path, student: str) -> str:
    return (course / "feedback" / student / NAME / f"{NAME}.html").read_text(encoding="utf-8")


def test_what_is_released_holds_no_solution(course):
    text = (course / "release" / NAME / f"{NAME}.ipynb").read_text()
    assert "BEGIN SOLUTION" not in text
    assert text.count("raise NotImplementedError") == len(exercises(nbformat.reads(text, 4)))


def test_the_solution_gets_full_marks_and_the_stub_none(course):
    marks = points(nbformat.read(labs.source(LAB), as_version=4))
    assert scores(course)["solved"] == sum(marks.values())
    assert scores(course)["untouched"] == 0


def test_a_colab_file_is_graded_and_an_edited_check_is_put_back(course):
    notebook = nbformat.read(labs.source(LAB), as_version=4)
    assert scores(course)["partly"] == points(notebook)[exercises(notebook)[0]]


def test_the_feedback_shows_marks_and_what_is_wrong(course):
    notebook = nbformat.read(labs.source(LAB), as_version=4)
    first = exercises(notebook)[0]
    assert f"{first} is not written yet" in feedback(course, "untouched")
    assert f"{first} is not written yet" not in feedback(course, "partly")
    assert f"{first}: correct." in feedback(course, "solved")
    total = sum(points(notebook).values())
    for student, score in scores(course).items():
        assert re.search(rf"Score:\s*{score:.1f}\s*/\s*{total:.1f}", feedback(course, student)), student
