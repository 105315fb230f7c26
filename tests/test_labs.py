"""From lab to page: what makes a lab stale, and what running one leaves behind."""

import nbformat
import pytest
from jupyter_cache import get_cache
from nbformat.v4 import new_output

from utils import claims, labs, results

IMPORTING = "from utils.first import something\nfrom utils.checks import part as checks\n\nvalue = 1"


@pytest.fixture
def lab(book):
    (book.root / "utils" / "first.py").write_text("from utils import second\n")
    (book.root / "utils" / "second.py").write_text("import math\n")
    (book.root / "utils" / "unused.py").write_text("")
    (book.root / "utils" / "checks").mkdir()
    (book.root / "utils" / "checks" / "__init__.py").write_text("")
    (book.root / "utils" / "checks" / "part.py").write_text("")
    book.write(IMPORTING)
    book.execute()
    return book


def append(path, text="\n# more\n"):
    path.write_text(path.read_text() + text)


def test_a_lab_that_just_ran_is_current(lab):
    assert not labs.is_stale(lab.name, lab.root)


@pytest.mark.parametrize(
    "file",
    [
        "utils/first.py",
        "utils/second.py",
        "utils/checks/part.py",
        "utils/checks/__init__.py",
        "constraints.txt",
    ],
)
def test_imported_utils_and_pins_make_a_lab_stale(lab, file):
    append(lab.root / file)
    assert labs.is_stale(lab.name, lab.root)


def test_code_and_its_metadata_make_a_lab_stale(lab):
    lab.write(IMPORTING + "1")
    assert labs.is_stale(lab.name, lab.root)
    lab.write(IMPORTING, tags=["remove-output"])
    assert labs.is_stale(lab.name, lab.root)


@pytest.mark.parametrize("variable", ["SCALE", "LAB_SEED", "LAB_SIZES", "ALIGNMENT_DATA_DIR"])
def test_settings_make_a_lab_stale(lab, monkeypatch, variable):
    monkeypatch.setenv(variable, "7")
    assert labs.is_stale(lab.name, lab.root)


def test_prose_and_utils_that_are_not_imported_do_not(lab):
    lab.write(IMPORTING, prose="# Tiny\n\nA better sentence.")
    append(lab.root / "utils" / "unused.py")
    assert not labs.is_stale(lab.name, lab.root)


def test_a_lab_without_copy_or_stamp_is_stale(lab):
    labs.executed(lab.name, lab.root).with_suffix(".key").unlink()
    assert labs.is_stale(lab.name, lab.root)
    lab.execute()
    labs.executed(lab.name, lab.root).unlink()
    assert labs.is_stale(lab.name, lab.root)


def test_magics_do_not_hide_imports(lab):
    code = "import sys\nif 'google.colab' in sys.modules:\n    %pip install -q it\n!ls\nimport utils.second"
    assert labs.modules_of(code, lab.root) == {lab.root / "utils" / "second.py"}


def test_an_unknown_lab_is_named_with_those_there_are(lab):
    with pytest.raises(ValueError, match=r"part/none.*part/tiny"):
        labs.source("part/none", lab.root)


def test_a_copy_is_complete_only_if_every_cell_ran_and_none_failed(lab):
    path = labs.executed(lab.name, lab.root)
    assert labs.is_complete(path)
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[1].outputs = [new_output("error", ename="E", evalue="", traceback=[])]
    nbformat.write(notebook, path)
    assert not labs.is_complete(path)
    nbformat.write(nbformat.read(labs.source(lab.name, lab.root), as_version=4), path)
    assert not labs.is_complete(path)


def cached(name, root):
    """The lab's notebook as Jupyter Book's cache has it."""
    cache = get_cache(str(root / "_build" / ".jupyter_cache"))
    found = cache.match_cache_notebook(nbformat.read(labs.source(name, root), as_version=4))
    return cache.get_cache_bundle(found.pk).nb


def test_running_labs(book):
    """One lab that holds its claim and one that breaks it, executed as the build executes them."""
    start = 'from utils.claims import claim\nfrom utils.runtime import start\n\nrun = start("part/{}")'
    book.write(start.format("tiny"), 'claim(run, "two", "Two is two.", 2.0, ">= 2")')
    book.name = "part/broken"
    book.write(start.format("broken"), 'claim(run, "three", "Three is four.", 3.0, ">= 4")', "after = 1")
    assert labs.run(root=book.root, jobs=2) == ["part/broken"]
    assert not labs.is_stale("part/tiny", book.root)
    assert labs.is_stale("part/broken", book.root)

    (record,) = claims.records(nbformat.read(labs.executed("part/tiny", book.root), as_version=4))
    assert (record["name"], record["value"], record["holds"]) == ("two", 2.0, True)
    assert results.problems("part/tiny", book.root) == []
    assert any("'three' does not hold" in problem for problem in results.problems("part/broken", book.root))

    # What ran is not run again, and lies in Jupyter Book's cache under its own key.
    before = labs.executed("part/tiny", book.root).stat().st_mtime_ns
    assert labs.run(["part/tiny"], root=book.root) == []
    assert labs.executed("part/tiny", book.root).stat().st_mtime_ns == before
    assert cached("part/tiny", book.root)


def test_labs_without_outputs_do_not_wait_to_be_rendered_and_stay_stale(book):
    book.write('print("here")')
    assert labs.blank(book.root) == [book.name]
    assert labs.blank(book.root) == []
    assert labs.is_stale(book.name, book.root)

    assert cached(book.name, book.root).cells[-1].outputs == []
    assert labs.run(root=book.root) == []
    assert cached(book.name, book.root).cells[-1].outputs[0].text == "here\n"
    assert labs.blank(book.root) == []
    assert cached(book.name, book.root).cells[-1].outputs[0].text == "here\n"
