"""utils.bradley_terry: an oracle, batched equals alone, a limiting case, planted truth, bad input."""

import pytest
import torch
import torch.nn.functional as F
from sklearn.linear_model import LogisticRegression

from utils.bradley_terry import RewardEnsemble, fit_rewards, preference_loss


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def pairs_of(weights, num_pairs, steps, seed, batch=()):
    """Segments of normal states, the chosen one drawn by Bradley-Terry with the reward x · weights."""
    x = torch.randn(2, *batch, num_pairs, steps, len(weights), generator=rng(seed))
    gap = ((x[0] - x[1]) @ weights).sum(-1)
    first = torch.rand(gap.shape, generator=rng(seed + 1)) < gap.sigmoid()
    return x[0], x[1], first.float()


# --- oracle -------------------------------------------------------------------------------------------


def test_the_loss_is_binary_cross_entropy_of_the_gap():
    chosen, rejected = torch.randn(2, 50, generator=rng())
    label = torch.rand(50, generator=rng(1))
    ours = preference_loss(chosen, rejected, label)
    theirs = F.binary_cross_entropy_with_logits(chosen - rejected, label, reduction="none")
    torch.testing.assert_close(ours, theirs)
    p = 0.1 + 0.8 * (chosen - rejected).sigmoid()
    with_flips = preference_loss(chosen, rejected, label, flip_rate=0.1)
    torch.testing.assert_close(with_flips, F.binary_cross_entropy(p, label, reduction="none"))


def test_a_linear_reward_equals_logistic_regression_on_differences():
    first, second, label = pairs_of(torch.tensor([1.0, -2.0, 0.5]), 400, 1, seed=2)
    fit = fit_rewards(
        first,
        second,
        rng(),
        label,
        members=1,
        hidden=(),
        bootstrap=False,
        num_steps=2000,
        batch_size=400,
        lr=0.05,
        weight_decay=0,
    )
    gaps = (first - second).sum(-2).numpy()
    theirs = LogisticRegression(C=1e6, fit_intercept=False, tol=1e-8).fit(gaps, label.numpy()).coef_[0]
    # Ours draws its batches with replacement, so it stops close to the optimum, not on it.
    torch.testing.assert_close(
        fit.model.W[0].detach().flatten(), torch.tensor(theirs).float(), atol=0.1, rtol=0.1
    )


# --- batched equals alone -----------------------------------------------------------------------------


def test_the_ensemble_equals_its_networks_one_by_one():
    model = RewardEnsemble((2, 3), 4, (8, 5), rng())
    x = torch.randn(2, 3, 11, 4, generator=rng(1))
    together = model(x)
    for i in range(2):
        for j in range(3):
            hidden = x[i, j]
            for layer in range(3):
                hidden = hidden @ model.W[layer][i, j] + model.b[layer][i, j]
                hidden = F.silu(hidden) if layer < 2 else hidden
            torch.testing.assert_close(together[i, j], hidden[:, 0])


def test_one_set_of_states_is_shared_by_all_networks():
    model = RewardEnsemble((2, 3), 4, (8,), rng())
    x = torch.randn(7, 4, generator=rng(1))
    torch.testing.assert_close(model(x), model(x.expand(2, 3, 7, 4)))
    each = torch.randn(2, 1, 7, 4, generator=rng(2))
    torch.testing.assert_close(model(each), model(each.expand(2, 3, 7, 4)))


def test_networks_trained_together_do_not_touch_each_other():
    """Spoiling the data of one index of the batch leaves the networks of the other as they were."""
    first, second, label = pairs_of(torch.tensor([1.0, -1.0]), 40, 5, seed=3, batch=(2,))
    spoiled = first.clone()
    spoiled[1] = 0
    here, there = (fit_rewards(x, second, rng(), label, num_steps=30).model for x in (first, spoiled))
    for W, V in zip(here.W, there.W, strict=True):
        torch.testing.assert_close(W[0], V[0])
        assert not torch.allclose(W[1], V[1])


# --- limiting cases and planted truth -----------------------------------------------------------------


def test_a_segment_of_one_step_is_a_single_state():
    first, second, label = pairs_of(torch.tensor([1.0, -1.0]), 40, 1, seed=4)
    long = fit_rewards(first, second, rng(), label, num_steps=20)
    short = fit_rewards(first[:, 0], second[:, 0], rng(), label, num_steps=20, segments=False)
    for W, V in zip(long.model.W, short.model.W, strict=True):
        torch.testing.assert_close(W, V)


