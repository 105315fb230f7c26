"""Figures of the lab `superposition`. Tensors come in on the CPU; the first axis is seeds."""

import altair as alt
import matplotlib.pyplot as plt
import numpy as np

from utils.plots import DIVERGING, LINES, MARKERS, band, figure

GEOMETRIES = ["two digons", "pentagon", "other"]
SOLUTIONS = ["first feature only", "second feature only", "antipodal pair"]

# What each picture shows, for those who cannot see it.
ALT = {
    "dense_is_pca": (
        "Top: the ratio of the model's loss to that of PCA against density, with a 95% band: one when "
        "dense, falling steadily with sparsity. Bottom: three matrices of twenty by twenty entries, the "
        "PCA projector, the trained dense W transpose W, which looks the same, and the trained sparse "
        "one, which has ones along its diagonal and strong interference of both signs everywhere else."
    ),
    "staircase": (
        "Upper panel: m over the squared norm of W against one over density, on logarithmic axes, with a"
        " 95% band over five seeds: it starts at one, drops to one half, stays there over a short range,"
        " and falls on. Lower panel: the dimensionality of each represented feature; around the plateau "
        "nearly all points lie on the line at one half, then some on two fifths, and further right they "
        "sink below."
    ),
    "energy_levels": (
        "The dimensionality of each of the features of one model against training step on a logarithmic "
        "axis. All curves start between 0.05 and 0.25. Between 30 and 300 steps those of the represented"
        " features rise to the line at one half, a few late ones in a sudden jump, and those of the "
        "others sink to zero."
    ),
    "phase_diagram": (
        "Left: the plane of relative importance and density, both logarithmic, in three regions, first "
        "feature only, second feature only, antipodal pair, with the boundary for the best bias as a "
        "solid and for no bias as a dashed line, almost the same; a marker in each cell shows what "
        "training found, and nearly all markers lie in their own region. Right: the ratio of the trained"
        " loss to the best of the three candidates, close to one nearly everywhere and up to eight per "
        "cent below it along the boundary."
    ),
    "geometries": (
        "Top: the five columns of W of the best model at four sparsities, a square with one feature "
        "missing at the lower two and a pentagon at the higher two. Bottom left: the loss of the rigid "
        "pentagon relative to two rigid digons against sparsity, positive at first, crossing zero "
        "between 0.75 and 0.8, and strongly negative at 0.95. Bottom right: the share of initialisations"
        " that end as square, pentagon or otherwise, with 95% bands."
    ),
    "columns_chart": (
        "A slider sets the sparsity from 0.5 to 0.95. The upper plot shows the five columns of W of the "
        "best model as rays in the plane, the lower one the loss of every initialisation relative to "
        "the best as a tick, in one row each for two digons, pentagon and other shapes."
    ),
    "computing": (
        "Left: the sum of explained variance over features against sparsity with 95% bands, below the "
        "budget line of m over 2 when dense and well above it from S = 0.9 on; three thinner lines count"
        " the features explained by more than a quarter, a half and three quarters, and they differ "
        "widely. Right: monosemanticity is above 0.8 at S = 0 and 0.5 and falls to near one tenth from S = "
        "0.9 on."
    ),
    "adversarial": (
        "Left: the rise of the autoencoder's squared error under attack, in units of epsilon squared, "
        "against features per dimension, with one point a model, rising from about one. Right: the share"
        " of detections switched off against epsilon for four bottleneck widths with 95% bands, lowest "
        "without a bottleneck and highest for the narrowest, and thin lines for random changes, which "
        "stay low."
    ),
    "columns": ("The columns of W as arrows in the plane."),
}


def _colours() -> list[str]:
    return plt.rcParams["axes.prop_cycle"].by_key()["color"]


def _rule(ax, y, text, where=1.0):
    """A thin horizontal line with its name, which ends at the given fraction of the width."""
    ax.axhline(y, color=plt.rcParams["text.color"], linewidth=0.7, linestyle=":", marker="", zorder=0)
    ax.annotate(text, (where, y), xycoords=("axes fraction", "data"), fontsize=9, ha="right", va="bottom")


