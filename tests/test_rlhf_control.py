"""What the lab `rlhf_control` defines by hand, against autograd, scikit-learn, `utils` and slow loops."""

import math

import pytest
import torch
from sklearn.linear_model import LogisticRegression

from utils import pendulum
from utils.bradley_terry import RewardEnsemble, preference_loss
from utils.definitions import definitions

lab = definitions("goals/rlhf_control")


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def gaps_and_weights(n=400):
    gaps = torch.randn(n, 3, generator=rng(), dtype=torch.float64) * torch.tensor([3.0, 1.0, 0.5])
    return gaps.double(), torch.tensor([-0.5, 0.8, 1.2], dtype=torch.float64)


# --- rewards ------------------------------------------------------------------------------------------


def test_the_networks_and_the_loss_are_those_that_utils_keeps():
    ours, kept = lab.Networks((2, 3), 4, 8, rng()), RewardEnsemble((2, 3), 4, (8, 8), rng())
    for mine, other in zip(ours.parameters(), kept.parameters(), strict=True):
        torch.testing.assert_close(mine, other)
    x = torch.randn(2, 3, 50, 4, generator=rng(1))
    torch.testing.assert_close(ours(x), kept(x))
    returns = lab.returns(ours, x.unflatten(2, (2, 25)))
    torch.testing.assert_close(returns, kept(x).view(2, 3, 2, 25).sum(-1))
    first, second, label = torch.randn(3, 50, generator=rng(2)).unbind()
    for rate in (0.0, 0.1, 0.5):
        theirs = preference_loss(100 * first, second, label.sigmoid(), rate)
        torch.testing.assert_close(lab.preference_loss(100 * first, second, label.sigmoid(), rate), theirs)


@pytest.mark.parametrize("flip_rate", [0.0, 0.1, 0.3])
def test_the_pull_of_a_wrong_answer_is_the_formula_of_the_text(flip_rate):
    gap = torch.linspace(-6, 12, 40, dtype=torch.float64, requires_grad=True)
    lab.preference_loss(gap, torch.zeros(()), 0.0, flip_rate).sum().backward()
    wrong = torch.sigmoid(-gap.detach())
    pull = (1 - 2 * flip_rate) * wrong * (1 - wrong) / (flip_rate + (1 - 2 * flip_rate) * wrong)
    torch.testing.assert_close(gap.grad, pull)
    assert (pull[-1] < 1e-3) == (flip_rate > 0)  # an obvious mistake is let go, but not by the plain one


def test_flip_rates_of_several_problems_at_once_are_those_of_each():
    rates, gap = torch.tensor([0.0, 0.1, 0.4]), torch.randn(3, 2, 5, generator=rng())
    together = lab.log_preference(gap, rates[:, None, None])
    alone = torch.stack([lab.log_preference(one, rate.item()) for one, rate in zip(gap, rates, strict=True)])
    torch.testing.assert_close(together, alone)


# --- the variance -------------------------------------------------------------------------------------


@pytest.mark.parametrize("flip_rate", [0.0, 0.1, 0.3])
def test_the_information_is_the_hessian_of_the_expected_loss(flip_rate):
    gaps, weights = gaps_and_weights()
    P, _ = lab.answer_probability(weights, gaps, flip_rate)

    def expected_loss(w):
        model, _ = lab.answer_probability(w, gaps, flip_rate)
        return -(P * model.log() + (1 - P) * (1 - model).log()).mean()

    hessian = torch.autograd.functional.hessian(expected_loss, weights)
    torch.testing.assert_close(lab.covariance(weights, gaps, P, flip_rate), torch.linalg.inv(hessian))


def test_the_slope_of_the_answers_probability_is_its_derivative():
    gaps, weights = gaps_and_weights(5)
    z = (gaps @ weights).requires_grad_()
    P, slope = lab.answer_probability(torch.ones(1), z[:, None], 0.2)
    torch.testing.assert_close(torch.autograd.grad(P.sum(), z)[0], slope)


def test_the_plain_estimate_equals_logistic_regression():
    gaps, weights = gaps_and_weights()
    answers = (torch.rand(400, generator=rng(1)) < torch.sigmoid(gaps @ weights)).double()
    theirs = LogisticRegression(C=1e8, fit_intercept=False, tol=1e-10).fit(gaps.numpy(), answers.numpy())
    ours = lab.estimate(gaps[None], answers[None], 0.0)[0]
    torch.testing.assert_close(ours, torch.tensor(theirs.coef_[0]), rtol=1e-3, atol=1e-3)


def test_from_probabilities_the_estimate_returns_the_weights_that_made_them():
    gaps, weights = gaps_and_weights()
    for flip_rate in (0.0, 0.2):
        P, _ = lab.answer_probability(weights, gaps, flip_rate)
        torch.testing.assert_close(lab.estimate(gaps, P, flip_rate), weights, rtol=1e-3, atol=1e-3)


