"""Figures of the lab `it_aligned_cnn`. Tensors come in on the CPU; arms or networks first, seeds last."""

import altair as alt
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from utils.plots import COLOURS, DIVERGING, LINES, MARKERS, band, figure
from utils.stats import mean_interval

# An arm has the same colour, line and marker in every figure; the plain model is the plain network's layer.
KINDS = {"planted IT": 0, "plain model": 1, "plain": 1, "shuffled": 2, "random": 3, "none": 4}
KINDS |= {"adversarially trained": 5}
SHAPES = ["circle", "square", "triangle-up", "diamond", "triangle-down", "cross"]  # Vega's names of MARKERS


def _style(name: str) -> dict:
    if name == "masked":  # the plain network with other logits
        return _style("random") | {"marker": "X", "markerfacecolor": "none"}
    i, colours = KINDS[name], plt.rcParams["axes.prop_cycle"].by_key()["color"]
    return {"color": colours[i], "linestyle": LINES[i], "marker": MARKERS[i]}


def _bars(values):
    """Mean and distances to both ends of the 95% interval; values: (points, seeds)"""
    estimates = [mean_interval(row) for row in np.asarray(values)]
    mean = np.array([e.mean for e in estimates])
    return mean, [mean - [e.low for e in estimates], [e.high for e in estimates] - mean]


def _points(ax, x, values, name):
    mean, bars = _bars(values)
    ax.errorbar(x, mean, bars, label=name, capsize=2, markersize=5, **_style(name))


@figure
def robustness_curves(grid, curves, compared):
    """curves: name → accuracy (seeds, half-widths)"""
    fig, ax = plt.subplots(figsize=(6.4, 3.6))
    for name, values in curves.items():
        _points(ax, grid, values.T, name)
    ax.axvline(compared, color=plt.rcParams["text.color"], linewidth=0.8, linestyle=":", marker="", zorder=0)
    ax.set(
        xlabel="half-width ε of the attack (dotted: where networks are compared)",
        ylabel="accuracy",
        ylim=(0, 1),
    )
    ax.legend()
    return fig


@figure
def interrogation(suspects, answers):
    """answers: attack → accuracy (networks, seeds)"""
    fig, ax = plt.subplots(figsize=(6.8, 4.4))
    rows = np.arange(len(answers))[::-1]
    for i, name in enumerate(suspects):
        mean, bars = _bars([values[i] for values in answers.values()])
        style = _style(name) | {"linestyle": "", "capsize": 2, "markersize": 7}
        ax.errorbar(mean, rows + 0.27 * (1 - i), xerr=bars, label=name, **style)
    ax.set_yticks(rows, list(answers))
    ax.set(xlabel="accuracy under the attack", xlim=(-0.02, 1))
    fig.legend(fontsize=8.5, loc="outside upper center", ncols=3)
    return fig


