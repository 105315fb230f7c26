"""Checks of the exercises in the lab `representational_similarity`."""

import numpy as np
import torch

from utils.checks.core import CheckFailed, call, expect, passed, require


def _random(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def _r(x, y) -> float:
    return torch.corrcoef(torch.stack([x, y]))[0, 1].item()


def correlation_distance(function) -> None:
    """1 - r of two patterns; 0 for a pattern and its double, 2 for opposites."""
    x, y = _random(2, 30) + torch.tensor([[2.0], [1.0]])
    y = y + 0.5 * x
    cosine = (x @ y / (x.norm() * y.norm())).item()
    a, b = x - x.mean(), y - y.mean()
    expect(
        call(function, x, y),
        1 - _r(x, y),
        "the distance of two patterns with different means",
        {
            "that is the correlation; the distance is one minus it": _r(x, y),
            "that is one minus the cosine: take off each pattern's mean over units first": 1 - cosine,
            "that is the cosine: take off the means, and return one minus it": cosine,
            "that is one minus the covariance: divide by both lengths": 1 - (a @ b / len(x)).item(),
            "that is one minus the inner product: divide by both lengths": 1 - (a @ b).item(),
            "each pattern has its own mean; yours takes off the mean of both": 1
            - torch.nn.functional.cosine_similarity(
                x - torch.cat([x, y]).mean(), y - torch.cat([x, y]).mean(), dim=0
            ).item(),
            "that is the squared distance of the standardised patterns, twice as large": 2 * (1 - _r(x, y)),
            "that is the Euclidean distance; the pattern's strength should not matter": (x - y).norm().item(),
            "that is 1 - r²; opposite patterns would count as alike": 1 - _r(x, y) ** 2,
        },
    )
    expect(call(function, x, 2 * x), 0.0, "the distance of a pattern and its double")
    mistakes = {"opposite patterns would count as alike: the sign of r matters": 0.0}
    expect(call(function, x, 3 - x), 2.0, "the distance of opposite patterns", mistakes)
    passed(function)


def resampled_correlation(function) -> None:
    """r over the pairs of different images of a resample, each as often as it occurs."""
    points = _random(2, 9, 3)
    A, B = torch.cdist(points[0], points[0]), torch.cdist(points[1], points[1])
    B = B + A / 2
    A[1, 2] = A[2, 1] = B[1, 2] = B[2, 1] = 0.0  # two different images that nothing tells apart
    picks = torch.tensor([0, 3, 3, 5, 1, 2, 8, 8, 8])
    i, j = torch.triu_indices(9, 9, offset=1)
    left, right = picks[i], picks[j]
    kept = left != right
    once = torch.unique(picks)
    u, v = torch.triu_indices(len(once), len(once), offset=1)
    nonzero = A[left, right] != 0
    everything = A[picks][:, picks].flatten(), B[picks][:, picks].flatten()
    expect(
        call(function, A, B, picks),
        _r(A[left[kept], right[kept]], B[left[kept], right[kept]]),
        "the correlation in a resample with repeated images",
        {
            "pairs of an image with its own copy are still there; they agree for no reason": _r(
                A[left, right], B[left, right]
            ),
            "each pair counts once; in the resample it occurs as often as its images do": _r(
                A[once[u], once[v]], B[once[u], once[v]]
            ),
            "the picks are ignored: that is the correlation over all pairs": _r(A[i, j], B[i, j]),
            "a distance of zero is no sign of a copy: two different images may have it": _r(
                A[left[nonzero], right[nonzero]], B[left[nonzero], right[nonzero]]
            ),
            "the whole matrix is used, with its diagonal: take the entries above it": _r(*everything),
            "the copies to drop are those with picks[i] == picks[j], not with i == j": _r(
                A[picks][:, picks][~torch.eye(9, dtype=bool)], B[picks][:, picks][~torch.eye(9, dtype=bool)]
            ),
            "only the rows are resampled: take the columns too": _r(A[picks][i, j], B[picks][i, j]),
        },
    )
    expect(call(function, A, B, torch.arange(9)), _r(A[i, j], B[i, j]), "a resample of each image once")
    passed(function)


def ceiling(function) -> None:
    """Mean correlation with the mean of the others and of all, standardised."""
    rdms = (_random(1, 50) + _random(4, 50, seed=1)) * torch.tensor([[1.0], [5.0], [0.3], [2.0]]) + 4
    result = call(function, rdms)
    require(
        isinstance(result, tuple | list) and len(result) == 2,
        "return two numbers: the lower and the upper bound",
    )
    Z = (rdms - rdms.mean(1, keepdim=True)) / rdms.std(1, keepdim=True)
    low, high = (np.mean([_r(z, Z.sum(0) - k * z) for z in Z]) for k in (1, 0))
    raw_low, raw_high = (np.mean([_r(z, rdms.sum(0) - k * z) for z in rdms]) for k in (1, 0))
    between = torch.corrcoef(Z)[~torch.eye(4, dtype=bool)].mean().item()
    expect(
        result[0],
        low,
        "the lower bound for four subjects",
        {
            "the bounds are in the wrong order: lower first": high,
            "standardise each RDM first, or one subject with large distances rules the mean": raw_low,
            "that is the mean correlation of two subjects; compare each with the mean of all others": between,
            "the mean of the others must leave the subject itself out": raw_high,
        },
    )
    expect(
        result[1],
        high,
        "the upper bound for four subjects",
        {
            "that is the lower bound: here the mean includes the subject": low,
            "standardise each RDM first, or one subject with large distances rules the mean": raw_high,
            "the upper bound is what the mean of all reaches, not one": 1.0,
            "average over subjects; that is the best subject": max(_r(z, Z.sum(0)) for z in Z),
        },
    )
    passed(function)


def detail_must_reach(function) -> None:
    """√u / (1 + √u), at which both models have the same τ_b."""
    for u in (0.5, 0.1, 0.81):
        want = u**0.5 / (1 + u**0.5)
        expect(
            call(function, u),
            want,
            f"the τ_w that detail must reach for u = {u}",
            {
                "that is √u itself, the coarse model's τ_b; solve for τ_w": u**0.5,
                "√u - u must still be divided by 1 - u": u**0.5 - u,
                "the coarse model's τ_b is √u, not u; with u, detail would need only 0": 0.0,
                "1 - u is (1 - √u)(1 + √u), so that √u/(1 + √u) remains": u / (1 + u),
                "the sign is wrong: √u = u + (1 - u) τ_w gives √u - u on top": (u - u**0.5) / (1 - u),
                "the denominator is 1 + √u, not 1 - √u": u**0.5 / (1 - u**0.5),
                "that is one over 1 + √u; the numerator is √u": 1 / (1 + u**0.5),
            },
        )
    passed(function)


MEASURES = ("RSA, squared", "RSA, correlation", "CKA", "Procrustes", "CCA")
CHANGES = ("rotation", "scale", "shift", "image gain", "unit gain", "invertible map")
WHY = {
    ("RSA, squared", "rotation"): "a rotation keeps every distance",
    ("RSA, squared", "scale"): "a scale multiplies all distances alike, and Pearson's r does not see it",
    ("RSA, squared", "shift"): "a shift moves all points together and keeps every distance",
    ("RSA, squared", "image gain"): "a gain for each image moves points towards and away from each other",
    ("RSA, correlation", "rotation"): "a correlation takes off the mean over units, and a rotation does not "
    "preserve that mean",
    ("RSA, correlation", "shift"): "the same pattern added to all images makes them all more correlated",
    ("RSA, correlation", "image gain"): "a correlation ignores a pattern's own gain and offset",
    ("RSA, correlation", "scale"): "a correlation ignores a factor",
    ("CKA", "rotation"): "(XQ)(XQ)ᵀ = XXᵀ",
    ("CKA", "shift"): "the columns are centred before anything else",
    ("CKA", "scale"): "the factor stands in numerator and denominator",
    ("CKA", "invertible map"): "XA(XA)ᵀ is another Gram matrix; CKA weighs directions by their variance",
    ("CKA", "unit gain"): "a loud unit weighs more in the Gram matrix",
    ("Procrustes", "invertible map"): "the fit is over rotations alone",
    ("Procrustes", "rotation"): "the best rotation undoes it",
    ("CCA", "unit gain"): "it is an invertible map, a diagonal one",
    ("CCA", "invertible map"): "the projector P_X does not change: XA spans the same columns",
    ("CCA", "rotation"): "a rotation is an invertible map",
    ("CCA", "image gain"): "it acts from the left and changes the span of the columns",
    ("CCA", "shift"): "the columns are centred before anything else",
}


def ignores(function) -> None:
    """Measure → changes; compared with what each measure does on random representations."""
    answer = call(function)
    require(
        isinstance(answer, dict) and set(answer) == set(MEASURES),
        f"return a dictionary with these five measures: {', '.join(MEASURES)}",
    )
    gram = {"rotation", "scale", "shift"}
    truth = dict.fromkeys(MEASURES, gram)
    truth["RSA, correlation"] = {"scale", "image gain"}
    truth["CCA"] = gram | {"unit gain", "invertible map"}
    for measure in MEASURES:
        given = set(answer[measure])
        unknown = given - set(CHANGES)
        require(not unknown, f"{measure}: {sorted(map(str, unknown))} is none of the six changes")
        for change in CHANGES:
            if (change in given) != (change in truth[measure]):
                verb = "sees" if change in given else "ignores"
                reason = WHY.get((measure, change), "work out what it does to the matrix that is compared")
                raise CheckFailed(f"{measure} {verb} {change!r}: {reason}")
    passed(function)


def units_of_noise(function) -> None:
    """n c / (1 - c), at which formula (3) with p = q gives c."""
    for n, c in ((92, 0.9), (50, 0.2), (120, 0.75)):
        want = n * c / (1 - c)
        expect(
            call(function, n, c),
            want,
            f"the units of noise that score {c} with {n} images",
            {
                "1/(1 + n/p) = c gives n/p = (1 - c)/c, and yours is this without n": (1 - c) / c,
                "upside down: more units bring CKA nearer to 1, so p must grow with c": n * (1 - c) / c,
                "n is missing: twice as many images need twice as many units": c / (1 - c),
                "divide by 1 - c: near c = 1 the number must grow without limit": n * c,
                "the numerator is n c: as c goes to 0 no unit is left": n / (1 - c),
                "that is the CKA of c units; solve for p": 1 / (1 + n / c),
                "with p = q the root goes: √((1 + n/p)²) = 1 + n/p": n * c**2 / (1 - c**2),
                "(3) has a root, and with p = q it takes the square away": n * c**0.5 / (1 - c**0.5),
                "p is n/(1/c - 1); yours has the sign of 1 - 1/c": n * c / (c - 1),
                "mp(p + m + 1) is mp(p + n): n images and not n - 1": (n - 1) * c / (1 - c),
            },
        )
    passed(function)


__all__ = [
    "CheckFailed",
    "ceiling",
    "correlation_distance",
    "detail_must_reach",
    "ignores",
    "resampled_correlation",
    "units_of_noise",
]
