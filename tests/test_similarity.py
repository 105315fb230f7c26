"""utils.similarity and utils.rdm_statistics: rsatoolbox as the oracle, invariances, and limits."""

import math

import numpy as np
import pytest
import torch
from rsatoolbox.data import Dataset
from rsatoolbox.inference.bootstrap import bootstrap_sample_pattern
from rsatoolbox.inference.noise_ceiling import boot_noise_ceiling
from rsatoolbox.rdm import RDMs, calc_rdm, compare
from scipy.stats import rankdata

from utils import rdm_statistics as statistics
from utils import similarity
from utils.rdm_statistics import image_counts, pair_counts, pairs, square


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.fixture
def x():
    return normal(12, 7)


@pytest.fixture
def y(x):
    return normal(12, 9, seed=1) + 0.8 * torch.nn.functional.pad(x, (0, 2))


def orthogonal(d):
    return torch.linalg.qr(normal(d, d, seed=2)).Q


RDM = {"squared": similarity.squared_rdm, "correlation": similarity.correlation_rdm}
THEIRS = {"squared": "euclidean", "correlation": "correlation"}


@pytest.mark.parametrize("kind", RDM)
def test_rdms_are_rsatoolboxs(kind, x):
    theirs = calc_rdm(Dataset(x.numpy()), method=THEIRS[kind]).get_matrices()[0]
    # rsatoolbox divides a squared Euclidean distance by the number of units.
    factor = x.shape[1] if kind == "squared" else 1
    torch.testing.assert_close(RDM[kind](x), factor * torch.tensor(theirs), rtol=1e-9, atol=1e-9)


def test_rdm_far_from_the_origin_keeps_its_digits():
    x = normal(6, 5).float()
    torch.testing.assert_close(
        similarity.squared_rdm(x + 1000), similarity.squared_rdm(x), rtol=1e-3, atol=1e-3
    )


COMPARE = {
    "corr": statistics.pearson,
    "spearman": statistics.spearman,
    "rho-a": statistics.rho_a,
}


@pytest.mark.parametrize("method", COMPARE)
@pytest.mark.parametrize("tied", [False, True])
def test_correlations_of_rdms_are_rsatoolboxs(method, tied, x, y):
    first, second = (pairs(similarity.squared_rdm(v)) for v in (x, y))
    if tied:
        second = (second > second.median()).double()
    theirs = compare(RDMs(first.numpy()[None]), RDMs(second.numpy()[None]), method=method).item()
    assert COMPARE[method](first, second).item() == pytest.approx(theirs, abs=1e-6)


@pytest.mark.parametrize("method", COMPARE)
def test_a_resample_is_rsatoolboxs(method, x, y):
    both = torch.stack([pairs(similarity.squared_rdm(v)) for v in (x, y)])
    np.random.seed(5)  # noqa: NPY002 (rsatoolbox draws from numpy's global generator)
    sample, picks = bootstrap_sample_pattern(RDMs(both.numpy()))
    theirs = compare(sample[0], sample[1], method=method).item()
    counts = torch.bincount(torch.tensor(np.asarray(picks)), minlength=12).double()[None]
    ours = COMPARE[method](both[0], both[1], pair_counts(counts)).item()
    assert ours == pytest.approx(theirs, abs=1e-6)


@pytest.mark.parametrize("method", COMPARE)
@pytest.mark.parametrize("tied", [False, True])
def test_many_rdms_at_once_are_one_at_a_time(method, tied, x, y):
    rdms = pairs(similarity.squared_rdm(normal(3, 12, 4, seed=7)))
    target = pairs(similarity.squared_rdm(y))
    if tied:
        target = (target > target.median()).double()
    counts = image_counts(12, 20, torch.Generator().manual_seed(1))
    got = statistics.bootstrap(rdms, target, counts, COMPARE[method])
    want = torch.stack([COMPARE[method](rdm, target, pair_counts(counts)) for rdm in rdms])
    torch.testing.assert_close(got, want, rtol=0, atol=1e-9)


def test_linear_cka_is_rsatoolboxs_whitened_cosine(x, y):
    theirs = [RDMs(pairs(similarity.squared_rdm(v)).numpy()[None]) for v in (x, y)]
    want = compare(*theirs, method="cosine_cov").item()
    assert similarity.linear_cka(x, y).item() == pytest.approx(want, abs=1e-6)


