"""The functions that the lab `superposition` writes, against oracles; its checks, against wrong answers."""

import math

import pytest
import torch

from utils.definitions import definitions

lab = definitions("bottom_up/superposition")


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_features_have_the_density_and_the_distribution_asked_for():
    p = torch.tensor([[1.0, 0.3, 0.05]])
    x = lab.active_features(p, 40_000, 5, generator())
    active = x > 0
    assert torch.allclose(active.float().mean((0, 2, 3)), p[0], atol=0.01)
    mean = x.sum((0, 2, 3)) / active.sum((0, 2, 3))
    square = x.square().sum((0, 2, 3)) / active.sum((0, 2, 3))
    assert torch.allclose(mean, torch.full((3,), 1 / 2), atol=0.01)
    assert torch.allclose(square, torch.full((3,), 1 / 3), atol=0.01)


def test_signed_features_are_symmetric_and_as_dense_as_asked():
    p = torch.tensor([[1.0, 0.2]])
    x = lab.signed_features(p, 40_000, 5, generator())
    assert torch.allclose((x != 0).float().mean((0, 2, 3)), p[0], atol=0.01)
    assert x.mean().abs() < 0.01
    assert torch.allclose(x.abs().mean((0, 2, 3)), p[0] / 2, atol=0.01)


def test_sweep_equals_one_model_at_a_time():
    p = torch.tensor([[0.8, 0.3, 0.1]])
    W = 0.5 * torch.randn(1, 3, 2, 4, generator=generator())
    together, _ = W.clone(), None
    b, _ = lab.fit(together, p, generator=generator(1), num_steps=50, batch=32)
    for k in range(3):
        alone = W[:, k : k + 1].clone()
        b_alone, _ = lab.fit(alone, p[:, k : k + 1], generator=generator(1), num_steps=50, batch=32)
        assert torch.allclose(alone[:, 0], together[:, k], atol=1e-5)
        assert torch.allclose(b_alone[:, 0], b[:, k], atol=1e-5)


@pytest.mark.parametrize("k", [3, 4, 5])
def test_dimensionality_of_polygons_and_their_recognition(k):
    W = lab.polygon(k, n=6)
    assert torch.allclose(lab.dimensionality(W)[:k], torch.full((k,), 2 / k), atol=1e-5)
    assert (lab.dimensionality(W)[k:] == 0).all()
    assert [other for other in (3, 4, 5) if lab.is_polygon(W, other)] == [k]


def test_two_rotated_bases_are_no_square():
    """Every D is 1/2 here too, but nothing is antipodal."""
    angle = torch.tensor([0.0, math.pi / 2, 0.6, 0.6 + math.pi / 2])
    W = torch.stack([angle.cos(), angle.sin()])
    assert torch.allclose(lab.dimensionality(W), torch.full((4,), 0.5), atol=1e-5)
    assert not lab.is_polygon(W, 4)


def test_dimensionalities_never_exceed_the_budget():
    W = torch.randn(50, 4, 11, generator=generator()) * torch.rand(50, 1, 11, generator=generator(1))
    assert (lab.dimensionality(W).sum(-1) <= 4 + 1e-4).all()
    orthogonal = torch.linalg.qr(torch.randn(9, 9, generator=generator()))[0]
    assert torch.allclose(lab.dimensionality(orthogonal), torch.ones(9), atol=1e-5)


def test_principal_components_are_those_of_sklearn():
    decomposition = pytest.importorskip("sklearn.decomposition")
    x = torch.randn(500, 8, generator=generator()) * torch.linspace(2, 0.1, 8) + 3
    directions, loss = lab.principal_components(x, 3)
    reference = decomposition.PCA(3).fit(x.numpy())
    overlap = torch.linalg.svdvals(directions.T @ torch.tensor(reference.components_.T))
    assert torch.allclose(overlap, torch.ones(3), atol=1e-4)
    restored = reference.inverse_transform(reference.transform(x.numpy()))
    assert loss.item() == pytest.approx(((x.numpy() - restored) ** 2).mean(), rel=1e-4)


@pytest.mark.parametrize("p", [1.0, 0.4, 0.05])
@pytest.mark.parametrize("b", [0.0, 0.1, 0.7])
def test_pair_loss_is_the_expected_loss_of_the_pair(p, b):
    """The polynomial of the text against the quadrature, and the quadrature against sampling."""
    r = 0.5
    w, bias = torch.tensor([1.0, -1.0]), torch.full((2,), b)
    quadrature = lab.expected_loss(w, bias, p, r, points=200).item()
    assert (1 + r) * lab.pair_loss(torch.tensor([p]), b).item() == pytest.approx(
        quadrature, rel=2e-3, abs=1e-6
    )
    x = lab.active_features(torch.tensor([[p]]), 400_000, 2, generator())[0, 0]
    error = (x - torch.relu((x @ w)[:, None] * w + bias)).square() @ torch.tensor([1.0, r])
    assert abs(error.mean() - quadrature) < 5 * error.std() / math.sqrt(len(x))


def test_no_single_feature_candidate_beats_its_own_best_bias():
    """L = r v(p) is the minimum over b of the expected loss of W = (1, 0)."""
    p, r = 0.3, 0.7
    biases = torch.linspace(0, 0.5, 51)
    losses = [
        lab.expected_loss(torch.tensor([1.0, 0.0]), torch.tensor([0.0, b]), p, r, points=200) for b in biases
    ]
    best = lab.candidate_losses(torch.tensor([p]), torch.tensor([r]))[0].item()
    assert min(losses).item() == pytest.approx(best, rel=1e-3)


def test_attack_finds_the_gradient_direction_of_a_linear_objective():
    gradient = torch.tensor([3.0, 0.0, 4.0])
    x = torch.zeros(7, 3)
    delta = lab.attack(lambda y: y @ gradient, x, 0.5)
    assert torch.allclose(delta, (0.5 * gradient / 5).expand(7, 3), atol=1e-5)
    allowed = torch.tensor([0.0, 1.0, 1.0])
    delta = lab.attack(lambda y: y @ gradient, x, 0.5, allowed)
    assert torch.allclose(delta, torch.tensor([0.0, 0.0, 0.5]).expand(7, 3), atol=1e-5)


def test_two_neurons_compute_an_absolute_value_exactly():
    x = lab.signed_features(torch.tensor([[0.5]]), 100, 1, generator())
    W1, W2 = torch.tensor([[1.0], [-1.0]]), torch.tensor([[1.0, 1.0]])
    assert torch.allclose(lab.absolute(x, W1, W2, torch.zeros(1)), x.abs())


@pytest.mark.parametrize("p", [1.0, 0.2])
def test_share_of_one_neuron_by_regression(p):
    x = lab.signed_features(torch.tensor([[p]]), 200_000, 1, generator()).flatten()
    correlation = torch.corrcoef(torch.stack([torch.relu(x), x.abs()]))[0, 1]
    assert correlation.item() ** 2 == pytest.approx(lab.one_neuron_share(p), abs=0.01)


def test_training_recovers_a_planted_pair():
    """From an antipodal start two rare features in one dimension end as an antipodal pair of unit length."""
    W = torch.tensor([[[[0.6, -0.5]]]])
    b, _ = lab.fit(W, torch.tensor([[0.05]]), generator=generator(), num_steps=600, batch=256)
    assert torch.allclose(W.abs(), torch.ones(1, 1, 1, 2), atol=0.05)
    assert (W[..., 0] * W[..., 1] < 0).all()
    assert b.abs().max() < 0.05
