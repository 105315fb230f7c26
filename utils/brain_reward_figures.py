"""Figures of the lab `brain_reward`. Tensors come in on the CPU."""

import altair as alt
import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.ticker import LogLocator, NullFormatter

from utils.plots import LINES, MARKERS, band, figure
from utils.stats import mean_interval


def _style(i: int) -> dict:
    colours = plt.rcParams["axes.prop_cycle"].by_key()["color"]
    return {"color": colours[i % 6], "linestyle": LINES[i % 6], "marker": MARKERS[i % 6]}


def _kind(name: str) -> int:
    """One style for each signal, whatever was done to it."""
    return ["nothing", "cells", "CKA", "labels"].index(name.split(",")[0])


def _rows(ax, values: dict):
    """Dots and a mean with its interval, a row an arm; values: name → (seeds,)"""
    for row, (name, seeds) in enumerate(values.items()):
        style = _style(_kind(name)) | {"linestyle": ""}
        estimate = mean_interval(seeds.tolist())
        ax.plot(seeds, np.full(len(seeds), row + 0.22), alpha=0.35, markersize=4, **style)
        bars = [[estimate.mean - estimate.low], [estimate.high - estimate.mean]]
        ax.errorbar([estimate.mean], [row], xerr=bars, capsize=3, markersize=7, **style)
    ax.set_yticks(range(len(values)), list(values))
    ax.invert_yaxis()
    ax.axvline(0.5, color=plt.rcParams["text.color"], linewidth=0.8, linestyle=":", marker="", zorder=0)


@figure
def arms(share: dict):
    """share: name → (seeds,)"""
    fig, ax = plt.subplots(figsize=(6.8, 4.2))
    _rows(ax, share)
    ax.set(xlabel="share of the coin (0: marker, 1: coin)")
    return fig


@figure
def exchange(counts, share, curve, theory, worth, problems):
    """counts, share, curve: the labels'; theory: (problems,); worth: (problems, resamples)"""
    fig, (left, right) = plt.subplots(1, 2, figsize=(8.8, 3.9))
    estimates = [mean_interval(row.tolist()) for row in share]
    mean = np.array([e.mean for e in estimates])
    bars = [mean - [e.low for e in estimates], [e.high for e in estimates] - mean]
    left.errorbar(counts, mean, bars, capsize=3, label="networks", **_style(3) | {"linestyle": ""})
    left.plot(counts, curve, label="equation (2)", **_style(0) | {"marker": ""})
    left.set(xscale="log", xlabel="labels", ylabel="share of the coin")
    left.set_xticks(counts, [str(n) for n in counts])
    left.minorticks_off()
    left.legend(fontsize=8.5, loc="lower right")
    kinds = {"probes": [], "cells": [], "noise": []}
    usual = problems[3]
    for row, problem in enumerate(problems):
        kind = (
            "noise"
            if problem.noise != usual.noise
            else "cells"
            if problem.num_cells != usual.num_cells
            else "probes"
        )
        kinds[kind].append(row)
    for i, (kind, rows) in enumerate(kinds.items()):
        low, middle, high = worth[rows].quantile(torch.tensor([0.025, 0.5, 0.975]), dim=1)
        bars = torch.stack([middle - low, high - middle])
        right.errorbar(
            theory[rows], middle, bars, capsize=2, label=f"{kind} varied", **_style(i) | {"linestyle": ""}
        )
    ends = [theory.min() / 1.5, theory.max() * 1.5]
    ink = plt.rcParams["text.color"]
    right.plot(ends, ends, color=ink, linewidth=0.8, linestyle="-", marker="", label="measured = derived")
    right.set(xscale="log", yscale="log", xlabel="labels worth, derived", ylabel="labels worth, measured")
    for axis in (right.xaxis, right.yaxis):
        axis.set_minor_formatter(NullFormatter())
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter("{x:g}")
    right.legend(fontsize=8.5, loc="upper left")
    return fig