@pytest.mark.parametrize(
    ("method", "name"), [(statistics.pearson, "corr"), (statistics.spearman, "spearman")]
)
def test_noise_ceiling_is_rsatoolboxs(method, name):
    rdms = pairs(similarity.squared_rdm(normal(1, 10, 4) + 0.7 * normal(5, 10, 4, seed=3)))
    # rsatoolbox averages raw distances; standardised (or ranked) ones bring all subjects to one scale.
    standard = torch.stack([statistics.ranks(r) for r in rdms]) if name == "spearman" else rdms
    standard = (standard - standard.mean(1, keepdim=True)) / standard.std(1, keepdim=True)
    want = boot_noise_ceiling(RDMs(standard.numpy()), method=name)
    assert statistics.noise_ceiling(rdms, method) == pytest.approx(want, abs=1e-6)


def test_cka_of_an_rdm_is_that_of_the_patterns(x, y):
    from_rdms = similarity.cka(*(similarity.gram_of_rdm(similarity.squared_rdm(v)) for v in (x, y)))
    assert from_rdms.item() == pytest.approx(similarity.linear_cka(x, y).item(), abs=1e-12)
    unit = [(v - v.mean(1, keepdim=True)) / v.std(1, keepdim=True) for v in (x, y)]
    from_rdms = similarity.cka(*(similarity.gram_of_rdm(similarity.correlation_rdm(v)) for v in (x, y)))
    assert from_rdms.item() == pytest.approx(similarity.linear_cka(*unit).item(), abs=1e-12)


MEASURES = {
    "CKA": similarity.linear_cka,
    "debiased": lambda x, y: similarity.debiased_cka(x @ x.mT, y @ y.mT),
    "Procrustes": similarity.procrustes,
    "CCA": similarity.cca,
}


@pytest.mark.parametrize("name", MEASURES)
def test_rotations_scale_and_shifts_are_ignored(name, x, y):
    measure, want = MEASURES[name], MEASURES[name](x, y)
    for changed in (x @ orthogonal(7), 3 * x, x + 2 * normal(1, 7, seed=4)):
        torch.testing.assert_close(measure(changed, y), want, rtol=0, atol=1e-10)
    torch.testing.assert_close(measure(y, x), want, rtol=0, atol=1e-10)
    torch.testing.assert_close(measure(x, x), torch.tensor(1.0, dtype=torch.float64))


@pytest.mark.parametrize("name", MEASURES)
def test_only_cca_ignores_any_invertible_map(name, x, y):
    moved = (MEASURES[name](x @ normal(7, 7, seed=5), y) - MEASURES[name](x, y)).abs().item()
    assert moved < 1e-10 if name == "CCA" else moved > 1e-3


@pytest.mark.parametrize("name", MEASURES)
def test_a_batch_is_its_parts(name):
    x, y = normal(3, 10, 4), normal(3, 10, 5, seed=1)
    want = torch.stack([MEASURES[name](a, b) for a, b in zip(x, y, strict=True)])
    torch.testing.assert_close(MEASURES[name](x, y), want)


def test_procrustes_is_the_best_rotation(x):
    y = x @ orthogonal(7)
    assert similarity.procrustes(x, y).item() == pytest.approx(1)
    z = y + 0.3 * normal(12, 7, seed=6)
    a, b = x - x.mean(0), z - z.mean(0)
    u, _, vt = torch.linalg.svd(b.T @ a)
    left = (a - b @ u @ vt).square().sum()
    overlap = similarity.procrustes(x, z) * a.norm() * b.norm()
    assert left.item() == pytest.approx((a.square().sum() + b.square().sum() - 2 * overlap).item())


def test_cca_is_scipys_definition(x, y):
    from sklearn.cross_decomposition import CCA

    small = y[:, :2]
    fitted = CCA(2, max_iter=5000, tol=1e-12).fit(x[:, :3].numpy(), small.numpy())
    scores = fitted.transform(x[:, :3].numpy(), small.numpy())
    want = np.mean([np.corrcoef(a, b)[0, 1] ** 2 for a, b in zip(*(s.T for s in scores), strict=True)])
    assert similarity.cca(x[:, :3], small).item() == pytest.approx(want, abs=1e-5)


def test_cca_with_as_many_units_as_images_is_one():
    assert similarity.cca(normal(10, 9), normal(10, 40, seed=1)).item() == pytest.approx(1)


def test_cka_of_noise_is_the_formula_and_debiased_is_zero():
    n, p, q = 30, 200, 100
    x, y = normal(200, n, p), normal(200, n, q, seed=1)
    want = 1 / math.sqrt((1 + n / p) * (1 + n / q))
    assert similarity.linear_cka(x, y).mean().item() == pytest.approx(want, abs=0.01)
    assert abs(similarity.debiased_cka(x @ x.mT, y @ y.mT).mean().item()) < 0.01


