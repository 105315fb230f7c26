"""utils.pendulum: Gymnasium as the oracle, fast equals naive, limiting cases, bad input."""

import math

import gymnasium
import numpy as np
import pytest
import torch

from utils import pendulum
from utils.pendulum import (
    corners,
    greedy,
    held_angle,
    make_grid,
    mean_return,
    observe,
    rollout,
    start_states,
    step,
    true_reward,
    uniform_policy,
    value_iteration,
    wrap,
)


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


# --- oracle: Gymnasium's Pendulum-v1 ------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_every_step_equals_gymnasiums(seed):
    """States, observations and rewards of a whole episode in float64, torques beyond the limit among them."""
    env = gymnasium.make("Pendulum-v1")
    seen, _ = env.reset(seed=seed)
    theta, omega = torch.tensor(env.unwrapped.state, dtype=torch.float64)
    torques = 3 * (2 * torch.rand(pendulum.EPISODE, generator=rng(seed), dtype=torch.float64) - 1)
    for number, torque in enumerate(torques):
        reward = true_reward(theta, omega, torque.clamp(-2, 2))
        theta, omega = step(theta, omega, torque)
        seen, theirs, _, truncated, _ = env.step(np.array([torque.item()]))
        assert reward.item() == pytest.approx(theirs, rel=1e-12)
        torch.testing.assert_close(torch.stack([theta, omega]), torch.tensor(env.unwrapped.state))
        torch.testing.assert_close(observe(theta, omega).float(), torch.tensor(seen))
        assert truncated == (number == pendulum.EPISODE - 1)


def test_a_rollout_is_the_steps_one_after_another():
    theta, omega = start_states(7, rng())
    episodes = rollout(lambda theta, omega: 3 * torch.cos(omega), theta, omega, 20)
    for t in range(20):
        torch.testing.assert_close(episodes.theta[t], wrap(theta))
        torch.testing.assert_close(episodes.omega[t], omega)
        torch.testing.assert_close(episodes.torque[t], (3 * torch.cos(omega)).clamp(-2, 2))
        theta, omega = step(theta, omega, 3 * torch.cos(omega))
    total = sum(true_reward(*(column[t] for column in episodes)) for t in range(20))
    torch.testing.assert_close(mean_return(episodes), total)


def test_starts_lie_where_gymnasiums_do():
    env = gymnasium.make("Pendulum-v1")
    theirs = np.array([env.reset(seed=i)[0] for i in range(300)], dtype=float)
    theta, omega = start_states(20_000, rng())
    assert theta.abs().max() <= math.pi
    assert omega.abs().max() <= 1
    for ours, other in ((theta.cos(), theirs[:, 0]), (theta.sin(), theirs[:, 1]), (omega, theirs[:, 2])):
        assert ours.mean().item() == pytest.approx(other.mean(), abs=4 * other.std() / 300**0.5)
        assert ours.std().item() == pytest.approx(other.std(), rel=0.15)


# --- fast equals naive --------------------------------------------------------------------------------


def test_value_iteration_equals_loops_over_every_cell():
    grid = make_grid(6, 5, 3)
    reward = torch.randn(6, 5, 3, generator=rng(1))
    discount, sweeps = 0.9, 12
    width, height = 2 * math.pi / 6, 16 / 4
    q = reward.tolist()
    for _ in range(sweeps):
        value = [[max(q[i][j]) for j in range(5)] for i in range(6)]
        old, q = q, [[[0.0] * 3 for _ in range(5)] for _ in range(6)]
        for i, j, k in np.ndindex(6, 5, 3):
            theta, omega = step(grid.theta[i], grid.omega[j], grid.torque[k])
            row, column = (wrap(theta).item() + math.pi) / width, (omega.item() + 8) / height
            a, b = math.floor(row), min(math.floor(column), 3)
            u, v = row - a, column - b
            low = (1 - v) * value[a % 6][b] + v * value[a % 6][b + 1]
            high = (1 - v) * value[(a + 1) % 6][b] + v * value[(a + 1) % 6][b + 1]
            q[i][j][k] = reward[i, j, k].item() + discount * ((1 - u) * low + u * high)
    ours = value_iteration(grid, reward, discount, sweeps)
    torch.testing.assert_close(ours, torch.tensor(q), atol=1e-4, rtol=1e-4)
    assert not torch.allclose(ours, torch.tensor(old), atol=1e-3)


def test_rewards_solved_at_once_equal_those_solved_alone():
    grid = make_grid(12, 9, 3)
    rewards = torch.randn(2, 3, 12, 9, 3, generator=rng(2))
    together = value_iteration(grid, rewards, 0.9, 30)
    for i in range(2):
        for j in range(3):
            torch.testing.assert_close(together[i, j], value_iteration(grid, rewards[i, j], 0.9, 30))


