"""Plausible wrong answers to the exercises of the lab `sae_language_model`, and what their check must say."""

import torch


def _scattered(pre, k, by=None, relu=True):
    indices = (pre if by is None else by).topk(k, dim=-1).indices
    values = pre.gather(-1, indices)
    return torch.zeros_like(pre).scatter(-1, indices, values.relu() if relu else values)


def topk_keeps_negative(x, W_enc, b_enc, b_dec, k):
    return _scattered((x - b_dec) @ W_enc + b_enc, k, relu=False)


def topk_is_relu(x, W_enc, b_enc, b_dec, k):
    return ((x - b_dec) @ W_enc + b_enc).relu()


def topk_forgets_b_dec(x, W_enc, b_enc, b_dec, k):
    return _scattered(x @ W_enc + b_enc, k)


def topk_by_magnitude(x, W_enc, b_enc, b_dec, k):
    pre = (x - b_dec) @ W_enc + b_enc
    return _scattered(pre, k, by=pre.abs())


def topk_values_only(x, W_enc, b_enc, b_dec, k):
    return ((x - b_dec) @ W_enc + b_enc).topk(k, dim=-1).values.relu()


def topk_over_the_batch(x, W_enc, b_enc, b_dec, k):
    pre = (x - b_dec) @ W_enc + b_enc
    values, indices = pre.topk(k, dim=0)
    return torch.zeros_like(pre).scatter(0, indices, values.relu())


def pca_not_added_back(fitted, x, k):
    mean = fitted.mean(0)
    V = torch.linalg.svd(fitted - mean, full_matrices=False).Vh[:k]
    return (x - mean) @ V.T @ V


def pca_not_centred(fitted, x, k):
    V = torch.linalg.svd(fitted, full_matrices=False).Vh[:k]
    return x @ V.T @ V


def pca_own_mean(fitted, x, k):
    V = torch.linalg.svd(fitted - fitted.mean(0), full_matrices=False).Vh[:k]
    return (x - x.mean(0)) @ V.T @ V + x.mean(0)


def pca_smallest(fitted, x, k):
    """eigh orders eigenvalues upwards, so the first columns are the last components."""
    mean = fitted.mean(0)
    V = torch.linalg.eigh(torch.cov(fitted.T)).eigenvectors[:, :k]
    return (x - mean) @ V @ V.T + mean


def pca_columns(fitted, x, k):
    mean = fitted.mean(0)
    V = torch.linalg.svd(fitted - mean, full_matrices=False).Vh[:, :k]
    return (x - mean) @ V @ V.T + mean


def weights_with_mean_over_latents(W_dec, gamma, W_U):
    weights = (W_dec * gamma) @ W_U.T
    return weights - weights.mean(0)


def weights_without_gain(W_dec, gamma, W_U):
    weights = W_dec @ W_U.T
    return weights - weights.mean(-1, keepdim=True)


def weights_transposed(W_dec, gamma, W_U):
    weights = W_U @ (W_dec * gamma).T
    return weights - weights.mean(0)


def score_accuracy(scores, fires):
    return ((scores > 0) == fires).float().mean().item()


WRONG = {
    "topk_latents": [
        (topk_keeps_negative, "can be negative"),
        (topk_is_relu, "ReLU without TopK"),
        (topk_forgets_b_dec, "b_dec"),
        (topk_by_magnitude, "absolute value"),
        (topk_values_only, "not in their places"),
        (topk_over_the_batch, "the latents of six samples: got"),
    ],
    "loss_recovered": [
        (lambda u, a, s: ((a - s) / (a - u)).mean().item(), "mean of the ratios"),
        (lambda u, a, s: ((s.mean() - u.mean()) / (a.mean() - u.mean())).item(), "one minus"),
        (lambda u, a, s: ((a - s).mean() / a.mean()).item(), "divides by the ablated loss"),
        (lambda u, a, s: ((a.mean() - u.mean()) / (a.mean() - s.mean())).item(), "exchanged"),
        (lambda u, a, s: (u.mean() / s.mean()).item(), "ratio of losses"),
    ],
    "pca_reconstruct": [
        (pca_not_added_back, "not added back"),
        (pca_not_centred, "not centred before"),
        (pca_own_mean, "their own mean"),
        (pca_smallest, "smallest variance"),
        (pca_columns, "not its columns"),
    ],
    "firing_frequency": [
        (lambda z, sink: (z > 0).float().mean((0, 1)), "sinks are counted"),
        (lambda z, sink: z[~sink].mean(0), "mean value"),
        (lambda z, sink: (z[sink] > 0).float().mean(0), "wrong way round"),
        (lambda z, sink: ((z > 0) * ~sink[..., None]).float().mean((0, 1)), "denominator"),
        (lambda z, sink: (z[~sink] > 0).sum(0), "a count"),
        (lambda z, sink: (z[~sink] > 0).float().mean(1), "not over latents"),
    ],
    "logit_weights": [
        (lambda W_dec, gamma, W_U: (W_dec * gamma) @ W_U.T, "has not been taken off"),
        (weights_with_mean_over_latents, "runs over the latents"),
        (weights_without_gain, "gain of the final norm is missing"),
        (weights_transposed, "one row a token"),
    ],
    "detection_score": [
        (lambda s, f: (s[f][:, None] > s[~f]).float().mean().item(), "ties count nothing"),
        (lambda s, f: (s[f][:, None] >= s[~f]).float().mean().item(), "ties count as a success"),
        (score_accuracy, "how rare firings are"),
        (lambda s, f: (s[f].mean() - s[~f].mean()).item(), "difference of means"),
    ],
    "keep_error": [
        (lambda x, x_hat, changed: changed, "error x - x̂ is lost"),
        (lambda x, x_hat, changed: changed + x_hat - x, "wrong sign: it is x - x̂"),
        (lambda x, x_hat, changed: changed + x, "whole of x"),
        (lambda x, x_hat, changed: x, "nothing has changed"),
    ],
}