def test_unbiased_hsic_has_the_right_mean():
    """With y = x, ⟨K̃, K̃⟩ / (n (n - 3)) estimates E k(x, x')² - 2 E … + … = tr Σ² for linear kernels."""
    scale = torch.tensor([1.0, 2.0, 0.5], dtype=torch.float64)
    x = normal(4000, 8, 3) * scale
    K = similarity.u_centre(x @ x.mT)
    estimate = K.square().sum((-2, -1)) / (8 * 5)
    assert estimate.mean().item() == pytest.approx(scale.pow(4).sum().item(), rel=0.05)


def test_u_centring_is_the_formula_and_sees_no_diagonal():
    K = normal(6, 6) + normal(6, 6).T
    u = similarity.u_centre(K)
    torch.testing.assert_close(u.sum(-1), torch.zeros(6, dtype=torch.float64), atol=1e-12, rtol=0)
    torch.testing.assert_close(similarity.u_centre(K + torch.diag(normal(6, seed=1))), u)
    x = normal(6, 4)
    torch.testing.assert_close(
        similarity.u_centre(x @ x.T), similarity.u_centre(-similarity.squared_rdm(x) / 2)
    )


def test_weighted_ranks_are_the_ranks_of_the_copies():
    values = torch.tensor([3.0, 1.0, 1.0, 2.0, 5.0], dtype=torch.float64)
    weights = torch.tensor([2.0, 1.0, 3.0, 0.0, 1.0], dtype=torch.float64)
    copies = np.repeat(values.numpy(), weights.int().numpy())
    want = {v: r for v, r in zip(copies, rankdata(copies), strict=True)}
    got = statistics.ranks(values, weights)
    for value, weight, rank in zip(values, weights, got, strict=True):
        assert weight == 0 or want[value.item()] == rank.item()


def test_counts_and_pairs():
    counts = image_counts(9, 50, torch.Generator().manual_seed(0))
    assert (counts.sum(1) == 9).all()
    vector = torch.arange(36.0)
    torch.testing.assert_close(pairs(square(vector)), vector)
    picks = torch.repeat_interleave(torch.arange(9), counts[0].int())
    kept = [(min(a, b), max(a, b)) for i, a in enumerate(picks) for b in picks[i + 1 :] if a != b]
    assert pair_counts(counts)[0].sum() == len(kept)


def test_permutations_are_of_images():
    x, y = (pairs(similarity.squared_rdm(normal(8, 3, seed=s))) for s in (0, 1))
    null = statistics.permutation_null(x, y, 200, torch.Generator().manual_seed(0))
    assert abs(null.mean().item()) < 0.1
    assert null.unique().numel() > 150
    same = statistics.permutation_null(x, x, 50, torch.Generator().manual_seed(0))
    assert same.max() < 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: statistics.pearson(torch.ones(3), torch.ones(6)), "3 and 6 pairs"),
        (lambda: statistics.spearman(torch.ones(3), torch.ones(6)), "3 and 6 pairs"),
        (lambda: statistics.rho_a(torch.ones(3), torch.ones(6)), "3 and 6 pairs"),
        (
            lambda: statistics.permutation_null(torch.ones(3), torch.ones(6), 1, torch.Generator()),
            "3 and 6 pairs",
        ),
        (lambda: statistics.bootstrap(torch.ones(2, 3), torch.ones(6), torch.ones(1, 4)), "3 and 6 pairs"),
        (lambda: square(torch.ones(5)), "5 pairs are not those"),
        (lambda: pairs(torch.ones(3, 4)), r"\(3, 4\)"),
        (lambda: pairs(torch.full((3, 3), math.nan)), "NaN"),
        (lambda: statistics.noise_ceiling(torch.ones(1, 6)), "at least two"),
        (lambda: similarity.squared_rdm(torch.full((3, 3), math.nan)), "9 values that are NaN"),
        (lambda: similarity.correlation_rdm(torch.tensor([[1.0, 2], [3, math.inf]])), "NaN or infinite"),
        (lambda: similarity.correlation_rdm(torch.ones(3, 1)), "1 unit"),
        (lambda: similarity.u_centre(torch.ones(3, 3)), "at least 4"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_constant_activations_are_named():
    x = normal(5, 4)
    x[3] = 0.1
    with pytest.raises(ValueError, match=r"stimulus 3 gets the same response from every unit \(there are 1"):
        similarity.correlation_rdm(x)
    assert similarity.linear_cka(torch.ones(5, 4), x.float()).isnan()
