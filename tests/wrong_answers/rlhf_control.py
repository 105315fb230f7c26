"""Wrong answers to the exercises of `rlhf_control`, and what their checks must say."""

import math

import torch


def _logit(p):
    return math.log(p / (1 - p)) if p < 1 else math.inf


def _needed(gaps, weights, rate, index, tolerance, weigh, invert=True, power=2):
    s = torch.sigmoid(gaps @ weights)
    P, slope = rate + (1 - 2 * rate) * s, (1 - 2 * rate) * s * (1 - s)
    information = (gaps * weigh(s, P, slope)[:, None]).T @ gaps / len(gaps)
    entry = torch.linalg.inv(information)[index, index] if invert else 1 / information[index, index]
    return (entry / (tolerance * weights[index]).abs() ** power).item()


def _right(s, P, slope):
    return slope**2 / (P * (1 - P))


def _wage(upright, falling, discount, power=None, constant=True, discounted=True):
    steps = torch.arange(len(falling), dtype=torch.float64)
    fall = ((discount**steps if discounted else 1) * falling).sum().item()
    power = len(falling) if power is None else power
    return ((1 - discount) * fall - upright) / (discount**power if constant else 1)


def _gae(rewards, values, last, done, gamma, lam, cut_value=True, cut_sum=True, use_last=True, plus=False):
    after = torch.cat([values[1:], torch.as_tensor(last if use_last else 0.0).reshape(1)])
    result, total = torch.zeros_like(rewards), 0.0
    for t in reversed(range(len(rewards))):
        alive = 1 - done[t].double()
        error = rewards[t] + gamma * after[t] * (alive if cut_value else 1) - values[t]
        result[t] = total = error + gamma * lam * (alive if cut_sum else 1) * total
    return result + values if plus else result


WRONG = {
    "preference": [
        (lambda a, b: torch.sigmoid(b - a), "probability of the second"),
        (lambda a, b: (a - b).exp(), "ratio of the strengths"),
        (lambda a, b: a.exp() / (a.exp() + b.exp()), "overflow"),
        (lambda a, b: a / (a + b), "quotient of the returns"),
        (lambda a, b: (a > b).float(), "certain choice"),
    ],
    "ceilings": [
        (lambda e: (1 - e, (1 - e) ** 2), "two wrong answers agree"),
        (lambda e: (1 - e, 1 - e), "both answers are noisy"),
        (lambda e: (1 - e / 2, (1 - e) ** 2 + e**2), "drawn at random"),
        (lambda e: 1 - e, "two numbers"),
    ],
    "fitted_gap": [
        (lambda e, a: _logit(1 - e), "not used"),
        (lambda e, a: -_logit((1 - e - a) / (1 - 2 * a)), "sign"),
        (lambda e, a: (1 - e - a) / (1 - 2 * a), "return the gap"),
        (lambda e, a: _logit((1 - e - a) / (1 - a)), "both directions"),
        (lambda e, a: min(_logit((1 - e - a) / (1 - 2 * a)), 20.0), "expected infinity"),
    ],
    "most_disputed": [
        (lambda p, k: (p.mean(0) - 0.5).abs().topk(k, largest=False).indices, "uncertain, not disputed"),
        (lambda p, k: p.var(0).topk(k, largest=False).indices, "agree most"),
        (lambda p, k: p.var(0).topk(k).values, "not those with the largest variance"),
        (lambda p, k: p.var(0).argmax(), "tensor of two indices"),
        (lambda p, k: p.mean(0).topk(k).indices, "large probabilities"),
    ],
    "comparisons_needed": [
        (lambda g, w, e, i, t: _needed(g, w, e, i, t, _right, invert=False), "invert the matrix"),
        (lambda g, w, e, i, t: _needed(g, w, e, i, t, lambda s, P, d: s * (1 - s)), "flip rate is not used"),
        (lambda g, w, e, i, t: _needed(g, w, e, i, t, lambda s, P, d: P * (1 - P)), r"not P\(1 - P\)"),
        (lambda g, w, e, i, t: _needed(g, w, e, i, t, _right, power=1), "enters squared"),
        (lambda g, w, e, i, t: _needed(g, w, e, i, t, _right) / len(g), "sum over the sample"),
        (lambda g, w, e, i, t: _needed(g, w, e, i, t, _right) * w[i].item() ** 2, "tolerance is relative"),
    ],
    "least_wage": [
        (lambda u, f, g: -_wage(u, f, g), "sign"),
        (lambda u, f, g: _wage(u, f, g, constant=False), "paid the constant, too"),
        (lambda u, f, g: _wage(u, f, g, discounted=False), "not discounted"),
        (lambda u, f, g: _wage(u, f, g, power=len(f) - 1), "not one less"),
        (lambda u, f, g: _wage(u, f, g) / (1 - g), r"divided by γ\^τ/\(1 - γ\)"),
    ],
    "gae": [
        (lambda *a: _gae(*a, cut_value=False, cut_sum=False), "ends are ignored"),
        (lambda *a: _gae(*a, cut_sum=False), "running sum must be cut"),
        (lambda *a: _gae(*a, cut_value=False), "after an end must be zero"),
        (lambda *a: _gae(*a, use_last=False), "last value is not used"),
        (lambda *a: _gae(*a, plus=True), "target of the value function"),
    ],
}