def test_exchanging_the_two_segments_and_the_label_changes_nothing():
    first, second, label = pairs_of(torch.tensor([1.0, -1.0]), 40, 5, seed=5)
    one = fit_rewards(first, second, rng(), label, num_steps=20)
    other = fit_rewards(second, first, rng(), 1 - label, num_steps=20)
    for W, V in zip(one.model.W, other.model.W, strict=True):
        torch.testing.assert_close(W, V)


def test_comparisons_that_contradict_each_other_end_in_indifference():
    first = torch.randn(30, 5, 2, generator=rng(6))
    second = torch.randn(30, 5, 2, generator=rng(7))
    chosen, rejected = torch.cat([first, second]), torch.cat([second, first])
    fit = fit_rewards(chosen, rejected, rng(), num_steps=500, bootstrap=False)
    gap = (fit.model(first.flatten(0, 1)) - fit.model(second.flatten(0, 1))).view(3, 30, 5).sum(-1)
    assert gap.abs().mean() < 0.3
    assert fit.loss[-1].mean() == pytest.approx(0.693, abs=0.05)


def test_a_planted_reward_that_is_not_linear_is_found_from_soft_and_from_hard_labels():
    x = torch.rand(2, 2000, 2, generator=rng(8)) * 4 - 2
    truth = -x.square().sum(-1)
    soft = (truth[0] - truth[1]).sigmoid()
    hard = (torch.rand(2000, generator=rng(9)) < soft).float()
    probe = torch.rand(500, 2, generator=rng(10)) * 4 - 2
    for label in (soft, hard):
        fit = fit_rewards(x[0], x[1], rng(), label, segments=False, num_steps=800)
        r = fit.model(probe).mean(0)
        correlation = torch.corrcoef(torch.stack([r, -probe.square().sum(-1)]))[0, 1]
        assert correlation > 0.97


def test_the_flip_rate_in_the_likelihood_restores_the_scale():
    """Labels turned round one time in five shrink a plain fit; a fit that knows of them is not shrunk."""
    weights = torch.tensor([2.0])
    first, second, label = pairs_of(weights, 4000, 1, seed=11)
    turned = torch.rand(4000, generator=rng(99)) < 0.2
    label = torch.where(turned, 1 - label, label)
    settings = {"members": 1, "hidden": (), "bootstrap": False, "lr": 0.05, "weight_decay": 0}
    plain, knowing = (
        fit_rewards(first, second, rng(), label, flip_rate=rate, **settings).model.W[0].item()
        for rate in (0.0, 0.2)
    )
    assert plain < 1.5
    assert knowing == pytest.approx(2, abs=0.4)


# --- bad input ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"chosen": torch.zeros(5, 2)}, r"chosen has shape \(5, 2\), expected \(..., pairs, steps, d_in\)"),
        ({"chosen": torch.zeros(0, 4, 2)}, "none of them zero"),
        ({"rejected": torch.zeros(5, 3, 2)}, r"rejected has shape \(5, 3, 2\), expected \(5, 4, 2\)"),
        ({"label": torch.ones(4)}, r"label has shape \(4,\), expected \(5,\)"),
        ({"label": torch.full((5,), 1.5)}, r"label lies in \[1.5, 1.5\]"),
        ({"label": torch.full((5,), float("nan"))}, "label holds 5 values that are NaN"),
        ({"chosen": torch.full((5, 4, 2), float("inf"))}, "chosen holds 40 values"),
        ({"flip_rate": 0.5}, "flip_rate is 0.5"),
        ({"members": 0}, "above zero"),
    ],
)
def test_bad_input_is_named(change, message):
    arguments = {"chosen": torch.zeros(5, 4, 2), "rejected": torch.zeros(5, 4, 2), "generator": rng()}
    with pytest.raises(ValueError, match=message):
        fit_rewards(**(arguments | change))


def test_states_of_another_width_are_refused():
    with pytest.raises(ValueError, match=r"x has shape \(7, 3\), expected \(7, 4\)"):
        RewardEnsemble((2,), 4, (8,), rng())(torch.zeros(7, 3))
