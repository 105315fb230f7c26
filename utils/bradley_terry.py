"""Rewards learned from comparisons: an ensemble of small networks, all trained in one loop.

    P(chosen ≻ rejected) = ε + (1 - 2ε) σ(R_chosen - R_rejected),    R = Σ_t r(x_t) over a segment

(Bradley and Terry 1952; segments and the ensemble as in Christiano et al. 2017). ε is the rate at which a
teacher's answer is assumed to be turned round. Only differences of R enter: a constant added to r changes
nothing, and the scale of r is that of the teacher's noise.
"""

from itertools import pairwise
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn
from tqdm import tqdm


class RewardEnsemble(nn.Module):
    """r(x) = W_Lᵀ silu(… silu(W_1ᵀ x + b_1)) + b_L, with weights of its own for every index of `batch`.

    batch:     the leading axes, such as (seeds, members)
    d_in:      width of x
    hidden:    widths of the hidden layers
    generator: draws the weights, N(0, 1/fan-in); biases start at zero
    """

    def __init__(
        self, batch: tuple[int, ...], d_in: int, hidden: tuple[int, ...], generator: torch.Generator
    ):
        super().__init__()
        widths = (d_in, *hidden, 1)
        if min(*batch, *widths) < 1:
            raise ValueError(f"batch and widths are {batch} and {widths}, expected numbers above zero")
        draw = {"generator": generator, "device": generator.device}
        sizes = list(pairwise(widths))
        weights = [torch.randn(*batch, n, m, **draw) / n**0.5 for n, m in sizes]
        biases = [torch.zeros(*batch, 1, m, device=generator.device) for _, m in sizes]
        self.batch, self.d_in = tuple(batch), d_in
        self.W, self.b = nn.ParameterList(weights), nn.ParameterList(biases)

    def forward(self, x: Float[Tensor, "*batch n d_in"]) -> Float[Tensor, "*batch n"]:
        """The reward of every x; leading axes of size 1, or that are missing, are shared by all networks."""
        if x.ndim < 2 or any(
            n not in (1, m) for n, m in zip(x.shape[-3::-1], self.batch[::-1], strict=False)
        ):
            raise ValueError(f"x has shape {tuple(x.shape)}, expected ({self.batch} or ones, n, {self.d_in})")
        _check("x", x, (*x.shape[:-1], self.d_in))
        x = x.expand(*self.batch, *x.shape[-2:]).flatten(0, -3)  # one matrix product an index of `batch`
        for i, (W, b) in enumerate(zip(self.W, self.b, strict=True)):
            x = torch.baddbmm(b.flatten(0, -3), F.silu(x) if i else x, W.flatten(0, -3))
        return x.view(*self.batch, -1)


def preference_loss(
    rewards_chosen: Float[Tensor, "..."],
    rewards_rejected: Float[Tensor, "..."],
    label: Float[Tensor, "..."] | float = 1.0,
    flip_rate: float = 0.0,
) -> Float[Tensor, "..."]:
    """-label · log P(chosen ≻ rejected) - (1 - label) · log P(rejected ≻ chosen), elementwise.

    label: 1 where the first was chosen, 0 where the second was, ½ for a tie, or a share of votes
    """
    gap = rewards_chosen - rewards_rejected
    if flip_rate == 0:
        return label * F.softplus(-gap) + (1 - label) * F.softplus(gap)
    p = flip_rate + (1 - 2 * flip_rate) * gap.sigmoid()
    return -(label * p.log() + (1 - label) * (1 - p).log())


class Fit(NamedTuple):
    """What `fit_rewards` returns.

    model: the ensemble, its leading axes (*batch, members)
    step:  how many steps had been taken at each entry of loss
    loss:  of the last batch, mean over pairs, each of shape (*batch, members)
    """

    model: RewardEnsemble
    step: list[int]
    loss: list[Float[Tensor, "*batch members"]]


