"""Figures of the lab `representational_similarity`. Tensors come in on the CPU."""

from itertools import pairwise

import altair as alt
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from matplotlib.colors import ListedColormap

from utils.plots import LINES, MARKERS, band, figure


def _colours() -> list[str]:
    return plt.rcParams["axes.prop_cycle"].by_key()["color"]


def _ink() -> str:
    return plt.rcParams["text.color"]


def _boundaries(categories) -> list[int]:
    return [i for i in range(1, len(categories)) if categories[i] != categories[i - 1]]


def _span(estimate) -> list[list[float]]:
    return [[estimate.mean - estimate.low], [estimate.high - estimate.mean]]


@figure
def two_rdms(monkey, human, images, categories):
    """Matrices as percentiles of their pairs, as in the original figure, and every eighth picture."""
    fig, (top, bottom) = plt.subplots(2, 1, figsize=(8.2, 4.4), height_ratios=[1, 5])
    strip = torch.cat([*images[::8]], 2).permute(1, 2, 0)
    top.imshow(strip)
    top.axis("off")
    bottom.axis("off")
    edges = [0, *_boundaries(categories), len(categories)]
    names = [categories[edge] for edge in edges[:-1]]
    for k, (name, rdm) in enumerate((("monkey IT", monkey), ("human IT", human))):
        ax = bottom.inset_axes([0.18 + 0.42 * k, 0, 0.4, 0.94])
        above = np.triu_indices(len(rdm), 1)
        percentile = np.zeros(rdm.shape)
        percentile[above] = np.linspace(0, 100, len(above[0]))[rdm.numpy()[above].argsort().argsort()]
        picture = ax.imshow(percentile + percentile.T, vmin=0, vmax=100)
        ax.set_title(name, fontsize=11)
        ax.grid(False)
        middles = [(a + b) / 2 for a, b in pairwise(edges)]
        ax.set_yticks(middles if k == 0 else [], names if k == 0 else [], fontsize=8.5)
        ax.set_xticks([])
        for edge in edges[1:-1]:
            ax.axhline(edge - 0.5, color="white", linewidth=0.6, linestyle="-", marker="")
            ax.axvline(edge - 0.5, color="white", linewidth=0.6, linestyle="-", marker="")
    fig.colorbar(picture, ax=bottom, label="dissimilarity (percentile)", shrink=0.8)
    return fig


@figure
def scalings(first, second, categories, titles=("monkey IT", "human IT")):
    """first, second: (images, 2); the second is turned and scaled to lie on the first as well as it can."""
    u, s, vt = torch.linalg.svd(second.T @ first)
    second = second @ (u @ vt) * (s.sum() / second.square().sum())
    fig, axes = plt.subplots(1, 2, figsize=(8.2, 4.4), sharex=True, sharey=True)
    for ax, points, title in zip(axes, (first, second), titles, strict=True):
        for i, name in enumerate(dict.fromkeys(categories)):
            chosen = points[[category == name for category in categories]]
            ax.plot(
                *chosen.T,
                linestyle="",
                marker=MARKERS[i % 6],
                markersize=5,
                label=name,
                color=_colours()[i % 6],
            )
        ax.set(title=title, xticks=[], yticks=[], aspect="equal")
    handles, labels = axes[0].get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside lower center", ncols=3, fontsize=9)
    return fig


