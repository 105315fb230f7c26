"""Wrong answers to the exercises of `sparse_autoencoders`, and what their checks must say."""

import math

import torch
from scipy.stats import beta


def _tail(t, d):
    return beta.sf((1 + t) / 2, (d - 1) / 2, (d - 1) / 2)


def _scatter(u, k, dim):
    values, indices = u.topk(k, dim=dim)
    return torch.zeros_like(u).scatter(dim, indices, values)


def _by_size(u, k):
    indices = u.abs().topk(k).indices
    return torch.zeros_like(u).scatter(-1, indices, u.gather(-1, indices))


WRONG = {
    "l0_moments": [
        (lambda p: (p.mean().item(), (p * (1 - p)).sum().item()), "mean over features"),
        (lambda p: (p.sum().item(), p.sum().item()), "Poisson"),
        (lambda p: (p.sum().item(), (p * (1 - p)).sum().sqrt().item()), "standard deviation"),
        (lambda p: (p.sum().item(), (p * (1 - p)).mean().item()), "not their mean"),
        (lambda p: p.sum().item(), "two numbers"),
    ],
    "fvu_by_hand": [
        (lambda x, y: ((x - y).square().sum() / x.square().sum()).item(), "not centred"),
        (
            lambda x, y: ((x - y).square().sum(1) / (x - x.mean(0)).square().sum(1)).mean().item(),
            "one ratio a sample",
        ),
        (
            lambda x, y: ((x - y).square().sum(0) / (x - x.mean(0)).square().sum(0)).mean().item(),
            "one ratio a dimension",
        ),
        (
            lambda x, y: (1 - (x - y).square().sum() / (x - x.mean(0)).square().sum()).item(),
            "explained variance",
        ),
        (lambda x, y: ((x - y).square().sum() / (x - x.mean()).square().sum()).item(), "x̄ is a vector"),
        (
            lambda x, y: ((x - y).square().sum() / (x - x.mean(1, keepdim=True)).square().sum()).item(),
            "mean over the batch",
        ),
    ],
    "atoms_needed": [
        (lambda t, d: 1 / (2 * _tail(t, d)), "both signs"),
        (lambda t, d: _tail(t, d), "inverse"),
        (lambda t, d: 1 / beta.sf((1 + t) / 2, d / 2, d / 2), r"\(d - 1\)/2, not d/2"),
        (lambda t, d: 1 / beta.sf(t, (d - 1) / 2, (d - 1) / 2), "not of cos"),
        (lambda t, d: 2 / math.erfc(t * (d / 2) ** 0.5), "normal approximation"),
    ],
    "ista_step": [
        (lambda x, z, W, lam, s: (z + s * ((x - z @ W) @ W.T - lam)).relu(), "factor 2"),
        (lambda x, z, W, lam, s: (z + s * 2 * (x - z @ W) @ W.T - lam).relu(), "not multiplied by the step"),
        (lambda x, z, W, lam, s: z + s * (2 * (x - z @ W) @ W.T - lam), "negative"),
        (lambda x, z, W, lam, s: (z + s * (-2 * (x - z @ W) @ W.T - lam)).relu(), "up the gradient"),
        (lambda x, z, W, lam, s: (s * (2 * x @ W.T - lam)).relu(), "first step from zero"),
        (lambda x, z, W, lam, s: (z + s * (2 * x @ W.T - lam)).relu(), "at the present z"),
    ],
    "shrunk_activation": [
        (lambda a, lam, decoder_norm=1.0: (a - lam / decoder_norm).relu(), "factor 2"),
        (lambda a, lam, decoder_norm=1.0: (a - lam / 2).relu(), "ignored"),
        (lambda a, lam, decoder_norm=1.0: a - lam / (2 * decoder_norm), "cannot be negative"),
        (lambda a, lam, decoder_norm=1.0: (a - lam / (2 * decoder_norm)).relu() / decoder_norm, "latent z"),
        (lambda a, lam, decoder_norm=1.0: (a - lam * decoder_norm / 2).relu(), "pays \\*less\\*"),
    ],
    "topk": [
        (lambda u, k: _scatter(u, k, -1), "clip at zero"),
        (lambda u, k: _scatter(u, k, 0).relu(), "rows are the samples"),
        (lambda u, k: _by_size(u, k), "absolute value"),
        (lambda u, k: _by_size(u, k).relu(), "took a place"),
        (lambda u, k: u.topk(k).values.relu(), "without their places"),
        (lambda u, k: _scatter(u.relu().flatten(), k * len(u), 0).reshape(u.shape), "BatchTopK"),
    ],
    "threshold_gradient": [
        (lambda u, t, e: ((u - t).abs() < e / 2).float().mean(0) / e, "sign"),
        (lambda u, t, e: -((u - t).abs() < e / 2).float().mean(0), "not a density"),
        (lambda u, t, e: -((u - t).abs() < e).float().mean(0) / e, "twice too wide"),
        (lambda u, t, e: -((u - t).abs() < e / 2).float().sum(0) / e, "sum over the batch"),
        (lambda u, t, e: torch.zeros_like(t), "zero almost everywhere"),
    ],
    "absorption_saving": [
        (lambda p, c: math.hypot(p, c), "cost of the absorbing code"),
        (lambda p, c: math.hypot(p, c) - p - c, "sign"),
        (lambda p, c: p + c - (p**2 + c**2), "sum of squares"),
        (lambda p, c: p, "still has to carry"),
        (lambda p, c: p + c - (p + c) / 2**0.5, "take the norm"),
    ],
}
