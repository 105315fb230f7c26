"""Plausible wrong answers to the exercises of the lab `superposition`, and what their check must say."""

import math

import torch


def digons_transposed(m):
    return torch.cat([torch.eye(m), -torch.eye(m)])


def digons_parallel(m):
    return torch.cat([torch.eye(m), torch.eye(m)], dim=1)


def digons_long(m):
    return torch.cat([torch.eye(m), -2 * torch.eye(m)], dim=1)


def digons_only_half(m):
    return torch.eye(m)


def digons_rotated(m):
    """Two orthogonal bases, one rotated: every D is 1/2 in a plane, but nothing is antipodal."""
    if m == 1:
        return torch.tensor([[1.0, -1.0]])
    angle = torch.tensor(2.83)
    turn = torch.eye(m)
    turn[:2, :2] = torch.tensor([[angle.cos(), -angle.sin()], [angle.sin(), angle.cos()]])
    turn[range(2, m), range(2, m)] = -1
    return torch.cat([torch.eye(m), turn], dim=1)


def gain(W, i):
    return (W.T @ W[:, i]).norm().item(), (W[:, i] @ W[:, i]).item()


WRONG = {
    "polygon_dimensionality": [
        (lambda k: 1 / k, "budget of one dimension"),
        (lambda k: k / 2, "inverse"),
        (lambda k: 1 / (k / 2 - 1), "leaves out j = i"),
        (lambda k: 1.0, "not squared"),
        (lambda k: 2.0 * k, "got 10\\., expected 0.4"),
    ],
    "digons": [
        (digons_transposed, "transpose"),
        (digons_parallel, "same direction"),
        (digons_long, "lengths of the columns"),
        (digons_only_half, "expected .*columns"),
        (digons_rotated, "no antipodal partner"),
    ],
    "welch_bound": [
        (lambda n, m: max(0, n - m) / (m * (n - 1)), "take the root"),
        (lambda n, m: 1 / math.sqrt(m), "limit for many features"),
        (lambda n, m: math.sqrt(max(0, n - m) / (m * n)), "off the diagonal"),
        (lambda n, m: math.sqrt(n / (m * (n - 1))), "n ones"),
        (lambda n, m: math.sqrt((n - m) / (m * (n - 1))), "can be orthogonal"),
    ],
    "antipodal_loss": [
        (lambda p, r: p**2 / 6, "one output only"),
        (lambda p, r: p**2 / 3 * (1 + 0 * r), "both outputs alike"),
        (lambda p, r: (1 + r) / 6, "factor p² is missing"),
        (lambda p, r: (1 + r) * p / 6, "not p"),
        (lambda p, r: (1 + r) * p**2 / 3, "not of its square"),
        (lambda p, r: (1 + r) * p**2 / 9, "squares the mean"),
    ],
    "trapped_share": [
        (lambda x, t=0.02: (x <= (1 + t) * x.amin(-1, keepdim=True)).float().mean(-1), "not trapped"),
        (
            lambda x, t=0.02: (x > (1 + t) * x.amin(-1, keepdim=True)).float().mean(),
            "one number over all seeds",
        ),
        (lambda x, t=0.02: (x > (1 + t) * x.amin(-1, keepdim=True)).float().sum(-1), "count"),
        (lambda x, t=0.02: (x > (1 + t) * x.amin(-1, keepdim=True)).float().mean(0), "over the seeds"),
        (lambda x, t=0.02: (x > (1 + t) * x.min()).float().mean(-1), "same seed"),
        (lambda x, t=0.02: (x > x.amin(-1, keepdim=True) + t).float().mean(-1), "relative"),
        (lambda x, t=0.02: (x > (1 + t) * x.amin(-1)).float().mean(-1), "RuntimeError"),
    ],
    "one_neuron_share": [
        (lambda p: 0.5, "limit of rare features"),
        (lambda p: math.sqrt((4 - 3 * p) / (8 - 3 * p)), "its square"),
        (lambda p: 2 * (4 - 3 * p) / (8 - 3 * p), "twice too much"),
        (lambda p: 4 / (8 - 3 * p), "unexplained"),
    ],
    "attack_gain": [
        (lambda W, i: gain(W, i)[1] / gain(W, i)[0], "inverse"),
        (lambda W, i: (gain(W, i)[0] / gain(W, i)[1]) ** 2, "root of a sum"),
        (lambda W, i: (gain(W, i)[1] / gain(W, i)[0]) ** 2, "grows as D falls"),
        (lambda W, i: gain(W, i)[0], "not divided"),
        (lambda W, i: (W.T @ W[:, i]).abs().sum().item() / gain(W, i)[1], "absolute value"),
    ],
}
