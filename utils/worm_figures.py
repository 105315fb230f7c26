"""Figures of the lab `worm`. Tensors come in on the CPU; an axis of seeds stands where the docstring says."""

from textwrap import fill

import altair as alt
import matplotlib.pyplot as plt
import numpy as np

from utils.plots import LINES, MARKERS, band, figure
from utils.stats import Estimate, mean_interval


def _style(i: int) -> dict:
    colours = plt.rcParams["axes.prop_cycle"].by_key()["color"]
    return {"color": colours[i % 6], "linestyle": LINES[i % 6], "marker": MARKERS[i % 6]}


def _points(ax, x, estimates: list[Estimate], label=None, i=0, **kwargs):
    mean = np.array([e.mean for e in estimates])
    bars = [mean - [e.low for e in estimates], [e.high for e in estimates] - mean]
    style = _style(i) | {"linestyle": ""} | kwargs
    ax.errorbar(x, mean, bars, label=label, capsize=3, markersize=5, **style)


@figure
def tracks(names, own, random, radius, target):
    """own, random (or None): positions, (time, lines, worms, 2)"""
    rows = [("own agent", own)] + ([] if random is None else [("random light", random)])
    size = (2.3 * len(names) + 0.4, 2.5 * len(rows))
    fig, axes = plt.subplots(len(rows), len(names), figsize=size, squeeze=False)
    ink = plt.rcParams["text.color"]
    for row, (label, paths) in zip(axes, rows, strict=True):
        for k, ax in enumerate(row):
            for worm in range(paths.shape[2]):
                ax.plot(*paths[:, k, worm].T.numpy(), linewidth=0.7, linestyle="-", marker="")
            ax.add_patch(plt.Circle((0, 0), radius, fill=False, color=ink, linewidth=1))
            ax.add_patch(plt.Circle((0, 0), target, fill=False, color=ink, linestyle="--", zorder=5))
            ax.set(aspect="equal", xticks=[], yticks=[], xlim=(-radius, radius), ylim=(-radius, radius))
            ax.axis("off")
            ax.set_title(f"{names[k]}\n{label}", fontsize=9)
    return fig


@figure
def cross_matrix(names, cross, random):
    """cross: (agent, animal, seeds); random: (animal, seeds)"""
    table = np.vstack([cross.mean(-1).numpy(), random.mean(-1).numpy()[None]])
    fig, ax = plt.subplots(figsize=(6.6, 3.8))
    image = ax.imshow(table, vmin=0, vmax=max(0.5, table.max()), aspect="auto")
    fig.colorbar(image, label="share of time on target")
    for (i, j), value in np.ndenumerate(table):
        values = cross[i, j] if i < len(cross) else random[j]
        e = mean_interval(values.tolist())
        shade = "white" if value < 0.6 * image.norm.vmax else "black"
        ax.text(j, i, f"{e.mean:.3f}\n± {e.high - e.mean:.3f}", ha="center", va="center", color=shade)
    ax.set_xticks(range(len(names)), [f"{name}" for name in names])
    ax.set_yticks(range(len(names) + 1), [f"agent: {name}" for name in names] + ["random light"])
    ax.set_xlabel("animal")
    ax.grid(False)
    return fig


@figure
def policies(bearings, lit, names):
    """lit: share of light, (lines, seeds, bearings); the last line has a panel of its own, a curve a seed"""
    fig, (above, below) = plt.subplots(2, 1, figsize=(6.8, 6.8), sharex=True)
    degrees = np.rad2deg(bearings.numpy())
    for i, name in enumerate(names[:-1]):
        band(above, degrees, lit[i].numpy(), name, markevery=4, markersize=5, **_style(i))
    for i, curve in enumerate(lit[-1].numpy()):
        below.plot(degrees, curve, label=f"seed {i + 1}", markevery=6, markersize=4, **_style(i))
    for ax, columns, title in ((above, 2, None), (below, 5, names[-1])):
        for edge in (-90, 90):
            ax.axvline(edge, color=plt.rcParams["text.color"], linewidth=0.8, linestyle=":", marker="")
        ax.set(ylabel="share of light", ylim=(-0.03, 1.03))
        ax.legend(title=title, fontsize=8.5, loc="lower center", bbox_to_anchor=(0.5, 1), ncols=columns)
    below.set(xlabel="bearing (degrees; 0: heads for the target)")
    below.set_xticks(range(-180, 181, 90))
    return fig


