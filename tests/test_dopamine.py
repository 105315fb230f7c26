"""utils.dopamine: expectiles against their definition and a minimiser, cells, and the reader on bad files."""

import numpy as np
import pytest
import torch
from scipy.io import savemat
from scipy.optimize import minimize_scalar

from utils.dopamine import AMOUNTS, CUED, MICE, expectile, population, recordings, responses


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def sample(*shape, seed=0):
    return torch.randn(*shape, generator=generator(seed), dtype=torch.float64)


@pytest.mark.parametrize("tau", [0.05, 0.3, 0.5, 0.95])
def test_an_expectile_minimises_the_asymmetric_square(tau):
    x = sample(31).exp()

    def loss(e):
        return ((tau - (x < e).double()).abs() * (x - e) ** 2).sum().item()

    best = minimize_scalar(
        loss, bounds=(x.min().item(), x.max().item()), method="bounded", options={"xatol": 1e-9}
    ).x
    torch.testing.assert_close(
        expectile(x, torch.tensor([tau], dtype=torch.float64)),
        torch.tensor([best], dtype=torch.float64),
        rtol=0,
        atol=1e-6,
    )


def test_expectiles_balance_gains_and_losses_in_every_batch():
    x, tau = sample(4, 3, 50), torch.linspace(0.02, 0.98, 7, dtype=torch.float64)
    e = expectile(x, tau)
    assert e.shape == (4, 3, 7)
    error = x[..., None, :] - e[..., None]
    gain, loss = tau * error.clamp(min=0).mean(-1), (1 - tau) * (-error).clamp(min=0).mean(-1)
    torch.testing.assert_close(gain, loss)
    assert (e.diff(dim=-1) > 0).all()
    torch.testing.assert_close(expectile(x, torch.tensor([0.5])).squeeze(-1), x.mean(-1))


def test_weights_are_repetitions():
    x, tau = torch.tensor([0.0, 1.0, 4.0]), torch.tensor([0.2, 0.8])
    repeated = torch.tensor([0.0, 1.0, 1.0, 1.0, 4.0, 4.0])
    torch.testing.assert_close(expectile(x, tau, torch.tensor([1.0, 3, 2])), expectile(repeated, tau))


def test_two_outcomes_have_the_expectile_that_one_derives():
    p, tau = 0.3, torch.tensor([0.1, 0.5, 0.9], dtype=torch.float64)
    weights = torch.tensor([1 - p, p], dtype=torch.float64)
    want = tau * p / (tau * p + (1 - tau) * (1 - p))
    torch.testing.assert_close(expectile(torch.tensor([0.0, 1.0], dtype=torch.float64), tau, weights), want)


@pytest.mark.parametrize("tau", [0.0, 1.0, float("nan")])
def test_an_asymmetry_outside_its_range_is_refused(tau):
    with pytest.raises(ValueError, match="tau"):
        expectile(sample(3), torch.tensor([0.5, tau]))


def test_values_that_are_nan_are_refused():
    with pytest.raises(ValueError, match="NaN"):
        expectile(torch.tensor([1.0, float("nan")]), torch.tensor([0.5]))


@pytest.mark.parametrize("weights", [[1.0, float("nan")], [1.0, -0.5], [0.0, 0.0], [1.0, float("inf")]])
def test_weights_that_are_no_probabilities_are_refused(weights):
    with pytest.raises(ValueError, match="weights"):
        expectile(torch.tensor([1.0, 2.0]), torch.tensor([0.5]), torch.tensor(weights))


def test_a_weight_of_zero_leaves_its_value_out():
    x, tau = torch.tensor([0.0, 1.0, 9.0]), torch.tensor([0.2, 0.8])
    torch.testing.assert_close(expectile(x, tau, torch.tensor([1.0, 1.0, 0.0])), expectile(x[:2], tau))


def test_at_its_expectile_a_cell_responds_with_zero_on_average():
    cells = population(25, generator())
    rewards = sample(400).float()
    mean = responses(cells, rewards, expectile(rewards, cells.tau)).mean(0)
    torch.testing.assert_close(mean, torch.zeros(25), rtol=0, atol=1e-5)


def test_responses_equal_a_loop_over_trials_and_cells():
    cells = population(4, generator(), baseline=1.0)
    rewards, reversal = sample(6), sample(4, seed=1)
    loop = [
        [
            s * (t if r >= z else 1 - t) * (r - z) + b
            for t, s, b, z in zip(
                cells.tau.tolist(),
                cells.scale.tolist(),
                cells.baseline.tolist(),
                reversal.tolist(),
                strict=True,
            )
        ]
        for r in rewards.tolist()
    ]
    torch.testing.assert_close(responses(cells, rewards, reversal), torch.tensor(loop, dtype=torch.float64))