@figure
def calibration(of_images, of_pairs, planted, p_images, p_pairs, shown=30):
    """of_images, of_pairs: (worlds, resamples); p values: (worlds,)"""
    fig, (above, below) = plt.subplots(2, 1, figsize=(7.2, 6.4), height_ratios=[1.2, 1])
    for i, (name, resamples) in enumerate((("images", of_images), ("pairs", of_pairs))):
        low, middle, high = np.quantile(resamples[:shown].numpy(), [0.025, 0.5, 0.975], axis=1)
        x = np.arange(shown) + 0.35 * i
        above.errorbar(
            x,
            middle,
            [middle - low, high - middle],
            linestyle="",
            marker=MARKERS[i],
            markersize=3,
            color=_colours()[i],
            label=f"over {name}",
        )
    above.axhline(planted, color=_ink(), linewidth=1, linestyle="--", marker="")
    above.annotate("planted", (1.01, planted), xycoords=("axes fraction", "data"), fontsize=9, va="center")
    above.set(xlabel="generated world", ylabel="correlation of two RDMs, 95%", xticks=[])
    above.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2, fontsize=9)
    bins = np.linspace(0, 1, 21)
    for i, (name, p) in enumerate((("permuted images", p_images), ("4,186 pairs", p_pairs))):
        height = np.histogram(p.numpy() - 1e-9, bins)[0] / len(p)
        below.stairs(height, bins, color=_colours()[i], linestyle=LINES[i], linewidth=1.8, label=name)
    below.axhline(0.05, color=_ink(), linewidth=0.8, linestyle=":", marker="")
    below.set(xlabel="p where nothing is shared", ylabel="share of worlds", ylim=(0, None))
    below.legend(loc="upper center", fontsize=9)
    return fig


@figure
def models(measured, ceiling):
    """measured: name → Estimate; ceiling: (lower, upper)"""
    rows = sorted(measured.items(), key=lambda item: item[1].mean)
    fig, ax = plt.subplots(figsize=(7, 0.6 + 0.33 * len(rows)))
    ax.axvspan(*ceiling, color=_ink(), alpha=0.12)
    ax.annotate(
        "noise ceiling", (sum(ceiling) / 2, 0.02), xycoords=("data", "axes fraction"), fontsize=9, ha="center"
    )
    for y, (_, estimate) in enumerate(rows):
        ax.errorbar(estimate.mean, y, xerr=_span(estimate), marker="o", color=_colours()[0], capsize=2)
    ax.axvline(0, color=_ink(), linewidth=0.8, linestyle=":", marker="")
    ax.set_yticks(range(len(rows)), [name for name, _ in rows], fontsize=9.5)
    ax.set(xlabel="rank correlation ρₐ with human IT, mean of four people")
    return fig


@figure
def planted_layers(order, found):
    """found: (layer, contrast, view) → where in `order` each brain has its peak"""
    given = "given the categories"
    rows = {
        ("nothing", "all"): "as made",
        ("living or not", "all"): "knows what lives",
        ("living or not", given): f"the same, {given}",
        ("halves at random", "all"): "knows halves at random",
        ("halves at random", given): f"the same, {given}",
        ("halves as in block 12", given): f"halves of block 12, {given}",
    }
    names = list(dict.fromkeys(name for name, *_ in found))
    apart = len(rows) + 0.8
    fig, ax = plt.subplots(figsize=(7.4, 7))
    for k, name in enumerate(names):
        ends = [apart * k - 0.5, apart * k + len(rows) - 0.5]
        ax.plot([order.index(name)] * 2, ends, color=_ink(), linestyle=":", marker="")
        for i, row in enumerate(rows):
            count = np.bincount(found[name, *row].numpy(), minlength=len(order))
            style = {"color": _colours()[i], "marker": MARKERS[i], "zorder": 3}
            ax.scatter(
                range(len(order)), np.full(len(order), apart * k + i), 200 * count / count.sum(), **style
            )
    labels = [f"{name}: {row}" if not i else row for name in names for i, row in enumerate(rows.values())]
    places = [apart * k + i for k in range(len(names)) for i in range(len(rows))]
    ax.set_yticks(places, labels, fontsize=9)
    ax.invert_yaxis()
    ax.set_xticks(range(len(order)), order, rotation=60, ha="right", fontsize=9)
    ax.set(xlabel="peak of the profile (size: share of brains; dotted: the true layer)")
    return fig


