"""Checks of the exercises in the lab `sae_language_model`."""

import torch

from utils.checks.core import call, expect, passed, require


def _normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def topk_latents(function):
    """TopK(W_encᵀ(x - b_dec) + b_enc), negative ones set to zero."""
    for seed, shift in ((1, 0.0), (2, -3.0)):
        x, W_enc = _normal(6, 4, seed=seed), _normal(4, 10, seed=seed + 10)
        b_enc, b_dec, k = _normal(10, seed=seed + 20) + shift, _normal(4, seed=seed + 30), 3

        def largest(pre, by=None, k=k):
            chosen = (pre if by is None else by).topk(k, dim=-1).indices
            return torch.zeros_like(pre).scatter(-1, chosen, pre.gather(-1, chosen))

        pre = (x - b_dec) @ W_enc + b_enc
        mistakes = {
            "one of the k largest can be negative, and a latent must not be: it becomes zero": largest(pre),
            "this is a ReLU without TopK: more than k latents are active": pre.relu(),
            "b_dec has not been taken off x before the encoder": largest(x @ W_enc + b_enc).relu(),
            "b_enc is missing, or added only after the k were chosen": largest((x - b_dec) @ W_enc).relu(),
            "the k are chosen by absolute value: a large negative pre-activation is no firing": largest(
                pre, pre.abs()
            ).relu(),
            "the values are right but not in their places: scatter them into d_sae columns": pre.topk(
                k
            ).values.relu(),
        }
        expect(
            call(function, x, W_enc, b_enc, b_dec, k),
            largest(pre).relu(),
            "the latents of six samples",
            mistakes,
        )
    passed(function)


def loss_recovered(function):
    """(L_ablated - L_spliced) / (L_ablated - L_untouched) of mean losses."""
    untouched = torch.tensor([3.0, 2.0, 4.0])
    ablated, spliced = torch.tensor([9.0, 4.0, 14.0]), torch.tensor([3.5, 3.0, 5.0])
    ratio = (ablated - spliced) / (ablated - untouched)
    right = (ablated.mean() - spliced.mean()) / (ablated.mean() - untouched.mean())
    mistakes = {
        "this is the mean of the ratios: average the losses first": ratio.mean(),
        "these are the ratios of single pieces: average the losses first, then divide": ratio,
        "this is the loss that is still missing, one minus what is asked": 1 - right,
        "this divides by the ablated loss: the scale runs from ablated to untouched": (
            ablated - spliced
        ).mean()
        / ablated.mean(),
        "numerator and denominator are exchanged": 1 / right,
        "this is a ratio of losses; what there was to lose is counted from the ablation": untouched.mean()
        / spliced.mean(),
    }
    expect(call(function, untouched, ablated, spliced), right, "the loss recovered of three pieces", mistakes)
    expect(call(function, untouched, ablated, untouched), 1.0, "a splice that changes nothing")
    passed(function)


def pca_reconstruct(function):
    """(x - x̄)VᵀV + x̄ with x̄ and V from the fitted data."""
    scales = torch.tensor([5.0, 3.0, 1.0, 0.5, 0.1])
    fitted = _normal(200, 5) * scales + 10
    x = _normal(30, 5, seed=1) * scales + 12

    def project(data, mean, k, smallest=False, back=True):
        V = torch.linalg.svd(fitted - mean, full_matrices=False).Vh
        V = V[-k:] if smallest else V[:k]
        return (data - mean) @ V.T @ V + (mean if back else 0)

    for k in (1, 2, 4):
        mean = fitted.mean(0)
        own = x.mean(0)
        V = torch.linalg.svd(fitted - mean, full_matrices=False).Vh
        mistakes = {
            "the mean is not added back": project(x, mean, k, back=False),
            "the new data are neither centred, nor is the mean added back": x @ V[:k].T @ V[:k],
            "the data are not centred before the decomposition": project(x, torch.zeros(5), k),
            "new data are centred with their own mean; the one that was fitted belongs there": (x - own)
            @ V[:k].T
            @ V[:k]
            + own,
            "these are the components with the smallest variance: take the first rows of Vh": project(
                x, mean, k, True
            ),
            "the components are the rows of Vh, not its columns": (x - mean) @ V[:, :k] @ V[:, :k].T + mean,
        }
        expect(
            call(function, fitted, x, k),
            project(x, mean, k),
            f"the reconstruction with k = {k}",
            mistakes,
            1e-3,
            1e-3,
        )
    passed(function)


