"""Figures of the lab `multimodal_pendulum`. Tensors come in on the CPU; their first axis is seeds."""

from itertools import pairwise

import altair as alt
import matplotlib.pyplot as plt
import numpy as np

from utils.plots import LINES, MARKERS, SEQUENTIAL, figure
from utils.stats import mean_interval


def _style(i: int) -> dict:
    colours = plt.rcParams["axes.prop_cycle"].by_key()["color"]
    return {"color": colours[i % 6], "linestyle": LINES[i % 6], "marker": MARKERS[i % 6]}


def _ink() -> dict:
    return {"color": plt.rcParams["text.color"], "linewidth": 0.9, "marker": ""}


def _points(ax, x, values, label, i, **kwargs):
    """Mean over seeds with 95% bars; values: (seeds, points)"""
    estimates = [mean_interval(column) for column in np.asarray(values).T]
    mean = np.array([e.mean for e in estimates])
    bars = [mean - [e.low for e in estimates], [e.high for e in estimates] - mean]
    ax.errorbar(x, mean, bars, label=label, capsize=2, markersize=5, **(_style(i) | kwargs))


@figure
def accuracy_by_difference(edges, bins, reported):
    """bins: name → share of right answers, (seeds, bins)"""
    fig, ax = plt.subplots(figsize=(6.4, 3.8))
    x = np.arange(len(reported))
    for i, (name, values) in enumerate(bins.items()):
        _points(ax, x + 0.06 * (i - len(bins) / 2), values, name, i)
    ink = _ink() | {"marker": "D", "linestyle": ""}
    ax.plot(x, reported, label="Pixtral-12B, as reported", markersize=7, markerfacecolor="none", **ink)
    ax.axhline(0.5, linestyle=":", **_ink())
    ax.set_xticks(x, [f"{low:g} to {high:g}" for low, high in pairwise(edges)])
    ax.set(xlabel="difference, in lengths of the pendulum", ylabel="share of right answers", ylim=(0.2, 1.03))
    ax.legend(fontsize=8.5, loc="lower right", ncols=2 if len(bins) > 2 else 1)
    return fig


@figure
def tilt_and_accuracy(tilts, measured, reported):
    """measured: (seeds, tilts); reported: the fitted judge's tilt"""
    fig, (left, right) = plt.subplots(1, 2, figsize=(8.2, 3.9))
    angle, tilt = np.linspace(-180, 180, 361), 30
    mean = np.deg2rad((angle[:, None] + angle[None, :]) / 2)
    wrong = np.sin(mean) * np.sin(mean - np.deg2rad(tilt)) < 0
    colour = plt.rcParams["axes.prop_cycle"].by_key()["color"][1]
    left.contourf(angle, angle, wrong, levels=[0.5, 1.5], colors=[colour], alpha=0.7)
    ticks = [-180, -90, 0, 90, 180]
    left.set(xticks=ticks, yticks=ticks, aspect="equal", xlabel="green angle (degrees)")
    left.set(ylabel="blue angle (degrees)", title=f"where a tilt of {tilt}° is wrong")
    line = np.array([0, 180])
    right.plot(line, 1 - line / 180, label="1 - δ/180°", **(_style(0) | {"marker": ""}))
    _points(right, tilts, measured, "measured", 1, linestyle="")
    right.axvline(reported, linestyle=":", **_ink())
    right.annotate("reported tilt", (reported + 3, 0.03), fontsize=8.5)
    right.set(xlabel="tilt δ of the judge (degrees)", ylabel="share of right answers", ylim=(-0.02, 1.03))
    right.legend(fontsize=8.5)
    return fig


@figure
def averaging(numbers, found, theory, own, tilt):
    """found: name → fitted tilts, (seeds, copies, numbers); theory: (numbers,); own: name → its accuracy"""
    fig, (left, right) = plt.subplots(1, 2, figsize=(8.2, 3.8))
    left.plot(numbers, theory, label="Fisher's information", **_ink())
    for i, (name, values) in enumerate(found.items()):
        _points(left, numbers, values.std(1), f"{name} judge", i, linestyle="")
        _points(right, numbers, (1 - values.abs() / 180).mean(1), f"taught by the {name} judge", i)
        colour = _style(i)["color"]
        right.axhline(float(own[name]), color=colour, linestyle=":", linewidth=1, marker="")
        at = {"xycoords": ("axes fraction", "data"), "ha": "right", "va": "bottom", "fontsize": 8}
        right.annotate(f"{name} judge itself", (0.99, float(own[name])), **at)
    right.axhline(1 - tilt / 180, linestyle="--", **_ink())
    for ax in (left, right):
        ax.set(xscale="log", xlabel="number of answers")
    left.set(yscale="log", ylabel="scatter of the fitted tilt (degrees)")
    right.set(ylabel="accuracy of the fitted reward", ylim=(0.9, 1.005))
    left.legend(fontsize=8.5)
    left.set_yticks([0.3, 0.5, 1, 2, 3], ["0.3", "0.5", "1", "2", "3"])
    left.minorticks_off()
    right.legend(fontsize=8.5, loc=(0.25, 0.62))
    return fig