def confound_chart(problems, share) -> alt.Chart:
    """Bars of the share of the coin at a confound rate and a noise to be chosen; share: (problems, seeds)"""
    noises = sorted({p.noise for p in problems if p.signal == "cells"})
    rates = sorted({p.confounded for p in problems})
    rows = []
    for problem, seeds in zip(problems, share, strict=True):
        e = mean_interval(seeds.tolist())
        name = {"none": "nothing", "labels": "labels"}.get(problem.signal)
        name = name or ("cells, shuffled" if problem.shuffled else "cells")
        for noise in [problem.noise] if problem.signal == "cells" else noises:
            row = {"arm": name, "rate": rates.index(problem.confounded), "noise": noises.index(noise)}
            rows.append(row | {"share": e.mean, "low": e.low, "high": e.high})
    texts = [f"{100 * rate:g}%" for rate in rates], [f"{noise:g}" for noise in noises]
    asked = "confounded share of training ", "noise of a cell "
    menus = [
        alt.binding_select(options=list(range(len(labels))), labels=labels, name=name)
        for labels, name in zip(texts, asked, strict=True)
    ]
    rate = alt.param(name="rate", value=len(rates) - 1, bind=menus[0])
    noise = alt.param(name="noise", value=1, bind=menus[1])
    chosen = alt.Chart(alt.Data(values=rows)).transform_filter("datum.rate == rate && datum.noise == noise")
    order = ["nothing", "cells, shuffled", "cells", "labels"]
    y = alt.Y("arm:N", sort=order, title=None)
    x = alt.X("share:Q", scale=alt.Scale(domain=[-0.2, 1.2]), title="share of the coin")
    colour = alt.Color(
        "arm:N", sort=order, scale=alt.Scale(range=["#0072B2", "#E69F00", "#D55E00", "#CC79A7"]), legend=None
    )
    bars = chosen.mark_bar(height=18, clip=True).encode(x=x, y=y, color=colour)
    errors = chosen.mark_rule(strokeWidth=2, clip=True).encode(
        x=alt.X("low:Q", title="share of the coin"), x2="high:Q", y=y
    )
    return alt.layer(bars, errors).properties(width=460, height=150).add_params(rate, noise)


@figure
def behaviour(shares: dict):
    """shares: way → {arm: (seeds,)}"""
    fig, axes = plt.subplots(1, 2, figsize=(9.4, 4.4), sharey=True)
    titles = {"policy": "the policy acts", "critic": "the critic acts"}
    for ax, (way, values) in zip(axes, shares.items(), strict=True):
        _rows(ax, values)
        ax.set(xlabel="coin first, of all first touches", xlim=(-0.05, 1.05), title=titles[way])
    axes[1].invert_yaxis()
    return fig