@figure
def training(arms, cka, loss, mildest, strongest):
    """cka, loss: (steps, arms, seeds)"""
    fig, (left, right) = plt.subplots(1, 2, figsize=(8.6, 3.8))
    width = max(1, len(cka) // 40)
    steps = np.arange(len(cka) // width) * width + width / 2
    for i, (name, strength) in enumerate(arms):
        if name == "plain model" or strength not in (0, mildest, strongest):
            continue
        style = _style(name) | {"marker": "", "linestyle": "--" if strength == mildest else "-"}
        for ax, values in ((left, cka), (right, loss)):
            if ax is left and not strength:
                continue
            smooth = values[: len(steps) * width, i].unflatten(0, (-1, width)).mean(1)
            band(ax, steps, smooth.T, f"{name}, λ = {strength:g}" if strength else "none", **style)
    left.set(xlabel="step", ylabel="CKA with the target, batch of stimuli", ylim=(0, 1))
    right.set(xlabel="step", ylabel="cross-entropy (nats)", yscale="log")
    right.set_yticks([0.2, 0.5, 1, 2], ["0.2", "0.5", "1", "2"])
    right.minorticks_off()
    fig.legend(*right.get_legend_handles_labels(), fontsize=8, loc="outside upper center", ncols=4)
    return fig


def _zero(ax, horizontal=True):
    line = ax.axhline if horizontal else ax.axvline
    line(0, color=plt.rcParams["text.color"], linewidth=1, linestyle=":", marker="", zorder=0)


@figure
def strengths(strengths, gains):
    """gains: target → (under attack, clean), accuracy minus the baseline's, each (strengths, seeds)"""
    fig, axes = plt.subplots(1, 2, figsize=(8.6, 3.8))
    for k, ax in enumerate(axes):
        for i, (name, values) in enumerate(gains.items()):
            _points(ax, np.array(strengths) * (1 + 0.04 * (i - 1.5)), values[k], name)
        _zero(ax)
        ax.set_xscale("log")
        ax.set_xticks(strengths, [f"{s:g}" for s in strengths])
        ax.minorticks_off()
        ax.set_xlabel("λ")
    axes[0].set_ylabel("accuracy under attack, minus none")
    axes[1].set_ylabel("clean accuracy, minus none")
    axes[0].legend(fontsize=8.5)
    return fig


@figure
def scatter(arms, likeness, attacked, others):
    """likeness, attacked: (arms, seeds); others: name → (likeness, attacked), each (seeds,)"""
    fig, ax = plt.subplots(figsize=(7, 4.4))
    points = {}
    for (name, _), x, y in zip(arms, likeness, attacked, strict=True):
        points.setdefault(name, []).append((x, y))
    points |= {name: [pair] for name, pair in others.items()}
    points["none"] = points.pop("none")  # drawn last, over those that lie near it
    weakest, strongest = (f"λ = {pick(s for _, s in arms if s):g}" for pick in (min, max))
    for name, pairs in points.items():
        x, x_bars = _bars([pair[0] for pair in pairs])
        y, y_bars = _bars([pair[1] for pair in pairs])
        style = _style(name) | {"linewidth": 0.9, "capsize": 2, "markersize": 6}
        if name == "none":
            style |= {"markersize": 11, "markerfacecolor": "none", "markeredgewidth": 2}
        ax.errorbar(x, y, y_bars, x_bars, label=name, **style)
        if name in ("planted IT", "random"):
            for k, text in ((0, weakest), (-1, strongest)):
                ax.annotate(text, (x[k], y[k]), (7, -12), textcoords="offset points", fontsize=8)
    ax.set(
        xlabel="CKA with planted IT, pictures not aligned on", ylabel="accuracy under attack", ylim=(0, None)
    )
    ax.legend(fontsize=8.5, loc="upper left")
    return fig


def explorer_chart(arms, strengths, eps_grid, likeness, tested) -> alt.LayerChart:
    """Accuracy against CKA at a λ and ε to be chosen; likeness: (arms, seeds), tested: (arms, seeds, ε)"""
    names = [*dict.fromkeys(name for name, strength in arms if strength), "none"]
    levels = [round(float(np.log10(s)), 1) for s in strengths]
    rows = []
    for (name, strength), x, values in zip(arms, likeness, tested, strict=True):
        for eps, column in zip(eps_grid, values.T, strict=True):
            y = mean_interval(column.tolist())
            row = {"target": name, "eps": eps, "cka": round(float(x.mean()), 3)}
            row |= {"accuracy": round(y.mean, 3), "low": round(y.low, 3), "high": round(y.high, 3)}
            at = [level for level, s in zip(levels, strengths, strict=True) if strength in (0, s)]
            rows += [row | {"level": level} for level in at]
    step = round(levels[1] - levels[0], 1)
    slider = alt.binding_range(min=levels[0], max=levels[-1], step=step, name="log₁₀ λ ")
    strength = alt.param(name="level", value=levels[-1], bind=slider)
    slider = alt.binding_range(min=eps_grid[0], max=eps_grid[-1], step=eps_grid[1] - eps_grid[0], name="ε ")
    width = alt.param(name="half_width", value=eps_grid[2], bind=slider)
    here = "abs(datum.level - level) < 0.2 && abs(datum.eps - half_width) < 0.001"
    shown = alt.Chart(pd.DataFrame(rows)).transform_filter(here)
    x = alt.X("cka:Q", scale=alt.Scale(domain=[0.3, 1]), title="CKA with planted IT, pictures not aligned on")
    scale, key = alt.Scale(domain=[0, 1]), alt.Legend(orient="top", title=None)
    own, shapes = ([kind[KINDS[name]] for name in names] for kind in (COLOURS, SHAPES))
    colour = alt.Color("target:N", legend=key, scale=alt.Scale(domain=names, range=own))
    bars = shown.mark_rule(strokeWidth=2).encode(
        x=x, y=alt.Y("low:Q", scale=scale), y2="high:Q", color=colour
    )
    points = shown.mark_point(size=90, filled=True, opacity=1).encode(
        x=x,
        y=alt.Y("accuracy:Q", scale=scale, title="accuracy under attack"),
        color=colour,
        shape=alt.Shape("target:N", legend=key, scale=alt.Scale(domain=names, range=shapes)),
    )
    return alt.layer(bars, points).properties(width=460, height=320).add_params(strength, width)


@figure
def real_brains(arms, alike, attacked):
    """alike: measure → (arms, seeds); attacked: (arms, seeds); the first arm is the baseline"""
    panels = alike | {"accuracy under attack": attacked}
    fig, axes = plt.subplots(1, len(panels), figsize=(9, 3.6), sharey=True)
    names = list(dict.fromkeys(name for name, strength in arms if strength))
    levels = sorted({strength for _, strength in arms if strength})
    rows = np.arange(len(names))[::-1]
    for ax, (title, values) in zip(axes, panels.items(), strict=True):
        for i, level in enumerate(levels):
            mean, bars = _bars([values[arms.index((name, level))] - values[0] for name in names])
            ink = plt.rcParams["text.color"]  # the rows name the targets; no colour stands for another arm
            style = {"color": ink, "linestyle": "", "capsize": 2, "markersize": 6, "marker": MARKERS[i]}
            style |= {"markerfacecolor": ink if i else "none"}
            ax.errorbar(mean, rows + 0.12 * (1 - 2 * i), xerr=bars, label=f"λ = {level:g}", **style)
        _zero(ax, horizontal=False)
        ax.set_xlabel(f"{title}, minus none", fontsize=9.5)
    axes[0].set_yticks(rows, names)
    fig.legend(*axes[0].get_legend_handles_labels(), fontsize=8.5, loc="outside upper right", ncols=2)
    return fig


@figure
def attacked_picture(before, after):
    """before, after: (16, 16)"""
    fig, axes = plt.subplots(1, 3, figsize=(6.4, 2.4))
    reach = max(float((after - before).abs().max()), 1e-6)
    shown = [(before, (0, 1), "gray"), (after - before, (-reach, reach), DIVERGING), (after, (0, 1), "gray")]
    for ax, (picture, (low, high), cmap), title in zip(
        axes, shown, ("before", "change", "after"), strict=True
    ):
        ax.imshow(picture, cmap=cmap, vmin=low, vmax=high)
        ax.set_title(title, fontsize=10)
        ax.set_xticks([])
        ax.set_yticks([])
        ax.grid(False)
    return fig