@figure
def holding(tilts, held, score, limit, worst):
    """held: name → held angles, the first with its score; all (tilts,)"""
    fig, (left, right) = plt.subplots(1, 2, figsize=(8.2, 3.7))
    left.plot(tilts, tilts, linestyle="-", label="leans as its reward does", **_ink())
    left.axhline(limit, linestyle="--", label="held by hand, at most", **_ink())
    for i, (name, angles) in enumerate(held.items()):
        left.plot(tilts, angles, label=name, **_style(i))
    left.set(xlabel="tilt of the reward (degrees)", ylabel="held angle (degrees)", ylim=(-1, 41))
    left.legend(fontsize=8.5)
    right.plot(tilts, score, **_style(0))
    for value, text in ((worst, "largest tilt that can be held"), (0.95, "a usual gate")):
        right.axhline(value, linestyle=":", **_ink())
        right.annotate(text, (0.02, value), xycoords=("axes fraction", "data"), fontsize=8.5, va="bottom")
    right.set(xlabel="tilt of the reward (degrees)", ylabel="score", ylim=(0.9, 1.01))
    return fig


@figure
def pictures(above, labels, below):
    """above, below: (n, 3, h, w)"""
    fig, axes = plt.subplots(2, len(above), figsize=(9.4, 2.9))
    for ax, image in zip(axes.flat, [*above, *below], strict=True):
        ax.imshow(image.permute(1, 2, 0).numpy())
        ax.set(xticks=[], yticks=[])
        ax.grid(False)
        ax.spines[:].set_visible(True)
    for ax, label in zip(axes[0], labels, strict=True):
        ax.set_title(label, fontsize=8)
    return fig


