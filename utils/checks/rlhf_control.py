"""Checks of the exercises in the lab `rlhf_control`."""

import math

import torch

from utils.checks.core import CheckFailed, call, expect, passed, require


def _random(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def preference(function) -> None:
    """σ(first - second); finite for large returns, unchanged by a shift."""
    first, second = torch.tensor([2.0, 1.0, -1.0, 3.0]), torch.tensor([0.0, 1.0, 2.0, 2.5])
    gap = first - second
    expect(
        call(function, first, second),
        torch.sigmoid(gap),
        "the probabilities for returns (2, 1, -1, 3) against (0, 1, 2, 2.5)",
        {
            "that is the probability of the second": torch.sigmoid(-gap),
            "that is the ratio of the strengths; divide by their sum": gap.exp(),
            "that is the quotient of the returns; their exponentials are the strengths": first
            / (first + second),
            "that is a certain choice; the model gives a probability": (gap > 0).float(),
            "that is the logarithm of the probability": torch.nn.functional.logsigmoid(gap),
            "that is the normal distribution function (Thurstone's model)": torch.special.ndtr(gap),
        },
    )
    large = call(function, torch.tensor([1000.0, -1000.0]), torch.tensor([998.0, -1002.0]))
    require(
        bool(torch.isfinite(torch.as_tensor(large)).all()),
        "returns of 1000 give NaN: exponentials overflow, the logistic function of the difference does not",
    )
    expect(large, torch.sigmoid(torch.tensor([2.0, 2.0])), "the same difference of 2 far from zero")
    passed(function)


def ceilings(function) -> None:
    """1 - ε, and (1 - ε)² + ε²"""
    for flip_rate in (0.1, 0.3):
        result = call(function, flip_rate)
        require(isinstance(result, tuple | list) and len(result) == 2, "return two numbers")
        right = 1 - flip_rate
        expect(
            result[0],
            right,
            f"agreement of the truth with a teacher of flip rate {flip_rate}",
            {
                "that is how often she agrees with herself": right**2 + flip_rate**2,
                "that is the share of wrong answers": flip_rate,
                "that holds if the answer is drawn at random with the rate, not turned round": 1
                - flip_rate / 2,
            },
        )
        expect(
            result[1],
            right**2 + flip_rate**2,
            f"agreement of a teacher of flip rate {flip_rate} with herself",
            {
                "two wrong answers agree, too: add the case in which both are turned round": right**2,
                "that is the agreement with the truth; both answers are noisy": right,
                "both answers turned round have probability ε², not ε": right**2 + flip_rate,
                "that is how often her two answers differ": 2 * flip_rate * right,
            },
        )
    passed(function)


def fitted_gap(function) -> None:
    """logit of (1 - ε - assumed)/(1 - 2 assumed), infinite where the assumption is right."""
    for rate, assumed in ((0.1, 0.0), (0.2, 0.05), (0.3, 0.2)):
        share = 1 - rate

        def logit(p):
            return math.log(p / (1 - p)) if 0 < p < 1 else math.nan

        right = logit((share - assumed) / (1 - 2 * assumed))
        mistakes = {
            "the sign is wrong: the first clip is better": -right,
            "that is the probability σ(gap); return the gap": (share - assumed) / (1 - 2 * assumed),
            "that is the ratio p/(1 - p); return its logarithm": math.exp(right),
        }
        if assumed:
            mistakes |= {
                "the assumed rate is not used": logit(share),
                "an answer can be turned round in both directions: the factor is 1 - 2 assumed": logit(
                    (share - assumed) / (1 - assumed)
                ),
                "the assumed rate is added to the plain gap; it changes P": logit(share) + assumed,
            }
        what = f"the gap for flip rate {rate} and an assumed rate of {assumed}"
        expect(call(function, rate, assumed), right, what, mistakes)
    try:
        got = call(function, 0.1, 0.1)
    except CheckFailed as error:
        message = "with assumed = flip_rate, σ(gap) is 1 and the gap is math.inf: return that case by itself"
        raise CheckFailed(f"{message} ({error})") from None
    require(
        not isinstance(got, complex) and float(got) == math.inf,
        f"where the assumed rate is right, no finite gap is large enough: got {got}, expected infinity",
    )
    passed(function)


def most_disputed(function) -> None:
    """Variance over members (the first axis), the k largest over pairs."""
    probabilities = torch.tensor(
        [[0.5, 0.1, 0.90, 0.3, 0.05], [0.5, 0.5, 0.92, 0.6, 0.03], [0.5, 0.9, 0.94, 0.4, 0.04]]
    )
    got = call(function, probabilities, 2)
    require(
        torch.is_tensor(got) and got.shape == (2,),
        "return a tensor of two indices, the pairs with the largest variance over members",
    )
    not_variance = "those have large probabilities, or it is a variance over pairs: take it over members"
    explanations = {
        (1, 2): not_variance,
        (0, 2): not_variance,
        (0, 1): "pairs whose mean is near one half are uncertain, not disputed: take the variance",
        (2, 4): "those are the pairs on which the members agree most or are most certain",
        (0, 4): "those are the pairs on which the members agree most: take the largest variance",
    }
    chosen = tuple(sorted(got.tolist()))
    require(
        chosen == (1, 3),
        explanations.get(
            chosen, f"pairs {list(chosen)} are not those with the largest variance over members"
        ),
    )
    expect(call(function, probabilities, 1), [1], "the most disputed pair of the five")
    passed(function)


def comparisons_needed(function) -> None:
    """(I⁻¹)_kk / (tolerance w_k)²"""
    gaps = _random(4000, 3) @ torch.tensor(
        [[1.0, 0.5, 0.0], [0.0, 1.0, 0.3], [0.2, 0.0, 0.7]], dtype=torch.float64
    )
    weights = torch.tensor([-1.0, -0.6, 0.4], dtype=torch.float64)
    for rate, index, tolerance in ((0.0, 0, 0.1), (0.1, 1, 0.05), (0.2, 2, 0.2)):
        s = torch.sigmoid(gaps @ weights)
        P, slope = rate + (1 - 2 * rate) * s, (1 - 2 * rate) * s * (1 - s)

        def needed(weight, index=index, tolerance=tolerance, invert=True, power=2):
            information = (gaps * weight[:, None]).T @ gaps / len(gaps)
            entry = torch.linalg.inv(information)[index, index] if invert else 1 / information[index, index]
            return (entry / (tolerance * weights[index]).abs() ** power).item()

        right = needed(slope**2 / (P * (1 - P)))
        mistakes = {
            "one over an entry of I is the variance if the others were known; invert the matrix": needed(
                slope**2 / (P * (1 - P)), invert=False
            ),
            "the information of a sum over the sample was taken for that of one comparison": right
            / len(gaps),
            "the tolerance enters squared: N goes with one over its square": needed(
                slope**2 / (P * (1 - P)), power=1
            ),
            "the tolerance is relative: multiply it by the weight": right * weights[index].item() ** 2,
        }
        if rate:
            mistakes |= {
                "the flip rate is not used": needed(s * (1 - s)),
                "the information is P'²/(P(1 - P)), not P(1 - P), once answers are turned round": needed(
                    P * (1 - P)
                ),
                "P'² is divided by P(1 - P), with flips in P": needed(slope**2 / (s * (1 - s))),
                "P' carries a factor 1 - 2ε": needed((s * (1 - s)) ** 2 / (P * (1 - P))),
            }
        expect(
            call(function, gaps, weights, rate, index, tolerance),
            right,
            f"the comparisons needed for weight {index} at flip rate {rate} and tolerance {tolerance}",
            mistakes,
            rtol=1e-3,
        )
    passed(function)


def least_wage(function) -> None:
    """c = ((1 - γ) Σ γ^t f_t - upright) / γ^τ"""
    for upright, falling, discount in (
        (-0.1, [-0.2, -0.5, -1.0], 0.9),
        (0.5, [0.4, 0.0], 0.5),
        (-1.0, [-3.0], 0.8),
    ):
        f = torch.tensor(falling, dtype=torch.float64)
        g, tau = discount, len(falling)
        fall = (g ** torch.arange(tau) * f).sum().item()
        want = ((1 - g) * fall - upright) / g**tau
        mistakes = {
            "the sign is wrong": -want,
            "the falling pendulum is paid the constant, too, while it falls": (1 - g) * fall - upright,
            "falling is not discounted": ((1 - g) * f.sum().item() - upright) / g**tau,
            "standing is worth upright/(1 - γ): it lasts for ever": (fall - upright)
            / ((1 - g**tau) / (1 - g) - 1)
            if tau > 1
            else None,
            "the constants differ by c γ^τ/(1 - γ): τ is the number of steps, not one less": (
                (1 - g) * fall - upright
            )
            / g ** (tau - 1),
            "the difference of the values is to be divided by γ^τ/(1 - γ), not by γ^τ": (
                fall - upright / (1 - g)
            )
            / g**tau,
        }
        expect(
            call(function, upright, f, discount),
            want,
            f"the wage for upright {upright}, falling {falling}, γ = {discount}",
            {explanation: value for explanation, value in mistakes.items() if value is not None},
        )
    passed(function)


def gae(function) -> None:
    """Equals the sum of discounted errors cut at every end; the special cases λ = 0 and λ = 1."""
    rewards, values, last = _random(6), _random(6, seed=1), _random(1, seed=2)[0]
    done = torch.tensor([False, False, True, False, False, False])
    gamma, lam = 0.9, 0.8

    def by_hand(gamma, lam, done, cut_value=True, cut_sum=True, last=last, bootstrap=None):
        after = torch.cat([values[1:], last.reshape(1)])
        result, total = torch.zeros(6, dtype=torch.float64), 0.0
        for t in reversed(range(6)):
            alive = 1 - done[t].double()
            error = rewards[t] + gamma * after[t] * (alive if cut_value else 1) - values[t]
            result[t] = total = error + gamma * lam * (alive if cut_sum else 1) * total
        return result

    right = by_hand(gamma, lam, done)
    expect(
        call(function, rewards, values, last, done, gamma, lam),
        right,
        "the advantages of six steps with an end after the third",
        {
            "the ends are ignored": by_hand(gamma, lam, torch.zeros(6, dtype=torch.bool)),
            "the running sum must be cut at an end, too": by_hand(gamma, lam, done, cut_sum=False),
            "the value of the state after an end must be zero, too": by_hand(
                gamma, lam, done, cut_value=False
            ),
            "the last value is not used: what comes after the last step still counts": by_hand(
                gamma, lam, done, last=torch.tensor(0.0)
            ),
            "that is the advantage plus the value, the target of the value function": right + values,
            "γ is missing in the running sum: the factor is γλ": by_hand(gamma, lam / gamma, done),
            "that is λ = 0: the errors alone": by_hand(gamma, 0.0, done),
            "that is λ = 1: the running sum has to be multiplied by λ": by_hand(gamma, 1.0, done),
        },
    )
    expect(
        call(function, rewards, values, last, done, gamma, 0.0),
        by_hand(gamma, 0.0, done),
        "λ = 0, where the advantage is the error of one step",
    )
    passed(function)


__all__ = [
    "CheckFailed",
    "ceilings",
    "comparisons_needed",
    "fitted_gap",
    "gae",
    "least_wage",
    "most_disputed",
    "preference",
]