@figure
def needs(names, own, random, arms, hours, sweep):
    """own, random, arms[...]: (lines, seeds); sweep[augmented]: (lines, seeds, amounts)"""
    fig, (above, below) = plt.subplots(2, 1, figsize=(6.8, 7.4))
    shown = {"full method": own} | arms | {"random light": random}
    for i, name in enumerate(names):
        x = np.arange(len(shown)) + 0.2 * (i - 0.5)
        _points(above, x, [mean_interval(values[i].tolist()) for values in shown.values()], name, i)
        for augment, values in sweep.items():
            estimates = [mean_interval(column) for column in values[i].T.tolist()]
            label = f"{name}, {'with' if augment else 'without'} augmentation"
            face = {} if augment else {"markerfacecolor": "none"}
            _points(below, hours, estimates, label, i, linestyle="-" if augment else "--", **face)
    above.set_xticks(range(len(shown)), [fill(name, 9) for name in shown], fontsize=9)
    below.set(xscale="log", xlabel="hours of recording")
    below.set_xticks(hours, [f"{hour:.2g}" for hour in hours])
    below.minorticks_off()
    for ax in (above, below):
        ax.set(ylabel="share of time on target", ylim=(0, None))
        ax.legend(fontsize=8.5, loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2)
    return fig


@figure
def wiring_and_function(effect, nulls, by_steps):
    """effect: Estimate; nulls: name → values; by_steps: Estimates for 1, 2, … steps"""
    fig, (above, below) = plt.subplots(2, 1, figsize=(6.6, 6.4))
    for i, (name, values) in enumerate(nulls.items()):
        above.hist(values, bins=20, histtype="step", linewidth=1.6, label=name, density=True, **_hist(i))
    height = above.get_ylim()[1]
    above.errorbar(
        effect.mean,
        height / 3,
        xerr=[[effect.mean - effect.low], [effect.high - effect.mean]],
        label="measured",
        capsize=4,
        **_style(2) | {"linestyle": ""},
    )
    above.set(xlabel="P(response | wired) - P(response | unwired)", ylabel="density of the null")
    above.legend(fontsize=8.5)
    _points(below, range(1, len(by_steps) + 1), by_steps, linestyle="-")
    below.set(xlabel="steps along the wiring", ylabel="share of pairs that respond", ylim=(0, None))
    below.set_xticks(range(1, len(by_steps) + 1))
    return fig


def _hist(i: int) -> dict:
    return {"color": _style(i)["color"], "linestyle": ("-", "--")[i % 2]}


@figure
def kinds(by_kind):
    """by_kind: name → Estimate"""
    fig, ax = plt.subplots(figsize=(6.6, 2.9))
    for i, (name, e) in enumerate(by_kind.items()):
        style = _style(i) | {"linestyle": ""}
        ax.errorbar(e.mean, i, xerr=[[e.mean - e.low], [e.high - e.mean]], capsize=3, label=name, **style)
    ax.set_yticks(range(len(by_kind)), by_kind)
    ax.invert_yaxis()
    ax.set(xlabel="share of pairs that respond", xlim=(0, None))
    return fig


