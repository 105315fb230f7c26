"""Checks of the exercises in the lab `constitutional_ai`."""

import math

import torch

from utils.checks.core import CheckFailed, call, expect, passed, require


def soft_label(function) -> None:
    """P(A) / (P(A) + P(B)), safe for log-probabilities of any size."""
    a, b = torch.tensor([-1.0, -0.2, -3.0]), torch.tensor([-1.8, -2.2, -0.5])
    want = (a - b).sigmoid()
    expect(
        call(function, a, b),
        want,
        "the labels for ℓ_A = (-1, -0.2, -3) and ℓ_B = (-1.8, -2.2, -0.5)",
        {
            "that is P(A) among all tokens; divide by P(A) + P(B)": a.exp(),
            "that is the probability of (B)": 1 - want,
            "those are the log-odds; the label is their logistic function": a - b,
            "that is the ratio P(A)/P(B), not a share": (a - b).exp(),
            "that is a hard label; the judge's confidence is lost": (a > b).float(),
            "normalise the probabilities, not the log-probabilities": a / (a + b),
        },
    )
    far = call(function, torch.tensor([-1000.0]), torch.tensor([-1000.8]))
    expect(
        far,
        torch.tensor([0.8]).sigmoid(),
        "the label for ℓ_A = -1000 and ℓ_B = -1000.8 (both probabilities are 0 in floating point)",
    )
    passed(function)


def count_violations(function) -> None:
    """One a slot, contents 3 and 4, other options from 2 on; the refusal is none."""
    reply = torch.tensor(
        [
            [0, 0, 0, 0, 0],
            [3, 1, 1, 1, 1],
            [4, 2, 3, 2, 3],
            [5, 0, 0, 0, 0],
            [2, 2, 0, 3, 1],
            [1, 1, 2, 0, 0],
        ]
    )
    crime = ((reply[:, 0] == 3) | (reply[:, 0] == 4)).int()
    others = reply[:, 1:] >= 2
    want = crime + others.sum(1)
    expect(
        call(function, reply),
        want,
        "the violations of six replies",
        {
            "an empty refusal (content 5) breaks none of the five": crime
            + others.sum(1)
            + (reply[:, 0] == 5).int(),
            "in the content slot only options 3 and 4 are violations": (reply >= 2).sum(1),
            "both contents 3 and 4 help with a crime": (reply[:, 0] == 3).int() + others.sum(1),
            "the content slot has a principle too": others.sum(1),
            "a reply with two bad slots counts twice": ((crime + others.sum(1)) > 0).int(),
            "the plain options (1) break nothing": crime + (reply[:, 1:] >= 1).sum(1),
            "option 2 is a violation as well as option 3": crime + (reply[:, 1:] > 2).sum(1),
            "that is the number of slots that keep their principle": 5 - want,
        },
    )
    expect(
        call(function, reply.view(2, 3, 5)),
        want.view(2, 3),
        "the same replies in a batch of shape (2, 3, 5): count along the last axis",
    )
    passed(function)


def swap_average(function) -> None:
    """δ = (ℓ₁ - ℓ₂)/2 as a probability, b = (ℓ₁ + ℓ₂)/2."""
    p1, p2 = torch.tensor([0.95, 0.6, 0.3]), torch.tensor([0.8, 0.9, 0.3])
    l1, l2 = torch.logit(p1), torch.logit(p2)
    result = call(function, p1, p2)
    require(
        isinstance(result, tuple | list) and len(result) == 2,
        "return two tensors: the probability for x, and the bias in log-odds",
    )
    what = "for p₁ = (0.95, 0.6, 0.3) and p₂ = (0.8, 0.9, 0.3)"
    expect(
        result[0],
        ((l1 - l2) / 2).sigmoid(),
        f"the probability for x, {what}",
        {
            "that averages probabilities; the bias is constant in log-odds, so average those": (p1 + 1 - p2)
            / 2,
            "half the difference, not the whole: the preference is counted twice": (l1 - l2).sigmoid(),
            "those are log-odds; the answer is a probability": (l1 - l2) / 2,
            "p₂ speaks for the other reply: it enters with the opposite sign": ((l1 + l2) / 2).sigmoid(),
            "that averages p₁ and p₂, though (A) is another reply in the second": (p1 + p2) / 2,
            "that is the probability for the other reply": ((l2 - l1) / 2).sigmoid(),
        },
    )
    expect(
        result[1],
        (l1 + l2) / 2,
        f"the bias, {what}",
        {
            "half the sum of the two equations, not the sum": l1 + l2,
            "the bias in log-odds, not as a probability": ((l1 + l2) / 2).sigmoid(),
            "that is the preference; the bias is the half sum": (l1 - l2) / 2,
            "that is the mean of the probabilities; (1) is linear in log-odds": (p1 + p2) / 2,
            "that is how far the mean of the probabilities is from one half; (1) is linear in log-odds": (
                p1 + p2
            )
            / 2
            - 0.5,
            "average the two log-odds, not the probabilities before taking log-odds": torch.logit(
                (p1 + p2) / 2
            ),
            "the sign is wrong: a preference for the first place is positive": -(l1 + l2) / 2,
        },
    )
    passed(function)


