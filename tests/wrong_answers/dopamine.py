"""Plausible wrong answers to the exercises of the lab `dopamine`, and what their check must say."""

import torch


def shifted(values, by=1):
    return torch.cat([torch.zeros(by, dtype=values.dtype), values[:-by]])


def looks_ahead(values, rewards, gamma):
    after = torch.cat([values[1:], torch.zeros(1, dtype=values.dtype)])
    return rewards + gamma * after - values


def weights(tau, reversal, grid):
    return tau[:, None] - (grid < reversal[:, None]).double()


def swapped_weights(tau, reversal, grid):
    return weights(1 - tau, reversal, grid).abs() * (grid - reversal[:, None])


def counts(positive, negative):
    return torch.cat([positive.sum()[None], negative - positive]).cumsum(0)


def last_of_equals(positive, negative):
    found = counts(positive, negative)
    return len(found) - 1 - int(found.flip(0).argmax())


def behind_last_negative(positive, negative):
    return max((k + 1 for k in range(7) if negative[k] > positive[k]), default=0)


def first_positive(positive, negative):
    return next((j for j in range(7) if positive[j] > negative[j]), 7)


def amount_on_neither_side(positive, negative):
    return int(torch.stack([positive[k + 1 :].sum() + negative[:k].sum() for k in range(8)]).argmax())


def amount_on_both_sides(positive, negative):
    return int(torch.stack([positive[k:].sum() + negative[: k + 1].sum() for k in range(8)]).argmax())


WRONG = {
    "td_errors": [
        (looks_ahead, "too far ahead"),
        (lambda values, rewards, gamma: rewards + values - shifted(values), "must be discounted"),
        (lambda values, rewards, gamma: rewards + values - gamma * shifted(values), "belongs to the later"),
        (lambda values, rewards, gamma: rewards - shifted(values), "value to come"),
        (lambda values, rewards, gamma: rewards + gamma * values - values.roll(1), "not the last value"),
        (lambda values, rewards, gamma: shifted(values) - rewards - gamma * values, "turned round"),
    ],
    "burst_and_dip": [
        (lambda gamma, delay, size: (gamma**delay * size, -(gamma**delay) * size), "dip is not discounted"),
        (lambda gamma, delay, size: (gamma ** (delay - 1) * size, -size), "discounts it once more"),
        (lambda gamma, delay, size: (gamma ** (delay + 1) * size, -size), "once too often"),
        (lambda gamma, delay, size: (gamma**delay * size, size), "negative"),
        (lambda gamma, delay, size: (gamma**delay, -1.0), "size of the reward is missing"),
        (lambda gamma, delay, size: gamma**delay * size, "two numbers"),
    ],
    "resting_point": [
        (lambda p, up, down: p, "that is the mean"),
        (lambda p, up, down: down * p / (down * p + up * (1 - p)), "exchanged"),
        (lambda p, up, down: up / (up + down), "p matters"),
        (lambda p, up, down: p * up / (up + down), "balance the two sides"),
        (lambda p, up, down: up * p / (down * (1 - p)), "odds"),
    ],
    "decoder_matrix": [
        (swapped_weights, "exchanged"),
        (lambda tau, e, x: weights(tau, e, x) * (x - e[:, None]), "absolute value"),
        (lambda tau, e, x: weights(tau, e, x).abs() * (x - e[:, None]).sign(), "quantile"),
        (lambda tau, e, x: (weights(tau, e, x).abs() * (x - e[:, None])).T, "along the rows"),
        (lambda tau, e, x: weights(tau, e, x).abs() * (x - e[:, None]) ** 2, "derivative"),
        (lambda tau, e, x: x - e[:, None], "hold the mean"),
    ],
    "sign_change": [
        (lambda positive, negative: int(counts(positive, negative).argmin()), "lowest"),
        (last_of_equals, "take the lower"),
        (amount_on_neither_side, "on neither"),
        (amount_on_both_sides, "on both"),
        (first_positive, "goes over all amounts"),
        (behind_last_negative, "behind the last amount"),
        (lambda positive, negative: int(counts(negative, positive).argmax()), "positives below|lowest"),
        (lambda positive, negative: int(counts(positive, negative)[:7].argmax()), "every amount below"),
        (lambda positive, negative: int(counts(positive, negative)[1:].argmax()), "no amount below"),
    ],
    "seen_correlation": [
        (lambda r, x, y: r * x * y, "square root"),
        (lambda r, x, y: r / (x * y) ** 0.5, "noise is to be added"),
        (lambda r, x, y: r * x**0.5, "both reliabilities"),
        (lambda r, x, y: r * (x + y) / 2, "multiply"),
        (lambda r, x, y: abs(r) * (x * y) ** 0.5, "sign"),
    ],
}
