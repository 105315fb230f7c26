"""Checks of the exercises in the lab `it_aligned_cnn`."""

import math

import torch
from scipy.stats import t as student_t

from utils.checks.core import CheckFailed, call, expect, passed, require
from utils.similarity import centre, gram


def _random(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def _length(x):
    return x.norm(dim=-1, keepdim=True)


def l2_step(function) -> None:
    """Steepest ascent of the given length, then the projection onto the ball, one picture at a time."""
    x, gradient = _random(5, 12), _random(5, 12, seed=1)
    moved = x + 0.02 * _random(5, 12, seed=2)
    unit = gradient / _length(gradient)

    def projected(delta, eps):
        return x + delta * (eps / _length(delta)).clamp(max=1)

    # The first ball is too large to matter, the second binds.
    for eps, step in ((5.0, 0.1), (0.2, 0.5)):
        right = projected(moved + step * unit - x, eps)
        boxed = x + (moved + step * unit - x).clamp(-eps, eps)
        one_length = (moved + step * gradient / gradient.norm() - x) * min(
            1.0, eps / float((moved + step * gradient / gradient.norm() - x).norm())
        )
        onto = moved + step * unit - x
        expect(
            call(function, moved, x, gradient, eps, step),
            right,
            f"one step of length {step} in a ball of radius {eps}",
            {
                "that is the step for the box: in a ball the steepest direction is the gradient itself, not "
                "its sign": projected(moved + step * gradient.sign() - x, eps),
                "the gradient is not divided by its length, so the step is not `step` long": projected(
                    moved + step * gradient - x, eps
                ),
                "the step goes down the gradient; the attacker wants a larger loss": projected(
                    moved - step * unit - x, eps
                ),
                "the result is not projected onto the ball around x": moved + step * unit,
                "the projection clips single pixels, which is the box; shorten the whole vector": boxed,
                "the step starts at x instead of at `moved`": projected(step * unit, eps),
                "the projection is onto the sphere: a δ inside the ball stays as it is": x
                + onto * eps / _length(onto),
                "one length was taken over all pictures together; each has its own": x + one_length,
                "δ was returned; add it to x": right - x,
            },
        )
    still = call(function, x, x, torch.zeros_like(x), 0.1, 0.1)
    expect(still, x, "pictures whose gradient is 0, which stay where they are")
    passed(function)


def dlr_loss(function) -> None:
    """Minus the margin over the gap of the first and the third logit; blind to scale and offset."""
    logits, labels = 3 * _random(8, 10), torch.tensor([0, 1, 2, 3, 4, 5, 6, 7])
    logits[:4] += 8 * torch.nn.functional.one_hot(labels[:4], 10)  # half of them right
    ordered = logits.sort(-1, descending=True).values
    own = logits.gather(-1, labels[:, None])[:, 0]
    other = logits.scatter(-1, labels[:, None], -torch.inf).amax(-1)
    gap = ordered[:, 0] - ordered[:, 2]
    want = (other - own) / gap
    given = logits.clone()
    got = call(function, given, labels)
    require(bool((given == logits).all()), "the logits that came in were changed: work on a copy")
    expect(
        got,
        want,
        "the loss of eight pictures",
        {
            "the sign is wrong: the loss is positive where the network errs": -want,
            "that is the margin without the denominator, which sees the scale": other - own,
            "the denominator is the gap between the first and the *third* logit, not the second": (
                other - own
            )
            / (ordered[:, 0] - ordered[:, 1]),
            "the largest logit is compared with the label's without leaving the label out": (
                ordered[:, 0] - own
            )
            / gap,
            "the denominator runs from the first to the last logit": (other - own)
            / (ordered[:, 0] - ordered[:, -1]),
            "the mean was returned; return one loss a picture": want.mean(),
        },
    )
    for name, changed in (("multiplied by 1,000", 1000 * logits), ("shifted by 7", logits + 7)):
        expect(call(function, changed, labels), want, f"the loss of the same logits {name}", rtol=1e-3)
    passed(function)


def masking_signs(function) -> None:
    """An attack that beats PGD by more than the tolerance, and a large box that leaves something right."""
    honest = {
        "pgd": 0.40,
        "more_steps": 0.39,
        "margin": 0.38,
        "no_gradient": 0.60,
        "transferred": 0.80,
        "large_box": 0.0,
    }
    masked = honest | {"pgd": 0.93, "more_steps": 0.92, "margin": 0.40}
    large = honest | {"large_box": 0.3}
    cases = [
        ("an honest network", honest, 0.05, set()),
        ("the masked network", masked, 0.05, {"margin", "no_gradient", "transferred"}),
        ("a network that survives a large box", large, 0.05, {"large_box"}),
        ("an attack that beats PGD by less than a tolerance of 0.3", honest | {"margin": 0.2}, 0.3, set()),
        ("more steps that find much more", honest | {"more_steps": 0.2}, 0.05, {"more_steps"}),
        ("a large box that leaves less than the tolerance", honest | {"large_box": 0.03}, 0.05, set()),
        ("a large box that leaves less than a tolerance of 0.3", honest | {"large_box": 0.2}, 0.3, set()),
    ]
    for what, accuracy, tolerance, want in cases:
        got = call(function, dict(accuracy), tolerance)
        require(isinstance(got, set | frozenset), f"return a set of names, not a {type(got).__name__}")
        extra, missing = got - want, want - got
        require("pgd" not in got, f"{what}: PGD is what the others are compared with, not a sign")
        require(
            not (what == "an honest network" and extra & {"no_gradient", "transferred"}),
            f"{what}: {sorted(extra)} left *more* right than PGD; a weaker attack is no sign",
        )
        require(
            not (what.startswith("an attack") and extra),
            f"{what}: the tolerance is ignored; got {sorted(extra)}",
        )
        require(
            missing != {"large_box"},
            f"{what}: `large_box` is a sign, by itself: nothing should survive a large box",
        )
        require(
            "large_box" not in extra,
            f"{what}: `large_box` is a sign if what it leaves, itself, is more than the tolerance",
        )
        require(
            not missing,
            f"{what}: missing {sorted(missing)}; an attack beats PGD if *fewer* are right under it",
        )
        require(not extra, f"{what}: {sorted(extra)} beat PGD by less than the tolerance")
    passed(function)


def push(function) -> None:
    """The gradient of log(1 - CKA), with its sign turned, as automatic differentiation finds it."""
    K, L = gram(_random(7, 4)), gram(_random(7, 5, seed=1))
    c = (K * L).sum() / (K.norm() * L.norm())
    toward = L / (K.norm() * L.norm())
    away = c * K / K.norm() ** 2
    want = (toward - away) / (1 - c)
    expect(
        call(function, K, L),
        want,
        "the push for two random Gram matrices",
        {
            "that is the gradient of the loss; descent goes the other way": -want,
            "that is the gradient of CKA; the logarithm divides it by 1 - CKA": toward - away,
            "the norm of K depends on K, too: its derivative is missing": toward / (1 - c),
            "the derivative of log(1 - c) is -1/(1 - c), not 1/c": (toward - away) / c,
            "the second term needs |K|², not |K|: it is c K/|K|²": (toward - c * K / K.norm()) / (1 - c),
            "that is L - K, the push of a squared error; CKA does not see the scale": L - K,
            "the derivative is multiplied by 1 - CKA instead of divided": (toward - away) * (1 - c),
        },
    )
    got = call(function, K, L)
    require(
        abs(float((got * K).sum())) < 1e-4 * float(got.norm() * K.norm()),
        "CKA does not change when K is scaled, so the push has no component along K",
    )
    expect(centre(got), got, "the push, centred (it is centred already)")
    passed(function)


def partial_correlation(function) -> None:
    """(r_xy - r_xz r_yz)/√((1 - r_xz²)(1 - r_yz²))"""
    for xy, xz, yz in ((0.8, 0.6, 0.7), (0.5, -0.3, 0.4), (0.42, 0.6, 0.7)):
        root = math.sqrt((1 - xz**2) * (1 - yz**2))
        expect(
            call(function, xy, xz, yz),
            (xy - xz * yz) / root,
            f"the partial correlation for r_xy = {xy}, r_xz = {xz}, r_yz = {yz}",
            {
                "the lengths of what is left are missing: divide by them": xy - xz * yz,
                "the root is missing in the denominator: lengths, not squared lengths": (xy - xz * yz)
                / root**2,
                "that is a semipartial correlation: z is removed from x only": (xy - xz * yz)
                / math.sqrt(1 - xz**2),
                "that is a semipartial correlation: z is removed from y only": (xy - xz * yz)
                / math.sqrt(1 - yz**2),
                "the product is to be taken off, not added": (xy + xz * yz) / root,
                "the correlations in the denominator are to be squared": (xy - xz * yz)
                / math.sqrt((1 - xz) * (1 - yz)),
                "that is r_xy itself; z is not removed": xy,
            },
        )
    passed(function)


def optimism(function) -> None:
    """The expected largest of k normal variables, times the standard deviation."""
    t = torch.linspace(-8, 8, 4001, dtype=torch.float64)
    normal = torch.distributions.Normal(0.0, 1.0)
    density, cdf = normal.log_prob(t).exp(), normal.cdf(t)

    def mean(weight):
        return float(torch.trapezoid(t * weight, t))

    for k, sd in ((2, 1.0), (5, 0.03), (10, 2.0)):
        right = mean(k * cdf ** (k - 1) * density)
        expect(
            call(function, k, sd),
            sd * right,
            f"the bonus of choosing among {k} settings with noise {sd}",
            {
                "the standard deviation is not used": right,
                "noise scales with its standard deviation, not with its variance": sd**2 * right,
                "the factor k is missing: any of the k can be the largest": sd * right / k,
                "the distribution function enters to the power k - 1, not k": sd * mean(k * cdf**k * density),
                "that is sd √(2 ln k), the limit for very many settings, and too large for few": sd
                * math.sqrt(2 * math.log(k)),
                "that bonus grows like the number of settings; the largest of k grows much more slowly": sd
                * k,
                "the mean of the settings has no bonus; the largest one has": 0.0,
            },
            rtol=1e-3,
        )
    expect(call(function, 1, 1.0), 0.0, "the bonus of choosing among one setting", atol=1e-3)
    passed(function)


def seeds_needed(function) -> None:
    """The smallest n for which the effect is found with power 0.8, with Student's quantiles."""

    def smallest(factor):
        n = 2
        while factor(n) > 1:
            n += 1
        return n

    def t(share, n):
        return student_t.ppf(share, n - 1)

    for effect, sd in ((0.01, 0.02), (0.02, 0.02), (0.03, 0.05), (0.04, 0.02), (0.02, 0.002)):
        ratio = sd / effect
        expect(
            float(call(function, effect, sd)),
            smallest(lambda n, r=ratio: (t(0.975, n) + t(0.8, n)) * r / math.sqrt(n)),
            f"the seeds for an effect of {effect} with standard deviation {sd}",
            {
                "Student's t has n - 1 degrees of freedom, not n": smallest(
                    lambda n, r=ratio: (t(0.975, n + 1) + t(0.8, n + 1)) * r / math.sqrt(n)
                ),
                "that forgets the power: with it the chance to find the effect is about one half": smallest(
                    lambda n, r=ratio: t(0.975, n) * r / math.sqrt(n)
                ),
                "that takes normal quantiles, which are too small for few seeds": smallest(
                    lambda n, r=ratio: (1.959964 + 0.841621) * r / math.sqrt(n)
                ),
                "that is a one-sided test: use the quantile 0.975": smallest(
                    lambda n, r=ratio: (t(0.95, n) + t(0.8, n)) * r / math.sqrt(n)
                ),
                "that is the largest n that does not suffice": smallest(
                    lambda n, r=ratio: (t(0.975, n) + t(0.8, n)) * r / math.sqrt(n)
                )
                - 1,
            },
        )
    passed(function)


__all__ = [
    "CheckFailed",
    "dlr_loss",
    "l2_step",
    "masking_signs",
    "optimism",
    "partial_correlation",
    "push",
    "seeds_needed",
]