def fit_rewards(
    chosen: Float[Tensor, "... d_in"],
    rejected: Float[Tensor, "... d_in"],
    generator: torch.Generator,
    label: Float[Tensor, "*batch pairs"] | None = None,
    members: int = 3,
    hidden: tuple[int, ...] = (32, 32),
    num_steps: int = 500,
    batch_size: int = 64,
    lr: float = 5e-3,
    weight_decay: float = 1e-2,
    flip_rate: float = 0.0,
    segments: bool = True,
    bootstrap: bool = True,
    log_every: int = 50,
) -> Fit:
    """Minimise `preference_loss` with AdamW, for every index of `batch` and every member at once.

    chosen, rejected: segments, (*batch, pairs, steps, d_in), whose rewards are added up over the steps;
                      with segments=False single states, (*batch, pairs, d_in)
    label:     the share of votes for `chosen`: 1 (the default) hard, ½ a tie, anything between soft. With
               labels of 0 and 1, `chosen` and `rejected` are merely the first and the second of a pair.
    members:   networks that see the same pairs; what they disagree on, the pairs do not decide
    lr:        falls to zero along a cosine
    flip_rate: ε, in [0, ½)
    bootstrap: each member draws its own pairs with replacement before training

    Comparisons that contradict each other are data like any other: they pull the gap towards zero.
    Raises ValueError for shapes that do not fit, no pairs, NaN, labels outside [0, 1] or ε outside [0, ½).
    """
    inner = 3 if segments else 2
    if chosen.ndim < inner or 0 in chosen.shape:
        wanted = "(..., pairs, steps, d_in)" if segments else "(..., pairs, d_in)"
        raise ValueError(f"chosen has shape {tuple(chosen.shape)}, expected {wanted}, none of them zero")
    if not segments:
        chosen, rejected = chosen.unsqueeze(-2), rejected.unsqueeze(-2)
    *batch, pairs, length, d_in = chosen.shape
    label = torch.ones(*batch, pairs, device=chosen.device) if label is None else label.to(chosen.dtype)
    _check("chosen", chosen, chosen.shape)
    _check("rejected", rejected, chosen.shape)
    _check("label", label, (*batch, pairs))
    if label.min() < 0 or label.max() > 1:
        raise ValueError(
            f"label lies in [{label.min():.3g}, {label.max():.3g}], expected shares between 0 and 1"
        )
    if not 0 <= flip_rate < 0.5:
        raise ValueError(f"flip_rate is {flip_rate}, expected at least 0 and below 0.5")
    model = RewardEnsemble((*batch, members), d_in, hidden, generator)
    groups = label.numel() // pairs
    both = torch.stack([chosen, rejected], dim=-3).reshape(groups, pairs, -1)
    votes = label.reshape(groups, pairs)
    draw = {"generator": generator, "device": generator.device}
    own = torch.randint(pairs, (groups, members, pairs), **draw) if bootstrap else None
    optimiser = torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=weight_decay)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, num_steps)
    which = torch.arange(groups, device=generator.device)[:, None, None]
    fit = Fit(model, [], [])
    bar = tqdm(range(1, num_steps + 1), desc="reward model", leave=False, disable=None)
    for step in bar:
        rows = torch.randint(pairs, (groups, members, min(batch_size, pairs)), **draw)
        rows = own.gather(-1, rows) if bootstrap else rows
        x = both[which, rows].view(*model.batch, -1, d_in)
        rewards = model(x).view(groups, members, -1, 2, length).sum(-1)
        loss = preference_loss(rewards[..., 0], rewards[..., 1], votes[which, rows], flip_rate).mean(-1)
        optimiser.zero_grad()
        loss.sum().backward()  # the networks share nothing, so each has the gradient of its own loss
        optimiser.step()
        schedule.step()
        if step % log_every == 0 or step == num_steps:
            fit.step.append(step)
            fit.loss.append(loss.detach().view(model.batch))
            bar.set_postfix(loss=f"{loss.mean():.3f}")
    return fit


def _check(name: str, value: Tensor, shape: tuple) -> None:
    if value.shape != torch.Size(shape) or value.ndim < 1:
        raise ValueError(f"{name} has shape {tuple(value.shape)}, expected {tuple(shape)}")
    if not value.isfinite().all():
        raise ValueError(f"{name} holds {int((~value.isfinite()).sum())} values that are NaN or infinite")