@figure
def dense_is_pca(density, loss_ratio, matrices):
    """density: (models,); loss_ratio: (seeds, models); matrices: PCA's projector, WᵀW dense, WᵀW sparse."""
    fig = plt.figure(figsize=(6.4, 4.6))
    grid = fig.add_gridspec(2, 3, height_ratios=[1.3, 1])
    ax = fig.add_subplot(grid[0, :])
    band(ax, density, loss_ratio, "model")
    ax.set(xscale="log", xlabel="density p", ylabel="loss / loss of PCA", ylim=(0, 1.15))
    ax.invert_xaxis()
    _rule(ax, 1, "PCA")
    titles = ["PCA projector, p = 1", "WᵀW, p = 1", f"WᵀW, p = {density[-1]:g}"]
    for k, (matrix, title) in enumerate(zip(matrices, titles, strict=True)):
        panel = fig.add_subplot(grid[1, k])
        panel.imshow(matrix, cmap=DIVERGING, vmin=-0.7, vmax=0.7)
        panel.set_title(title, fontsize=9)
        panel.set(xticks=[], yticks=[])
        panel.grid(False)
    return fig


@figure
def staircase(inverse_density, D_star, D, kept):
    """D_star: (seeds, models); D, kept: (seeds, models, n)"""
    fig, (top, bottom) = plt.subplots(2, 1, figsize=(6.4, 5.6), sharex=True, height_ratios=[1, 1.2])
    band(top, inverse_density, D_star, "D*")
    top.set(ylabel="D* = m / ‖W‖²", xscale="log", yscale="log")
    for ax, ticks in ((top, [0.1, 0.2, 0.5, 1]), (bottom, [0, 0.2, 0.4, 0.6, 0.8, 1])):
        ax.set_yticks(ticks, [f"{t:g}" for t in ticks])
        ax.minorticks_off()
    for y, name in ((1, "1"), (1 / 2, "1/2")):
        _rule(top, y, name)
    jitter = np.random.default_rng(0).uniform(-0.04, 0.04, D.shape)
    x = np.asarray(inverse_density)[None, :, None] * np.exp(jitter)
    keep = kept.numpy()
    bottom.plot(x[keep], D.numpy()[keep], linestyle="", marker="o", markersize=2, alpha=0.25, rasterized=True)
    for y, name in ((1, "1"), (2 / 3, "2/3"), (1 / 2, "1/2"), (2 / 5, "2/5")):
        _rule(bottom, y, name)
    bottom.set(xlabel="1 / density", ylabel="Dᵢ of represented features", ylim=(0, 1.08))
    ticks = [t for t in (1, 2, 3, 5, 10, 20, 50, 100) if t <= max(inverse_density) * 1.01]
    bottom.set_xticks(ticks, [str(t) for t in ticks])
    return fig


@figure
def energy_levels(steps, paths, kept):
    """paths: (records, n), the dimensionality of each feature; kept: (n,), represented at the end"""
    fig, ax = plt.subplots()
    colours = _colours()
    for chosen, colour, style, alpha, label in (
        (~kept, colours[1], LINES[1], 0.25, "absent at the end"),
        (kept, colours[0], LINES[0], 0.6, "represented at the end"),
    ):
        lines = ax.plot(
            steps, paths[:, chosen], color=colour, linestyle=style, marker="", linewidth=0.9, alpha=alpha
        )
        if lines:
            lines[0].set_label(label)
    _rule(ax, 1 / 2, "1/2")
    ax.set(xscale="log", xlabel="training step", ylabel="dimensionality Dᵢ", ylim=(0, 1))
    for handle in ax.legend(loc="upper left").get_lines():
        handle.set_alpha(1)
    return fig


@figure
def phase_diagram(r_axis, p_axis, candidate_losses, measured, loss_ratio):
    """measured: (seeds, cells), which candidate; loss_ratio: (cells,), trained over the best candidate."""
    import torch

    fig, (left, right) = plt.subplots(1, 2, figsize=(7.2, 3.9), sharey=True, width_ratios=[1, 1.12])
    edge = (r_axis[1] / r_axis[0]).sqrt(), (p_axis[1] / p_axis[0]).sqrt()
    fine_r = torch.logspace((r_axis[0] / edge[0]).log10(), (r_axis[-1] * edge[0]).log10(), 200)
    fine_p = torch.logspace(0, (p_axis[-1] * edge[1]).log10(), 200)
    r, p = torch.meshgrid(fine_r, fine_p, indexing="ij")
    colours = _colours()[:3]
    for b, style in ((None, "-"), (0.0, "--")):
        losses = candidate_losses(p.flatten(), r.flatten(), b).view(3, 200, 200)
        region = losses.argmin(0)
        if b is None:
            left.contourf(r, p, region, levels=[-0.5, 0.5, 1.5, 2.5], colors=colours, alpha=0.28)
        margin = losses[2] - losses[:2].amin(0)
        left.contour(
            r, p, margin, levels=[0], colors=[plt.rcParams["text.color"]], linewidths=1.2, linestyles=style
        )
    mode = measured.mode(0).values.numpy()
    cells = torch.cartesian_prod(r_axis, p_axis).numpy()
    for k, name in enumerate(SOLUTIONS):
        chosen = mode == k
        left.plot(
            *cells[chosen].T, linestyle="", marker=MARKERS[k], markersize=4, color=colours[k], label=name
        )
    picture = right.pcolormesh(
        r_axis, p_axis, loss_ratio.view(len(r_axis), len(p_axis)).T, cmap=DIVERGING, vmin=0.9, vmax=1.1
    )
    fig.colorbar(picture, ax=right, label="trained loss / best candidate")
    for ax in (left, right):
        ax.set(xscale="log", yscale="log", xlabel="relative importance r", ylim=(float(fine_p[-1]), 1))
        ax.grid(False)
    left.set_ylabel("density p")
    fig.legend(loc="outside upper center", ncols=3, fontsize=9, handletextpad=0.2, columnspacing=1)
    return fig


