"""Figures of the lab `constitutional_ai`. Tensors come in on the CPU; their first axis is worlds."""

import altair as alt
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from utils.plots import LINES, MARKERS, band, figure
from utils.stats import mean_interval


def _style(i: int) -> dict:
    colours = plt.rcParams["axes.prop_cycle"].by_key()["color"]
    return {"color": colours[i % 6], "linestyle": LINES[i % 6], "marker": MARKERS[i % 6]}


def _bars(values):
    """Mean and distances to both ends of the 95% interval; values: (worlds, points)"""
    estimates = [mean_interval(column) for column in np.asarray(values).T]
    mean = np.array([e.mean for e in estimates])
    return mean, [mean - [e.low for e in estimates], [e.high for e in estimates] - mean]


def _points(ax, x, values, label, i, **kwargs):
    mean, bars = _bars(values)
    ax.errorbar(x, mean, bars, label=label, capsize=2, markersize=5, **(_style(i) | kwargs))


def _line(ax, **kwargs):
    return {"color": plt.rcParams["text.color"], "linewidth": 0.8, "marker": "", "zorder": 0} | kwargs


@figure
def order_swap(verdicts):
    """verdicts: judge → (log-odds of A with the violation first, with it second), each (items,)"""
    fig, ax = plt.subplots(figsize=(5.2, 4.4))
    for i, (name, (first, second)) in enumerate(verdicts.items()):
        ax.scatter(first, second, s=16, alpha=0.6, marker=MARKERS[i], color=_style(i)["color"], label=name)
    reach = 1.15 * max(float(abs(part).max()) for pair in verdicts.values() for part in pair)
    ax.set(xlim=(-reach, reach), ylim=(-reach, reach))
    ax.axhline(0, **_line(ax))
    ax.axvline(0, **_line(ax))
    ax.plot([-reach, reach], [-reach, reach], **_line(ax, linestyle=":"))
    names = ["always (A)", "right", "always (B)", "wrong"]
    places = [(0.98, 0.97), (0.98, 0.03), (0.02, 0.03), (0.02, 0.97)]
    for name, (x, y) in zip(names, places, strict=True):
        side = {"ha": "right" if x > 0.5 else "left", "va": "top" if y > 0.5 else "bottom"}
        ax.text(x, y, name, transform=ax.transAxes, fontsize=9, **side)
    ax.set(xlabel="log-odds of (A), violation is (A)", ylabel="log-odds of (A), violation is (B)")
    ax.legend(loc="center left", bbox_to_anchor=(0, 0.62), fontsize=9)
    return fig


@figure
def revisions(by_revision, students, principles):
    """by_revision: (worlds, revisions, principles); students: violations of each student, (worlds,) each"""
    fig, (left, right) = plt.subplots(1, 2, figsize=(8.4, 3.7))
    steps = range(by_revision.shape[1])
    for i, name in enumerate(principles):
        band(left, steps, by_revision[..., i], name, **_style(i), markersize=4)
    left.set(xlabel="revision", ylabel="share of red-team replies", ylim=(0, None), xticks=steps)
    left.legend(fontsize=8, ncols=2, loc="upper right")
    left.set_ylim(0, 1.5 * float(by_revision.mean(0).max()))
    _points(right, steps, by_revision[..., :-1].sum(-1), "the replies", 0)
    student = np.stack([np.asarray(s) for s in students], 1)
    _points(right, list(steps)[1:], student, "model trained on them", 1)
    right.set(xlabel="revision", ylabel="violations a red-team reply", ylim=(0, None), xticks=steps)
    right.legend(fontsize=9)
    return fig


def _cloud(ax, values, label, i, **kwargs):
    """One point with a cross of intervals; values: (worlds, 2)"""
    mean, bars = _bars(values)
    style = _style(i) | {"linestyle": ""} | kwargs
    ax.errorbar(
        mean[:1], mean[1:], [[b[1]] for b in bars], [[b[0]] for b in bars], label=label, capsize=2, **style
    )


@figure
def frontier(points, curves):
    """points: name → (worlds, 2); curves: reward model → (worlds, 1 + betas, 2), from SL-CAI on"""
    fig, ax = plt.subplots(figsize=(8.8, 4.4))
    for i, (kind, curve) in enumerate(curves.items()):
        mean = np.asarray(curve).mean(0)
        ax.plot(*mean.T, label=f"RL-CAI, {kind}", markersize=5, **_style(i))
        half = np.array(
            [[e.high - e.mean for e in map(mean_interval, c.T)] for c in np.asarray(curve).swapaxes(0, 1)]
        )
        ax.errorbar(*mean.T, half[:, 1], half[:, 0], fmt="none", ecolor=_style(i)["color"], alpha=0.4)
    ink = plt.rcParams["text.color"]
    for i, (name, values) in enumerate(points.items()):
        label = name if i == 0 else ("SL-CAI, 1 to 4 revisions" if i == 1 else None)
        _cloud(ax, values, label, i, marker="X" if i == 0 else "*", color=ink, markersize=8)
    ax.set(
        xlabel="helpfulness: what people think of ordinary replies (log-odds)",
        ylabel="harmlessness: clean red-team replies",
    )
    ax.set_ylim(0, 1.03)
    ax.legend(fontsize=8.5, loc="center left", bbox_to_anchor=(1, 0.5))
    return fig


