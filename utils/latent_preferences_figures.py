"""Figures of the lab `latent_preferences`."""

import altair as alt
import matplotlib.pyplot as plt
import numpy as np

from utils.plots import LINES, MARKERS, band, figure


def _style(i: int) -> dict:
    colours = plt.rcParams["axes.prop_cycle"].by_key()["color"]
    return {"color": colours[i % 6], "linestyle": LINES[i % 6], "marker": MARKERS[i % 6]}


def _rule(draw, at=0.5):
    draw(at, color=plt.rcParams["text.color"], linewidth=0.8, linestyle=":", marker="", zorder=0)


@figure
def by_layer(families):
    """families: name → (language model, MiniLM, random: (layers,); shuffled: (draws, layers); bag: number)"""
    fig, axes = plt.subplots(1, len(families), figsize=(9.2, 3.7), sharey=True)
    for ax, (name, (ours, minilm, fresh, shuffled, bag)) in zip(axes, families.items(), strict=True):
        for i, (values, label) in enumerate(
            ((ours, "language model"), (minilm, "MiniLM"), (fresh, "random network"))
        ):
            depth = np.linspace(0, 1, len(values))
            ax.plot(depth, values, label=label, markevery=0.2, markersize=5, **_style(i))
        low, high = np.quantile(shuffled.numpy(), [0.025, 0.975], axis=0)
        depth = np.linspace(0, 1, len(low))
        ax.fill_between(
            depth, low, high, color=plt.rcParams["text.color"], alpha=0.12, label="shuffled labels, 95%"
        )
        ax.axhline(float(bag), label="bag of words", markevery=[], **_style(3) | {"marker": ""})
        _rule(ax.axhline)
        ax.set(title=name, xlabel="depth (layer / last layer)", ylim=(0.3, 1.02))
    axes[0].set_ylabel("accuracy in an unseen domain")
    handles, labels = axes[0].get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside lower center", ncols=5, fontsize=9)
    return fig


@figure
def by_dataset(methods, xlabel="accuracy", reference=0.5):
    """methods: method → {data set: Estimate}; reference: where a dotted line stands"""
    names = list(max(methods.values(), key=len))
    fig, ax = plt.subplots(figsize=(7.4, 0.62 * len(names) + 1.1))
    for i, (method, found) in enumerate(methods.items()):
        y = np.array([names.index(name) for name in found]) + 0.13 * (i - (len(methods) - 1) / 2)
        mean = np.array([e.mean for e in found.values()])
        bars = [mean - [e.low for e in found.values()], [e.high for e in found.values()] - mean]
        ax.errorbar(
            mean, y, xerr=bars, label=method, capsize=2, markersize=5, **_style(i) | {"linestyle": ""}
        )
    _rule(ax.axvline, reference)
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.set_xlabel(xlabel)
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=9)
    return fig


def _matrix(ax, values, names, title, low, high, cmap):
    ax.imshow(values, vmin=low, vmax=high, cmap=cmap)
    middle = (low + high) / 2
    for i in range(len(names)):
        for j in range(len(names)):
            # The ends of the diverging map are dark, its middle is light, in both themes.
            dark = abs(float(values[i, j]) - middle) > 0.62 * (high - middle)
            text = f"{float(values[i, j]):.2f}".replace("0.", ".")
            ax.text(j, i, text, ha="center", va="center", fontsize=7.5, color="w" if dark else "k")
    ax.set_xticks(range(len(names)), names, rotation=50, ha="right", fontsize=8.5)
    ax.set_yticks(range(len(names)), names, fontsize=8.5)
    ax.set_title(title, fontsize=10.5)
    ax.grid(False)


@figure
def transfer(names, accuracy, cosine):
    """accuracy[i, j]: trained on i, tested on j; cosine: between directions at one layer"""
    fig, (left, right) = plt.subplots(1, 2, figsize=(10.4, 4.7))
    _matrix(left, accuracy.numpy(), names, "accuracy: trained on the row, tested on the column", 0, 1, "RdBu")
    _matrix(right, cosine.numpy(), names, "cosine between directions", -1, 1, "RdBu")
    return fig


