"""Wrong answers to the exercises of `rlhf_language_model`, and what their checks must say."""

import math

import numpy as np
import torch
import torch.nn.functional as F


def _others(R):
    return (R.sum(1, keepdim=True) - R) / (R.shape[1] - 1)


def _margin(c, r, rc, rr, beta):
    return beta * ((c - rc) - (r - rr))


def _fit(d, R):
    design = np.stack([np.asarray(d), -(np.asarray(d) ** 2)], 1)
    return np.linalg.lstsq(design, np.asarray(R), rcond=None)[0]


def _with_constant(d, R):
    a, b, _ = np.polyfit(np.asarray(d), np.asarray(R), 2)
    return b, -a


WRONG = {
    "kl_best_of_n": [
        (lambda n: math.log(n), "log n alone"),
        (lambda n: math.log2(n) - (n - 1) / n, "only the logarithm is in bits"),
        (lambda n: (math.log(n) - (n - 1) / n) / math.log(2), "in bits"),
        (lambda n: math.log(n) - 1 / n, "not 1/n"),
        (lambda n: math.log(n) - 1, "limit for large n"),
        (lambda n: math.log(n) + 1 / n, "the 1 is missing"),
        (lambda n: math.sqrt(math.log(n) - (n - 1) / n), "square root"),
    ],
    "rloo_advantages": [
        (lambda R: R - R.mean(1, keepdim=True), "one's own reward"),
        (lambda R: (R - R.mean(1, keepdim=True)) / R.std(1, keepdim=True), "GRPO"),
        (lambda R: (R - R.mean(1, keepdim=True)) * (R.shape[1] - 1) / R.shape[1], "turned round"),
        (lambda R: (R - R.mean(1, keepdim=True)) / (R.std(1, keepdim=True) + 1e-4), "small number"),
        (lambda R: R - (R.sum() - R) / (R.numel() - 1), "over all prompts"),
        (lambda R: (R - R.mean(0)) * len(R) / (len(R) - 1), "axis 1"),
        (_others, "that is the baseline"),
        (lambda R: _others(R) - R, "sign"),
    ],
    "implicit_reward": [
        (lambda logp, ref_logp, mask, beta: beta * (logp - ref_logp).sum(-1), "padding"),
        (
            lambda logp, ref_logp, mask, beta: beta * ((logp - ref_logp) * mask).sum(-1) / mask.sum(-1),
            "mean over tokens",
        ),
        (lambda logp, ref_logp, mask, beta: ((logp - ref_logp) * mask).sum(-1), "β is missing"),
        (lambda logp, ref_logp, mask, beta: beta * ((ref_logp - logp) * mask).sum(-1), "other way round"),
        (lambda logp, ref_logp, mask, beta: beta * (logp * mask).sum(-1), "reference is missing"),
    ],
    "dpo_loss": [
        (lambda c, r, rc, rr, beta: -F.logsigmoid(beta * (c - r)).mean(), "reference is missing"),
        (lambda *a: -F.logsigmoid(-_margin(*a)).mean(), "exchanged"),
        (lambda *a: -F.logsigmoid(_margin(*a)).sum(), "not the sum"),
        (lambda *a: -torch.log(torch.sigmoid(_margin(*a))).mean(), "infinite or NaN"),
        (lambda *a: -_margin(*a).mean(), "margin itself"),
        (lambda c, r, rc, rr, beta: -F.logsigmoid((c - rc) - (r - rr)).mean(), "β is missing"),
    ],
    "gold_in_the_tail": [
        (lambda p, nu: -(nu + 1) * p / (nu + p**2), "minus sign"),
        (lambda p, nu: (nu + 1) / 2 * p / (nu + p**2), "factor 2"),
        (lambda p, nu: nu * p / (nu + p**2), "not ν"),
        (lambda p, nu: (nu + 1) / p if p else 0.0, "keep the ν"),
        (lambda p, nu: (nu + 1) * p / (1 + p**2 / nu), "into the denominator"),
    ],
    "fit_best_of_n": [
        (lambda d, R: tuple(_fit(d, R) * [1, -1]), "wrong sign"),
        (lambda d, R: tuple(_fit(d, R)[::-1]), "exchanged"),
        (_with_constant, "a constant"),
        (lambda d, R: float(_fit(d, R)[0]), "two numbers"),
    ],
}