def test_the_plain_limit_solves_its_own_equation_and_is_shorter():
    gaps, weights = gaps_and_weights()
    P, _ = lab.answer_probability(weights, gaps, 0.2)
    limit = lab.estimate(gaps, P, 0.0)
    score = ((P - torch.sigmoid(gaps @ limit))[:, None] * gaps).mean(0)
    assert score.abs().max() < 1e-4
    assert (limit / weights).max() < 0.8


def test_the_error_of_a_ratio_is_that_of_many_draws():
    weights = torch.tensor([-2.0, 0.6, 0.1], dtype=torch.float64)
    root = 0.02 * torch.randn(3, 3, generator=rng(), dtype=torch.float64)
    draws = weights + torch.randn(100_000, 3, generator=rng(1), dtype=torch.float64) @ root.T
    spread = ((draws[:, 1] / draws[:, 0]).std() / (weights[1] / weights[0])).abs().item()
    assert lab.ratio_error(weights, root @ root.T) == pytest.approx(spread, rel=0.05)


# --- control ------------------------------------------------------------------------------------------


def test_without_a_limit_the_value_with_an_end_is_the_value():
    grid = pendulum.make_grid(12, 9, 3)
    reward = torch.randn(2, 12, 9, 3, generator=rng())
    ours = lab.value_with_end(grid, reward, limit=4.0, discount=0.9, num_sweeps=20)
    torch.testing.assert_close(ours, pendulum.value_iteration(grid, reward, 0.9, 20))


def test_where_every_successor_is_an_end_only_the_reward_is_left():
    grid = pendulum.make_grid(12, 9, 3)
    reward = torch.randn(12, 9, 3, generator=rng())
    torch.testing.assert_close(lab.value_with_end(grid, reward, limit=-1.0), reward)


def test_advantages_equal_the_sum_that_defines_them():
    rewards, values = torch.randn(2, 12, 3, generator=rng()).unbind()
    last, gamma, decay = torch.randn(3, generator=rng(1)), 0.9, 0.7
    after = torch.cat([values[1:], last[None]])
    errors = rewards + gamma * after - values
    naive = [sum((gamma * decay) ** k * errors[t + k] for k in range(12 - t)) for t in range(12)]
    torch.testing.assert_close(lab.advantages(rewards, values, last, gamma, decay), torch.stack(naive))


def test_with_lambda_one_the_advantage_is_the_return_minus_the_value():
    rewards, values = torch.randn(2, 12, 3, generator=rng()).unbind()
    last = torch.randn(3, generator=rng(1))
    total, returns = last, []
    for reward in rewards.flip(0):
        total = reward + 0.9 * total
        returns.insert(0, total)
    ours = lab.advantages(rewards, values, last, 0.9, 1.0)
    torch.testing.assert_close(ours, torch.stack(returns) - values)


def test_the_log_probability_is_the_normal_one_up_to_a_constant():
    mean, u, log_std = torch.randn(2, 9, generator=rng()), torch.randn(2, 9), torch.tensor([[0.3], [-0.5]])
    theirs = torch.distributions.Normal(mean, log_std.exp()).log_prob(u)
    torch.testing.assert_close(lab.log_prob(mean, log_std, u) - 0.5 * math.log(2 * math.pi), theirs)


def test_a_rollout_is_laid_out_as_the_steps_that_made_it():
    """Every step of every environment again, one by one, from what `collect` returns."""
    agents, generator = lab.Agents(2, 8, rng()), rng(1)
    theta, omega = (column.view(2, 3) for column in pendulum.start_states(6, generator))
    s, u, old, A, target = lab.collect(agents, pendulum.true_reward, theta, omega, 5, generator)
    V, mean = agents(s)[1], agents(s)[0]
    torch.testing.assert_close(old, lab.log_prob(mean, agents.log_std, u))
    rewards = []
    for t in range(5):
        here = slice(3 * t, 3 * t + 3)
        torch.testing.assert_close(s[:, here], lab.scaled(theta, omega))
        torque = 2 * u[:, here].clamp(-1, 1)
        rewards.append(pendulum.true_reward(theta, omega, torque))
        theta, omega = pendulum.step(theta, omega, torque)
    values = V.unflatten(1, (5, 3)).transpose(0, 1)
    expected = lab.advantages(torch.stack(rewards), values, agents(lab.scaled(theta, omega))[1])
    torch.testing.assert_close(A, expected.transpose(0, 1).flatten(1, 2))
    torch.testing.assert_close(target, A + V)


def test_agents_trained_together_do_not_touch_each_other():
    def reward(scale):
        return lambda theta, omega, torque: torch.tensor([[1.0], [scale]]) * theta.cos()

    settings = {"num_envs": 4, "num_steps": 20, "minibatch": 40, "epochs": 2}
    one, other = (
        lab.ppo(reward(scale), lab.Agents(2, 8, rng()), 160, rng(1), **settings) for scale in (1.0, -3.0)
    )
    torch.testing.assert_close(one.networks.W[0][0], other.networks.W[0][0])
    assert not torch.allclose(one.networks.W[0][1], other.networks.W[0][1])
