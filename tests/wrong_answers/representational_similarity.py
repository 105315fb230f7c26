"""Wrong answers to the exercises of `representational_similarity`, and what their checks must say."""

import torch


def _r(x, y):
    return torch.corrcoef(torch.stack([x, y]))[0, 1].item()


def _cosine(x, y):
    return (x @ y / (x.norm() * y.norm())).item()


def _above(picks):
    return torch.triu_indices(len(picks), len(picks), offset=1)


def _with_copies(A, B, picks):
    i, j = _above(picks)
    return _r(A[picks][:, picks][i, j], B[picks][:, picks][i, j])


def _each_once(A, B, picks):
    picks = torch.unique(picks)
    return _with_copies(A, B, picks)


def _zeros_dropped(A, B, picks):
    i, j = _above(picks)
    a, b = A[picks][:, picks][i, j], B[picks][:, picks][i, j]
    return _r(a[a > 0], b[a > 0])


def _standard(rdms):
    return (rdms - rdms.mean(1, keepdim=True)) / rdms.std(1, keepdim=True)


def _bounds(Z, whole, low=1, high=0):
    bound = [sum(_r(z, whole.sum(0) - k * z) for z in Z) / len(Z) for k in (low, high)]
    return tuple(bound)


GRAM = {"rotation", "scale", "shift"}


def _table(**changes):
    table = {
        "RSA, squared": GRAM,
        "RSA, correlation": {"scale", "image gain"},
        "CKA": GRAM,
        "Procrustes": GRAM,
        "CCA": GRAM | {"unit gain", "invertible map"},
    }
    return lambda: table | {name.replace("_", ", "): set(value) for name, value in changes.items()}


WRONG = {
    "correlation_distance": [
        (_r, "that is the correlation"),
        (lambda x, y: 1 - _cosine(x, y), "one minus the cosine"),
        (lambda x, y: 2 * (1 - _r(x, y)), "twice as large"),
        (lambda x, y: (x - y).norm().item(), "Euclidean"),
        (lambda x, y: 1 - ((x - x.mean()) @ (y - y.mean()) / len(x)).item(), "covariance"),
        (lambda x, y: 1 - abs(_r(x, y)), "opposite patterns would count as alike"),
    ],
    "resampled_correlation": [
        (_with_copies, "its own copy are still there"),
        (_each_once, "each pair counts once"),
        (lambda A, B, picks: _with_copies(A, B, torch.arange(len(A))), "picks are ignored"),
        (_zeros_dropped, "no sign of a copy"),
        (
            lambda A, B, picks: _r(A[picks][:, picks].flatten(), B[picks][:, picks].flatten()),
            "entries above it",
        ),
    ],
    "ceiling": [
        (lambda rdms: _bounds(rdms, rdms), "standardise each RDM first"),
        (lambda rdms: _bounds(_standard(rdms), _standard(rdms))[::-1], "wrong order"),
        (lambda rdms: (_bounds(_standard(rdms), _standard(rdms))[0], 1.0), "not one"),
        (lambda rdms: _bounds(_standard(rdms), _standard(rdms))[0], "two numbers"),
        (
            lambda rdms: (
                torch.corrcoef(rdms)[~torch.eye(4, dtype=bool)].mean().item(),
                _bounds(_standard(rdms), _standard(rdms))[1],
            ),
            "correlation of two subjects",
        ),
    ],
    "detail_must_reach": [
        (lambda u: u**0.5, "solve for τ_w"),
        (lambda u: u**0.5 - u, "divided by 1 - u"),
        (lambda u: (u - u**0.5) / (1 - u), "sign is wrong"),
        (lambda u: 1 / (1 + u**0.5), "the numerator is √u"),
    ],
    "ignores": [
        (_table(**{"RSA_correlation": GRAM | {"image gain"}}), "does not preserve that mean"),
        (_table(CKA=GRAM | {"invertible map"}), "weighs directions by their variance"),
        (_table(CCA=GRAM), "a diagonal one"),
        (_table(**{"RSA_squared": GRAM | {"image gain"}}), "towards and away"),
        (lambda: {"CKA": GRAM}, "these five measures"),
        (_table(Procrustes={"rotations"}), "none of the six"),
    ],
    "units_of_noise": [
        (lambda n, c: n * (1 - c) / c, "upside down"),
        (lambda n, c: n * c**2 / (1 - c**2), "the root goes"),
        (lambda n, c: n * c**0.5 / (1 - c**0.5), "takes the square away"),
        (lambda n, c: c / (1 - c), "n is missing"),
        (lambda n, c: n * c, "divide by 1 - c"),
        (lambda n, c: n / (1 - c), "the numerator is n c"),
        (lambda n, c: (n - 1) * c / (1 - c), "and not n - 1"),
        (lambda n, c: n * c / (c - 1), "the sign of"),
    ],
}