def test_the_two_slopes_of_a_response_add_up_to_its_scale():
    cells = population(5, generator())
    up, down = (responses(cells, torch.tensor([sign]), torch.zeros(5))[0] for sign in (1.0, -1.0))
    torch.testing.assert_close(up - down, cells.scale)


def test_noise_has_the_standard_deviation_that_was_asked_for():
    cells = population(3, generator(), noise=2.0)
    at_rest = responses(cells, torch.zeros(20_000), torch.zeros(3), generator(1))
    torch.testing.assert_close(at_rest.std(0), torch.full((3,), 2.0), rtol=0.03, atol=0)
    assert torch.equal(responses(cells, torch.zeros(2), torch.zeros(3)), torch.zeros(2, 3))


def test_a_population_of_one_half_is_classical():
    cells = population(5, generator(), tau=(0.5, 0.5))
    assert torch.equal(cells.tau, torch.full((5,), 0.5))
    up, down = (responses(cells, torch.tensor([sign]), torch.zeros(5)) for sign in (1.0, -1.0))
    assert torch.equal(up, -down)
    torch.testing.assert_close(up[0], cells.scale / 2)


@pytest.mark.parametrize(
    "wrong",
    [{"num_cells": 0}, {"tau": (0.0, 0.5)}, {"tau": (0.6, 0.4)}, {"noise": -1.0}, {"spread": float("nan")}],
)
def test_a_population_that_cannot_be_is_refused(wrong):
    with pytest.raises(ValueError, match="expected"):
        population(**({"num_cells": 3, "generator": generator()} | wrong))


def test_rewards_that_are_nan_are_refused():
    with pytest.raises(ValueError, match="rewards"):
        responses(population(2, generator()), torch.tensor([float("nan")]), torch.zeros(2))
    with pytest.raises(ValueError, match="reversal"):
        responses(population(2, generator()), torch.zeros(1), torch.tensor([0.0, float("inf")]))


def arrays():
    """A file as it should be, with made-up numbers."""
    rng = np.random.default_rng(0)
    trials = np.full((40, len(AMOUNTS), 2 * CUED), np.nan)
    trials[..., :8] = rng.normal(size=(40, 7, 8))
    trials[..., CUED : CUED + 5] = rng.normal(size=(40, 7, 5))
    return {
        "perCell": trials,
        "utilityAxis": np.linspace(-3, 8, 7)[None],
        "zeroCrossings_all": rng.normal(size=(40, 1)),
        "asymM_all": rng.random((40, 1)),
    }


def test_a_file_comes_back_as_it_was_written(tmp_path):
    savemat(tmp_path / "fit.mat", arrays())
    read, wrote = recordings(tmp_path / "fit.mat"), arrays()
    np.testing.assert_array_equal(read.trials, wrote["perCell"])
    np.testing.assert_array_equal(read.utility, wrote["utilityAxis"][0])
    np.testing.assert_array_equal(read.reversal, wrote["zeroCrossings_all"][:, 0])
    np.testing.assert_array_equal(read.asymmetry, wrote["asymM_all"][:, 0])
    assert read.mouse.bincount().tolist() == list(MICE.values())


def gap(a):
    a["perCell"][3, 2, 4] = np.nan


def too_few(a):
    a["perCell"][3, 2, 1:] = np.nan


def nan_in_fit(a):
    a["asymM_all"][5] = np.nan


def infinite(a):
    a["perCell"][0, 0, 0] = np.inf


def missing(a):
    del a["utilityAxis"]


def transposed(a):
    a["perCell"] = a["perCell"].transpose(1, 0, 2)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (gap, "NaN between trials"),
        (too_few, "fewer than two trials"),
        (nan_in_fit, "asymM_all holds NaN"),
        (infinite, "perCell holds NaN or infinity"),
        (missing, "no array 'utilityAxis'"),
        (transposed, r"shape \(7, 40, 120\), expected \(40, 7, 120\)"),
    ],
)
def test_a_damaged_array_is_named(tmp_path, damage, message):
    damaged = arrays()
    damage(damaged)
    savemat(tmp_path / "fit.mat", damaged)
    with pytest.raises(ValueError, match=message):
        recordings(tmp_path / "fit.mat")


@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.999])
def test_a_file_that_is_cut_short_is_refused(tmp_path, share, compressed):
    whole, cut = tmp_path / "whole.mat", tmp_path / "cut.mat"
    savemat(whole, arrays(), do_compression=compressed)
    content = whole.read_bytes()
    cut.write_bytes(content[: int(share * len(content))])
    with pytest.raises(ValueError, match="cut"):
        recordings(cut)


def test_a_file_that_is_no_mat_file_is_refused(tmp_path):
    (tmp_path / "page.mat").write_text("<html>404: not found</html>" * 20)
    with pytest.raises(ValueError, match="mat"):
        recordings(tmp_path / "page.mat")
