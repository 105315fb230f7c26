"""Figures of the lab `rlhf_control`. Tensors come in on the CPU; an axis of seeds comes first."""

import altair as alt
import matplotlib.pyplot as plt
import numpy as np

from utils.plots import LINES, MARKERS, band, figure
from utils.stats import mean_interval
from utils.teacher import frame


def _style(i: int) -> dict:
    colours = plt.rcParams["axes.prop_cycle"].by_key()["color"]
    return {"color": colours[i % 6], "linestyle": LINES[i % 6], "marker": MARKERS[i % 6]}


def _rule(ax, y, text, x=0.99):
    ax.axhline(y, color=plt.rcParams["text.color"], linewidth=0.8, linestyle=":", marker="", zorder=0)
    ax.annotate(text, (x, y), xycoords=("axes fraction", "data"), fontsize=8.5, ha="right", va="bottom")


def _log_ticks(ax, ticks):
    ax.set_xscale("log")
    ax.set_xticks(ticks, [f"{t:g}" for t in ticks])
    ax.minorticks_off()


def _point(ax, x, values, label, i):
    estimate = mean_interval(values.tolist())
    bars = [[estimate.mean - estimate.low], [estimate.high - estimate.mean]]
    style = _style(i) | {"linestyle": ""}
    ax.errorbar([x], [estimate.mean], bars, label=label, capsize=3, markersize=6, **style)


@figure
def exact_control(value, theta, omega):
    """value: (theta, omega) on the grid; theta, omega: (steps, episodes)"""
    fig, ax = plt.subplots(figsize=(6.4, 3.8))
    extent = (-np.pi, np.pi, -8, 8)
    image = ax.imshow(value.T, origin="lower", extent=extent, aspect="auto", alpha=0.9)
    fig.colorbar(image, label="optimal value")
    for path, speed in zip(theta.T.numpy(), omega.T.numpy(), strict=True):
        jumps = np.flatnonzero(np.abs(np.diff(path)) > np.pi) + 1  # once round the circle
        x, y = np.insert(path, jumps, np.nan), np.insert(speed, jumps, np.nan)
        ax.plot(x, y, color="white", linewidth=1.2, linestyle="-", marker="")
        ax.plot(x[:1], y[:1], color="white", marker="o", markersize=5, markeredgecolor="black")
    ax.set(xlabel="θ (rad, 0 is upright)", ylabel="ω (rad/s)", xlim=extent[:2], ylim=extent[2:])
    ax.grid(False)
    return fig


@figure
def curves(labels, score, accuracy, held, controls):
    """score, accuracy, held: (2, seeds, rounds), disagreement first; controls: name → the three, (seeds,)"""
    fig, axes = plt.subplots(1, 3, figsize=(9.2, 3.6))
    for k, (ax, values) in enumerate(zip(axes, (score, accuracy, held), strict=True)):
        for i, name in enumerate(("by disagreement", "at random")):
            band(ax, labels, values[i], name, markersize=5, **_style(i))
        for i, (name, three) in enumerate(controls.items()):
            _point(ax, labels[-1] * 1.15 ** (i + 1), three[k], name, 2 + i)
        _log_ticks(ax, labels)
        ax.tick_params(axis="x", labelsize=8.5)
        ax.set_xlabel("labels")
    _rule(axes[0], 1, "true reward", 0.45)
    _rule(axes[0], 0, "random torques", 0.99)
    axes[0].set(ylabel="score", ylim=(min(-0.5, axes[0].get_ylim()[0]), 1.15))
    axes[1].set(ylabel="accuracy on unseen pairs", ylim=(0.2, 1.02))
    axes[2].set(ylabel="|held angle| (degrees)", yscale="log", ylim=(1, 200))
    axes[2].set_yticks([1, 2, 5, 10, 20, 50, 100], ["1", "2", "5", "10", "20", "50", "100"])
    axes[2].minorticks_off()
    axes[1].legend(fontsize=8.5, loc="lower left")
    return fig