def test_policies_that_act_at_once_act_as_they_do_alone():
    grid = make_grid(12, 9, 3)
    q = torch.randn(2, 3, 12, 9, 3, generator=rng(3))
    theta, omega = (column.view(2, 3, 50) for column in start_states(300, rng(4)))
    together = greedy(grid, q)(theta, omega)
    for i in range(2):
        for j in range(3):
            alone = greedy(grid, q[i, j])(theta[i, j], omega[i, j])
            torch.testing.assert_close(together[i, j], alone)


# --- limiting cases -----------------------------------------------------------------------------------


def test_without_torque_the_upright_and_the_hanging_pendulum_stay():
    theta = torch.tensor([0.0, math.pi], dtype=torch.float64)
    end, omega = step(theta, torch.zeros(2, dtype=torch.float64), torch.zeros(2))
    torch.testing.assert_close(wrap(end).abs(), theta)
    torch.testing.assert_close(omega, torch.zeros(2, dtype=torch.float64), atol=1e-12, rtol=0)


def test_small_swings_have_the_period_of_a_rod():
    """T = 2π √(2l/3g), to first order in the time step."""
    theta, omega = torch.tensor(math.pi + 0.01, dtype=torch.float64), torch.tensor(0.0, dtype=torch.float64)
    signs, last = [], 1.0
    for t in range(400):
        theta, omega = step(theta, omega, torch.tensor(0.0))
        if math.copysign(1, theta.item() - math.pi) != last:
            signs.append(t)
            last = -last
    period = 2 * np.diff(signs).mean() * pendulum.DT
    assert period == pytest.approx(2 * math.pi * math.sqrt(2 / 30), rel=0.02)


def test_a_discount_of_zero_leaves_the_reward_and_a_constant_reward_adds_up():
    grid = make_grid(12, 9, 3)
    reward = torch.randn(12, 9, 3, generator=rng(5))
    torch.testing.assert_close(value_iteration(grid, reward, 0.0, 5), reward)
    constant = value_iteration(grid, torch.ones(12, 9, 3), 0.9, 10)
    torch.testing.assert_close(constant, torch.full((12, 9, 3), (1 - 0.9**11) / 0.1))


def test_interpolation_is_exact_on_the_grid_and_for_linear_functions_of_velocity():
    grid = make_grid(12, 9, 3)
    index, weight = corners(grid.theta[:, None], grid.omega, 12, 9)
    own = torch.arange(12 * 9).view(12, 9)
    assert (((index == own[..., None]) * weight).sum(-1) - 1).abs().max() < 1e-5
    theta, omega = start_states(100, rng(6))
    index, weight = corners(theta, 8 * omega, 12, 9)
    line = (3 * grid.omega - 1).expand(12, 9).flatten()
    torch.testing.assert_close((line[index] * weight).sum(-1), 3 * 8 * omega - 1, atol=1e-4, rtol=1e-4)


def test_exact_control_swings_up_and_holds():
    grid = make_grid(60, 49, 7)
    policy = greedy(grid, value_iteration(grid, true_reward(*grid.states()), num_sweeps=300))
    theta, omega = start_states(200, rng(7))
    held = rollout(policy, theta, omega)
    loose = rollout(uniform_policy(rng(8)), theta, omega)
    assert held_angle(held).abs().max() < 5
    assert mean_return(held).mean() > mean_return(loose).mean() + 900


def test_the_held_angle_is_a_mean_on_the_circle():
    theta = wrap(torch.tensor([math.pi - 0.1, math.pi + 0.1, math.pi + 0.3])[:, None].expand(-1, 2))
    episodes = pendulum.Episodes(theta, torch.zeros(3, 2), torch.zeros(3, 2))
    expected = math.degrees(math.pi + 0.1) - 360
    torch.testing.assert_close(held_angle(episodes, last=3), torch.full((2,), expected))


# --- bad input ----------------------------------------------------------------------------------------


def test_bad_input_is_named():
    grid = make_grid(12, 9, 3)
    theta, omega = start_states(5, rng())
    with pytest.raises(ValueError, match=r"grid's sizes are \(1, 9, 3\)"):
        make_grid(1, 9, 3)
    with pytest.raises(ValueError, match=r"reward has shape \(9, 12, 3\), expected \(..., 12, 9, 3\)"):
        value_iteration(grid, torch.zeros(9, 12, 3))
    with pytest.raises(ValueError, match="reward holds NaN"):
        value_iteration(grid, torch.full((12, 9, 3), float("nan")))
    with pytest.raises(ValueError, match=r"policy returned shape \(\), expected \(5,\)"):
        rollout(lambda theta, omega: torch.tensor(0.0), theta, omega)
    with pytest.raises(ValueError, match="policy returned NaN"):
        rollout(lambda theta, omega: theta * float("nan"), theta, omega)
