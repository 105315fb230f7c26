"""Figures and tables of the lab `dopamine`. Tensors come in on the CPU."""

import altair as alt
import matplotlib.pyplot as plt
import numpy as np

from utils.plots import LINES, MARKERS, band, figure
from utils.stats import mean_interval


def _style(i: int) -> dict:
    colours = plt.rcParams["axes.prop_cycle"].by_key()["color"]
    return {"color": colours[i % 6], "linestyle": LINES[i % 6], "marker": MARKERS[i % 6]}


def _ink(**kwargs) -> dict:
    return {"color": plt.rcParams["text.color"], "linewidth": 0.8, "linestyle": ":", "marker": ""} | kwargs


def table(head, rows) -> None:
    """Print the rows under the head in columns: the first flush left, the others flush right."""
    cells = [[str(cell) for cell in row] for row in (head, *rows)]
    first, *others = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for name, *values in cells:
        right = (f"{value:>{width}}" for value, width in zip(values, others, strict=True))
        print("  ".join([f"{name:<{first}}", *right]))


@figure
def cases(errors, cue, reward):
    """errors: name → (seeds, window); cue, reward: their places in the window"""
    fig, axes = plt.subplots(len(errors), 1, figsize=(6.4, 5.6), sharex=True, sharey=True)
    for i, (ax, (name, values)) in enumerate(zip(axes, errors.items(), strict=True)):
        time = np.arange(values.shape[1]) - cue
        band(ax, time, values, name, **(_style(i) | {"linestyle": "-", "markersize": 4}))
        ax.axhline(0, **_ink())
        for place in (0, reward - cue):
            ax.axvline(place, **_ink(linestyle="--"))
        ax.set_title(name, fontsize=10, loc="left", pad=4)
    axes[0].set_ylim(-1.15, 1.15)
    axes[-1].set_xticks([0, 5, reward - cue], ["0\ncue", "5", f"{reward - cue}\nusual time of reward"])
    axes[-1].set_xlabel("steps after the cue")
    fig.supylabel("prediction error (rewards)", fontsize=11)
    return fig


