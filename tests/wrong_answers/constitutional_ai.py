"""Wrong answers to the exercises of `constitutional_ai`, and what their checks must say."""

import torch


def _crime(y):
    return ((y[..., 0] == 3) | (y[..., 0] == 4)).int()


def _variance(log_pi, reward):
    pi = log_pi.exp()
    return (pi * (reward - (pi * reward).sum()) ** 2).sum()


WRONG = {
    "soft_label": [
        (lambda a, b: a.exp(), "among all tokens"),
        (lambda a, b: (b - a).sigmoid(), r"probability of \(B\)"),
        (lambda a, b: a - b, "log-odds"),
        (lambda a, b: (a > b).float(), "hard label"),
        (lambda a, b: a / (a + b), "not the log-probabilities"),
        (lambda a, b: a.exp() / (a.exp() + b.exp()), "-1000"),
    ],
    "count_violations": [
        (lambda y: (y >= 2).sum(-1), "only options 3 and 4"),
        (lambda y: _crime(y) + (y[..., 1:] >= 2).sum(-1) + (y[..., 0] == 5).int(), "empty refusal"),
        (lambda y: (y[..., 1:] >= 2).sum(-1), "content slot has a principle"),
        (lambda y: ((_crime(y) + (y[..., 1:] >= 2).sum(-1)) > 0).int(), "counts twice"),
        (lambda y: _crime(y) + (y[..., 1:] >= 1).sum(-1), "break nothing"),
        (lambda y: _crime(y) + (y[:, 1:] >= 2).sum(1), "last axis|raised"),
    ],
    "swap_average": [
        (lambda p, q: ((p + 1 - q) / 2, (torch.logit(p) + torch.logit(q)) / 2), "averages probabilities"),
        (
            lambda p, q: ((torch.logit(p) - torch.logit(q)).sigmoid(), (torch.logit(p) + torch.logit(q)) / 2),
            "counted twice",
        ),
        (
            lambda p, q: (
                ((torch.logit(p) - torch.logit(q)) / 2).sigmoid(),
                torch.logit(p) + torch.logit(q),
            ),
            "not the sum",
        ),
        (
            lambda p, q: (((torch.logit(p) - torch.logit(q)) / 2).sigmoid(), (p + q) / 2),
            "mean of the probabilities",
        ),
        (
            lambda p, q: (((torch.logit(p) - torch.logit(q)) / 2).sigmoid(), (p + q) / 2 - 0.5),
            "from one half",
        ),
        (
            lambda p, q: (((torch.logit(p) - torch.logit(q)) / 2).sigmoid(), torch.logit((p + q) / 2)),
            "average the two log-odds",
        ),
        (lambda p, q: ((torch.logit(p) - torch.logit(q)) / 2).sigmoid(), "two tensors"),
    ],
    "expected_evidence": [
        (lambda m, f: (1 - m, f), "subtract it"),
        (lambda m, f: (1 - m - f, 0.0), "a silent one never"),
        (lambda m, f: (m + f - 1, -f), "sign"),
        (lambda m, f: ((1 - m) * (1 - f), f), "do not multiply"),
        (lambda m, f: 1 - m - f, "two numbers"),
    ],
    "beta_for_budget": [
        (lambda lp, r, k: (r.var() / (2 * k)).sqrt().item(), "under π"),
        (lambda lp, r, k: (_variance(lp, r) / k).sqrt().item(), "factor 2"),
        (lambda lp, r, k: (_variance(lp, r) / (2 * k)).item(), "take the root"),
        (lambda lp, r, k: ((lp.exp() * r**2).sum() / (2 * k)).sqrt().item(), "subtract the mean"),
        (
            lambda lp, r, k: ((lp.exp() * (r - r.mean()) ** 2).sum() / (2 * k)).sqrt().item(),
            "mean to subtract",
        ),
        (lambda lp, r, k: ((lp * (r - (lp * r).sum()) ** 2).sum() / (2 * k)).sqrt().item(), "exponentiate"),
        (lambda lp, r, k: (2 * k / _variance(lp, r)).sqrt().item(), "1/β"),
    ],
    "clamped_gap": [
        (
            lambda p, low=0.4, high=0.6: (p.clamp(low, high), p.clamp(low, high) - 0.5),
            "difference of probabilities",
        ),
        (lambda p, low=0.4, high=0.6: (low + (high - low) * p, p), "shrinks every label"),
        (lambda p, low=0.4, high=0.6: (p.clamp(max=high), p), "below the range"),
        (
            lambda p, low=0.4, high=0.6: (p.clamp(low, high), p.clamp(low, high).sigmoid()),
            "do not apply it",
        ),
        (lambda p, low=0.4, high=0.6: (p.clamp(low, high), torch.logit(p)), "before clamping"),
        (
            lambda p, low=0.4, high=0.6: (p.clamp(0.4, 0.6), torch.logit(p.clamp(0.4, 0.6))),
            "only their defaults",
        ),
        (lambda p, low=0.4, high=0.6: p.clamp(low, high), "two tensors"),
    ],
}