@figure
def shots(shots, gaps):
    """gaps: name → (shots, draws, pairs, 2): logit A - logit B, better text as A and as B"""
    fig, (left, right) = plt.subplots(1, 2, figsize=(8.2, 3.5), sharey=True)
    for i, (name, gap) in enumerate(gaps.items()):
        style = _style(i) | {"markersize": 5}
        band(left, range(len(shots)), (gap > 0).float().mean((2, 3)).T, name, **style)
        preferred = (gap[..., 0] > gap[..., 1]).float() + 0.5 * (gap[..., 0] == gap[..., 1]).float()
        band(right, range(len(shots)), preferred.mean(2).T, name, **style)
    for ax, label in ((left, 'share of answers "A"'), (right, "accuracy, bias removed")):
        _rule(ax.axhline)
        ax.set_xticks(range(len(shots)), [str(k) for k in shots])
        ax.set(xlabel="solved examples in the prompt", title=label, ylim=(0, 1.02))
    left.legend(loc="lower right")
    return fig


@figure
def dose(doses, steered, at_random):
    """steered: name → (doses, beginnings); at_random: (directions, doses)"""
    fig, ax = plt.subplots(figsize=(6.4, 3.8))
    for i, (name, curve) in enumerate(steered.items()):
        band(ax, doses, curve.T, f"{name} direction", **_style(i))
    for j, curve in enumerate(at_random):
        ax.plot(
            doses,
            curve,
            label="random directions" if j == 0 else None,
            linewidth=0.8,
            **_style(2) | {"marker": ""},
        )
    ax.set(xlabel="dose (typical lengths of a hidden state)", ylabel="log-odds, pleasant : unpleasant")
    ax.legend()
    return fig


def transfer_explorer(rows, num_layers):
    """Bars of accuracy on each data set for a probe trained on the chosen one, at the chosen layer.

    rows: dictionaries with source, target, layer, accuracy
    """
    names = list(dict.fromkeys(row["source"] for row in rows))
    source = alt.param(value=names[0], bind=alt.binding_select(options=names, name="trained on "))
    layer = alt.param(
        value=num_layers // 2, bind=alt.binding_range(min=0, max=num_layers - 1, step=1, name="layer ")
    )
    bars = (
        alt.Chart(alt.Data(values=rows))
        .mark_bar()
        .encode(
            x=alt.X("accuracy:Q", scale=alt.Scale(domain=[0, 1]), title="accuracy"),
            y=alt.Y("target:N", sort=names, title="tested on"),
            tooltip=[alt.Tooltip("target:N"), alt.Tooltip("accuracy:Q")],
        )
        .transform_filter((alt.datum.source == source) & (alt.datum.layer == layer))
    )
    chance = alt.Chart(alt.Data(values=[{"x": 0.5}])).mark_rule(strokeDash=[4, 4]).encode(x="x:Q")
    return (bars + chance).add_params(source, layer).properties(width=420, height=240)


@figure
def scored(names, better, worse, score):
    """names: data sets; better, worse: name → scores of texts; score: of the typed sentence"""
    fig, ax = plt.subplots(figsize=(6.4, 2.6))
    for i, (values, label) in enumerate(((better, "better texts"), (worse, "worse texts"))):
        ax.hist(
            values.numpy(),
            bins=30,
            histtype="step",
            label=label,
            **{k: v for k, v in _style(i).items() if k != "marker"},
        )
    ax.axvline(score, color=plt.rcParams["text.color"], marker="", linewidth=2, label="your sentence")
    ax.set(xlabel="score along the direction", ylabel=f"texts ({names})")
    ax.legend(fontsize=8.5)
    return fig
