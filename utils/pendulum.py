"""The pendulum of Gymnasium's Pendulum-v1 as tensors: dynamics, exact control on a grid, what a policy does.

    ω' = clip(ω + (3g/2l · sin θ + 3u/(m l²)) dt, ±8),    θ' = θ + ω' dt

θ is the angle from upright in radians, ω the angular velocity in rad/s, u the torque in N m, |u| ≤ 2: too
weak to lift the pendulum from rest, so that it has to swing.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

GRAVITY, MASS, LENGTH, DT = 10.0, 1.0, 1.0, 0.05
MAX_SPEED, MAX_TORQUE = 8.0, 2.0
EPISODE = 200  # steps, 10 seconds

Policy = Callable[[Float[Tensor, "..."], Float[Tensor, "..."]], Float[Tensor, "..."]]


def wrap(theta: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """The same angle in [-π, π)."""
    return (theta + torch.pi) % (2 * torch.pi) - torch.pi


def step(theta: Float[Tensor, "..."], omega: Float[Tensor, "..."], torque: Float[Tensor, "..."]):
    """One time step of 0.05 s; returns (θ', ω'). θ' is not wrapped, torque is clipped to ±2."""
    torque = torque.clamp(-MAX_TORQUE, MAX_TORQUE)
    pull = 3 * GRAVITY / (2 * LENGTH) * theta.sin() + 3 / (MASS * LENGTH**2) * torque
    omega = (omega + pull * DT).clamp(-MAX_SPEED, MAX_SPEED)
    return theta + omega * DT, omega


def true_reward(
    theta: Float[Tensor, "..."], omega: Float[Tensor, "..."], torque: Float[Tensor, "..."]
) -> Float[Tensor, "..."]:
    """-(θ² + ω²/10 + u²/1000) of the state before the step, θ wrapped: Gymnasium's own reward."""
    return -(wrap(theta).square() + 0.1 * omega.square() + 0.001 * torque.square())


def observe(theta: Float[Tensor, "..."], omega: Float[Tensor, "..."]) -> Float[Tensor, "... 3"]:
    """What an agent sees: (cos θ, sin θ, ω)."""
    return torch.stack([theta.cos(), theta.sin(), omega], dim=-1)


def start_states(n: int, generator: torch.Generator) -> tuple[Float[Tensor, "n"], Float[Tensor, "n"]]:
    """n starts as Gymnasium draws them: θ uniform on the circle, ω uniform in [-1, 1]."""
    uniform = 2 * torch.rand(2, n, generator=generator, device=generator.device) - 1
    return torch.pi * uniform[0], uniform[1]


class Episodes(NamedTuple):
    """What happened, states before each step; shapes (steps, ...).

    theta:  wrapped angle, rad
    omega:  angular velocity, rad/s
    torque: what was applied, N m
    """

    theta: Float[Tensor, "steps ..."]
    omega: Float[Tensor, "steps ..."]
    torque: Float[Tensor, "steps ..."]


@torch.no_grad()
def rollout(
    policy: Policy, theta: Float[Tensor, "..."], omega: Float[Tensor, "..."], num_steps: int = EPISODE
) -> Episodes:
    """Run a policy from many states at once.

    policy: (θ, ω) → torque, all of one shape
    Raises ValueError if the policy returns another shape, or NaN.
    """
    seen = []
    for _ in range(num_steps):
        torque = policy(theta, omega)
        if torque.shape != theta.shape:
            raise ValueError(f"policy returned shape {tuple(torque.shape)}, expected {tuple(theta.shape)}")
        if not torque.isfinite().all():
            raise ValueError("policy returned NaN or infinity")
        torque = torque.clamp(-MAX_TORQUE, MAX_TORQUE)
        seen.append((wrap(theta), omega, torque))
        theta, omega = step(theta, omega, torque)
    return Episodes(*(torch.stack(column) for column in zip(*seen, strict=True)))


class Grid(NamedTuple):
    """A grid over states and torques, and where each pair leads.

    theta:  angles, evenly spaced on the circle
    omega:  velocities from -8 to 8
    torque: torques from -2 to 2
    corner: flat indices of the four grid states around each successor, shape (theta, omega, torque, 4)
    weight: their bilinear weights, the same shape, adding up to 1
    """

    theta: Float[Tensor, "theta"]
    omega: Float[Tensor, "omega"]
    torque: Float[Tensor, "torque"]
    corner: Tensor
    weight: Tensor

    def states(self):
        """θ, ω and u of every cell, shapes (theta, 1, 1), (1, omega, 1), (1, 1, torque)."""
        return self.theta[:, None, None], self.omega[None, :, None], self.torque[None, None, :]


