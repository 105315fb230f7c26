"""Figures of the lab `sparse_autoencoders`. Tensors come in on the CPU; their first axis is seeds."""

import matplotlib.pyplot as plt
import numpy as np

from utils.plots import LINES, MARKERS, band, figure
from utils.stats import mean_interval


def _style(i: int) -> dict:
    colours = plt.rcParams["axes.prop_cycle"].by_key()["color"]
    return {"color": colours[i % 6], "linestyle": LINES[i % 6], "marker": MARKERS[i % 6]}


def _error_bars(values):
    """Mean and distances to both ends of the 95% interval, for errorbar; values: (seeds, points)"""
    estimates = [mean_interval(column) for column in np.asarray(values).T]
    mean = np.array([e.mean for e in estimates])
    return mean, [mean - [e.low for e in estimates], [e.high for e in estimates] - mean]


def _points(ax, x, values, label, i, **kwargs):
    mean, bars = _error_bars(values)
    ax.errorbar(x, mean, bars, label=label, capsize=2, markersize=5, **(_style(i) | kwargs))


def _rule(ax, y, text, x=0.99):
    ax.axhline(y, color=plt.rcParams["text.color"], linewidth=0.8, linestyle=":", marker="", zorder=0)
    ax.annotate(text, (x, y), xycoords=("axes fraction", "data"), fontsize=8.5, ha="right", va="bottom")


def _true_l0(ax, true_l0):
    ax.axvline(true_l0, color=plt.rcParams["text.color"], linewidth=0.8, linestyle="--", marker="", zorder=0)


def _log_ticks(ax, ticks):
    ax.set_xscale("log")
    low, high = ax.get_xlim()
    ticks = [t for t in ticks if low <= t <= high]
    ax.set_xticks(ticks, [f"{t:g}" for t in ticks])
    ax.minorticks_off()


@figure
def random_dictionaries(num_atoms, measured, predicted, d_sae):
    """measured: (seeds, sizes), predicted: (sizes,)"""
    fig, ax = plt.subplots(figsize=(6.4, 3.4))
    ax.plot(num_atoms, predicted, marker="", label="1 - ∫ Fᴺ dt")
    _points(ax, num_atoms, measured, "random dictionaries", 1, linestyle="")
    ax.axvline(d_sae, color=plt.rcParams["text.color"], linewidth=0.8, linestyle="--", marker="", zorder=0)
    _log_ticks(ax, num_atoms)
    ax.set(xlabel="atoms in the dictionary", ylabel="recall (MMCS)", ylim=(0, 1))
    ax.legend(loc="lower right")
    return fig


@figure
def frontiers(results, true_l0, pca_fvu, random_recall, pca_recall):
    """results: name → measurements, each (seeds, settings); pca_fvu: (seeds, d_in)"""
    fig, (left, right) = plt.subplots(1, 2, figsize=(8.2, 3.9))
    for i, (name, measured) in enumerate(results.items()):
        l0 = measured.l0.mean(0)
        order = l0.argsort()
        _points(left, l0[order], measured.fvu[:, order], name, i)
        _points(right, l0[order], measured.recall[:, order], name, i)
    components = range(1, pca_fvu.shape[1] + 1)
    band(left, components, pca_fvu, "PCA, as many components", **_style(4) | {"marker": ""})
    highest = max(float(measured.l0.mean(0).max()) for measured in results.values())
    for ax in (left, right):
        ax.set_xlim(1, 1.2 * highest)
        _log_ticks(ax, [1, 2, 3, 5, 10, 20, 30, 50, 100, 200, 500])
        _true_l0(ax, true_l0)
        ax.set_xlabel("L0 (dashed: the world's)")
    _rule(right, float(random_recall.mean()), "random dictionary", x=0.55)
    pca = float(pca_recall.mean())
    right.annotate("PCA", (0.02, pca), xycoords=("axes fraction", "data"), fontsize=8.5, va="center")
    right.axhline(pca, color=_style(4)["color"], linewidth=0.8, linestyle=":", marker="", zorder=0)
    left.set(ylabel="fraction of variance unexplained", ylim=(0, 1))
    right.set(ylabel="recall (MMCS)", ylim=(min(0.4, pca - 0.05), 1.02))
    left.legend(fontsize=8.5)
    return fig


@figure
def matched_cosines(curves, random_level):
    """curves: label → (features of all seeds,)"""
    fig, ax = plt.subplots(figsize=(6.4, 3.9))
    for i, (label, values) in enumerate(curves.items()):
        ordered = np.sort(values.numpy())[::-1]
        share = (np.arange(len(ordered)) + 0.5) / len(ordered)
        ax.plot(share, ordered, label=label, markevery=0.1, markersize=5, **_style(i))
    _rule(ax, float(random_level), "random dictionary, mean", x=0.3)
    ax.set(xlabel="share of the features, best first", ylabel="cosine with the best atom", ylim=(0.2, 1.02))
    ax.legend(fontsize=8.5, loc="lower left")
    return fig