@figure
def layer_profile(order, profiles, lines, ceiling):
    """profiles: view → name → Estimate; lines: view → (monkey (layers,), the trained network
    normalised by the images shown (layers,), untrained networks (networks, layers))"""
    fig, axes = plt.subplots(2, 1, figsize=(7.4, 6.4), sharex=True, height_ratios=[1.6, 1])
    x = range(len(order))
    axes[0].axhspan(*ceiling, color=_ink(), alpha=0.12)
    axes[0].annotate(
        "noise ceiling, human", (0.01, ceiling[1]), xycoords=("axes fraction", "data"), fontsize=9, va="top"
    )
    for ax, (view, estimates) in zip(axes, profiles.items(), strict=True):
        monkey, fair, untrained = lines[view]
        rows = [estimates[name] for name in order]
        ax.plot(x, monkey, color=_colours()[1], marker="s", linestyle="--", label="monkey IT")
        ax.plot(x, [row.mean for row in rows], marker="o", color=_colours()[0], label="human IT")
        ax.fill_between(
            x, [row.low for row in rows], [row.high for row in rows], color=_colours()[0], alpha=0.2
        )
        here = "human IT, normalised by these images"
        ax.plot(
            x, fair, color=_colours()[3], marker="D", linestyle=":", markersize=4, label=f"{here}: trained"
        )
        band(
            ax,
            x,
            untrained,
            f"{here}: random weights",
            color=_colours()[2],
            marker="^",
            linestyle="-.",
            markersize=4,
        )
    axes[0].set(ylabel="rank correlation ρₐ")
    axes[1].set(ylabel="given the categories")
    axes[1].set_xticks(x, order, rotation=60, ha="right", fontsize=9)
    axes[0].legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2, fontsize=8.5)
    return fig


@figure
def invariances(moves, measures, changes):
    """moves: (measures, changes, seeds)"""
    largest = moves.amax(-1).numpy()
    fig, ax = plt.subplots(figsize=(7.5, 3.6))
    seen = np.ma.masked_where(largest <= 1e-6, np.ones(largest.shape))
    ax.imshow(seen, cmap=ListedColormap([_ink()]), aspect="auto", alpha=0.2)
    for i, j in np.ndindex(*largest.shape):
        text = "ignored" if largest[i, j] <= 1e-6 else f"moves {largest[i, j]:.2f}"
        ax.text(j, i, text, ha="center", va="center", fontsize=9)
    ax.set_xticks(range(len(changes)), changes, fontsize=9)
    ax.set_yticks(range(len(measures)), measures, fontsize=9)
    ax.grid(False)
    return fig


@figure
def noise_scores(num_units, scores, num_images):
    """scores: name → (repetitions, sizes)"""
    fig, ax = plt.subplots(figsize=(7, 4))
    curve = np.geomspace(num_units[0], num_units[-1], 100)
    ax.plot(
        curve,
        1 / (1 + num_images / curve),
        color=_ink(),
        linewidth=1,
        linestyle="--",
        marker="",
        label="1 / (1 + n/p)",
    )
    for i, (name, values) in enumerate(scores.items()):
        ax.errorbar(
            num_units,
            values.mean(0),
            2 * values.std(0),
            color=_colours()[i],
            linestyle=LINES[i],
            marker=MARKERS[i],
            markersize=5,
            label=name,
            capsize=2,
        )
    ax.axvline(num_images - 1, color=_ink(), linewidth=0.8, linestyle=":", marker="")
    ax.set_xscale("log")
    ax.set_xticks(num_units, num_units, fontsize=9)
    ax.minorticks_off()
    ax.set(
        xlabel="units of each representation", ylabel="similarity of independent noise", ylim=(-0.15, 1.05)
    )
    ax.legend(loc="center right", fontsize=9)
    return fig