def firing_frequency(function):
    """The share of tokens that are no sinks on which a latent is above zero."""
    latents = _normal(4, 6, 5).clamp(min=0) * 3
    sink = torch.zeros(4, 6, dtype=torch.bool)
    sink[:, 0] = sink[1, 1] = True
    latents[:, 0] = 9.0
    on = (latents > 0).float()
    right = on[~sink].mean(0)
    mistakes = {
        "sinks are counted: leave their tokens out": on.mean((0, 1)),
        "this is the mean value, not how often: compare with zero first": latents[~sink].mean(0),
        "only the sinks are counted: the mask is the wrong way round": on[sink].mean(0),
        "sinks are left out above, but still counted in the denominator": (on * ~sink[..., None]).mean(
            (0, 1)
        ),
        "this is a count, not a share": on[~sink].sum(0),
        "this is the number of active latents of each token: average over tokens, not over latents": on[
            ~sink
        ].mean(1),
    }
    expect(call(function, latents, sink), right, "the frequencies of five latents", mistakes)
    passed(function)


def logit_weights(function):
    """W_U(γ ⊙ d), less the mean over the vocabulary."""
    W_dec, gamma, W_U = _normal(3, 4), _normal(4, seed=1).exp(), _normal(7, 4, seed=2) + 0.5
    weights = (W_dec * gamma) @ W_U.T
    plain = W_dec @ W_U.T
    mistakes = {
        "the mean over the vocabulary has not been taken off": weights,
        "the gain of the final norm is missing": plain - plain.mean(-1, keepdim=True),
        "the mean runs over the latents: it must run over the vocabulary, for each latent": weights
        - weights.mean(0),
        "one mean has been taken off for all latents together: each has its own": weights - weights.mean(),
        "the gain multiplies the coordinates of the stream; here it divides them": (W_dec / gamma) @ W_U.T
        - ((W_dec / gamma) @ W_U.T).mean(-1, keepdim=True),
        "this has one row a token: one row a latent is asked for": (
            weights - weights.mean(-1, keepdim=True)
        ).T,
    }
    right = weights - weights.mean(-1, keepdim=True)
    expect(call(function, W_dec, gamma, W_U), right, "the logit weights of three latents", mistakes)
    passed(function)


def detection_score(function):
    """P(firing > silent) + ½ P(equal)."""
    scores = torch.tensor([3.0, 0.0, 1.0, 0.0, 0.0, 2.0, 1.0, 0.0])
    fires = torch.tensor([1, 1, 1, 0, 0, 0, 0, 0], dtype=torch.bool)
    difference = scores[fires][:, None] - scores[~fires]
    right = ((difference > 0).float() + 0.5 * (difference == 0).float()).mean()
    mistakes = {
        "ties count nothing here: two equal scores count one half": (difference > 0).float().mean(),
        "ties count as a success here: two equal scores count one half": (difference >= 0).float().mean(),
        "the pairs are the wrong way round: the firing token's score should be the larger one": 1 - right,
        "this is the share of tokens called right, which depends on how rare firings are": (
            (scores > 0) == fires
        )
        .float()
        .mean(),
        "this is a difference of means, whose size depends on the unit of the scores": scores[fires].mean()
        - scores[~fires].mean(),
    }
    expect(call(function, scores, fires), right, "the score of eight tokens", mistakes)
    expect(call(function, torch.zeros(8), fires), 0.5, "a description that says the same of every token")
    require(
        abs(float(call(function, 7 * scores - 3, fires)) - float(right)) < 1e-6,
        "the score changes when all scores are shifted and scaled, but only their order may matter",
    )
    passed(function)


def keep_error(function):
    """x̂' + (x - x̂)."""
    x, x_hat, changed = _normal(2, 3, 4), _normal(2, 3, 4, seed=1), _normal(2, 3, 4, seed=2)
    got = call(function, x, x_hat, changed)
    mistakes = {
        "this is the changed reconstruction alone: the error x - x̂ is lost": changed,
        "the error has the wrong sign: it is x - x̂": changed + (x_hat - x),
        "nothing has changed: this is x": x,
        "the whole of x has been added: only the error x - x̂ stays": changed + x,
        "the change has the wrong sign: it is x̂ changed minus x̂": x + (x_hat - changed),
    }
    expect(got, changed + (x - x_hat), "the stream after the change", mistakes)
    expect(call(function, x, x_hat, x_hat), x, "the stream when nothing is changed")
    passed(function)