@figure
def mistakes(rates, plain, foreseeing):
    """plain, foreseeing: accuracies, (rates, teachers); on the left theory, the pull of a wrong answer"""
    fig, (left, right) = plt.subplots(1, 2, figsize=(8.4, 3.4))
    gap = np.linspace(-4, 10, 200)
    wrong = 1 / (1 + np.exp(gap))  # σ(-m)
    for i, (name, rate) in enumerate((("plain", 0.0), ("expects a tenth", 0.1))):
        pull = (1 - 2 * rate) * wrong * (1 - wrong) / (rate + (1 - 2 * rate) * wrong)
        left.plot(gap, pull, label=name, **_style(i) | {"marker": ""})
    left.set(xlabel="gap m, the right way round", ylabel="pull of a wrong answer", ylim=(0, 1.05))
    for i, (name, values) in enumerate((("plain", plain), ("expects the flip rate", foreseeing))):
        band(right, rates, values.T, name, markersize=5, **_style(i))
    right.set(xlabel="flip rate ε", ylabel="accuracy on unseen pairs", xticks=rates)
    for ax in (left, right):
        ax.legend(fontsize=8.5, title="likelihood", title_fontsize=8.5)
    return fig


@figure
def slices(lines):
    """lines: (x, true reward, learned (seeds, points)) for the angle and, if given, the velocity"""
    fig, axes = plt.subplots(1, len(lines), figsize=(4.2 * len(lines), 3.5), squeeze=False)
    names = ("θ (rad), at rest", "ω (rad/s), upright")
    for ax, name, (x, truth, learned) in zip(axes[0], names, lines, strict=False):
        truth = (truth - truth.mean()) / truth.std()
        if len(learned) > 1:
            band(ax, x, learned, "learned", color=_style(0)["color"], linestyle="-", marker="")
        else:
            ax.plot(x, learned[0], color=_style(0)["color"], linestyle="-", marker="", label="learned")
        ax.plot(x, truth, color=_style(1)["color"], linestyle="--", marker="", label="true")
        ax.set(xlabel=name, ylabel="reward, standardised")
    axes[0, 0].legend(fontsize=8.5, loc="lower center")
    return fig


@figure
def errors(sizes, measured, predicted, flip_rates, limits):
    """measured: name → (seeds, sizes, 4); predicted: name → `Predicted`s; limits: (seeds, rates, 3)"""
    fig, (left, right) = plt.subplots(1, 2, figsize=(8.4, 3.7))
    for i, (name, values) in enumerate(measured.items()):
        error = np.mean([theory.error[3].item() for theory in predicted[name]])
        left.plot(sizes, error / np.sqrt(sizes), **_style(i) | {"marker": ""})
        estimates = [mean_interval(column) for column in values[..., 3].T.tolist()]
        mean = np.array([e.mean for e in estimates])
        bars = [mean - [e.low for e in estimates], [e.high for e in estimates] - mean]
        left.errorbar(sizes, mean, bars, label=name, capsize=2, markersize=5, **_style(i) | {"linestyle": ""})
    _log_ticks(left, sizes)
    left.set(xlabel="comparisons", ylabel="relative error of w₂/w₁", yscale="log")
    left.set_yticks([0.2, 0.3, 0.5, 0.7, 1], ["0.2", "0.3", "0.5", "0.7", "1"])
    left.minorticks_off()
    left.legend(fontsize=8.5, title="likelihood (lines: theory)", title_fontsize=8.5)
    for i, name in enumerate(("w₁, price of the angle", "w₂, price of velocity", "w₂/w₁")):
        band(right, flip_rates, limits[..., i], name, markersize=5, **_style(i))
    right.set(xlabel="flip rate ε", ylabel="limit of the plain estimate / truth", ylim=(0, 1.05))
    right.legend(fontsize=8.5)
    return fig


@figure
def tolerance(factors, score, held):
    """score, held: (factors,)"""
    fig, axes = plt.subplots(1, 2, figsize=(8.4, 3.2))
    places = range(len(factors))
    for i, (ax, values) in enumerate(zip(axes, (score, held), strict=True)):
        ax.plot(places, values, markersize=5, **_style(i))
        ax.set_xticks(places, [f"{factor:g}" for factor in factors.tolist()])
        ax.set_xlabel("price of velocity / true price")
        ax.axvline(factors.tolist().index(1), color=plt.rcParams["text.color"], linewidth=0.8, linestyle=":")
    axes[0].set(ylabel="score", ylim=(min(0, float(score.min()) - 0.05), 1.08))
    axes[1].set(ylabel="|held angle| (degrees)", ylim=(0, None))
    return fig