def measures_chart(scores, kinds, measures) -> alt.VConcatChart:
    """A kernel-free chart. scores: (change, strength, measure, value)"""
    table = pd.DataFrame(scores, columns=["change", "strength", "measure", "value"]).round(3)
    kind = alt.param(
        name="kind", value=kinds[0], bind=alt.binding_select(options=list(kinds), name="change ")
    )
    strength = alt.param(
        name="s", value=0.5, bind=alt.binding_range(min=0, max=1, step=0.05, name="strength ")
    )
    colours = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00"]
    dashes = [[1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [12, 3], [4, 2, 1, 2, 1, 2]]
    key = alt.Legend(orient="top", columns=3, title=None, symbolType="stroke", symbolSize=700, labelLimit=200)
    colour = alt.Scale(domain=measures, range=colours)
    dash = alt.Scale(domain=measures, range=dashes)
    base = alt.Chart(table).transform_filter("datum.change == kind")
    lines = base.mark_line(strokeWidth=2).encode(
        x=alt.X("strength:Q", title="strength of the change", scale=alt.Scale(domain=[0, 1])),
        y=alt.Y("value:Q", title="similarity to the unchanged layer", scale=alt.Scale(domain=[-0.1, 1])),
        color=alt.Color("measure:N", scale=colour, legend=key),
        strokeDash=alt.StrokeDash("measure:N", scale=dash, legend=key),
    )
    here = base.transform_filter("abs(datum.strength - s) < 0.01")
    points = here.mark_point(filled=True, size=70).encode(
        x="strength:Q",
        y="value:Q",
        fill=alt.Fill("measure:N", scale=colour, legend=None),
        tooltip=["measure:N", "value:Q"],
    )
    at = alt.Chart(alt.Data(values=[{}])).transform_calculate(strength="s").mark_rule(strokeDash=[3, 3])
    # Two lines of three values under the plot, in the order of the legend.
    place = f"indexof({list(measures)}, datum.measure)"
    values = (
        here.transform_calculate(
            label="datum.measure + '  ' + format(datum.value, '.2f')",
            row=f"floor({place} / 3)",
            column=f"{place} % 3",
        )
        .mark_text(fontSize=11)
        .encode(
            x=alt.X("column:O", axis=None),
            y=alt.Y("row:O", axis=None),
            text="label:N",
            color=alt.Color("measure:N", scale=colour, legend=None),
        )
        .properties(width=400, height=44, view=alt.ViewConfig(stroke=None))
    )
    plot = alt.layer(at.encode(x="strength:Q"), lines, points).properties(width=400, height=280)
    return (
        alt.vconcat(plot, values)
        .resolve_scale(color="independent", strokeDash="independent")
        .add_params(kind, strength)
    )


@figure
def decoding(confusion, names, chance, accuracy):
    """confusion: shares, rows sum to 1; chance: accuracies with shuffled labels"""
    fig, (left, right) = plt.subplots(1, 2, figsize=(8.4, 3.9), width_ratios=[1.2, 1])
    picture = left.imshow(confusion, vmin=0, vmax=1)
    left.set_xticks(range(len(names)), names, rotation=50, ha="right", fontsize=9)
    left.set_yticks(range(len(names)), names, fontsize=9)
    left.set(xlabel="read", ylabel="seen")
    left.grid(False)
    fig.colorbar(picture, ax=left, label="share of blocks", shrink=0.85)
    right.hist(chance, bins=np.arange(-0.5, 40) / 96, color=_colours()[0])
    right.axvline(accuracy, color=_colours()[1], linestyle="--", marker="")
    right.annotate(
        "true labels",
        (accuracy, 0.97),
        xycoords=("data", "axes fraction"),
        fontsize=9,
        rotation=90,
        ha="right",
        va="top",
    )
    right.annotate("shuffled\nwithin runs", (0.3, 0.5), xycoords="axes fraction", fontsize=9)
    right.set(xlabel="accuracy on new runs", ylabel="shuffles", xlim=(0, 1))
    return fig
