"""Claims: the whole interval keeps the bound, the record survives in the notebook, bad input is refused."""

import json
from types import SimpleNamespace

import nbformat
import pytest
import torch
from nbformat.v4 import new_code_cell, new_notebook, new_output

from utils import claims
from utils.stats import Estimate, mean_interval

RUN = SimpleNamespace(lab="part/tiny", scale="fast", base=0, device=torch.device("cpu"))
WIDE = Estimate(1.0, 0.8, 1.2, 5)


@pytest.fixture
def shown(monkeypatch):
    """What was displayed, as (mime bundle, metadata)."""
    calls = []
    monkeypatch.setattr("IPython.display.display", lambda data, metadata, raw: calls.append((data, metadata)))
    return calls


@pytest.mark.parametrize(
    ("bound", "kept"),
    [
        (">= 0.8", True), (">= 0.9", False), ("> 0.8", False), ("> 0.79", True),
        ("<= 1.2", True), ("<= 1.1", False), ("< 1.2", False), ("< 1.21", True),
        ("in [0.8, 1.2]", True), ("in [0.9, 1.2]", False), ("in [0.8, 1.1]", False), (">= -1e-3", True),
    ],
)  # fmt: skip
def test_the_whole_interval_keeps_the_bound(bound, kept):
    assert claims.holds(WIDE, bound) is kept


@pytest.mark.parametrize("bound", ["", "0.9", "== 1", "≥ 0.9", ">= high", "in (0, 1)", ">= 0.9 or so"])
def test_a_bound_in_another_form_is_refused(bound):
    with pytest.raises(ValueError, match="bound is"):
        claims.holds(WIDE, bound)


def test_the_record_survives_in_the_notebook(shown):
    claims.claim(RUN, "one", "One & only.", WIDE, ">= 0.5", paper="1", source="someone2020")
    ((data, metadata),) = shown
    cell = new_code_cell("claim(...)", outputs=[new_output("display_data", data, metadata=metadata)])
    read = nbformat.reads(nbformat.writes(new_notebook(cells=[cell])), as_version=4)
    (record,) = claims.records(read)
    assert Estimate(record["value"], record["low"], record["high"], record["n"]) == WIDE
    assert record["holds"]
    assert not record["sizes_changed"]
    assert "One &amp; only." in data["text/html"]
    json.dumps(record)


def test_a_broken_claim_is_shown_and_recorded_before_it_raises(shown):
    with pytest.raises(claims.ClaimBroken, match="'one' does not hold"):
        claims.claim(RUN, "one", "One is two.", 1.0, ">= 2")
    ((data, metadata),) = shown
    assert metadata[claims.METADATA_KEY]["holds"] is False
    assert "does not hold" in data["text/html"]


def test_sizes_that_were_changed_are_recorded(shown, monkeypatch):
    monkeypatch.setenv("LAB_SIZES", "{}")
    claims.claim(RUN, "one", "One.", 1.0, ">= 1")
    assert shown[0][1][claims.METADATA_KEY]["sizes_changed"]


@pytest.mark.parametrize("name", ["", "Upper", "under_score", "two words"])
def test_a_name_in_another_form_is_refused(shown, name):
    with pytest.raises(ValueError, match="name is"):
        claims.claim(RUN, name, "A sentence.", 1.0, ">= 1")
    assert not shown


def test_a_value_that_is_no_number_is_refused(shown):
    for value in (float("nan"), float("inf")):
        with pytest.raises(ValueError, match="infinite"):
            claims.claim(RUN, "one", "A sentence.", value, ">= 1")
    with pytest.raises(ValueError, match="finite"):
        claims.claim(RUN, "one", "A sentence.", Estimate(1.0, float("nan"), 1.0, 2), ">= 1")
    with pytest.raises(ValueError, match="NaN"):
        claims.claim(RUN, "one", "A sentence.", mean_interval([1.0, float("nan")]), ">= 1")
    assert not shown


def test_names_are_read_from_the_source():
    cells = [
        new_code_cell('x = 1\nclaim(run, "a", "A.", 1, ">= 1")\nclaim(run, "b", "B.", 1, ">= 1")'),
        new_code_cell("x"),
    ]
    assert claims.names_in_source(new_notebook(cells=cells)) == ["a", "b"]
    with pytest.raises(ValueError, match="literal"):
        claims.names_in_source(new_notebook(cells=[new_code_cell('claim(run, name, "A.", 1, ">= 1")')]))


def test_bounds_are_typeset():
    assert claims.typeset(">= 0.9") == "≥ 0.9"
    assert claims.typeset("<= 1") == "≤ 1"
    assert claims.typeset("in [0, 1]") == "in [0, 1]"
    assert claims.typeset("in [-0.05, 1e-05]") == "in [−0.05, 1·10⁻⁵]"
    assert claims.typeset("2e+10") == "2·10¹⁰"


def test_values_are_shown_with_interval_and_n_unbroken():
    record = {"value": -0.5, "low": -1, "high": 2.5e-7, "n": 8}
    assert claims.shown(record) == "−0.5 [−1,\xa02.5·10⁻⁷], n\xa0=\xa08"
    assert claims.shown(record | {"n": 1}) == "−0.5"