@figure
def shift(shifts, alive, upright):
    """alive: (seeds, shifts), shares; upright: (seeds,), the reward of standing"""
    fig, ax = plt.subplots(figsize=(6.4, 3.5))
    band(ax, shifts, alive, "learned rewards, shifted", markersize=5, **_style(0))
    estimate = mean_interval((-upright).tolist())
    ink = plt.rcParams["text.color"]
    ax.axvline(estimate.mean, color=ink, linewidth=1, linestyle="--", marker="", zorder=0)
    ax.axvspan(estimate.low, estimate.high, color=ink, alpha=0.12, linewidth=0)
    ax.annotate(" standing earns nothing", (estimate.mean, 0.3), fontsize=8.5)
    ax.set(xlabel="constant added to the reward (standard deviations)", ylabel="share that stays up")
    ax.set_ylim(-0.03, 1.03)
    return fig


@figure
def agents(taken, scores, exact):
    """scores: name → (seeds, points); exact: name → (seeds,), exact control of the same rewards"""
    fig, ax = plt.subplots(figsize=(6.8, 4))
    for i, (name, values) in enumerate(scores.items()):
        style = _style(i) | {"marker": ""}
        for line in values:
            ax.plot(taken, line, alpha=0.4, linewidth=0.9, **style)
        ax.plot(taken, values.mean(0), label=name, **style)
        _point(ax, taken[-1] * (1.04 + 0.03 * i), exact[name], None, i)
    _rule(ax, 0, "random torques", 0.99)
    ax.annotate("exact", (taken[-1] * 1.07, 1.06), fontsize=8.5, ha="center", annotation_clip=False)
    ax.set(xlabel="steps of each agent in its environment", ylabel="score", ylim=(-0.6, 1.15))
    ax.legend(fontsize=8.5, loc="lower right", bbox_to_anchor=(0.93, 0.12))
    return fig


@figure
def film(left, right):
    """left, right: a clip each, (25, 3)"""
    fig, axes = plt.subplots(2, 5, figsize=(7.2, 3.1))
    for row, name, clip in zip(axes, ("left", "right"), (left, right), strict=True):
        for ax, t in zip(row, range(0, 25, 6), strict=True):
            ax.imshow(frame(clip[t, 0].item(), clip[t, 2].item()))
            ax.set(xticks=[], yticks=[])
            ax.grid(False)
            ax.set_title(f"{t * 50 / 1000:g} s", fontsize=8.5)
        row[0].set_ylabel(name)
    return fig


def labels_chart(rates, errors) -> alt.LayerChart:
    """Error of w₂/w₁ over comparisons at a flip rate to be chosen; errors: √N times it, at each flip rate."""
    sizes = np.unique(np.geomspace(25, 12_800, 19).round())
    series = [("flips at the chosen rate", rate, error) for rate, error in zip(rates, errors, strict=True)]
    series += [("no flips", rate, errors[0]) for rate in rates]
    rows = [
        {"answers": name, "rate": rate, "n": n, "error": error / n**0.5}
        for name, rate, error in series
        for n in sizes
    ]
    slider = alt.binding_range(min=0, max=max(rates), step=0.05, name="flip rate ")
    rate = alt.param(name="flip_rate", value=0.1, bind=slider)
    slider = alt.binding_range(min=100, max=6400, step=100, name="comparisons ")
    count = alt.param(name="count", value=700, bind=slider)
    x = alt.X("n:Q", scale=alt.Scale(type="log", domain=[25, 12_800], nice=False), title="comparisons")
    domain = [0.02, 10]
    y = alt.Y("error:Q", scale=alt.Scale(type="log", domain=domain), title="relative error of w₂/w₁")
    key = alt.Legend(orient="top", title=None)
    colour = alt.Color("answers:N", scale=alt.Scale(range=["#D55E00", "#0072B2"]), legend=key)
    chosen = alt.Chart(alt.Data(values=rows)).transform_filter("abs(datum.rate - flip_rate) < 0.01")
    lines = chosen.mark_line().encode(
        x=x, y=y, color=colour, strokeDash=alt.StrokeDash("answers:N", legend=key)
    )
    at = chosen.transform_filter("datum.n == 25").transform_calculate(
        n="count", error="datum.error * 5 / sqrt(count)"
    )
    dots = at.mark_point(size=60, filled=True, opacity=1).encode(x=x, y=y, color=colour)
    words = at.transform_calculate(text="format(datum.error, '.0%')")
    above = words.transform_filter("datum.answers != 'no flips'").mark_text(align="left", dx=6, dy=-8)
    below = words.transform_filter("datum.answers == 'no flips'").mark_text(align="right", dx=-6, dy=10)
    labels = [text.encode(x=x, y=y, text="text:N", color=colour) for text in (above, below)]
    chart = alt.layer(lines, dots, *labels).properties(width=460, height=300)
    return chart.add_params(rate, count)
