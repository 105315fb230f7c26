"""The table of claims: what fails the build, what a full-scale record must be."""

import json

import nbformat
import pytest

from utils import labs, results

CLAIM = 'claim(run, "one", "One is about one.", one, ">= 0.9")'
FULL = {"scale": "full", "device": "a large GPU", "date": "2026-02-02", "value": 1.01}


@pytest.fixture
def lab(book):
    book.write(CLAIM)
    return book


def executed_elsewhere(book, tmp_path, *records):
    """A notebook that was executed on another machine, as a file outside the book."""
    book.execute(*records)
    path = tmp_path / "elsewhere.ipynb"
    path.write_bytes(labs.executed(book.name, book.root).read_bytes())
    book.execute({})
    return path


def test_a_recorded_claim_that_holds_is_no_problem(lab):
    lab.execute({})
    assert results.problems(lab.name, lab.root) == []


@pytest.mark.parametrize(
    ("records", "stale", "says"),
    [
        ([], False, "'one' was not recorded"),
        ([{}], True, "stale"),
        ([{"holds": False}], False, "'one' does not hold"),
    ],
)
def test_missing_stale_and_broken_claims_are_problems(lab, records, stale, says):
    lab.execute(*records, stale=stale)
    (problem,) = results.problems(lab.name, lab.root)
    assert lab.name in problem
    assert says in problem


def test_a_lab_that_never_ran_is_a_problem(lab):
    (problem,) = results.problems(lab.name, lab.root)
    assert "not executed" in problem


def test_a_lab_without_claims_is_a_problem(lab):
    lab.write("value = 1")
    lab.execute()
    (problem,) = results.problems(lab.name, lab.root)
    assert "makes no claim" in problem


def test_two_claims_of_one_name_are_a_problem(lab):
    lab.write(CLAIM, CLAIM)
    lab.execute({}, {})
    (problem,) = results.problems(lab.name, lab.root)
    assert "'one' appears twice" in problem


def test_problems_fail_the_build(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["results"])
    monkeypatch.setattr(labs, "names", lambda: ["part/tiny"])
    monkeypatch.setattr(results, "problems", lambda name: [f"{name}: something is wrong"])
    assert results.main() == 1
    assert "part/tiny: something is wrong" in capsys.readouterr().err


def test_the_table_shows_number_interval_bound_paper_and_verdict(lab):
    lab.execute({})
    table = results.table(lab.root)
    for part in (
        "## Tiny",
        "One is about one.",
        "1 [0.97,\u00a01.03], n\u00a0=\u00a05",
        "must be ≥ 0.9",
        "0.99 {cite:p}`someone2020`",
        "not run yet",
        "- holds",
    ):
        assert part in table


def test_a_full_scale_run_appears_beside_the_fast_one(lab, tmp_path):
    path = executed_elsewhere(lab, tmp_path, FULL)
    added = results.add(path, lab.root)
    assert added == results.full_scale_file(lab.name, lab.root)
    assert json.loads(added.read_text())[0]["device"] == "a large GPU"
    table = results.table(lab.root)
    assert "1.01 [0.97,\u00a01.03], n\u00a0=\u00a05 (a large GPU, 2026-02-02)" in table
    assert "not run yet" not in table


def test_the_verdict_says_where_the_scales_differ(lab, tmp_path):
    results.add(executed_elsewhere(lab, tmp_path, FULL | {"holds": False}), lab.root)
    assert "- holds at fast scale; the opposite at full scale" in results.table(lab.root)


@pytest.mark.parametrize(
    ("records", "says"),
    [
        ([], "no claims"),
        ([{}], "fast scale"),
        ([FULL | {"sizes_changed": True}], "LAB_SIZES"),
        ([FULL | {"lab": "part/unknown"}], "part/unknown"),
        ([FULL | {"name": "another"}], r"lacks the claims \['one'\]"),
    ],
)
def test_records_that_are_not_of_a_whole_full_scale_run_are_refused(lab, tmp_path, records, says):
    path = executed_elsewhere(lab, tmp_path, *records)
    with pytest.raises(ValueError, match=says):
        results.add(path, lab.root)
    assert not results.full_scale_file(lab.name, lab.root).exists()


def test_labs_come_in_the_order_of_the_contents(lab):
    for name in ("a", "b", "c"):
        lab.name = f"part/{name}"
        lab.write(CLAIM)
    (lab.root / "_toc.yml").write_text("- file: labs/part/c\n- file: book/x\n- file: labs/part/a\n")
    assert results.reading_order(lab.root) == ["part/c", "part/a", "part/b", "part/tiny"]


def test_the_title_is_the_first_heading(lab):
    notebook = nbformat.read(labs.source(lab.name, lab.root), as_version=4)
    assert results.labs_title(notebook) == "Tiny"
