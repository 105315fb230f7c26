"""Figures: drawn for both themes, never without words, bands that are the intervals of utils.stats."""

import base64
import io

import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from utils import plots
from utils.stats import mean_interval

WORDS = {"caption": "A & B agree.", "alt": 'Two "lines"'}


@pytest.fixture
def shown(monkeypatch):
    """What was displayed, as (mime bundle, metadata)."""
    calls = []
    monkeypatch.setattr("IPython.display.display", lambda data, metadata, raw: calls.append((data, metadata)))
    return calls


@plots.figure
def two_lines(y):
    fig, ax = plt.subplots()
    ax.plot(y)
    ax.plot(y[::-1])
    return fig


def picture(text):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(text))).convert("RGB"), dtype=float)


def test_a_figure_is_drawn_for_both_themes_with_its_words(shown):
    two_lines([1, 2, 3], **WORDS)
    ((data, metadata),) = shown
    page = data["text/html"]
    light, dark = (picture(part.split('"')[0]) for part in page.split("base64,")[1:])
    assert light[0, 0].tolist() == [255, 255, 255]
    assert dark[0, 0].mean() < 40
    assert light.shape == dark.shape
    assert 'class="figure-light" alt="Two &quot;lines&quot;"' in page
    assert "<figcaption>A &amp; B agree.</figcaption>" in page
    assert np.array_equal(picture(data["image/png"]), light)
    assert metadata["scrapbook"]["name"] == "two_lines"


def test_a_figure_can_have_another_name_and_leaves_nothing_behind(shown):
    settings = dict(plt.rcParams)
    two_lines([1, 2, 3], name="again", **WORDS)
    assert shown[0][1]["scrapbook"]["name"] == "again"
    assert plt.get_fignums() == []
    assert dict(plt.rcParams) == settings


@pytest.mark.parametrize("missing", ["caption", "alt"])
def test_a_figure_without_words_is_refused(shown, missing):
    with pytest.raises(ValueError, match="caption and alt"):
        two_lines([1, 2], **(WORDS | {missing: " "}))
    with pytest.raises(TypeError):
        two_lines([1, 2], **{k: v for k, v in WORDS.items() if k != missing})
    assert not shown


@pytest.mark.parametrize("dark", [False, True])
def test_lines_differ_in_more_than_colour(dark):
    cycle = plots.style(dark)["axes.prop_cycle"].by_key()
    for look in ("color", "linestyle", "marker"):
        assert len(set(map(str, cycle[look]))) == len(cycle[look]) >= 6


def test_a_band_is_the_interval_over_seeds():
    rng = np.random.default_rng(0)
    x, values = np.arange(4), rng.normal(size=(5, 4))
    fig, ax = plt.subplots()
    plots.band(ax, x, values, "ours")
    (line,), (band,) = ax.lines, ax.collections
    expected = [mean_interval(column) for column in values.T]
    assert np.allclose(line.get_ydata(), [e.mean for e in expected])
    corners = band.get_paths()[0].vertices
    for place, estimate in zip(x, expected, strict=True):
        heights = corners[corners[:, 0] == place, 1]
        assert np.allclose([heights.min(), heights.max()], [estimate.low, estimate.high])
    plt.close(fig)
