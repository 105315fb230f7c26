"""Checks of the exercises in the lab `dopamine`."""

import torch

from utils.checks.core import call, expect, passed, require
from utils.dopamine import expectile


def td_errors(function) -> None:
    """δ(t) = r(t) + γ V(t) - V(t-1), with V(-1) = 0."""
    values = torch.tensor([0.2, 0.5, 1.0, 0.3], dtype=torch.float64)
    rewards = torch.tensor([0.0, 1.0, 0.0, 2.0], dtype=torch.float64)
    before = torch.cat([torch.zeros(1, dtype=torch.float64), values[:-1]])
    after = torch.cat([values[1:], torch.zeros(1, dtype=torch.float64)])
    mistakes = {
        "the later value is V(t), the earlier V(t-1); yours looks one step too far ahead": rewards
        + 0.9 * after
        - values,
        "the later value must be discounted: γ V(t)": rewards + values - before,
        "the discount is on the earlier value; it belongs to the later": rewards + values - 0.9 * before,
        "both values are discounted; only the later one is": rewards + 0.9 * values - 0.9 * before,
        "that is the reward less its prediction, without the value to come": rewards - before,
        "the sign is turned round: better than expected is positive": before - rewards - 0.9 * values,
        "V(-1) is 0, not the last value of the trial": rewards + 0.9 * values - values.roll(1),
    }
    expect(
        call(function, values, rewards, 0.9), rewards + 0.9 * values - before, "errors with γ = 0.9", mistakes
    )
    correct = torch.tensor([0, 0.25, 0.5, 1, 0], dtype=torch.float64)
    reward = torch.tensor([0, 0, 0, 0, 1.0], dtype=torch.float64)
    expect(
        call(function, correct, reward, 0.5),
        torch.tensor([0, 0.125, 0, 0, 0], dtype=torch.float64),
        "errors at the fixed point with γ = 0.5, where only the cue surprises",
    )
    passed(function)


def burst_and_dip(function) -> None:
    """(γ^delay · size, -size)"""
    for gamma, delay, size in ((0.9, 5, 1.0), (0.5, 2, 3.0)):
        result = call(function, gamma, delay, size)
        require(
            isinstance(result, tuple | list) and len(result) == 2,
            "return two numbers: the error at the cue and the error at the omission",
        )
        cue, dip = gamma**delay * size, -size
        what = f"with γ = {gamma:g}, a delay of {delay} and a reward of {size:g}"
        expect(
            result[0],
            cue,
            f"the error at the cue {what}",
            {
                "that is the value of the cue; the error discounts it once more": gamma ** (delay - 1) * size,
                "that discounts once too often: the last tap is worth the whole reward": gamma ** (delay + 1)
                * size,
                "the cue is not worth the whole reward: it must be waited for": size,
                "a delay of several steps discounts by γ several times": gamma * size,
                "the size of the reward is missing": gamma**delay,
                "the error at the cue is positive": -cue,
            },
        )
        expect(
            result[1],
            dip,
            f"the error at the omission {what}",
            {
                "the dip is not discounted: just before the reward nothing is left to wait for": -cue,
                "the value one step before the reward is the reward itself, without a γ": -gamma * size,
                "an omitted reward is worse than expected: the error is negative": size,
                "the size of the reward is missing": -1.0,
            },
        )
    passed(function)


def resting_point(function) -> None:
    """α⁺ p / (α⁺ p + α⁻ (1 - p))"""
    for p, up, down in ((0.3, 0.2, 0.1), (0.6, 0.05, 0.2)):
        tau = up / (up + down)
        expect(
            call(function, p, up, down),
            up * p / (up * p + down * (1 - p)),
            f"the resting point for p = {p:g}, α⁺ = {up:g}, α⁻ = {down:g}",
            {
                "that is the mean, where only a cell with equal rates rests": p,
                "α⁺ and α⁻ are exchanged: a cell that learns more from gains rests above the mean": down
                * p
                / (down * p + up * (1 - p)),
                "that is the asymmetry τ; p matters too": tau,
                "that is p τ; balance the two sides of (3) instead": p * tau,
                "that is the τ-quantile; expectiles weigh errors by their size": float(tau > 1 - p),
                "that is the odds; solve for V once more": up * p / (down * (1 - p)),
            },
        )
    expect(call(function, 0.3, 0.1, 0.1), 0.3, "the resting point for equal rates, the mean")
    passed(function)


