"""Wrong answers to the exercises of `it_aligned_cnn`, and what their checks must say."""

import math

import torch
from scipy.stats import t as student_t


def _length(x):
    return x.norm(dim=-1, keepdim=True)


def _shorten(delta, eps):
    return delta * (eps / _length(delta)).clamp(max=1)


def _gap(z, last=2):
    ordered = z.sort(-1, descending=True).values
    return ordered[:, 0] - ordered[:, last]


def _margin(z, y):
    own = z.gather(-1, y[:, None])[:, 0]
    return z.scatter(-1, y[:, None], -torch.inf).amax(-1) - own


def _others(accuracy):
    return ("more_steps", "margin", "no_gradient", "transferred")


def _cka(K, L):
    return (K * L).sum() / (K.norm() * L.norm())


def _along(K, L):
    return L / (K.norm() * L.norm()) - _cka(K, L) * K / K.norm() ** 2


def _largest(k, power, factor):
    t = torch.linspace(-8, 8, 4001, dtype=torch.float64)
    normal = torch.distributions.Normal(0.0, 1.0)
    return torch.trapezoid(t * factor * normal.cdf(t) ** power * normal.log_prob(t).exp(), t).item()


def _count(bound):
    n = 2
    while bound(n) > 1:
        n += 1
    return n


def _t(share, n):
    return student_t.ppf(share, n - 1)


WRONG = {
    "l2_step": [
        (lambda m, x, g, eps, step: x + _shorten(m + step * g.sign() - x, eps), "step for the box"),
        (lambda m, x, g, eps, step: x + _shorten(m + step * g - x, eps), "not divided by its length"),
        (lambda m, x, g, eps, step: x + _shorten(m - step * g / _length(g) - x, eps), "down the gradient"),
        (lambda m, x, g, eps, step: m + step * g / _length(g), "not projected"),
        (
            lambda m, x, g, eps, step: x + (m + step * g / _length(g) - x).clamp(-eps, eps),
            "clips single pixels",
        ),
        (lambda m, x, g, eps, step: x + _shorten(m + step * g / _length(g) - x, eps), "stay where they are"),
    ],
    "dlr_loss": [
        (lambda z, y: -_margin(z, y) / _gap(z), "sign"),
        (lambda z, y: _margin(z, y), "without the denominator"),
        (lambda z, y: _margin(z, y) / _gap(z, 1), "third"),
        (
            lambda z, y: (z.amax(-1) - z.gather(-1, y[:, None])[:, 0]) / _gap(z),
            "without leaving the label out",
        ),
        (lambda z, y: (_margin(z, y) / _gap(z)).mean(), "one loss a picture"),
    ],
    "masking_signs": [
        (
            lambda a, tol=0.05: (
                {k for k in _others(a) if a[k] < a["pgd"] - tol}
                | ({"large_box"} if a["large_box"] > 0 else set())
            ),
            "itself, is more than the tolerance",
        ),
        (lambda a, tol=0.05: {k for k in _others(a) if a[k] > a["pgd"] + tol}, "weaker attack is no sign"),
        (lambda a, tol=0.05: {k for k in _others(a) if a[k] < a["pgd"] - tol}, "`large_box` is a sign"),
        (
            lambda a, tol=0.05: (
                {k for k in _others(a) if a[k] < a["pgd"] - 0.05}
                | ({"large_box"} if a["large_box"] > tol else set())
            ),
            "tolerance is ignored",
        ),
        (lambda a, tol=0.05: {k for k in a if a[k] < a["pgd"] - tol}, "itself, is more"),
        (lambda a, tol=0.05: [k for k in _others(a) if a[k] < a["pgd"] - tol], "return a set"),
    ],
    "push": [
        (lambda K, L: -_along(K, L) / (1 - _cka(K, L)), "descent goes the other way"),
        (lambda K, L: _along(K, L), "logarithm divides"),
        (lambda K, L: L / (K.norm() * L.norm()) / (1 - _cka(K, L)), "norm of K depends on K"),
        (lambda K, L: _along(K, L) / _cka(K, L), "not 1/c"),
        (lambda K, L: L - K, "squared error"),
    ],
    "partial_correlation": [
        (lambda a, b, c: a - b * c, "lengths of what is left"),
        (lambda a, b, c: (a - b * c) / ((1 - b**2) * (1 - c**2)), "root is missing"),
        (lambda a, b, c: (a - b * c) / math.sqrt(1 - b**2), "removed from x only"),
        (lambda a, b, c: (a + b * c) / math.sqrt((1 - b**2) * (1 - c**2)), "not added"),
        (lambda a, b, c: a, "z is not removed"),
    ],
    "optimism": [
        (lambda k, sd: _largest(k, k - 1, k) * sd**2, "not with its variance"),
        (lambda k, sd: _largest(k, k - 1, 1) * sd, "factor k is missing"),
        (lambda k, sd: _largest(k, k, k) * sd, "power k - 1"),
        (lambda k, sd: sd * math.sqrt(2 * math.log(k)), "very many settings"),
        (lambda k, sd: 0.0, "no bonus"),
    ],
    "seeds_needed": [
        (lambda e, sd: _count(lambda n: _t(0.975, n) * sd / e / math.sqrt(n)), "forgets the power"),
        (lambda e, sd: _count(lambda n: 2.801585 * sd / e / math.sqrt(n)), "normal quantiles"),
        (lambda e, sd: _count(lambda n: (_t(0.95, n) + _t(0.8, n)) * sd / e / math.sqrt(n)), "one-sided"),
        (
            lambda e, sd: _count(lambda n: (_t(0.975, n) + _t(0.8, n)) * sd / e / math.sqrt(n)) - 1,
            "does not suffice",
        ),
        (
            lambda e, sd: _count(lambda n: (_t(0.975, n + 1) + _t(0.8, n + 1)) * sd / e / math.sqrt(n)),
            "not n",
        ),
        (
            lambda e, sd: max(3, _count(lambda n: (_t(0.975, n) + _t(0.8, n)) * sd / e / math.sqrt(n))),
            "0.002",
        ),
    ],
}
