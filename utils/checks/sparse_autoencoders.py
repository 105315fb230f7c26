"""Checks of the exercises in the lab `sparse_autoencoders`."""

import math

import torch
from scipy.stats import beta

from utils.checks.core import CheckFailed, call, expect, passed, require


def _random(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def l0_moments(function) -> None:
    """Mean Σ p_i and variance Σ p_i (1 - p_i), with unequal probabilities."""
    p = torch.tensor([0.5, 0.1, 0.9, 0.25])
    result = call(function, p)
    require(
        isinstance(result, tuple | list) and len(result) == 2, "return two numbers: the mean and the variance"
    )
    mean, variance = (p.sum(), (p * (1 - p)).sum())
    expect(
        result[0],
        mean,
        "the mean for p = (0.5, 0.1, 0.9, 0.25)",
        {"that is the mean over features; the count is a sum": p.mean()},
    )
    expect(
        result[1],
        variance,
        "the variance for p = (0.5, 0.1, 0.9, 0.25)",
        {
            "that is the standard deviation; return its square": variance.sqrt(),
            "Σ p is the variance of a Poisson count; a Bernoulli variable has p(1 - p)": p.sum(),
            "variances of independent variables add up: take their sum, not their mean": (p * (1 - p)).mean(),
            "p is treated as one number, its average; the probabilities differ": 4
            * p.mean()
            * (1 - p.mean()),
        },
    )
    passed(function)


def fvu_by_hand(function) -> None:
    """Ratio of sums, centred on the mean of the batch; 1 for the mean predictor and more for zero."""
    x = _random(50, 3) * torch.tensor([1.0, 2.0, 0.5]) + torch.tensor([2.0, -1.0, 0.0])
    x_hat = x + 0.3 * _random(50, 3, seed=1) + 0.2
    error, spread = (x - x_hat).square(), (x - x.mean(0)).square()
    expect(
        call(function, x, x_hat),
        error.sum() / spread.sum(),
        "the FVU of a noisy reconstruction",
        {
            "the denominator is not centred: subtract the mean of the batch": error.sum() / x.square().sum(),
            "that is a mean of one ratio a sample; sum first, then divide once": (
                error.sum(1) / spread.sum(1)
            ).mean(),
            "that is a mean of one ratio a dimension; sum over dimensions too": (
                error.sum(0) / spread.sum(0)
            ).mean(),
            "that is the explained variance, 1 - FVU": 1 - error.sum() / spread.sum(),
            "that is the square root; the definition has squares in both sums": (
                error.sum() / spread.sum()
            ).sqrt(),
            "x̄ is a vector, one mean a dimension; yours is one number": error.sum()
            / (x - x.mean()).square().sum(),
            "x̄ is the mean over the batch, not over the dimensions of a sample": error.sum()
            / (x - x.mean(1, keepdim=True)).square().sum(),
            "the residual is centred, which forgives a constant offset": (x - x_hat - (x - x_hat).mean(0))
            .square()
            .sum()
            / spread.sum(),
        },
    )
    expect(call(function, x, x.mean(0).expand_as(x)), 1.0, "the FVU of predicting the mean")
    expect(call(function, x, x), 0.0, "the FVU of a perfect reconstruction")
    passed(function)


def atoms_needed(function) -> None:
    """1/P(cos ≥ t), with P one-sided and from the Beta distribution."""
    for cosine, d_in in ((0.5, 5), (0.8, 20), (0.95, 20)):
        t, half = (1 + cosine) / 2, (d_in - 1) / 2
        share = beta.sf(t, half, half)
        expect(
            call(function, cosine, d_in),
            1 / share,
            f"the atoms needed for a cosine of {cosine} in {d_in} dimensions",
            {
                "that counts both signs; an atom that points away does not count": 1 / (2 * share),
                "that is the probability; return its inverse": share,
                "that is one over the probability of a *smaller* cosine": 1 / beta.cdf(t, half, half),
                "the parameters of the Beta distribution are (d - 1)/2, not d/2": 1
                / beta.sf(t, d_in / 2, d_in / 2),
                "the parameters of the Beta distribution are (d - 1)/2, not d - 1": 1
                / beta.sf(t, d_in - 1, d_in - 1),
                "the Beta distribution is that of (1 + cos)/2, not of cos": 1 / beta.sf(cosine, half, half),
                "that is the normal approximation with variance 1/d, which fails in the tail": 2
                / math.erfc(cosine * (d_in / 2) ** 0.5),
            },
            rtol=1e-3,
        )
    passed(function)


def ista_step(function) -> None:
    """One step equals the formula; from zero it is an encoder; iterated it ends at the minimum."""
    W = torch.nn.functional.normalize(_random(6, 4), dim=-1)
    x, z, lam, step = _random(9, 4, seed=1), _random(9, 6, seed=2).relu(), 0.3, 0.1
    gradient = (x - z @ W) @ W.T
    expect(
        call(function, x, z, W, lam, step),
        (z + step * (2 * gradient - lam)).relu(),
        "one step from a random start",
        {
            "the factor 2 of the squared error's derivative is missing": (z + step * (gradient - lam)).relu(),
            "the penalty is not multiplied by the step": (z + step * 2 * gradient - lam).relu(),
            "the latents became negative: clip them at zero": z + step * (2 * gradient - lam),
            "the step goes up the gradient: check the sign of the residual": (
                z + step * (-2 * gradient - lam)
            ).relu(),
            "the step goes up the gradient: both signs are wrong": (z - step * (2 * gradient - lam)).relu(),
            "the penalty has the wrong sign: it must lower the latents": (
                z + step * (2 * gradient + lam)
            ).relu(),
            "the residual must be taken at the present z, x - z W_dec": (
                z + step * (2 * x @ W.T - lam)
            ).relu(),
            "the step starts from zero instead of from z": (step * (2 * gradient - lam)).relu(),
            "this is the first step from zero, whatever z is": (step * (2 * x @ W.T - lam)).relu(),
            "the penalty is taken off after the clipping: clip last": (z + 2 * step * gradient).relu()
            - step * lam,
        },
    )
    encoder = (x @ W.T - lam / 2).relu()
    expect(
        call(function, x, torch.zeros(9, 6), W, lam, 0.5),
        encoder,
        "one step of ½ from zero, which is an encoder",
    )
    for _ in range(5000):
        z = call(function, x, z, W, lam, step)
    slope = 2 * (x - z @ W) @ W.T - lam
    require(
        bool((slope[z > 0].abs() < 1e-3).all() and (slope[z == 0] < 1e-3).all()),
        "iterated, the step does not end where the loss is least",
    )
    passed(function)


def shrunk_activation(function) -> None:
    """c z* = max(0, a - λ/(2c))"""
    a = torch.tensor([0.0, 0.1, 0.5, 1.0, 2.0])
    for lam, c in ((0.4, 1.0), (0.4, 3.0), (1.0, 0.5)):
        want = (a - lam / (2 * c)).relu()
        mistakes = {
            "the derivative of the square has a factor 2: the loss is λ/(2c), not λ/c": (a - lam / c).relu(),
            "a latent cannot be negative: small activations stay at zero": a - lam / (2 * c),
        }
        if c != 1:
            mistakes |= {
                "that is the latent z; the reconstructed amplitude is c z": want / c,
                "the norm of the decoder is ignored": (a - lam / 2).relu(),
                "a larger atom pays *less*: divide by the norm": (a - lam * c / 2).relu(),
                "that multiplies a, too, by the norm": (c * a - lam / 2).relu(),
                "divide by the norm once, not twice": (a - lam / (2 * c**2)).relu(),
            }
        expect(
            call(function, a, lam, c), want, f"the reconstructed amplitudes for λ = {lam}, norm {c}", mistakes
        )
    passed(function)


def topk(function) -> None:
    """Rows keep their k largest entries, clipped at zero."""
    u = torch.tensor([[3.0, -5.0, 2.0, 1.0], [-1.0, -2.0, 0.5, -3.0], [0.1, 0.2, 0.3, 4.0]])
    want = torch.tensor([[3.0, 0, 2, 0], [0, 0, 0.5, 0], [0, 0, 0.3, 4]])
    flat = u.relu().flatten()
    batchwise = torch.zeros_like(flat).scatter(0, flat.topk(6).indices, flat.topk(6).values).reshape(3, 4)
    down = torch.zeros_like(u).scatter(0, u.topk(2, dim=0).indices, u.topk(2, dim=0).values)
    by_size = torch.zeros_like(u).scatter(-1, u.abs().topk(2).indices, u.gather(-1, u.abs().topk(2).indices))
    rowwise = torch.zeros_like(u).scatter(-1, u.topk(2).indices, u.topk(2).values)
    smallest = u.topk(2, largest=False)
    expect(
        call(function, u, 2),
        want,
        "the two largest of each of three rows",
        {
            "negative pre-activations survive: clip at zero": rowwise,
            "k samples are kept for each latent; the rows are the samples": down.relu(),
            "k a row are kept on average over the batch (BatchTopK), not in each row": batchwise,
            "the largest in absolute value are kept; a negative one means absence": by_size,
            "-5 is the largest in absolute value of the first row and took a place": by_size.relu(),
            "the smallest are kept": torch.zeros_like(u).scatter(-1, smallest.indices, smallest.values),
            "the kept values are returned without their places": rowwise.topk(2).values.relu(),
            "that is the mask; keep the values": (want > 0).float(),
        },
    )
    expect(call(function, u, 4), u.relu(), "k as large as the row, which leaves a plain ReLU")
    passed(function)


def threshold_gradient(function) -> None:
    """Equals minus the share in the kernel over ε, and on uniform pre-activations minus their density."""
    u, theta, width = _random(200, 3), torch.tensor([0.0, 0.5, 1.0]), 0.6
    inside = ((u - theta).abs() < width / 2).float()
    want = -inside.mean(0) / width
    expect(
        call(function, u, theta, width),
        want,
        "the estimate on normal pre-activations",
        {
            "the sign is wrong: a higher threshold lets fewer latents fire": -want,
            "the division by the bandwidth is missing: a share is not a density": want * width,
            "the sum over the batch is returned; the expectation is its mean": want * 200,
            "the kernel is twice too wide: |t| < ½ means within ε/2": -((u - theta).abs() < width)
            .float()
            .mean(0)
            / width,
            "only one side of the threshold is counted": -((u > theta) & (u - theta < width / 2))
            .float()
            .mean(0)
            / width,
            "the share above the threshold is the count, not its derivative": -(u > theta).float().mean(0),
            "the step's derivative is zero almost everywhere, that of its expectation is not": torch.zeros(3),
        },
    )
    uniform = torch.rand(200_000, 1, generator=torch.Generator().manual_seed(3)) * 4
    got = call(function, uniform, torch.tensor([1.0]), 0.1)
    require(
        abs(float(got) + 0.25) < 0.02,
        f"pre-activations uniform on [0, 4] have density 0.25: got {float(got):.3f}",
    )
    passed(function)


def absorption_saving(function) -> None:
    """(a_p + a_c) - √(a_p² + a_c²)"""
    for p, c in ((1.0, 1.0), (3.0, 4.0), (0.5, 1.5)):
        merged = math.hypot(p, c)
        mistakes = {
            "2 - √2 is right only for two activations of 1; the saving depends on both": 2 - math.sqrt(2),
            "that is the cost of the absorbing code; subtract it from the honest one": merged,
            "the sign is wrong: absorption is the cheaper code": merged - p - c,
            "the merged atom has unit norm: its latent is a norm, not a sum of squares": p + c - merged**2,
            "the absorbing code still has to carry the parent: its latent is √(a_p² + a_c²)": p,
        }
        if p != c:
            mistakes |= {
                "the merged latent equals the larger of the two only if the other is absent": p
                + c
                - max(p, c),
                "f_p + f_c over √2 fits only if both are equally active; take the norm": p
                + c
                - (p + c) / 2**0.5,
            }
        expect(call(function, p, c), p + c - merged, f"the saving for activations {p} and {c}", mistakes)
    require(
        abs(float(call(function, 1.0, 0.0))) < 1e-6,
        "a parent alone has nothing to be absorbed: the saving is 0",
    )
    passed(function)


__all__ = [
    "CheckFailed",
    "absorption_saving",
    "atoms_needed",
    "fvu_by_hand",
    "ista_step",
    "l0_moments",
    "shrunk_activation",
    "threshold_gradient",
    "topk",
]