def corners(theta: Float[Tensor, "..."], omega: Float[Tensor, "..."], num_theta: int, num_omega: int):
    """The four grid states around each state and their bilinear weights, shapes (..., 4)."""
    row = (wrap(theta) + torch.pi) / (2 * torch.pi) * num_theta
    column = (omega + MAX_SPEED) / (2 * MAX_SPEED) * (num_omega - 1)
    low_row, low_column = row.floor(), column.floor().clamp(max=num_omega - 2)
    up, right = row - low_row, column - low_column
    rows = torch.stack([low_row, low_row + 1], dim=-1).long() % num_theta
    columns = torch.stack([low_column, low_column + 1], dim=-1).long()
    index = (rows[..., :, None] * num_omega + columns[..., None, :]).flatten(-2)
    weight = torch.stack([1 - up, up], -1)[..., :, None] * torch.stack([1 - right, right], -1)[..., None, :]
    return index, weight.flatten(-2)


def make_grid(
    num_theta: int = 101, num_omega: int = 81, num_torque: int = 9, device: torch.device | str = "cpu"
) -> Grid:
    """The grid on which `value_iteration` is exact up to interpolation; the first angle is -π.

    Raises ValueError for fewer than two points on an axis.
    """
    if min(num_theta, num_omega, num_torque) < 2:
        sizes = (num_theta, num_omega, num_torque)
        raise ValueError(f"the grid's sizes are {sizes}, expected at least 2 points on each axis")
    theta = torch.arange(num_theta, device=device) * (2 * torch.pi / num_theta) - torch.pi
    omega = torch.linspace(-MAX_SPEED, MAX_SPEED, num_omega, device=device)
    torque = torch.linspace(-MAX_TORQUE, MAX_TORQUE, num_torque, device=device)
    after = step(theta[:, None, None], omega[None, :, None], torque[None, None, :])
    return Grid(theta, omega, torque, *corners(*after, num_theta, num_omega))


@torch.no_grad()
def value_iteration(
    grid: Grid,
    reward: Float[Tensor, "*batch theta omega torque"],
    discount: float = 0.99,
    num_sweeps: int = 600,
) -> Float[Tensor, "*batch theta omega torque"]:
    """Q(s, u) = r(s, u) + γ max_u' Q(s', u'), iterated; s' between grid points is interpolated.

    reward: of every cell; leading axes are rewards that are solved for at once
    Returns Q. After n sweeps the error is at most γⁿ/(1 - γ) times the largest reward.
    Raises ValueError for a reward of another shape, or one that holds NaN or infinity.
    """
    shape = grid.weight.shape[:-1]
    if reward.shape[-3:] != shape:
        raise ValueError(
            f"reward has shape {tuple(reward.shape)}, expected (..., {', '.join(map(str, shape))})"
        )
    if not reward.isfinite().all():
        raise ValueError("reward holds NaN or infinity")
    q = flat = reward.reshape(-1, *shape)
    for _ in range(num_sweeps):
        value = q.amax(-1).flatten(1)
        # One gather a corner: four small tensors stay in cache where one of four times the size does not.
        future = sum(value[:, grid.corner[..., i]] * grid.weight[..., i] for i in range(4))
        q = flat + discount * future
    return q.reshape(reward.shape)


def greedy(grid: Grid, q: Float[Tensor, "*batch theta omega torque"]) -> Policy:
    """The policy that takes the torque with the largest interpolated Q.

    q: leading axes are policies that act at once; θ and ω then have them too, (*batch, ...)
    """
    batch = q.shape[:-3]
    table = q.flatten(0, -2)
    first = torch.arange(batch.numel(), device=q.device).view(batch) * len(grid.theta) * len(grid.omega)

    def policy(theta: Float[Tensor, "..."], omega: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
        index, weight = corners(theta, omega, len(grid.theta), len(grid.omega))
        index = index + first.view(*batch, *[1] * (index.ndim - len(batch)))
        return grid.torque[(table[index] * weight[..., None]).sum(-2).argmax(-1)]

    return policy


def uniform_policy(generator: torch.Generator) -> Policy:
    """The policy that takes torques at random."""

    def policy(theta: Float[Tensor, "..."], omega: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
        return MAX_TORQUE * (2 * torch.rand(theta.shape, generator=generator, device=theta.device) - 1)

    return policy


def mean_return(episodes: Episodes) -> Float[Tensor, "..."]:
    """The true reward, added up over steps."""
    return true_reward(*episodes).sum(0)


def held_angle(episodes: Episodes, last: int = 50) -> Float[Tensor, "..."]:
    """The mean wrapped angle over the last steps, in degrees, with its sign: where the pendulum is held."""
    tail = episodes.theta[-last:]
    return torch.atan2(tail.sin().mean(0), tail.cos().mean(0)).rad2deg()