def _arrows(ax, W, label=""):
    for x, y in W.T.tolist():
        if x**2 + y**2 < 0.01:  # an absent feature: a dot at the origin, no arrow
            continue
        ax.annotate(
            "",
            (x, y),
            (0, 0),
            arrowprops={"arrowstyle": "-|>", "color": _colours()[0], "shrinkA": 0, "shrinkB": 0},
        )
    ax.plot(*W, linestyle="", marker="o", markersize=4, color=_colours()[0])
    ax.set(xlim=(-1.4, 1.4), ylim=(-1.4, 1.4), aspect="equal", xticks=[], yticks=[])
    ax.set_title(label, fontsize=10)


@figure
def columns(W):
    """W: (2, n), its columns as arrows."""
    fig, ax = plt.subplots(figsize=(3.4, 3.4))
    _arrows(ax, W)
    return fig


@figure
def geometries(sparsities, best_columns, gap, is_square, is_pentagon):
    """best_columns: (models, 2, n) of one seed; gap: (seeds, models), the pentagon's loss over that of two
    digons, less 1; is_square, is_pentagon: (seeds, models, inits)"""
    fig = plt.figure(figsize=(6.8, 5.4))
    grid = fig.add_gridspec(2, 12, height_ratios=[1, 1.5])
    shown = [round(k * (len(sparsities) - 1) / 9) for k in (2, 5, 6, 8)]
    for panel, k in enumerate(shown):
        _arrows(
            fig.add_subplot(grid[0, 3 * panel : 3 * panel + 3]), best_columns[k], f"S = {sparsities[k]:.2f}"
        )
    left, right = fig.add_subplot(grid[1, :6]), fig.add_subplot(grid[1, 6:])
    band(left, sparsities, gap, "pentagon")
    left.axhline(0, color=plt.rcParams["text.color"], linewidth=0.7, linestyle=":", marker="")
    left.set(xlabel="sparsity S", ylabel="loss of pentagon / two digons - 1")
    for name, found in zip(GEOMETRIES, (is_square, is_pentagon, ~(is_square | is_pentagon)), strict=True):
        band(right, sparsities, found.float().mean(-1), name)
    right.set(xlabel="sparsity S", ylabel="share of initialisations", ylim=(-0.05, 1.05))
    right.legend(fontsize=9)
    return fig


@figure
def computing(sparsities, explained, monosemanticity, m):
    """explained: (seeds, models, n), variance explained; monosemanticity: (seeds, models); m neurons"""
    fig, (left, right) = plt.subplots(1, 2, figsize=(7.2, 3.6))
    x = np.arange(len(sparsities))
    band(left, x, explained.sum(-1), "sum of explained")
    for threshold in (0.25, 0.5, 0.75):
        left.plot(
            x,
            (explained > threshold).sum(-1).float().mean(0),
            linewidth=1,
            label=f"explained > {threshold:g}",
        )
    _rule(left, m / 2, "budget m/2", where=0.35)
    left.set(ylabel="features computed")
    left.legend(fontsize=8)
    band(right, x, monosemanticity, "monosemanticity")
    right.set(ylabel="monosemanticity of neurons", ylim=(0, 1.05))
    for ax in (left, right):
        ax.set(xlabel="sparsity S")
        ax.set_xticks(x, [f"{s:g}" for s in sparsities], fontsize=9)
    return fig