@figure
def wheels(rewards, ends, limit):
    """rewards: name → (seeds, angles from -180° on); ends: name → held angles; limit: holdable; degrees"""
    columns = min(4, len(rewards))
    rows = -(-len(rewards) // columns)
    size = (2.2 * columns + 0.9, 2.45 * rows)
    fig, axes = plt.subplots(rows, columns, figsize=size, squeeze=False, subplot_kw={"projection": "polar"})
    for ax in axes.flat[len(rewards) :]:
        ax.set_axis_off()
    for ax, (name, reward) in zip(axes.flat, rewards.items(), strict=False):
        low, high = reward.amin(-1, keepdim=True), reward.amax(-1, keepdim=True)
        mean = ((reward - low) / (high - low)).mean(0).numpy()
        edges = np.linspace(-np.pi, np.pi, len(mean) + 1)
        ring = {"cmap": SEQUENTIAL, "vmin": 0, "vmax": 1, "rasterized": True}
        colours = ax.pcolormesh(edges, [0.72, 1], mean[None], **ring)
        for centre in (0, np.pi):
            span = centre + np.deg2rad(np.linspace(-limit, limit, 50))
            ax.plot(span, np.full(50, 1.07), **(_ink() | {"linewidth": 2.5, "linestyle": "-"}))
        thin = _ink() | {"linewidth": 0.8, "linestyle": "-", "alpha": 0.4}
        for angle in ends[name].flatten().tolist():
            ax.plot([np.deg2rad(angle)] * 2, [0, 0.7], **thin)
        ax.set_theta_zero_location("N")
        ax.set(ylim=(0, 1.1), xticks=[], yticks=[])
        ax.set_title(name, fontsize=9.5)
        ax.grid(False)
        ax.spines["polar"].set_visible(False)
    bar = fig.colorbar(colours, ax=axes, shrink=0.6, ticks=[0, 1])
    bar.set_ticklabels(["worst", "best"])
    return fig


@figure
def verdicts(results):
    """results: name → (scores, tilts of the judges, held angles), each (seeds,)"""
    fig, (left, right) = plt.subplots(1, 2, figsize=(8.2, 3.8), sharey=True)
    for i, (name, (scores, tilts, angles)) in enumerate(results.items()):
        left.plot(scores, angles, label=name, markersize=6, **(_style(i) | {"linestyle": ""}))
        right.plot(tilts, angles, markersize=6, **(_style(i) | {"linestyle": ""}))
    left.axvline(0.95, linestyle=":", **_ink())
    left.annotate("gate", (0.951, 0.02), xycoords=("data", "axes fraction"), fontsize=8.5)
    line = np.array(right.get_xlim())
    right.plot(line, line, linestyle="-", **(_ink() | {"linewidth": 0.7}))
    left.set(xlim=(0.94, 1.005), xlabel="score under the true reward", ylabel="held angle (degrees)")
    right.set(xlabel="fitted tilt of the judge (degrees)")
    left.legend(fontsize=8.5, loc="center left", bbox_to_anchor=(0.2, 0.55))
    return fig


def tilt_and_noise(rows, noises) -> alt.VConcatChart:
    """Sliders for tilt and noise: the psychometric curve, the pendulum as held, two accuracies.

    rows: one a tilt and noise, with accuracy, "reward model", held, and the curve over 41 differences
    """
    import pandas as pd

    tilts = sorted({row["tilt"] for row in rows})
    places = np.linspace(-2, 2, 41).round(2).tolist()
    curve, facts, hands = [], [], []
    for row in rows:
        key = {"tilt": row["tilt"], "noise": noises.index(row["noise"])}
        points = zip(places, row["curve"], strict=True)
        curve += [key | {"difference": x, "blue": round(p, 3)} for x, p in points if p == p]
        text = (
            f"tilt {row['tilt']:.0f}°, noise {row['noise']:g}: judge right {100 * row['accuracy']:.1f}%, "
            f"reward model at most {100 * row['reward model']:.1f}%, held at {row['held']:.1f}°"
        )
        facts.append(key | {"text": text})
        ends = {"as held": (row["held"], 1), "the judge's upright": (row["tilt"], 1.15)}
        for what, (angle, length) in ends.items():
            turn = np.deg2rad(angle)
            end = {"x": round(-length * np.sin(turn), 3), "y": round(length * np.cos(turn), 3)}
            hands.append(key | end | {"what": what})
    tilt = alt.param(
        name="tilt_of_judge",
        value=10,
        bind=alt.binding_range(min=tilts[0], max=tilts[-1], step=tilts[1] - tilts[0], name="tilt (degrees) "),
    )
    last = len(noises) - 1
    noise = alt.param(
        name="noise_of_judge",
        value=1,
        bind=alt.binding_range(min=0, max=last, step=1, name="noise (five levels) "),
    )
    here = "datum.tilt == tilt_of_judge && datum.noise == noise_of_judge"

    def data(table) -> alt.Chart:
        return alt.Chart(pd.DataFrame(table)).transform_filter(here)

    left = data(curve).mark_line(color="#0072B2", strokeWidth=2.5)
    left = left.encode(
        x=alt.X("difference:Q", title="blue minus green height", scale=alt.Scale(domain=[-2, 2])),
        y=alt.Y("blue:Q", title="P(blue)", scale=alt.Scale(domain=[0, 1])),
    ).properties(width=230, height=200, title="what the judge says")
    plane = alt.Scale(domain=[-1.2, 1.2])
    # One legend for colour and dashes: the two encodings must say the same of it, or Vega-Lite warns.
    same = {"title": None, "legend": alt.Legend(orient="bottom")}
    colour = alt.Color("what:N", scale=alt.Scale(range=["#0072B2", "#D55E00"]), **same)
    right = data(hands).transform_calculate(x0="0", y0="0").mark_rule(strokeWidth=3)
    right = right.encode(
        x=alt.X("x:Q", scale=plane, axis=None),
        y=alt.Y("y:Q", scale=alt.Scale(domain=[-0.2, 1.2]), axis=None),
        x2="x0:Q",
        y2="y0:Q",
        color=colour,
        strokeDash=alt.StrokeDash("what:N", **same),
    ).properties(width=200, height=117, title="where the pendulum stands")
    below = data(facts).mark_text(align="left", fontSize=12).encode(x=alt.value(0), text="text:N")
    below = below.properties(width=430, height=20)
    return alt.vconcat(alt.hconcat(left, right), below).add_params(tilt, noise)