@figure
def where_it_looked(policies, principles):
    """policies: name → Measured"""
    fig, axes = plt.subplots(1, 2, figsize=(8.6, 3.8), sharey=True)
    wide = 0.8 / len(policies)
    for kind, (ax, title) in enumerate(zip(axes, ("ordinary prompts", "red-team prompts"), strict=True)):
        for i, (name, measured) in enumerate(policies.items()):
            mean, bars = _bars(measured.broken[:, kind, : len(principles)])
            at = np.arange(len(principles)) + (i - (len(policies) - 1) / 2) * wide
            ax.bar(
                at,
                mean,
                wide,
                yerr=bars,
                label=name,
                hatch=["", "//", ".."][i % 3],
                color=_style(i)["color"],
                capsize=2,
                ecolor=plt.rcParams["text.color"],
            )
        ax.set_xticks(range(len(principles)), principles, rotation=30, ha="right", fontsize=9)
        ax.set_title(title, fontsize=10)
    axes[0].set_ylabel("share of replies that break it")
    axes[1].legend(fontsize=8.5)
    return fig


@figure
def noise_and_blindness(sizes, aucs, start, trained, principles):
    """aucs: judge → (worlds, sizes); start: Measured of SL-CAI; trained: judge → Measured"""
    fig, (left, right) = plt.subplots(1, 2, figsize=(8.8, 3.8))
    for i, (name, values) in enumerate(aucs.items()):
        _points(left, sizes, values, name, i)
    left.set_xscale("log")
    left.set_xticks(sizes, [f"{n:,}" for n in sizes])
    left.minorticks_off()
    left.set(xlabel="labels a world", ylabel="AUC, pairs that differ in one principle")
    left.axhline(0.5, **_line(left, linestyle=":"))
    left.set_ylim(0, 1.05)
    left.legend(fontsize=8.5, loc="lower right")
    wide = 0.8 / len(trained)
    for i, measured in enumerate(trained.values()):
        mean, bars = _bars((measured.broken / start.broken)[:, 1, : len(principles)])
        at = np.arange(len(principles)) + (i - (len(trained) - 1) / 2) * wide
        right.bar(
            at,
            mean,
            wide,
            yerr=bars,
            hatch=["", "//", "..", "xx"][i % 4],
            color=_style(i)["color"],
            capsize=2,
            ecolor=plt.rcParams["text.color"],
        )
    right.axhline(1, **_line(right, linestyle="--"))
    right.set_xticks(range(len(principles)), principles, rotation=30, ha="right", fontsize=9)
    right.set_ylabel("violations, RL-CAI / SL-CAI")
    return fig


@figure
def position(placed):
    """placed: arrangement → Measured"""
    fig, axes = plt.subplots(1, 2, figsize=(8.6, 3.2), sharey=True)
    rows = np.arange(len(placed))[::-1]
    for ax, quantity, label in (
        (axes[0], "refused", "refused"),
        (axes[1], "violations", "violations a reply"),
    ):
        values = np.stack([np.asarray(getattr(m, quantity)()) for m in placed.values()], 1)
        mean, bars = _bars(values)
        ax.errorbar(mean, rows, xerr=bars, capsize=2, **(_style(0) | {"linestyle": ""}))
        ax.set(xlabel=f"{label}, red-team prompts", xlim=(0, None))
    axes[0].set_yticks(rows, list(placed), fontsize=9)
    return fig


def constitution_editor(before, sl, rl, constitutions, principles) -> alt.Chart:
    """A kernel-free chart with a check box a principle.

    before: Measured of the helpful model; sl, rl: Measured with constitutions × worlds as first axis
    """
    rows, labels = [], [*principles, "question answered"]

    def add(code, model, measured):
        values = [*measured.broken[:, 1].mean(0).tolist(), measured.answered[:, 0].mean().item()]
        rows.extend(
            {"c": code, "m": model, "w": w, "v": round(v, 3)} for w, v in zip(labels, values, strict=True)
        )

    few = len(sl.broken) // len(constitutions)
    add("", "helpful model", before)
    for i, chosen in enumerate(constitutions):
        code = "".join("1" if c else "0" for c in chosen)
        for model, measured in (("SL-CAI", sl), ("RL-CAI", rl)):
            add(code, model, type(measured)(*(part[i * few : (i + 1) * few] for part in measured)))
    boxes = [
        alt.param(name=f"p{i}", value=i < 5, bind=alt.binding_checkbox(name=f"{principle} "))
        for i, principle in enumerate(principles)
    ]
    code = " + ".join(f"(p{i} ? '1' : '0')" for i in range(len(principles)))
    order = ["helpful model", "SL-CAI", "RL-CAI"]
    return (
        alt.Chart(pd.DataFrame(rows))
        .mark_point(filled=True, size=110)
        .encode(
            x=alt.X(
                "v:Q",
                title="share of replies that break it; last row: that answer",
                scale=alt.Scale(domain=[0, 1]),
            ),
            y=alt.Y("w:N", sort=labels, title=None),
            color=alt.Color(
                "m:N",
                sort=order,
                title=None,
                scale=alt.Scale(domain=order, range=["#888888", "#0072B2", "#D55E00"]),
            ),
            shape=alt.Shape(
                "m:N",
                sort=order,
                title=None,
                scale=alt.Scale(domain=order, range=["cross", "square", "circle"]),
            ),
            tooltip=["m:N", "w:N", "v:Q"],
        )
        .transform_filter(f"datum.c == '' || datum.c == {code}")
        .add_params(*boxes)
        .properties(width=420, height=230)
    )