@figure
def shrinkage(penalties, tangent, plain, results, true_l0):
    """tangent, plain: (seeds, penalties), the activation lost; results: name → measurements"""
    fig, (left, right) = plt.subplots(1, 2, figsize=(8.2, 3.8))
    line = np.linspace(0, max(penalties), 2)
    ink = plt.rcParams["text.color"]
    left.plot(line, line / 2, color=ink, linewidth=1, linestyle="-", marker="", label="λ/2")
    _points(left, penalties, tangent, "tangent gradient", 0, linestyle="")
    _points(left, penalties, plain, "renormalisation alone", 1, linestyle="")
    left.set(xlabel="λ", ylabel="activation lost", title="orthogonal features")
    left.legend(fontsize=8.5)
    for i, (name, measured) in enumerate(results.items()):
        # Where no atom matches any feature there is no share to show.
        order = [j for j in measured.l0.mean(0).argsort().tolist() if measured.kept[:, j].isfinite().all()]
        _points(right, measured.l0.mean(0)[order], measured.kept[:, order], name, i)
    _log_ticks(right, [1, 2, 3, 5, 10, 20, 30, 50, 100, 200])
    _true_l0(right, true_l0)
    right.set(xlabel="L0 (dashed: the world's)", ylabel="share of the activation kept", ylim=(0, 1.02))
    right.set_title("overlapping features")
    right.legend(fontsize=8.5)
    return fig


@figure
def revival(penalties, without, with_auxk):
    """without, with_auxk: measurements of JumpReLU at the same penalties"""
    fig, axes = plt.subplots(1, 2, figsize=(8.2, 3.5))
    labels = {"dead": "share of latents dead", "recall": "recall (MMCS)"}
    for ax, (field, label) in zip(axes, labels.items(), strict=True):
        _points(ax, penalties, getattr(without, field), "without AuxK", 0)
        _points(ax, penalties, getattr(with_auxk, field), "with AuxK", 1)
        _log_ticks(ax, penalties)
        ax.set(xlabel="λ", ylabel=label)
    axes[0].set_ylim(0, 1)
    axes[1].set_ylim(0.5, 1.02)
    axes[0].legend()
    return fig


@figure
def absorption(prices, absorbed, results):
    """absorbed: name → (seeds, prices), one column for TopK and the control; results: name → measurements"""
    fig, (left, right) = plt.subplots(1, 2, figsize=(8.2, 3.9))
    for i, (name, values) in enumerate(absorbed.items()):
        if name == "TopK":
            _rule(left, float(values.mean()), name)
        elif values.shape[1] == 1:
            _points(left, prices[1:2], values, name, i)
        else:
            _points(left, prices, values, name, i)
            _points(right, prices, results[name].fvu, name, i)
    for ax in (left, right):
        _log_ticks(ax, prices)
        ax.set_xlabel("λ")
    left.set_ylim(min(-0.05, left.get_ylim()[0]), None)
    left.set(ylabel="absorption (difference of rates)")
    right.set(ylabel="fraction of variance unexplained", ylim=(0, None))
    handles, names = left.get_legend_handles_labels()
    right.legend(handles, names, fontsize=8.5, loc="upper left")
    return fig


@figure
def seed_agreement(pairs, random_level):
    """pairs: name → (agreement, recall), each (seeds, settings)"""
    fig, ax = plt.subplots(figsize=(6.4, 4.2))
    for i, (name, (agreement, recall)) in enumerate(pairs.items()):
        x, x_bars = _error_bars(agreement)
        y, y_bars = _error_bars(recall)
        style = _style(i) | {"linestyle": ""}
        ax.errorbar(x, y, y_bars, x_bars, label=name, capsize=2, markersize=6, **style)
    low = float(random_level) - 0.1
    ink = plt.rcParams["text.color"]
    ax.plot([low, 1], [low, 1], color=ink, linewidth=0.7, linestyle=":", marker="")
    limits = {"xlim": (low, 1.02), "ylim": (low, 1.02)}
    ax.set(xlabel="agreement of two seeds (cosine)", ylabel="recall (MMCS)", **limits)
    ax.legend(fontsize=8.5, loc="upper left")
    return fig


@figure
def histogram(values, random_level):
    """values: the best cosine of every feature"""
    fig, ax = plt.subplots(figsize=(6.4, 3.2))
    ax.hist(values.numpy(), bins=np.linspace(0.2, 1, 41))
    ink = plt.rcParams["text.color"]
    ax.axvline(float(random_level), color=ink, linestyle=":", marker="", label="random, mean")
    ax.set(xlabel="cosine with the best atom", ylabel="true features")
    ax.legend(loc="upper left")
    return fig
