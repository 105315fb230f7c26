"""What `python -m utils.new_lab` writes can be executed, checked and graded as it is."""

import os
import shutil
import subprocess
import sys

import nbformat
import pytest
from nbgrader.nbgraderformat import MetadataValidator
from test_exercises import problems

from utils import claims, labs, new_lab


@pytest.fixture
def root(tmp_path):
    """A copy of what a lab needs."""
    shutil.copytree(labs.ROOT / "utils", tmp_path / "utils", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(labs.ROOT / "pyproject.toml", tmp_path / "pyproject.toml")
    return tmp_path


def test_a_new_lab_is_executed_and_its_claim_holds(root):
    written = new_lab.create("chapter/coin", "A fair coin", root)
    assert [str(path.relative_to(root)) for path in written] == [
        "labs/chapter/coin.ipynb",
        "utils/coin_figures.py",
        "utils/checks/coin.py",
        "tests/wrong_answers/coin.py",
    ]
    settings = os.environ | {"PYTHONPATH": str(root), "SCALE": "fast", "LAB_SEED": "0"}
    command = [
        sys.executable,
        "-m",
        "nbconvert",
        "--to",
        "notebook",
        "--execute",
        "--inplace",
        str(written[0]),
    ]
    subprocess.run(command, env=settings, cwd=root, check=True, timeout=300, capture_output=True)
    (record,) = claims.records(nbformat.read(written[0], as_version=4))
    assert (record["lab"], record["name"], record["holds"]) == ("chapter/coin", "fair", True)


def test_its_exercise_has_all_its_parts_and_its_wrong_answers_are_rejected(root):
    new_lab.create("chapter/coin", "A fair coin", root)
    notebook = nbformat.read(root / "labs" / "chapter" / "coin.ipynb", as_version=4)
    assert problems(notebook) == ["1 exercises, expected 4 to 8"]
    MetadataValidator().validate_nb(notebook)
    nbformat.validate(notebook)
    code = (
        "import re, runpy\n"
        "from utils.checks import coin\n"
        "coin.standard_error(lambda p, n: (p * (1 - p) / n) ** 0.5)\n"
        "for function, message in runpy.run_path('tests/wrong_answers/coin.py')['WRONG']['standard_error']:\n"
        "    try:\n        coin.standard_error(function)\n"
        "    except AssertionError as error:\n        assert re.search(message, str(error)), error\n"
        "    else:\n        raise SystemExit('accepted')"
    )
    settings = os.environ | {"PYTHONPATH": str(root)}
    subprocess.run([sys.executable, "-c", code], env=settings, cwd=root, check=True)


def test_nothing_is_overwritten(root):
    new_lab.create("chapter/coin", "A fair coin", root)
    (root / "labs" / "chapter" / "coin.ipynb").unlink()
    with pytest.raises(FileExistsError, match=r"utils/coin_figures\.py is there already"):
        new_lab.create("chapter/coin", "A fair coin", root)
    assert not (root / "labs" / "chapter" / "coin.ipynb").exists()


@pytest.mark.parametrize("name", ["coin", "Chapter/coin", "chapter/my-coin", "chapter/coin.ipynb", "../coin"])
def test_a_name_of_another_form_is_refused(root, name):
    with pytest.raises(ValueError, match="expected such as bottom_up/coin"):
        new_lab.create(name, "A fair coin", root)
