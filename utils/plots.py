"""Figures in the book's style: safe for the colour-blind, light and dark, with a caption and alt text."""

import base64
import functools
import html
import io
from collections.abc import Callable

import matplotlib.pyplot as plt

# Okabe and Ito's palette without yellow, which vanishes on white; the order separates neighbours in
# lightness as well as in hue.
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00"]
MARKERS = ["o", "s", "^", "D", "v", "P"]
LINES = ["-", "--", "-.", ":", (0, (3, 1, 1, 1)), (0, (5, 1))]
SEQUENTIAL, DIVERGING = "viridis", "RdBu_r"
WIDE = 7.5  # inches; on a phone a figure wider than this keeps a size at which it can be read, and scrolls

_SHARED = {
    "figure.figsize": (6.4, 3.8),
    "figure.dpi": 110,
    "savefig.dpi": 160,
    "figure.constrained_layout.use": True,
    "font.size": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "legend.frameon": False,
    "image.cmap": SEQUENTIAL,
    "lines.linewidth": 1.8,
}


def style(dark: bool = False) -> dict:
    """matplotlib's settings for the book: line styles and markers change along with the colours.

    dark: for a dark page
    """
    ink, paper = ("#e6e6e6", "#14181e") if dark else ("#1a1a1a", "#ffffff")
    colours = ["#56B4E9", "#E69F00", "#2fc79b", "#CC79A7", "#7fa6d6", "#e8743b"] if dark else COLOURS
    inked = ["text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"]
    inks = dict.fromkeys(inked, ink)
    papers = dict.fromkeys(["figure.facecolor", "axes.facecolor", "savefig.facecolor"], paper)
    cycle = plt.cycler(color=colours) + plt.cycler(linestyle=LINES) + plt.cycler(marker=MARKERS)
    return _SHARED | inks | papers | {"axes.prop_cycle": cycle, "grid.color": ink}


def figure(draw: Callable[..., plt.Figure]) -> Callable[..., None]:
    """Decorator: a function that draws and returns a figure becomes one that shows it twice over.

    The decorated function takes three more keyword arguments: `caption` (a sentence that could be false),
    `alt` (what the picture shows, for those who cannot see it) and `name` (default the function's own),
    under which a chapter can show the figure too: {glue}`name`. It draws once in the light and once in
    the dark style; the page shows the one that belongs to its theme, a notebook the light one.

    Raises ValueError if caption or alt is empty.
    """

    @functools.wraps(draw)
    def show(*args, caption: str, alt: str, name: str = draw.__name__, **kwargs) -> None:
        if not caption.strip() or not alt.strip():
            raise ValueError(f"{draw.__name__}: caption and alt must not be empty")
        pictures, wide = {}, False
        for theme in ("light", "dark"):
            with plt.rc_context(style(dark=theme == "dark")):
                drawn = draw(*args, **kwargs)
                pictures[theme], wide = _png(drawn), drawn.get_figwidth() > WIDE
                plt.close(drawn)
        _display(pictures, caption, alt, name, wide)

    return show


def _png(drawn: plt.Figure) -> str:
    buffer = io.BytesIO()
    drawn.savefig(buffer, format="png")
    return base64.b64encode(buffer.getvalue()).decode()


def _display(pictures: dict[str, str], caption: str, alt: str, name: str, wide: bool) -> None:
    from IPython.display import display

    def image(theme: str, hidden: str) -> str:
        return (
            f'<img class="figure-{theme}" alt="{html.escape(alt, quote=True)}" '
            f'style="max-width:100%;width:44em;{hidden}" src="data:image/png;base64,{pictures[theme]}">'
        )

    # In a notebook the inline style hides the dark picture; on the page the style sheet decides.
    body = image("light", "") + image("dark", "display:none")
    picture = f'<div class="{"picture wide" if wide else "picture"}">{body}</div>'
    page = f'<figure class="lab-figure">{picture}<figcaption>{html.escape(caption)}</figcaption></figure>'
    bundle = {"text/html": page, "image/png": pictures["light"], "text/plain": f"{caption} ({alt})"}
    display(bundle, metadata=glue_metadata(name), raw=True)


def glue_metadata(name: str) -> dict:
    """The output metadata by which MyST-NB's glue finds an output, so that a chapter can show it."""
    return {"scrapbook": {"name": name, "mime_prefix": ""}}


def band(ax: plt.Axes, x, values, label: str, **kwargs) -> None:
    """Plot the mean over seeds with its 95% band.

    x:      shape (points,)
    values: shape (seeds, points)
    """
    import numpy as np

    from utils.stats import mean_interval

    estimates = [mean_interval(column) for column in np.asarray(values).T]
    (line,) = ax.plot(x, [e.mean for e in estimates], label=label, **kwargs)
    low, high = [e.low for e in estimates], [e.high for e in estimates]
    ax.fill_between(x, low, high, color=line.get_color(), alpha=0.2)
