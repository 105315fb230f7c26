"""Checks of the exercises in the lab `rlhf_language_model`."""

import math

import numpy as np
import torch
import torch.nn.functional as F

from utils.checks.core import CheckFailed, call, expect, passed, require


def _random(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def kl_best_of_n(function) -> None:
    """log n - (n - 1)/n, natural logarithm, zero for n = 1."""
    for n in (16, 1000, 2.5):
        want = math.log(n) - (n - 1) / n
        expect(
            call(function, n),
            want,
            f"the divergence of best-of-{n}",
            {
                "that is log n alone: the average over the winner's quantile costs (n - 1)/n": math.log(n),
                "that is in bits; a nat is the unit of the natural logarithm": want / math.log(2),
                "only the logarithm is in bits": math.log2(n) - (n - 1) / n,
                "the second term is (n - 1)/n, not 1/n": math.log(n) - 1 / n,
                "the second term is subtracted": math.log(n) + (n - 1) / n,
                "that is the limit for large n: the second term is (n - 1)/n, and not 1": math.log(n) - 1,
                "the second term is (n - 1)/n = 1 - 1/n: the 1 is missing": math.log(n) + 1 / n,
                "that is the square root, the d of Gao et al.; return the divergence": math.sqrt(want),
            },
        )
    expect(call(function, 1), 0.0, "the divergence of best-of-1, where nothing is selected")
    passed(function)


def rloo_advantages(function) -> None:
    """R_i minus the mean of the others, prompt by prompt."""
    R = _random(3, 4) * torch.tensor([[1.0], [3.0], [0.5]]) + torch.tensor([[0.0], [5.0], [-2.0]])
    k = R.shape[1]
    want = (R - R.mean(1, keepdim=True)) * k / (k - 1)
    expect(
        call(function, R),
        want,
        "the advantages of three prompts with four samples each",
        {
            "one's own reward is part of the baseline: divide the sum of the others by k - 1": R
            - R.mean(1, keepdim=True),
            "the baseline is the mean over all prompts; each prompt has its own": R
            - (R.sum() - R) / (R.numel() - 1),
            "that is centred and divided by the standard deviation, as GRPO does": (
                R - R.mean(1, keepdim=True)
            )
            / R.std(1, keepdim=True),
            "the sum of the others is divided by k, but there are k - 1 of them": R
            - (R.sum(1, keepdim=True) - R) / k,
            "the samples are the columns: leave out along axis 1": (R - R.mean(0)) * len(R) / (len(R) - 1),
            "the factor is turned round: R minus the mean over all k is too small by (k - 1)/k": (
                R - R.mean(1, keepdim=True)
            )
            * (k - 1)
            / k,
            "that is centred and divided by the standard deviation plus a small number, as GRPO does": (
                R - R.mean(1, keepdim=True)
            )
            / (R.std(1, keepdim=True) + 1e-4),
            "that is the baseline; subtract it from the reward": (R.sum(1, keepdim=True) - R) / (k - 1),
            "the sign is turned round: a good sample needs a positive advantage": -want,
        },
    )
    expect(call(function, torch.full((2, 3), 7.0)), torch.zeros(2, 3), "the advantages where all are equal")
    passed(function)


def implicit_reward(function) -> None:
    """β times the sum over the answer's tokens of the log-ratio."""
    logp, ref = -_random(3, 5).abs(), -_random(3, 5, seed=1).abs()
    mask, beta = torch.tensor([[1.0, 1, 1, 1, 1], [1, 1, 1, 0, 0], [0, 1, 1, 1, 0]]), 0.3
    ratio = (logp - ref) * mask
    want = beta * ratio.sum(-1)
    expect(
        call(function, logp, ref, mask, beta),
        want,
        "the implicit rewards of three answers of different lengths",
        {
            "the padding is counted: multiply by the mask": beta * (logp - ref).sum(-1),
            "that is a mean over tokens; the probability of an answer is a product over all of them": beta
            * ratio.sum(-1)
            / mask.sum(-1),
            "that is a mean over all positions, padding among them; take the sum": want / mask.shape[1],
            "that is the ratio of log-probabilities; the logarithm of a ratio is a difference": beta
            * (logp / ref * mask).sum(-1),
            "β is missing": ratio.sum(-1),
            "divide by nothing: the reward is β times the log-ratio": ratio.sum(-1) / beta,
            "the reference is subtracted, not the other way round": -want,
            "the reference is missing: that rewards answers that any model finds likely": beta
            * (logp * mask).sum(-1),
            "return one number an answer: sum over the last axis only": want.sum(),
        },
    )
    expect(
        call(function, ref, ref, mask, beta), torch.zeros(3), "the implicit reward of the reference itself"
    )
    passed(function)


def dpo_loss(function) -> None:
    """-mean log σ(β [(c - rc) - (r - rr)]), finite for any margin."""
    c, r, rc, rr = (10 * _random(6, seed=i) - 30 for i in range(4))
    beta = 0.2
    margin = beta * ((c - rc) - (r - rr))
    want = -F.logsigmoid(margin).mean()
    mistakes = {
        "the reference is missing": -F.logsigmoid(beta * (c - r)).mean(),
        "β is missing": -F.logsigmoid(margin / beta).mean(),
        "chosen and rejected are exchanged": -F.logsigmoid(-margin).mean(),
        "the mean is taken inside the logarithm; take it over the losses of the pairs": -F.logsigmoid(
            margin.mean()
        ),
        "take the mean over pairs, not the sum": -F.logsigmoid(margin).sum(),
        "the reference's difference is added; it must be subtracted": -F.logsigmoid(
            beta * ((c + rc) - (r + rr))
        ).mean(),
        "the sign is missing: a loss is minus the log-likelihood": F.logsigmoid(margin).mean(),
        "that is minus the margin itself; the loss is -log σ of it": -margin.mean(),
        "the logarithm is missing: that is minus the mean probability": -margin.sigmoid().mean(),
    }
    expect(call(function, c, r, rc, rr, beta), want, "the loss of six pairs", mistakes)
    zero = torch.zeros(2)
    expect(
        call(function, zero, zero, zero, zero, beta), math.log(2), "the loss where policy and reference agree"
    )
    far = call(function, zero - 5000.0, zero, zero, zero, 1.0)
    require(
        bool(torch.isfinite(torch.as_tensor(far)).all()),
        "the loss of a margin of -5000 nats is infinite or NaN: use F.logsigmoid, not log(sigmoid(…))",
    )
    expect(far, 5000.0, "the loss of a margin of -5000 nats")
    passed(function)


def gold_in_the_tail(function) -> None:
    """(ν + 1) p / (ν + p²)"""
    for p, nu in ((10.0, 2), (50.0, 3), (-8.0, 5)):
        want = (nu + 1) * p / (nu + p**2)
        expect(
            call(function, p, nu),
            want,
            f"gold at a proxy of {p:g} with {nu} degrees of freedom",
            {
                "the minus sign of (6) is missing": -want,
                "the exponent of the density is (ν + 1)/2, and the square brings a factor 2: the factor is "
                "ν + 1": (nu + 1) / 2 * p / (nu + p**2),
                "the exponent has ν + 1, not ν": nu * p / (nu + p**2),
                "that is the limit for large p; keep the ν in the denominator": (nu + 1) / p,
                "the chain rule gives 2e/ν, and the ν goes into the denominator": (nu + 1)
                * p
                / (1 + p**2 / nu),
                "the numerator has p, from the derivative of the square": (nu + 1) / (nu + p**2),
            },
        )
    expect(call(function, 0.0, 3), 0.0, "gold at a proxy of zero, by symmetry")
    passed(function)


def _gao(d, alpha, beta):
    return d * (alpha - beta * d)


def fit_best_of_n(function) -> None:
    """Least squares of R on d and -d², without a constant, on noiseless and noisy data."""
    d = torch.linspace(0, 2.5, 9)
    noise = 0.05 * _random(9, seed=3)
    for alpha, beta, extra in ((1.5, 0.4, 0.0), (0.8, 0.1, 1.0)):
        R = _gao(d, alpha, beta) + extra * noise
        result = call(function, d, R)
        require(
            np.ndim(result) == 1 and len(result) == 2,
            "return two numbers: α and β, in this order",
        )
        design = np.stack([d.numpy(), -(d.numpy() ** 2)], 1)
        want = np.linalg.lstsq(design, R.numpy(), rcond=None)[0]
        with_constant = np.polyfit(d.numpy(), R.numpy(), 2)
        ratio = np.polyfit(d.numpy()[1:], (R.numpy() / d.numpy().clip(1e-9))[1:], 1)
        expect(
            np.array([float(value) for value in result]),
            want,
            f"α and β for data made with {alpha} and {beta}" + (" and noise" if extra else ""),
            {
                "β has the wrong sign: R = d(α - βd)": want * [1, -1],
                "α and β are exchanged": want[::-1],
                "polyfit lists the highest power first, and R(0) = 0 forbids its constant": with_constant[:2],
                "the fit has a constant, but R(0) = 0 by definition": np.array(
                    [with_constant[1], -with_constant[0]]
                ),
                "the fit is to R/d, which gives the noise near d = 0 too much weight": np.array(
                    [ratio[1], -ratio[0]]
                ),
            },
            rtol=1e-3,
            atol=1e-4,
        )
    passed(function)


__all__ = [
    "CheckFailed",
    "dpo_loss",
    "fit_best_of_n",
    "gold_in_the_tail",
    "implicit_reward",
    "kl_best_of_n",
    "rloo_advantages",
]
