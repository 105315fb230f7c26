"""Checks of the exercises in the lab `superposition`."""

import math

import torch

from utils.checks.core import CheckFailed, call, expect, passed, require


def polygon_dimensionality(function):
    """D = 2/k for k unit columns at equal angles."""
    for k in (5, 3, 8):
        got = call(function, k)
        mistakes = {
            "this is 1/k, the budget of one dimension; a plane has two": 1 / k,
            "this is the number of columns that share a dimension, the inverse of what is asked": k / 2,
            "the sum over j leaves out j = i: a feature also meets itself": 1 / (k / 2 - 1),
            "the cosines are not squared: those around a full turn add up to nothing": 1.0,
        }
        expect(got, 2 / k, f"the dimensionality of a corner for k = {k}", mistakes)
    passed(function)


def digons(function):
    """(m, 2m), unit columns, D = 1/2 for all."""
    for m in (1, 3, 6):
        W = torch.as_tensor(call(function, m)).float()
        require(
            W.shape != (2 * m, m),
            f"for m = {m} the shape is {(2 * m, m)}, the transpose: features are the columns of W",
        )
        require(
            W.shape == (m, 2 * m),
            f"for m = {m} the shape is {tuple(W.shape)}, expected {(m, 2 * m)}: m rows, 2m columns",
        )
        expect(W.norm(dim=0), torch.ones(2 * m), f"the lengths of the columns for m = {m}")
        cosines = W.T @ W
        overlap = cosines.fill_diagonal_(0)
        require(
            not bool((overlap > 0.5).any()),
            f"for m = {m} two features have the same direction: partners must be antipodal",
        )
        D = 1 / (1 + overlap.square().sum(-1))
        expect(D, torch.full((2 * m,), 0.5), f"the dimensionalities for m = {m}")
        require(
            bool((overlap.amin(-1) < -0.99).all()),
            f"for m = {m} every D is 1/2, but some feature has no antipodal partner",
        )
    passed(function)


def welch_bound(function):
    """√((n - m)/(m (n - 1)))"""
    for n, m in ((5, 2), (80, 10), (400, 30)):
        squared = (n - m) / (m * (n - 1))
        mistakes = {
            "this bounds the square of the cosine: take the root": squared,
            "this is the limit for many features, 1/√m; for finite n the bound is smaller": 1 / math.sqrt(m),
            "the mean must be over the n(n - 1) entries off the diagonal, not over all n²": math.sqrt(
                (n - m) / (m * n)
            ),
            "the diagonal of G, n ones, has not been taken off n²/m": math.sqrt(n / (m * (n - 1))),
            "a valid, stronger bound (Welch's of order 2); the one from trace and rank is asked": (
                max(0, (n / (m * (m + 1) / 2) - 1) / (n - 1)) ** 0.25
            ),
        }
        expect(call(function, n, m), math.sqrt(squared), f"the bound for n = {n}, m = {m}", mistakes)
    try:
        function(3, 10)
    except ValueError as error:
        raise CheckFailed(
            f"n = 3, m = 10: {error}. With n ≤ m the directions can be orthogonal: return 0"
        ) from error
    expect(call(function, 4, 4), 0.0, "the bound for n = m = 4, where directions can be orthogonal")
    expect(call(function, 3, 10), 0.0, "the bound for n = 3, m = 10, where directions can be orthogonal")
    passed(function)


def antipodal_loss(function):
    """(1 + r) p²/6"""
    for p, r in ((0.3, 0.7), (1.0, 1.0), (0.05, 4.0)):
        mistakes = {
            "this counts the error of one output only: both are wrong when both features are active": p**2
            / 6,
            "this weights both outputs alike: the second has importance r": 2 * p**2 / 6,
            "the factor p² is missing: there is an error only when both features are active": (1 + r) / 6,
            "the error needs both features active, which has probability p², not p": (1 + r) * p / 6,
            "this is the mean of min(x₁, x₂), not of its square": (1 + r) * p**2 / 3,
            "this squares the mean of min(x₁, x₂); the mean of the square is wanted": (1 + r) * p**2 / 9,
        }
        what = f"the loss for p = {p:g}, r = {r:g}"
        expect(call(function, p, r), (1 + r) * p**2 / 6, what, mistakes)
    passed(function)


def trapped_share(function):
    """The share of inits above (1 + tolerance) times the seed's best."""
    losses = torch.tensor([[1.0, 1.01, 1.5, 1.03], [2.0, 2.0, 2.0, 3.0], [0.1, 0.115, 0.13, 0.2]])
    best = losses.amin(-1, keepdim=True)
    for tolerance in (0.02, 0.2):
        above = losses > (1 + tolerance) * best
        mistakes = {
            "this is the share that is not trapped": (~above).float().mean(-1),
            "this is one number over all seeds: each seed has its own share": above.float().mean(),
            "this is a count, not a share": above.float().sum(-1),
            "the mean runs over the seeds; it should run over the inits": above.float().mean(0),
            "the best is taken over all seeds: compare with the best of the same seed": (
                (losses > (1 + tolerance) * losses.min()).float().mean(-1)
            ),
            "the tolerance is relative: (1 + tolerance) times the best, not the best plus the tolerance": (
                (losses > best + tolerance).float().mean(-1)
            ),
            "the tolerance is ignored": (losses > best).float().mean(-1),
        }
        got = call(function, losses.clone(), tolerance)
        expect(got, above.float().mean(-1), f"the trapped shares for a tolerance of {tolerance}", mistakes)
    passed(function)


def one_neuron_share(function):
    """(4 - 3p)/(8 - 3p)"""
    for p in (1.0, 0.5, 0.01):
        want = (4 - 3 * p) / (8 - 3 * p)
        mistakes = {
            "this is the limit of rare features, and what moments about zero give: subtract the means": 0.5,
            "this is the correlation: the share of variance is its square": math.sqrt(want),
            "this is twice too much: var|x| is twice the covariance, so a factor of one half remains": 2
            * want,
            "this is the share that is left unexplained": 1 - want,
        }
        expect(call(function, p), want, f"the share of variance for p = {p:g}", mistakes)
    passed(function)


def attack_gain(function):
    """‖WᵀW_i‖/‖W_i‖² = 1/√D_i"""
    generator = torch.Generator().manual_seed(0)
    digon = torch.tensor([[1.0, -1.0, 0.0], [0.0, 0.0, 1.0]])
    random = torch.randn(4, 9, generator=generator)
    for W, i, name in ((random, 3, "a random W of shape (4, 9)"), (digon, 0, "a digon and a single feature")):
        column = W[:, i]
        squared_norm = (column @ column).item()
        gradient = W.T @ column
        want = (gradient.norm() / squared_norm).item()
        mistakes = {
            "this is √D, the inverse": 1 / want,
            "this is 1/D: the length of the gradient is a root of a sum of squares": want**2,
            "this is D; the gain grows as D falls": want**-2,
            "the gain is not divided by ‖W_i‖², what a feature on its own would give": gradient.norm().item(),
            "this leaves feature i itself out of the perturbation": (
                (gradient.square().sum() - squared_norm**2).clamp_min(0).sqrt().item() / squared_norm
            ),
            "this adds the entries of the gradient up in absolute value: that is the gain for a change of "
            "largest entry 1, not of length 1": gradient.abs().sum().item() / squared_norm,
        }
        expect(call(function, W.clone(), i), want, f"the gain on feature {i} of {name}", mistakes)
    passed(function)