@figure
def tracks(games, paths, names, size):
    """games: three, as `Games`; paths: for each, way → (arms, steps)"""
    fig, axes = plt.subplots(2, len(paths), figsize=(7.4, 5.6))
    ink = plt.rcParams["text.color"]
    for k, ways in enumerate(paths):
        for ax, routes in zip(axes[:, k], ways.values(), strict=True):
            for cell in games.walls[k].nonzero()[:, 0].tolist():
                corner = cell % size - 0.5, cell // size - 0.5
                ax.add_patch(plt.Rectangle(corner, 1, 1, color=ink, alpha=0.3))
            for i, (name, route) in enumerate(zip(names, routes, strict=True)):
                shift = 0.16 * (i - 0.5)
                style = _style(_kind(name)) | {"marker": ""}
                label = {"nothing": "no alignment"}.get(name, f"critic aligned with {name}")
                ax.plot(route % size + shift, route // size + shift, label=label, linewidth=2, **style)
            for cell, text in (
                (games.coin[k], "coin"),
                (games.marker[k], "marker"),
                (games.place[k], "start"),
            ):
                shape = {"coin": "o", "marker": "D", "start": "x"}[text]
                place = int(cell) % size, int(cell) // size
                ax.plot(*place, marker=shape, color=ink, markersize=8, linestyle="", zorder=3, label=text)
            ax.set(xticks=[], yticks=[], xlim=(-0.5, size - 0.5), ylim=(size - 0.5, -0.5), aspect="equal")
            ax.grid(False)
            ax.spines[:].set_visible(True)
        axes[0, k].set_title(f"maze {k + 1}", fontsize=10)
    axes[0, 0].set_ylabel("policy")
    axes[1, 0].set_ylabel("critic")
    fig.legend(*axes[0, 0].get_legend_handles_labels(), fontsize=9, loc="outside upper center", ncols=5)
    return fig


@figure
def design(scores, surprise, believed, factors, floored):
    """scores: (3, animals, days); surprise: (animals, days); believed: (2, animals, days);

    floored: brain → (animals, factors)
    """
    fig, axes = plt.subplot_mosaic("ab;cc", figsize=(7.4, 6))
    axes = [axes[k] for k in "abc"]
    days = range(1, surprise.shape[1] + 1)
    lines = {
        "brain's error at the coin": surprise,
        "inferred at face value": believed[0],
        "inferred as errors": believed[1],
    }
    for i, (name, values) in enumerate(lines.items()):
        band(axes[0], days, values, name, markersize=4, **_style(i))
    axes[0].set(xlabel="day", ylabel="reward of the coin", ylim=(-0.05, 1.4))
    for i, (name, values) in enumerate(
        zip(("at face value", "as errors", "as errors, shuffled"), scores, strict=True)
    ):
        band(axes[1], days, values, name, markersize=4, **_style(i + 1))
    axes[1].set(xlabel="day", ylabel="score of the agent")
    for i, (name, values) in enumerate(floored.items()):
        style = _style(i) | ({"markersize": 10, "markerfacecolor": "none"} if i == 0 else {"markersize": 4})
        band(axes[2], factors, values, name, **style)
    axes[2].set(xlabel="factor β on negative errors", ylabel="score of the agent", ylim=(None, 1.05))
    axes[1].set_ylim(None, 1.4)
    for ax in axes:
        ax.legend(fontsize=8.5)
    return fig


@figure
def electrode(lives, kinds, top, strengths):
    """lives: name → (coins, lever), each (kinds, animals, steps); top: (animals,), the optimal coin rate"""
    fig, axes = plt.subplots(len(lives), 2, figsize=(7.4, 8), sharex=True, sharey="col")
    for row, (name, (coins, lever)) in zip(axes, lives.items(), strict=True):
        width = coins.shape[-1] // 15
        for ax, values in zip(row, (coins / top[:, None], lever), strict=True):
            means = values[..., : 15 * width].unflatten(-1, (15, width)).mean(-1)
            at = (np.arange(15) + 0.5) * width
            for i, kind in enumerate(kinds):
                band(ax, at, means[i], kind, markersize=4, **_style(i))
        what = "dead lever" if name == "dead" else f"{name} stimulation"
        row[0].set_ylabel(f"{what}, s = {strengths[name]:g}")
    axes[0, 0].set_title("coins / optimal rate", fontsize=11)
    axes[0, 1].set_title("share of time on the lever", fontsize=11)
    for ax in axes[-1]:
        ax.set_xlabel("step of life")
    fig.legend(*axes[0, 0].get_legend_handles_labels(), fontsize=10, loc="outside upper center", ncols=3)
    return fig


@figure
def model_error(lengths, score, curse):
    """score, curse: (animals, lengths)"""
    fig, axes = plt.subplots(1, 2, figsize=(8.6, 3.6))
    labels = ("score of the agent", "own path - other path, optimal rates")
    for i, (ax, label, values) in enumerate(zip(axes, labels, (score, curse), strict=True)):
        band(ax, lengths, values, label, markersize=5, **_style(i))
        ax.set(xscale="log", xlabel="recorded steps", ylabel=label)
        ax.set_xticks(lengths, [str(n) for n in lengths])
        ax.minorticks_off()
    return fig