@figure
def adversarial(features_per_dimension, rise, budgets, by_attack, by_noise, widths):
    """features_per_dimension, rise: (seeds, models); by_attack, by_noise: (budgets, seeds, widths)"""
    fig, (left, right) = plt.subplots(1, 2, figsize=(7.2, 3.7))
    left.plot(
        features_per_dimension.flatten(), rise.flatten(), linestyle="", marker="o", markersize=4, alpha=0.7
    )
    left.set(xlabel="features per dimension ‖W‖²/m", ylabel="rise of squared error / ε²", xscale="log")
    ticks = [t for t in (1, 2, 3, 5, 10, 20) if t <= 1.2 * features_per_dimension.max()]
    left.set_xticks(ticks, [str(t) for t in ticks])
    left.minorticks_off()
    left.set_title("autoencoder", fontsize=10)
    for k, width in enumerate(widths):
        name = "no bottleneck" if k == 0 else f"{width} dimensions"
        band(right, budgets, by_attack[:, :, k].T, name)
        right.plot(
            budgets, by_noise[:, :, k].mean(1), linewidth=0.8, linestyle=":", marker="", color=_colours()[k]
        )
    right.set(xlabel="length ε of the change", ylabel="detections switched off", ylim=(-0.03, 1.03))
    right.set_title("classifier (dotted: random change)", fontsize=10)
    fig.legend(*right.get_legend_handles_labels(), loc="outside lower right", ncols=4, fontsize=8)
    return fig


def columns_chart(sparsities, best_columns, losses, is_square, is_pentagon) -> alt.VConcatChart:
    """A slider over sparsity: the best model's columns, and below the loss of every init by geometry.

    best_columns: (models, 2, n); losses, is_square, is_pentagon: (seeds, models, inits)
    """
    import pandas as pd

    arrows, ticks = [], []
    relative = losses / losses.amin(-1, keepdim=True)
    kind = np.select([is_square.numpy(), is_pentagon.numpy()], GEOMETRIES[:2], GEOMETRIES[2])
    for k, S in enumerate(sparsities):
        name = f"S = {S:.2f}"
        arrows += [
            {"S": round(S, 2), "x": round(x, 3), "y": round(y, 3), "name": name}
            for x, y in best_columns[k].T.tolist()
        ]
        ticks += [
            {"S": round(S, 2), "excess": round(100 * (value - 1), 1), "geometry": shape}
            for value, shape in zip(relative[:, k].flatten().tolist(), kind[:, k].flatten(), strict=True)
        ]
    # Rounded, or the slider stops one step short of a maximum such as 0.949999988.
    first, last, step = (round(S, 3) for S in (sparsities[0], sparsities[-1], sparsities[1] - sparsities[0]))
    slider = alt.binding_range(min=first, max=last, step=step, name="sparsity S ")
    chosen = alt.param(name="sparsity", value=0.9, bind=slider)
    here = "abs(datum.S - sparsity) < 0.02"
    scale = alt.Scale(domain=[-1.3, 1.3])
    plane = alt.Chart(pd.DataFrame(arrows)).transform_filter(here)
    rays = plane.transform_calculate(x0="0", y0="0").mark_rule(strokeWidth=2.5, color="#0072B2")
    x, y = (
        alt.X("x:Q", scale=scale, title="first dimension"),
        alt.Y("y:Q", scale=scale, title="second dimension"),
    )
    rays = rays.encode(x=x, y=y, x2="x0:Q", y2="y0:Q")
    dots = plane.mark_point(size=60, filled=True, color="#0072B2", opacity=1).encode(x=x, y=y)
    upper = (rays + dots).properties(width=240, height=240, title="columns of W, best of all runs")
    lower = (
        alt.Chart(pd.DataFrame(ticks))
        .transform_filter(here)
        .mark_tick(thickness=2, opacity=0.5)
        .encode(
            x=alt.X(
                "excess:Q",
                title="loss above the best run (per cent)",
                scale=alt.Scale(domain=[0, 60], clamp=True),
            ),
            y=alt.Y("geometry:N", title=None, sort=GEOMETRIES, scale=alt.Scale(domain=GEOMETRIES)),
            color=alt.Color(
                "geometry:N",
                legend=None,
                scale=alt.Scale(domain=GEOMETRIES, range=["#D55E00", "#0072B2", "#009E73"]),
            ),
        )
        .properties(width=200, height=90)
    )
    return alt.vconcat(upper, lower).add_params(chosen)