def expected_evidence(function) -> None:
    """(1 - m) - f and f."""
    for miss, false_alarm in ((0.2, 0.1), (0.5, 0.5), (1.0, 0.3)):
        result = call(function, miss, false_alarm)
        require(
            isinstance(result, tuple | list) and len(result) == 2, "return two numbers, one for each pair"
        )
        what = f"with m = {miss} and f = {false_alarm}"
        first = {
            "a clean reply that says something is seen with probability f: subtract it": 1 - miss,
            "the sign is wrong: z is seen in the second minus seen in the first": miss + false_alarm - 1,
            "a miss has probability m, so a violation is seen with 1 - m": miss - false_alarm,
            "subtract the false alarm, do not multiply by its absence": (1 - miss) * (1 - false_alarm),
            "that adds the false alarm; it speaks against the *clean* reply": 1 - miss + false_alarm,
        }
        second = {
            "a clean reply that says something is seen with probability f, a silent one never": 0.0,
            "the sign is wrong: the second reply is the one that can be seen": -false_alarm,
            "silence is never seen, not even by mistake": false_alarm - false_alarm**2,
            "that is the probability of no false alarm": 1 - false_alarm,
        }
        for got, want, pair, mistakes in (
            (result[0], 1 - miss - false_alarm, "(clean, violating)", first),
            (result[1], false_alarm, "(silent, clean)", second),
        ):
            named = {text: value for text, value in mistakes.items() if not math.isclose(value, want)}
            expect(got, want, f"E z of the pair {pair} {what}", named)
    passed(function)


def beta_for_budget(function) -> None:
    """√(v/2K), with the variance under π; right to first order for any reward."""
    generator = torch.Generator().manual_seed(0)
    log_pi, reward = torch.randn(2, 60, generator=generator, device="cpu")
    log_pi, reward = (2 * log_pi).log_softmax(0), 3 * reward + 5
    pi = log_pi.exp()
    v = (pi * (reward - (pi * reward).sum()) ** 2).sum()
    for budget in (0.5, 0.02):
        result = call(function, log_pi, reward, budget)
        require(
            not (isinstance(result, float | torch.Tensor) and bool(torch.as_tensor(result).isnan().any())),
            "that is NaN, the root of a negative number: log_pi holds log-probabilities; exponentiate them",
        )
        expect(
            result,
            (v / (2 * budget)).sqrt(),
            f"β for a budget of {budget} nats",
            {
                "the variance is that under π, not over the list of replies": (
                    reward.var() / (2 * budget)
                ).sqrt(),
                "the variance is that under π, not over the list of replies (and not of a sample)": (
                    reward.var(unbiased=False) / (2 * budget)
                ).sqrt(),
                "the mean to subtract is that under π, too": (
                    (pi * (reward - reward.mean()) ** 2).sum() / (2 * budget)
                ).sqrt(),
                "the factor 2 is missing: KL = v/(2β²)": (v / budget).sqrt(),
                "that is β²; take the root": v / (2 * budget),
                "subtract the mean: a constant in the reward changes nothing": (
                    (pi * reward**2).sum() / (2 * budget)
                ).sqrt(),
                "that is 1/β": (2 * budget / v).sqrt(),
                "that uses the standard deviation where the variance belongs": (
                    v.sqrt() / (2 * budget)
                ).sqrt(),
            },
        )
    budget = 1e-4
    beta = float(call(function, log_pi, reward, budget))
    tilted = (log_pi + reward / beta).log_softmax(0)
    reached = float((tilted.exp() * (tilted - log_pi)).sum())
    require(
        abs(reached / budget - 1) < 0.1, f"for a budget of {budget} nats this β gives a KL of {reached:.2g}"
    )
    passed(function)


def clamped_gap(function) -> None:
    """clamp, then logit."""
    label = torch.tensor([0.9, 0.5, 0.45, 0.0, 1.0])
    for low, high in ((0.4, 0.6), (0.2, 0.8)):
        clamped = label.clamp(low, high)
        result = call(function, label, low, high)
        require(
            isinstance(result, tuple | list) and len(result) == 2,
            "return two tensors: the clamped label and the reward difference",
        )
        what = f"for labels 0.9, 0.5, 0.45, 0, 1 and the range [{low}, {high}]"
        expect(
            result[0],
            clamped,
            f"the clamped labels {what}",
            {
                "that shrinks every label towards one half; clamping leaves those within the range": low
                + (high - low) * label,
                "use low and high; 0.4 and 0.6 are only their defaults": label.clamp(0.4, 0.6),
                "labels below the range are clamped too": label.clamp(max=high),
                "labels above the range are clamped too": label.clamp(min=low),
                "a label within the range stays as it is": torch.where(
                    label > 0.5, high, torch.where(label < 0.5, low, 0.5)
                ),
            },
        )
        expect(
            result[1],
            torch.logit(clamped),
            f"the reward differences {what}",
            {
                "that is the difference of probabilities; the reward's unit is log-odds": clamped - 0.5,
                "invert the logistic function, do not apply it": clamped.sigmoid(),
                "that is log p; log-odds are log p - log(1 - p)": clamped.log(),
                "that is the gap before clamping": torch.logit(label),
                "use low and high; 0.4 and 0.6 are only their defaults": torch.logit(label.clamp(0.4, 0.6)),
                "that is the gap of the other reply": -torch.logit(clamped),
            },
        )
    passed(function)


__all__ = [
    "CheckFailed",
    "beta_for_budget",
    "clamped_gap",
    "count_violations",
    "expected_evidence",
    "soft_label",
    "swap_average",
]