@figure
def shift(histories, before, delay):
    """histories: name → (trials, window), errors averaged over seeds"""
    fig, axes = plt.subplots(1, len(histories), figsize=(7.2, 3.9), sharey=True)
    for ax, (name, values) in zip(axes, histories.items(), strict=True):
        values = values[:200]  # little happens later
        trials, window = values.shape
        extent = (-before - 0.5, window - before - 0.5, trials, 0)
        picture = ax.imshow(values, aspect="auto", vmin=0, vmax=0.6, extent=extent, interpolation="nearest")
        ax.set(title=name, xlabel="steps after the cue", xticks=[0, delay // 2, delay])
        ax.grid(visible=False)
    axes[0].set_ylabel("trial")
    fig.colorbar(picture, ax=axes, label="prediction error (rewards)", extend="max")
    return fig


@figure
def blocking(onsets, full):
    """onsets: cue → (seeds,)"""
    fig, ax = plt.subplots(figsize=(5.6, 3.2))
    words = {
        "A": "A: alone,\nthen with B",
        "B": "B: added to A",
        "C": "C: unrewarded,\nthen with D",
        "D": "D: added to C",
    }
    for i, values in enumerate(onsets.values()):
        e = mean_interval(values.tolist())
        bars = [[e.mean - e.low], [e.high - e.mean]]
        ax.errorbar([i], [e.mean], bars, capsize=4, **(_style(i) | {"markersize": 8}))
    ax.axhline(0, **_ink())
    ax.axhline(full, **_ink())
    ax.annotate("γ¹⁰, the whole value", (2.5, full), fontsize=8.5, ha="center", va="bottom")
    ax.set_xticks(range(len(onsets)), [words[cue] for cue in onsets])
    ax.set(ylabel="error at the cue's onset", ylim=(-0.1, full + 0.12), xlim=(-0.5, len(onsets) - 0.5))
    return fig


@figure
def expectiles(tau, values, points, shares):
    """tau, values: (seeds, cells); points, shares: (amounts,)"""
    from utils.dopamine import expectile

    fig, (left, right) = plt.subplots(1, 2, figsize=(7.2, 3.6), sharey=True, width_ratios=[1, 2])
    left.barh(points, shares, height=0.25)
    left.set(xlabel="probability", ylabel="utility (spikes/s)")
    line = tau.new_tensor(np.linspace(0.02, 0.98, 97))
    right.plot(
        tau.flatten(), values.flatten(), **(_style(1) | {"linestyle": "", "markersize": 3}), label="learned"
    )
    right.plot(line, expectile(points, line, shares), **(_style(0) | {"marker": ""}), label="expectile")
    right.set(xlabel="asymmetry τ")
    right.legend()
    return fig


def asymmetry_chart(tau, places, points, shares) -> alt.VConcatChart:
    """tau, places: as many expectiles as the slider has stops; points, shares: the rewards"""
    slider = alt.binding_range(min=tau[0], max=tau[-1], step=tau[1] - tau[0], name="asymmetry τ ")
    chosen = alt.param(name="tau", value=0.8, bind=slider)
    low, high = min(points) - 0.5, max(points) + 0.5
    # Without these two the bars above get a wider domain than the lines below.
    same = alt.Scale(domain=[low, high], nice=False, padding=0)
    axis = alt.X("u:Q", scale=same, title="utility of the reward (spikes/s)")
    rewards = [{"u": u, "share": p} for u, p in zip(points, shares, strict=True)]
    rows = [
        {"tau": t, "expectile": e, "u": u, "response": 2 * (t if u >= e else 1 - t) * (u - e)}
        for t, e in zip(tau, places, strict=True)
        for u in sorted([*np.linspace(low, high, 21).tolist(), e])
    ]
    here = "abs(datum.tau - tau) < 0.001"
    wide = {"width": 440}
    bars = alt.Chart(alt.Data(values=rewards)).mark_bar(size=10, color="#0072B2")
    bars = bars.encode(axis, y=alt.Y("share:Q", title="probability")).properties(height=110, **wide)
    response = alt.Chart(alt.Data(values=rows)).transform_filter(here)
    scale = alt.Scale(domain=[-12, 18], clamp=True)
    curve = response.mark_line(color="#D55E00", clip=True).encode(
        axis, y=alt.Y("response:Q", scale=scale, title="response (spikes/s)")
    )
    zero = alt.Chart(alt.Data(values=[{"y": 0}])).mark_rule(strokeDash=[2, 3], opacity=0.6).encode(y="y:Q")
    single = [{"tau": t, "expectile": e} for t, e in zip(tau, places, strict=True)]
    mark = alt.Chart(alt.Data(values=single)).transform_filter(here).mark_rule(color="#009E73", size=2)
    rule = mark.encode(x=alt.X("expectile:Q", scale=same, title=""))
    lower = (zero + curve + rule).properties(height=180, **wide)
    return alt.vconcat(bars + rule, lower).add_params(chosen)


def _bars(ax, groups, offset=0):
    """A bar for the middle 95% of each group, its median marked, top to bottom."""
    for i, (name, values) in enumerate(groups.items()):
        low, middle, high = np.quantile(np.asarray(values), [0.025, 0.5, 0.975])
        style = _style(i + offset)
        ax.plot(
            [low, high], [-i, -i], **(style | {"marker": "", "linestyle": "-", "linewidth": 5, "alpha": 0.45})
        )
        ax.plot([middle], [-i], **(style | {"markersize": 7}), label=name)
    ax.set_yticks(-np.arange(len(groups)), list(groups))
    ax.set_ylim(-len(groups) + 0.4, 0.6)


@figure
def ranges(worlds, observed):
    """worlds: name → {measure: (sets,)}; observed: measure → Estimate, or None"""
    measures = list(next(iter(worlds.values())))
    fig, axes = plt.subplots(2, 2, figsize=(6.8, 5.0), sharex=True, sharey=True)
    for ax, measure in zip(axes.flat, measures, strict=True):
        _bars(ax, {name: found[measure].cpu() for name, found in worlds.items()})
        ax.axvline(0, **_ink())
        if observed:
            e = observed[measure]
            ax.axvspan(e.low, e.high, color=plt.rcParams["text.color"], alpha=0.12, linewidth=0)
            ax.axvline(e.mean, **_ink(linestyle="-", linewidth=1.4))
        ax.set(title=measure, xlim=(-0.65, 1.02), xticks=[-0.5, 0, 0.5, 1])
        ax.grid(visible=False, axis="y")
    fig.supxlabel("rank correlation over forty cells", fontsize=11)
    return fig


@figure
def in_sample(reversal, asymmetry, utility, null_r, r):
    """reversal, asymmetry: (cells,); null_r: name → (sets,)"""
    fig, (above, below) = plt.subplots(2, 1, figsize=(6.0, 5.8), height_ratios=[3, 2])
    above.plot(asymmetry, reversal, **(_style(0) | {"linestyle": ""}))
    above.set(xlabel="asymmetry, all trials", ylabel="reversal point, all trials", title=f"r = {r:.2f}")
    above.set_ylim(utility.min() - 0.5, utility.max() + 0.5)
    _bars(below, null_r)
    below.axvline(r, **_ink(linestyle="-", linewidth=1.4))
    below.set(xlabel="r in data sets without a distributional code", xlim=(0, 1.02))
    below.grid(visible=False, axis="y")
    return fig


@figure
def stability(left_out, intervals, names):
    """left_out: measure → (mice,); intervals: measure → (over cells, over mice, between kinds of trial)"""
    fig, axes = plt.subplots(len(left_out), 1, figsize=(6.2, 7.8), sharex=True)
    rows = ["random halves, over cells", "random halves, over mice", "odour ↔ no odour"]
    rows += [f"without mouse {name}" for name in names]
    for ax, (measure, values) in zip(axes, left_out.items(), strict=True):
        for i, e in enumerate(intervals[measure]):
            bars = [[e.mean - e.low], [e.high - e.mean]]
            ax.errorbar([e.mean], [-i], xerr=bars, capsize=4, **(_style(i) | {"linestyle": "-"}))
        ax.plot(values, -np.arange(3, 3 + len(values)), **(_style(3) | {"linestyle": ""}))
        ax.axvline(0, **_ink())
        ax.set(yticks=-np.arange(len(rows)), xlim=(-0.45, 1.02))
        ax.set_yticklabels(rows, fontsize=9.5)
        ax.set_title(measure, fontsize=11, loc="left", pad=4)
        ax.grid(visible=False, axis="y")
    fig.supxlabel("rank correlation", fontsize=11)
    return fig


@figure
def offsets(mean_response, error, reversal):
    """All (cells,)"""
    fig, ax = plt.subplots(figsize=(6.0, 3.6))
    ax.errorbar(reversal, mean_response, error, **(_style(0) | {"linestyle": "", "markersize": 5}), capsize=2)
    ax.axhline(0, **_ink(linewidth=1.2))
    ax.set(xlabel="reversal point, all trials (utility)", ylabel="mean response, with odour (spikes/s)")
    return fig


@figure
def held_out(ours, worlds, who):
    """ours: model → Estimate over cells; worlds: world → {model: (sets,)}"""
    fig, ax = plt.subplots(figsize=(6.8, 4.4))
    spans = {who: {name: (e.low, e.mean, e.high) for name, e in ours.items()}}
    for world, found in worlds.items():
        quantiles = {name: np.quantile(values.cpu(), [0.025, 0.5, 0.975]) for name, values in found.items()}
        spans[f"generated, {world}"] = quantiles
    for i, (label, models) in enumerate(spans.items()):
        low, middle, high = np.array(list(models.values())).T
        y = -np.arange(len(models)) - 0.2 * (i - 1)
        style = _style(i) | {"linestyle": ""}
        ax.errorbar(middle, y, xerr=[middle - low, high - middle], capsize=3, label=label, **style)
    ax.axvline(0, **_ink())
    ax.set_yticks(-np.arange(len(ours)), list(ours))
    ax.set(xlabel="held-out log-likelihood above the classical model's (nats a cell)")
    ax.grid(visible=False, axis="y")
    fig.legend(*ax.get_legend_handles_labels(), fontsize=8.5, loc="outside upper center", ncols=3)
    return fig


@figure
def decoded(axis, ours, shuffled, points, shares):
    """axis: (grid,); ours, shuffled: (splits, grid) probabilities; points, shares: the true distribution"""
    fig, ax = plt.subplots(figsize=(6.4, 3.6))
    ends = [points.min() - 1, *points, points.max() + 1]
    ax.step(
        ends,
        [0, *shares.cumsum(0), 1],
        where="post",
        **(_style(2) | {"marker": "", "linestyle": "-"}),
        label="true",
    )
    for i, (label, p) in enumerate(
        {"decoded; 95% of splits": ours, "shuffled; 95% of splits and shufflings": shuffled}.items()
    ):
        F = p.cumsum(-1).numpy()
        low, high = np.quantile(F, [0.025, 0.975], axis=0)
        style = _style(i) | {"marker": ""}
        ax.plot(axis, F.mean(0), **style, label=label)
        ax.fill_between(axis, low, high, color=style["color"], alpha=0.12, linewidth=0)
        for edge in (low, high):
            ax.plot(axis, edge, **(style | {"linewidth": 0.9}))
    ax.set(xlabel="utility (spikes/s)", ylabel="cumulative probability", ylim=(0, 1.02))
    ax.legend(loc="lower right", fontsize=9)
    return fig
