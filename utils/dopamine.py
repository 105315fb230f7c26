"""Distributional dopamine cells, simulated; and the recordings of forty real ones, read and checked.

A cell that learns from positive errors at the rate α⁺ and from negative ones at α⁻ has the asymmetry
τ = α⁺/(α⁺ + α⁻), and its prediction comes to rest at the τ-expectile of the rewards, where it reverses:

    response = scale · |τ - 1(r < reversal)| · (r - reversal) + baseline + noise · ε,   ε ~ N(0, 1)

Derived in the lab `dopamine`, after Dabney et al., Nature 577, 671 (2020).
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from utils.mat_files import read_mat

AMOUNTS = (0.1, 0.3, 1.2, 2.5, 5.0, 10.0, 20.0)  # µl of water
CUED = 60  # of the 120 places for trials, the first 60 hold trials that an odour announced
# The file does not say which mouse a cell is from. The recordings that it was made from are read in the
# order of their names, which begin with a date or a letter; this is how many cells share each beginning.
MICE = {"02, 03": 9, "10": 9, "D": 16, "L": 3, "O": 3}


class Population(NamedTuple):
    """Dopamine cells; every field has shape (cells,).

    tau:      asymmetry α⁺/(α⁺ + α⁻), between 0 and 1; every 0.5 is the classical population
    scale:    slopes below and above the reversal point together, in spikes/s for a unit of error; at τ = 0.5
              half of it is the slope on either side
    baseline: spikes/s that the measured response is off by whatever the reward
    noise:    standard deviation of the response to one reward, in spikes/s
    """

    tau: Float[Tensor, " cells"]
    scale: Float[Tensor, " cells"]
    baseline: Float[Tensor, " cells"]
    noise: Float[Tensor, " cells"]


def population(
    num_cells: int,
    generator: torch.Generator,
    tau: tuple[float, float] = (0.1, 0.9),
    noise: float = 0.0,
    baseline: float = 0.0,
    spread: float = 0.3,
) -> Population:
    """Cells with asymmetries drawn uniformly from `tau` and scales 2·exp(spread · ε), ε ~ N(0, 1).

    tau:      the range; (0.5, 0.5) is the classical population
    noise:    standard deviation of each response, in spikes/s, the same for all cells
    baseline: standard deviation over cells of what their responses are off by, in spikes/s
    Raises ValueError for fewer than one cell, a range outside (0, 1), or a negative width.
    """
    if num_cells < 1:
        raise ValueError(f"num_cells is {num_cells}, expected at least 1")
    if not 0 < tau[0] <= tau[1] < 1:
        raise ValueError(f"tau is {tau}, expected 0 < low <= high < 1")
    if not all(width >= 0 for width in (noise, baseline, spread)):
        raise ValueError(f"noise, baseline and spread are {(noise, baseline, spread)}, expected numbers >= 0")
    where = {"generator": generator, "device": generator.device}
    low, high = tau
    return Population(
        tau=low + (high - low) * torch.rand(num_cells, **where),
        scale=2 * (spread * torch.randn(num_cells, **where)).exp(),
        baseline=baseline * torch.randn(num_cells, **where),
        noise=torch.full((num_cells,), float(noise), device=generator.device),
    )


def responses(
    cells: Population,
    rewards: Float[Tensor, "..."],
    reversal: Float[Tensor, "... cells"],
    generator: torch.Generator | None = None,
) -> Float[Tensor, "... cells"]:
    """scale · |τ - 1(r < reversal)| · (r - reversal) + baseline + noise · ε, spikes/s above baseline.

    rewards:  one a trial; with reversal = 0 these are prediction errors
    reversal: what each cell predicts, shape (cells,), or one for each trial, (..., cells)
    generator: of the noise; None for the response without noise
    Raises ValueError if the rewards or the reversal points hold NaN or infinity.
    """
    for name, values in (("rewards", rewards), ("reversal", reversal)):
        if not torch.isfinite(values).all():
            raise ValueError(f"{name} hold NaN or infinity, expected finite numbers")
    error = rewards[..., None] - reversal
    mean = cells.scale * (cells.tau - (error < 0).float()).abs() * error + cells.baseline
    if generator is None:
        return mean
    return mean + cells.noise * torch.randn(mean.shape, generator=generator, device=generator.device)


def expectile(
    values: Float[Tensor, "... n"],
    tau: Float[Tensor, " cells"],
    weights: Float[Tensor, "... n"] | None = None,
) -> Float[Tensor, "... cells"]:
    """The e at which τ E(x - e)₊ = (1 - τ) E(e - x)₊; the mean for τ = 0.5.

    Newton's method: e is the mean of x with weights |τ - 1(x < e)|, again and again. It ends after a few
    steps, exactly, since the equation is piecewise linear.
    weights: probabilities of the values, up to a factor; None for equal ones
    Raises ValueError if tau is not within (0, 1), the values hold NaN or infinity, or the weights NaN,
    infinity, a negative number or nothing but zeros.
    """
    if not ((tau > 0) & (tau < 1)).all():
        raise ValueError(f"tau lies in [{tau.min():g}, {tau.max():g}], expected values between 0 and 1")
    if not torch.isfinite(values).all():
        raise ValueError("values hold NaN or infinity, expected finite numbers")
    if weights is not None:
        if not (torch.isfinite(weights) & (weights >= 0)).all():
            raise ValueError(f"weights are {weights.tolist()}, expected finite numbers >= 0")
        if not (weights.sum(-1) > 0).all():
            raise ValueError("weights are all zero, expected at least one above zero")
    x = values.unsqueeze(-2)
    p = (torch.ones_like(values) if weights is None else weights).unsqueeze(-2)
    e = (p * x).sum(-1) / p.sum(-1)
    e = e.expand(*e.shape[:-1], len(tau))
    for _ in range(100):
        w = p * (tau[:, None] - (x < e[..., None]).to(x.dtype)).abs()
        e, previous = (w * x).sum(-1) / w.sum(-1), e
        if torch.equal(e, previous):
            break
    return e


class Recordings(NamedTuple):
    """What `recordings` returns: forty light-identified dopamine cells of mice, seven amounts of water.

    trials:    responses in spikes/s above baseline, NaN where there was no trial: (cells, 7, 120)
    utility:   the population's mean response to each amount, the axis on which amounts are placed: (7,)
    reversal:  the shipped reversal points, fitted to all trials: (cells,)
    asymmetry: the shipped α⁺/(α⁺ + α⁻), fitted to the same trials: (cells,)
    mouse:     0-4, a guess from the names of the files the recordings were made from: (cells,)
    """

    trials: Float[Tensor, "cells amounts trials"]
    utility: Float[Tensor, " amounts"]
    reversal: Float[Tensor, " cells"]
    asymmetry: Float[Tensor, " cells"]
    mouse: Tensor


_SHAPES = {
    "perCell": (40, 7, 120),
    "utilityAxis": (1, 7),
    "zeroCrossings_all": (40, 1),
    "asymM_all": (40, 1),
}


def recordings(path: Path | str) -> Recordings:
    """The recordings in dabney_fit.mat, each array checked.

    Raises ValueError if the file is cut short or no .mat file, lacks an array, or holds one of another
    shape, an infinite number, a NaN outside `perCell`, a gap between trials or an amount with fewer than
    two trials.
    """
    arrays = read_mat(path, simplify=False)
    for name, shape in _SHAPES.items():
        if name not in arrays:
            raise ValueError(f"{path} holds no array {name!r}, expected {sorted(_SHAPES)}")
        if arrays[name].shape != shape:
            raise ValueError(f"{path}: {name} has shape {arrays[name].shape}, expected {shape}")
        if np.isinf(arrays[name]).any() or (name != "perCell" and np.isnan(arrays[name]).any()):
            raise ValueError(f"{path}: {name} holds NaN or infinity, expected finite numbers")
    trials = torch.from_numpy(arrays["perCell"].astype(np.float64))
    there = trials.isfinite().unflatten(-1, (-1, CUED)).int()
    if (there.diff(dim=-1) > 0).any():
        raise ValueError(f"{path}: perCell has a NaN between trials, expected NaN only after the last one")
    if (there.sum((-2, -1)) < 2).any():
        raise ValueError(f"{path}: perCell has an amount with fewer than two trials of a cell")
    utility, reversal, asymmetry = (
        torch.from_numpy(arrays[name].astype(np.float64)).ravel() for name in list(_SHAPES)[1:]
    )
    mouse = torch.repeat_interleave(torch.arange(len(MICE)), torch.tensor(list(MICE.values())))
    return Recordings(trials, utility, reversal, asymmetry, mouse)
