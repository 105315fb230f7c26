"""Figures of the lab `rlhf_language_model`. Tensors come in on the CPU, their first axis seeds or pools."""

import math

import altair as alt
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from utils.plots import LINES, MARKERS, figure
from utils.stats import mean_interval


def _style(i: int) -> dict:
    colours = plt.rcParams["axes.prop_cycle"].by_key()["color"]
    return {"color": colours[i % 6], "linestyle": LINES[i % 6], "marker": MARKERS[i % 6]}


def _points(ax, x, values, label, i, **kwargs):
    """Mean over the first axis with its 95% interval at every x."""
    estimates = [mean_interval(column) for column in np.asarray(values).T]
    mean = np.array([e.mean for e in estimates])
    bars = [mean - [e.low for e in estimates], [e.high for e in estimates] - mean]
    ax.errorbar(x, mean, bars, label=label, capsize=2, **({"markersize": 5} | _style(i) | kwargs))


def _rule(ax, y, text, x=0.99, **kwargs):
    ax.axhline(y, color=plt.rcParams["text.color"], linewidth=0.8, linestyle=":", marker="", zorder=0)
    style = {"fontsize": 8.5, "ha": "right", "va": "bottom"} | kwargs
    ax.annotate(text, (x, y), xycoords=("axes fraction", "data"), **style)


@figure
def frontier(bound, exact_kl, chosen_reward, gibbs_kl, gibbs_reward):
    """bound: (ns,); exact_kl, chosen_reward: (seeds, ns); gibbs_kl, gibbs_reward: (seeds, temperatures)"""
    fig, (left, right) = plt.subplots(1, 2, figsize=(8.2, 3.6))
    ink = plt.rcParams["text.color"]
    left.plot(bound, bound, color=ink, linewidth=1, linestyle=":", marker="", label="the formula")
    for i, row in enumerate(exact_kl):
        left.plot(bound, row, markersize=4, **_style(i))
    left.set(xlabel="log n - (n - 1)/n, nats", ylabel="exact divergence, nats")
    left.legend(loc="upper left")
    right.plot(gibbs_kl[0], gibbs_reward[0], label="π*, all β", **(_style(0) | {"marker": ""}))
    right.plot(exact_kl[0], chosen_reward[0], label="best of n", **(_style(1) | {"linestyle": ""}))
    right.set(xlabel="KL from the reference, nats", ylabel="expected reward", xlim=(-0.1, None))
    right.legend(loc="lower right")
    return fig


@figure
def dpo_on_a_bandit(comparisons, tv, divergence, optimal_divergence, rloo_tv):
    """tv, divergence: (seeds, comparisons); optimal_divergence, rloo_tv: (seeds,)"""
    fig, (left, right) = plt.subplots(1, 2, figsize=(8.2, 3.6))
    _points(left, comparisons, tv, "DPO", 0)
    x = np.array(comparisons)
    guide = float(tv[:, 3].mean()) * (x[3] / x) ** 0.5
    left.plot(x, guide, linestyle=":", marker="", color=plt.rcParams["text.color"], label="slope -½")
    _rule(left, float(rloo_tv.mean()), "RLOO, from rewards")
    left.set(xscale="log", yscale="log", xlabel="comparisons", ylabel="total variation to π*")
    left.legend()
    _points(right, comparisons, divergence, "DPO", 0)
    right.axhline(float(optimal_divergence.mean()), label="π*", **(_style(1) | {"marker": ""}))
    right.set(xscale="log", xlabel="comparisons", ylabel="KL from the reference, nats", ylim=(0, None))
    right.legend()
    return fig


@figure
def goodhart(ns, measured, predicted):
    """measured: name → {"gold": (pools, ns)}; predicted: name → (ns,)"""
    fig, ax = plt.subplots(figsize=(6.4, 3.8))
    for i, (name, toy) in enumerate(measured.items()):
        ax.plot(ns, predicted[name], **(_style(i) | {"marker": ""}))
        _points(ax, ns, toy["gold"], name, i, linestyle="")
    ax.set(xlabel="n of best-of-n", ylabel="gold reward", xscale="log")
    ticks = [1, 4, 16, 64, 256, 1024]
    ax.set_xticks(ticks, [str(t) for t in ticks])
    ax.minorticks_off()
    ax.legend(title="error", loc="upper left")
    return fig


@figure
def human_accuracy(estimates):
    """estimates: name → Estimate over pairs"""
    fig, ax = plt.subplots(figsize=(6.4, 2.2))
    for i, (name, e) in enumerate(estimates.items()):
        bars = [[e.mean - e.low], [e.high - e.mean]]
        ax.errorbar([e.mean], [name], xerr=bars, capsize=3, markersize=7, **(_style(i) | {"linestyle": ""}))
    ax.axvline(0.5, color=plt.rcParams["text.color"], linewidth=0.8, linestyle=":", marker="")
    ax.set(xlabel="share of held-out human comparisons decided rightly (dotted: chance)", xlim=(0.44, 0.66))
    ax.set_ylim(-0.6, len(estimates) - 0.4)
    return fig


