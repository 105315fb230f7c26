"""The figures of the lab `sae_language_model`."""

import matplotlib.pyplot as plt
import numpy as np

from utils.plots import band, figure
from utils.stats import Estimate


def _colours() -> list[str]:
    return plt.rcParams["axes.prop_cycle"].by_key()["color"]


@figure
def draw_norms(norms, threshold: float) -> plt.Figure:
    """Norm of the residual stream by position: every token of 300 pieces, the median, and the threshold.

    norms: shape (pieces, positions)
    """
    fig, ax = plt.subplots()
    norms = np.asarray(norms)[:300]
    place = np.arange(1, norms.shape[1] + 1)
    tokens = np.broadcast_to(place, norms.shape)
    ax.plot(
        tokens.ravel(), norms.ravel(), ".", markersize=4, alpha=0.5, color=_colours()[0], label="one token"
    )
    ax.plot(place, np.median(norms, 0), "-", color=_colours()[1], marker="", label="median")
    ax.axhline(threshold, linestyle=":", color=plt.rcParams["text.color"], label="threshold for a sink")
    ax.set(
        xscale="log",
        yscale="log",
        xlabel="position in the piece, plus 1",
        ylabel="norm of the residual stream",
    )
    ax.set_xticks([1, 2, 3, 5, 10, 20, 50, 100], ["1", "2", "3", "5", "10", "20", "50", "100"])
    ax.legend(loc="upper right")
    return fig


@figure
def draw_training(step, fvu, dead) -> plt.Figure:
    """FVU of the training batch and share of silent latents during training, with bands over seeds.

    step: shape (points,); fvu, dead: shape (seeds, points)
    """
    fig, axes = plt.subplots(1, 2, figsize=(7.4, 3.2))
    band(axes[0], step, fvu, "FVU", markersize=4)
    band(axes[1], step, 100 * np.asarray(dead), "silent", markersize=4)
    axes[0].set(xlabel="training step", ylabel="FVU of the batch", ylim=(0, None))
    axes[1].set(xlabel="training step", ylabel="latents silent\nfor 50 steps (%)", ylim=(0, None))
    return fig


@figure
def draw_recovered(estimates: dict[str, Estimate]) -> plt.Figure:
    """Loss recovered by each reconstruction, with 95% intervals.

    estimates: name → estimate, drawn from top to bottom
    """
    fig, ax = plt.subplots(figsize=(6.4, 0.42 * len(estimates) + 1.2))
    for row, (name, e) in enumerate(estimates.items()):
        colour = _colours()[0 if name.startswith("TopK") else 1]
        error = [[e.mean - e.low], [e.high - e.mean]]
        ax.errorbar(
            e.mean, row, xerr=error, fmt="o" if name.startswith("TopK") else "s", color=colour, capsize=3
        )
    ax.set_yticks(range(len(estimates)), list(estimates))
    ax.invert_yaxis()
    ax.axvline(1, linestyle=":", color=plt.rcParams["text.color"])
    ax.axvline(0, linestyle=":", color=plt.rcParams["text.color"])
    ax.set(xlabel="loss recovered (0: mean ablation, 1: untouched model)")
    return fig


@figure
def draw_two_measures(
    points: dict[str, tuple[float, float]], pca: dict[int, tuple[float, float]]
) -> plt.Figure:
    """Loss recovered against FVU: PCA with growing k as a line, the other reconstructions as points.

    points: name → (fvu, recovered); pca: k → (fvu, recovered)
    """
    fig, ax = plt.subplots()
    line = np.array([pca[k] for k in sorted(pca)])
    ax.plot(line[:, 0], line[:, 1], label="PCA, first k", markersize=5)
    for k in sorted(pca):
        ax.annotate(f"k = {k}", pca[k], xytext=(6, 4), textcoords="offset points", fontsize=9)
    for i, (name, (x, y)) in enumerate(points.items(), start=1):
        marker = plt.rcParams["axes.prop_cycle"].by_key()["marker"][i]
        ax.plot(x, y, linestyle="", marker=marker, markersize=9, color=_colours()[i], label=name)
    ax.set(xlabel="FVU on held-out tokens (lower is better)", ylabel="loss recovered (higher is better)")
    ax.legend(loc="lower left", fontsize=9)
    return fig


@figure
def draw_frequencies(frequencies: dict[str, np.ndarray]) -> plt.Figure:
    """Histogram of how often latents fire, on a logarithmic axis.

    frequencies: name → share of tokens on which each latent fires; silent ones are left out
    """
    fig, ax = plt.subplots()
    for i, (name, values) in enumerate(frequencies.items()):
        values = np.asarray(values)
        style = plt.rcParams["axes.prop_cycle"].by_key()["linestyle"][i]
        ax.hist(np.log10(values[values > 0]), bins=np.linspace(-5, 0, 41), histtype="step", density=True,
                linewidth=2, linestyle=style, color=_colours()[i], label=name)  # fmt: skip
    ax.set(xlabel="log10 of the share of tokens on which a latent fires", ylabel="density of latents")
    ax.legend(loc="upper left", fontsize=9)
    return fig


@figure
def draw_detection(any_firing: dict[str, Estimate], strong_firing: dict[str, Estimate]) -> plt.Figure:
    """Mean detection score of four sets of descriptions, for any firing and for the strongest tenth.

    any_firing, strong_firing: name → estimate over latents
    """
    fig, ax = plt.subplots(figsize=(6.4, 3.4))
    for shift, (label, scores) in enumerate(
        {"any firing": any_firing, "strongest tenth": strong_firing}.items()
    ):
        for row, e in enumerate(scores.values()):
            error = [[e.mean - e.low], [e.high - e.mean]]
            kind = {"fmt": "os"[shift], "color": _colours()[shift], "label": label if row == 0 else None}
            ax.errorbar(e.mean, row + 0.24 * shift - 0.12, xerr=error, capsize=3, **kind)
    ax.axvline(0.5, linestyle=":", color=plt.rcParams["text.color"])
    ax.set_yticks(range(len(any_firing)), list(any_firing))
    ax.invert_yaxis()
    ax.set(xlabel="detection score (AUC on held-out tokens; 0.5 is guessing)")
    ax.legend(loc="lower right", fontsize=9)
    return fig


@figure
def draw_steering(doses, effects: dict[str, list[Estimate]], costs: dict[str, list[Estimate]]) -> plt.Figure:
    """The gain in log-probability of a latent's followers: against the dose, and against its cost.

    doses: shape (doses,); effects, costs: name → one estimate a dose, in nats
    """
    fig, axes = plt.subplots(1, 2, figsize=(7.6, 3.6), sharey=True)
    cycle = plt.rcParams["axes.prop_cycle"].by_key()
    for i, (name, values) in enumerate(effects.items()):
        mean = [e.mean for e in values]
        error = [[e.mean - e.low for e in values], [e.high - e.mean for e in values]]
        kind = {"color": cycle["color"][i], "marker": cycle["marker"][i], "linestyle": cycle["linestyle"][i]}
        axes[0].errorbar(doses, mean, yerr=error, capsize=3, label=name, **kind)
        axes[1].plot([c.mean for c in costs[name]], mean, label=name, **kind)
    axes[0].set(
        xlabel="dose (share of the median ‖x - x̄‖)", ylabel="gain in log-probability\nof the followers (nats)"
    )
    axes[1].set(xlabel="cost: rise of the cross-entropy (nats)")
    axes[0].legend(fontsize=9)
    return fig
