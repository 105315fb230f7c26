"""Interactive figures: the chart survives on the page, and nothing in it can break the page."""

import json
import re

import altair as alt
import pytest

from utils.interactive import show_interactive

WORDS = {"caption": "Points <move>.", "alt": 'A "slider"', "name": "points"}


def chart(label="a"):
    slider = alt.param(name="k", value=3, bind=alt.binding_range(min=1, max=10, name="k "))
    data = alt.Data(values=[{"x": 1, "y": 2, "label": label}])
    return alt.Chart(data).mark_point().encode(x="x:Q", y="y:Q").add_params(slider)


@pytest.fixture
def shown(monkeypatch):
    """What was displayed, as (mime bundle, metadata)."""
    calls = []
    monkeypatch.setattr("IPython.display.display", lambda data, metadata, raw: calls.append((data, metadata)))
    return calls


def test_the_page_holds_chart_caption_and_alternative(shown):
    show_interactive(chart(), **WORDS)
    ((data, metadata),) = shown
    page = data["text/html"]
    spec = json.loads(re.search(r"const spec = (.*);", page)[1])
    assert spec == json.loads(json.dumps(chart().to_dict())) | {"description": WORDS["alt"]}
    assert "<figcaption>Points &lt;move&gt;.</figcaption>" in page
    assert 'aria-label="A &quot;slider&quot;"' in page
    assert metadata["scrapbook"]["name"] == "points"


def test_data_cannot_end_the_script(shown):
    show_interactive(chart("</script><script>alert(1)</script>"), **WORDS)
    page = shown[0][0]["text/html"]
    assert page.count("</script>") == 1
    assert page.rstrip().endswith("</script>")


def test_another_chart_has_another_place(shown):
    show_interactive(chart("a"), **WORDS)
    show_interactive(chart("b"), **WORDS)
    places = [re.search(r'data-chart="(\w+)"', data["text/html"])[1] for data, _ in shown]
    assert len(set(places)) == 2


@pytest.mark.parametrize("missing", ["caption", "alt"])
def test_a_chart_without_words_is_refused(shown, missing):
    with pytest.raises(ValueError, match="caption and alt"):
        show_interactive(chart(), **(WORDS | {missing: ""}))
    assert not shown