@figure
def best_of_n_on_pool(d, gold, weak_proxy, d_gibbs, gold_gibbs, ns):
    """gold: name → (proxies, ns); weak_proxy: (proxies, ns); gold_gibbs: (proxies, temperatures)"""
    fig, ax = plt.subplots(figsize=(6.4, 4))
    for i, (name, values) in enumerate(gold.items()):
        _points(ax, d, values, name if isinstance(name, str) else f"{name} comparisons", i)
    style = {"color": plt.rcParams["text.color"], "linewidth": 1, "marker": ""}
    ax.plot(d, weak_proxy.mean(0), linestyle="--", label="what the weakest proxy believes", **style)
    ax.plot(d_gibbs, gold_gibbs.mean(0), linestyle="-", label="pool reweighted by it", **style)
    top = ax.secondary_xaxis("top")
    top.set_xticks(d, [str(n) for n in ns], fontsize=8.5)
    top.set_xlabel("n", fontsize=8.5)
    ax.set(xlabel="d = √KL, √nats", ylabel="gold reward above the reference", xlim=(-0.05, None))
    ax.legend(fontsize=8.5, loc="upper left")
    return fig


@figure
def over_optimisation(names, d, steps, fits):
    """For every arm d: (windows,); steps: fields (policies, windows); fits: (α, β)"""
    fig, axes = plt.subplots(1, 3, figsize=(9.6, 3.8), sharex=True)
    panels = {"proxy reward": "proxy", "gold reward": "gold", "pleasantness alone": "pleasant"}
    ink = plt.rcParams["text.color"]
    for ax, (label, field) in zip(axes, panels.items(), strict=True):
        for i, name in enumerate(names):
            _points(ax, d[i], getattr(steps[i], field), name, i, markersize=4)
        ax.axhline(0, color=ink, linewidth=0.6, linestyle="-", marker="", zorder=0)
        ax.set(xlabel="d = √KL, √nats", ylabel=label)
    for i, (alpha, beta) in enumerate(fits):
        x = np.linspace(max(d[i].min(), 0.05), d[i].max(), 60)
        axes[1].plot(x, x * (alpha - beta * np.log(x)), color=_style(i)["color"], linestyle=":", marker="")
    axes[0].legend(fontsize=8, loc="upper left")
    return fig


@figure
def one_ruler(panels):
    """panels: title → {method: (d (points,), gold (policies, points))}"""
    fig, axes = plt.subplots(1, len(panels), figsize=(8.2, 3.6), sharey=True)
    for ax, (title, methods) in zip(axes, panels.items(), strict=True):
        for i, (method, (d, gold)) in enumerate(methods.items()):
            _points(ax, d, gold, method, i, markersize=4)
        ax.axhline(0, color=plt.rcParams["text.color"], linewidth=0.6, linestyle="-", marker="", zorder=0)
        ax.set(xlabel="d = √KL, √nats", title=title)
    axes[0].set(ylabel="gold reward above the reference")
    axes[0].legend(loc="lower left")
    return fig


def goodhart_chart(ns, sweep):
    """sweep: (ν, size) → {"gold", "proxy"}, each (pools, ns). Sliders choose ν by its number, size and n."""
    degrees = sorted({nu for nu, _ in sweep})
    sizes = sorted({size for _, size in sweep})
    rows = [
        {
            "tail": degrees.index(nu),
            "size": sizes.index(size),
            "doublings": j,
            "n": n,
            "reward": kind,
            "value": round(float(toy[kind].mean(0)[j]), 3),
        }
        for (nu, size), toy in sweep.items()
        for kind in ("gold", "proxy")
        for j, n in enumerate(ns)
    ]
    names = ["∞ (Gaussian)" if nu == math.inf else f"{nu:g}" for nu in degrees]
    tail = alt.param(
        name="tail",
        value=0,
        bind=alt.binding_range(min=0, max=len(degrees) - 1, step=1, name="lighter tail of the error → "),
    )
    size = alt.param(
        name="size",
        value=sizes.index(1.0),
        bind=alt.binding_range(min=0, max=len(sizes) - 1, step=1, name="noisier labels, larger error → "),
    )
    doublings = alt.param(
        name="doublings", value=4, bind=alt.binding_range(min=0, max=len(ns) - 1, step=1, name="log₂ n ")
    )
    x = alt.X("n:Q", scale=alt.Scale(type="log", base=2), title="n of best-of-n")
    y = alt.Y("value:Q", title="reward", scale=alt.Scale(domain=[-0.1, 6], clamp=True))
    colour = alt.Color("reward:N", scale=alt.Scale(domain=["gold", "proxy"], range=["#0072B2", "#D55E00"]))
    here = alt.Chart(pd.DataFrame(rows)).transform_filter("datum.tail == tail && datum.size == size")
    at_n = here.transform_filter("datum.doublings == doublings")
    lines = here.mark_line(point=True).encode(x, y, colour, strokeDash="reward:N")
    marks = at_n.mark_point(size=160, filled=True).encode(x, y, colour, shape="reward:N")
    labels = at_n.mark_text(dy=-14, fontSize=13).encode(x, y, colour, text=alt.Text("value:Q", format=".2f"))
    title = alt.TitleParams(
        alt.ExprRef(
            f"'error: ν = ' + {names}[tail] + ', size ' + {sizes}[size] + ', n = ' + {list(ns)}[doublings]"
        )
    )
    chart = (lines + marks + labels).add_params(tail, size, doublings)
    return chart.properties(width=460, height=280, title=title)