@figure
def energy(spectra):
    """spectra: name → eigenvalues of the motor Gramian, descending, (draws, motor neurons)"""
    fig, ax = plt.subplots(figsize=(6.6, 3.8))
    for i, (name, values) in enumerate(spectra.items()):
        # Below the precision of floating point an eigenvalue is noise.
        logs = np.log10(np.where(values > 1e-14 * values[:, :1], values, np.nan))
        shown = np.isfinite(logs).all(0)
        rank = np.arange(1, values.shape[1] + 1)[shown]
        style = _style(i) | {"markevery": 4, "markersize": 5}
        if len(values) > 1:
            band(ax, rank, logs[:, shown], name, **style)
        else:
            ax.plot(rank, logs[0, shown], label=name, **style)
    ax.axvline(values.shape[1], color=plt.rcParams["text.color"], linewidth=0.8, linestyle=":", marker="")
    ax.annotate("generic rank", (values.shape[1], ax.get_ylim()[1]), fontsize=8.5, ha="right", va="top")
    ax.set(
        xlabel="direction, cheapest first", ylabel="log₁₀ eigenvalue (response bought by\na unit of energy)"
    )
    ax.legend(fontsize=8.5)
    return fig


@figure
def steering(panels, prices):
    """panels: title → names; prices: name → a dictionary pattern → log10 of its energy, for each draw"""
    fig, axes = plt.subplots(len(panels), 1, figsize=(6.8, 3.3 * len(panels)), sharex=True, sharey=True)
    for ax, (title, rows) in zip(axes, panels.items(), strict=True):
        for i, row in enumerate(rows):
            patterns = list(prices[row][0])
            estimates = [mean_interval([draw[name] for draw in prices[row]]) for name in patterns]
            _points(ax, np.arange(len(patterns)) + 0.16 * (i - (len(rows) - 1) / 2), estimates, row, i)
        ax.set(ylabel="log₁₀ energy, half way")
        ax.set_title(title, fontsize=10)
        ax.legend(fontsize=8.5, loc="lower right")
    ax.set_xticks(range(len(patterns)), [fill(name, 14) for name in patterns], fontsize=9)
    return fig


def drift_chart(drift) -> alt.LayerChart:
    """Drift over the rate with light, for both policies; sliders: the rate without light, the diffusion.

    drift: (rate towards, rate away, diffusion=…) → mm/s
    """
    rates = np.round(np.geomspace(0.01, 1, 21), 4)
    offs = np.round(np.arange(0.02, 0.521, 0.04), 2)
    diffusions = (0.005, 0.02, 0.08)
    policies = ("light on the way to the target", "light on the way from it")
    rows = [
        {"off": float(off), "D": D, "on": float(on), policies[0]: round(drift(on, off, diffusion=D), 4)}
        for D in diffusions
        for off in offs
        for on in rates
    ]
    slider = alt.binding_range(min=0.02, max=0.5, step=0.04, name="turns per second without light ")
    off = alt.param(name="off_rate", value=0.1, bind=slider)
    menu = alt.binding_select(options=list(diffusions), name="rotational diffusion (rad²/s) ")
    D = alt.param(name="diffusion", value=0.02, bind=menu)
    x = alt.X(
        "on:Q",
        scale=alt.Scale(type="log", domain=[0.01, 1]),
        axis=alt.Axis(values=[0.01, 0.03, 0.1, 0.3, 1], format="~g"),
        title="turns per second with light",
    )
    y = alt.Y("drift:Q", scale=alt.Scale(domain=[-0.13, 0.13]), title="drift to the target (mm/s)")
    key = alt.Legend(orient="top", title=None, labelLimit=300)
    colour = alt.Color("policy:N", scale=alt.Scale(range=["#D55E00", "#0072B2"]), legend=key)
    chosen = (
        alt.Chart(alt.Data(values=rows))
        .transform_filter("abs(datum.off - off_rate) < 0.01 && datum.D == diffusion")
        .transform_calculate(as_=policies[1], calculate=f"-datum['{policies[0]}']")
        .transform_fold(list(policies), as_=["policy", "drift"])
    )
    lines = chosen.mark_line().encode(
        x=x, y=y, color=colour, strokeDash=alt.StrokeDash("policy:N", legend=key)
    )
    zero = alt.Chart(alt.Data(values=[{"y": 0}])).mark_rule(opacity=0.4).encode(y="y:Q")
    at = alt.Chart(alt.Data(values=[{}])).transform_calculate(on="off_rate").mark_rule(strokeDash=[3, 3])
    return alt.layer(zero, at.encode(x=x), lines).properties(width=460, height=300).add_params(off, D)