def decoder_matrix(function) -> None:
    """G_im = |τ_i - 1(x_m < e_i)| (x_m - e_i)"""
    tau = torch.tensor([0.2, 0.5, 0.9], dtype=torch.float64)
    points = torch.tensor([-1.0, 0.0, 2.0, 5.0], dtype=torch.float64)
    reversal = torch.tensor([-0.5, 1.0, 4.0], dtype=torch.float64)
    x = points - reversal[:, None]
    below = (x < 0).double()
    want = (tau[:, None] - below).abs() * x
    mistakes = {
        "the weights are exchanged: τ belongs to the rewards above the reversal point": (
            1 - tau[:, None] - below
        ).abs()
        * x,
        "the weight has lost its absolute value, so both sides of a row have one sign": (tau[:, None] - below)
        * x,
        "that is the quantile's condition; the expectile weighs by the distance": (tau[:, None] - below).abs()
        * x.sign(),
        "without the asymmetry every cell would hold the mean": x,
        "cells belong along the rows and grid points along the columns": want.T,
        "the sign is turned round: it is x - e": -want,
        "distances are squared; that is the loss, and (4) is its derivative": (tau[:, None] - below).abs()
        * x**2,
    }
    expect(call(function, tau, reversal, points), want, "G for three cells and four grid points", mistakes)
    p = torch.tensor([0.1, 0.4, 0.3, 0.2], dtype=torch.float64)
    balanced = call(function, tau, expectile(points, tau, p), points) @ p
    expect(balanced, torch.zeros(3), "G p for the true distribution and its expectiles")
    passed(function)


def sign_change(function) -> None:
    """argmax_k Σ_{j ≥ k} positive_j + Σ_{j < k} negative_j, the first of equals."""
    cases = {
        "a cell that changes sign after the third amount": (
            [1, 2, 3, 6, 20, 9, 5],
            [9, 12, 11, 4, 5, 0, 0],
            3,
        ),
        "a cell that changes sign after the fourth amount": (
            [0, 4, 0, 2, 7, 8, 8],
            [8, 10, 0, 3, 1, 3, 2],
            4,
        ),
        "a cell that is always excited": ([9, 9, 9, 9, 9, 9, 9], [1, 1, 1, 1, 1, 1, 1], 0),
        "a cell that is always depressed": ([1, 1, 1, 1, 1, 1, 1], [9, 9, 9, 9, 9, 9, 9], 7),
        "a cell whose signs waver": ([0, 5, 0, 0, 8, 8, 8], [9, 2, 9, 9, 1, 1, 1], 4),
        "a cell with two equally good places": ([0, 0, 3, 5, 5, 5, 5], [5, 5, 3, 0, 0, 0, 0], 2),
        "a cell that is excited early, but for one amount": ([0, 0, 9, 9, 0, 9, 9], [9, 9, 0, 0, 1, 0, 0], 2),
    }
    for what, (positive, negative, k) in cases.items():
        up, down = torch.tensor(positive), torch.tensor(negative)
        steps = torch.cat([up.sum()[None], down - up]).cumsum(0)
        first = next((j for j in range(7) if positive[j] > negative[j]), 7)
        last = next((j + 1 for j in reversed(range(7)) if negative[j] > positive[j]), 0)
        neither = torch.tensor([up[k + 1 :].sum() + down[:k].sum() for k in range(8)])
        both = torch.tensor([up[k:].sum() + down[: k + 1].sum() for k in range(8)])
        got = call(function, up, down)
        expect(
            got,
            k,
            what,
            {
                "that is the place with the lowest count; the highest is wanted": int(steps.argmin()),
                "of two equal places take the lower": int(len(steps) - 1 - steps.flip(0).argmax()),
                "that is the first amount with more positives; the count goes over all amounts": first,
                "that is behind the last amount with more negatives; the count goes over all amounts": last,
                "that is where the place would be with positives below and negatives above": int(
                    torch.cat([down.sum()[None], up - down]).cumsum(0).argmax()
                ),
                "k = 7, every amount below, is allowed too": int(steps[:7].argmax()),
                "amount k belongs to one side, to those above; yours is on neither": int(neither.argmax()),
                "amount k belongs to one side, to those above; yours is on both": int(both.argmax()),
                "k = 0, no amount below, is allowed too; k counts the amounts below": int(steps[1:].argmax()),
            },
        )
    passed(function)


def seen_correlation(function) -> None:
    """r √(reliability_x reliability_y)"""
    for r, x, y in ((0.9, 0.7, 0.4), (-0.5, 1.0, 0.25)):
        expect(
            call(function, r, x, y),
            r * (x * y) ** 0.5,
            f"the correlation seen for r = {r:g} and reliabilities {x:g} and {y:g}",
            {
                "take the square root: the correlation divides by standard deviations": r * x * y,
                "that undoes the noise; here noise is to be added": r / (x * y) ** 0.5,
                "only one of the two estimates is noisy here; take both reliabilities": r * x**0.5,
                "noise that is independent takes away from the correlation": r,
                "reliabilities multiply; that is their mean": r * (x + y) / 2,
                "the sign of the correlation is lost": abs(r) * (x * y) ** 0.5,
            },
        )
    passed(function)
