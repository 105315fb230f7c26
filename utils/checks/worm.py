"""Checks of the exercises in the lab `worm`."""

import math

import numpy as np
import torch

from utils.checks.core import call, expect, passed, require


def drift_without_diffusion(function) -> None:
    """v (2/π) (λa - λt) / (λa + λt + 2 λa λt τ)"""
    v, toward, away, turn = 0.2, 0.05, 0.4, 2.0
    difference, total, both = away - toward, away + toward, away * toward * turn
    want = v * (2 / math.pi) * difference / (total + 2 * both)
    expect(
        call(function, v, toward, away, turn),
        want,
        "the drift for v = 0.2, λt = 0.05, λa = 0.4, τ = 2",
        {
            "the sign is wrong: turning less on the way to the target brings the worm there": -want,
            "the turns take no time in your formula; turners are part of the whole": v
            * (2 / math.pi)
            * difference
            / total,
            "the mean of cos θ over half a circle, 2/π, is missing": want * math.pi / 2,
            "the mean of cos θ over half a circle is 2/π, not 1/π": want / 2,
            "the turners' share is Jτ; half of the turns go each way, hence the factor 2": v
            * (2 / math.pi)
            * difference
            / (total + both),
            "that is the drift per unit of speed; multiply by v": want / v,
        },
    )
    expect(call(function, 0.2, 0.3, 0.3, 2.0), 0.0, "the drift of a worm that light does not touch")
    back = 0.2 * (2 / math.pi) * (0.05 - 0.4) / (0.45 + 2 * 0.02 * 2)
    expect(
        call(function, 0.2, 0.4, 0.05, 2.0),
        back,
        "the drift for v = 0.2, λt = 0.4, λa = 0.05, τ = 2",
        {
            "a worm that turns more on the way to the target moves away from it": -back,
            "a drift may be negative": 0.0,
        },
    )
    passed(function)


def relabelled_rewards(function) -> None:
    """Decrease of the distance to each target, (targets, time - 1)"""
    generator = torch.Generator().manual_seed(0)
    positions, targets = torch.randn(6, 2, generator=generator), torch.randn(3, 2, generator=generator)
    distance = (positions[None] - targets[:, None]).norm(dim=-1)
    want = distance[:, :-1] - distance[:, 1:]
    square = distance**2
    expect(
        call(function, positions, targets),
        want,
        "the rewards of five steps for three targets",
        {
            "the sign is wrong: coming closer is rewarded": -want,
            "the axes are exchanged: targets first, then time": want.T,
            "those are decreases of the squared distance": square[:, :-1] - square[:, 1:],
            "those are distances; the reward is how much they decrease": distance,
            "those are distances after each step; the reward is how much they decrease": distance[:, 1:],
            "the position is not taken relative to the target: distances are from the origin": (
                positions.norm(dim=-1)[:-1] - positions.norm(dim=-1)[1:]
            ).expand(3, -1),
        },
    )
    passed(function)


def interaction(function) -> None:
    """(M00 + M11 - M01 - M10) / 2 for each seed"""
    matrix = torch.tensor([[[0.25, 0.22], [0.01, 0.03]], [[0.02, 0.05], [0.40, 0.44]]])
    m = matrix
    want = (m[0, 0] + m[1, 1] - m[0, 1] - m[1, 0]) / 2
    expect(
        call(function, m),
        want,
        "the interaction in a matrix of two lines and two seeds",
        {
            "that is the double difference; return half of it": 2 * want,
            "the sign is wrong: own agents stand on the diagonal": -want,
            "average over nothing: one number for each seed": want.mean(),
            "that is the mean of the own agents alone; subtract the others": (m[0, 0] + m[1, 1]) / 2,
            "that compares two agents on one animal; an agent that is good for all would pass": m[0, 0]
            - m[1, 0],
            "that compares two animals under one agent; a line that is easy for all would pass": m[0, 0]
            - m[0, 1],
        },
    )
    additive = torch.tensor([0.1, 0.3])[:, None, None] + torch.tensor([0.0, 0.2])[None, :, None]
    expect(call(function, additive), torch.zeros(1), "a sum of effects of agent and animal", atol=1e-6)
    passed(function)


def verdict(function) -> None:
    """equivalent before different before undecided"""
    cases = [
        (
            [0.001, -0.002, 0.0, 0.002, -0.001],
            0.02,
            "equivalent",
            "an interval round zero, within the margin",
        ),
        ([0.05, 0.06, 0.055, 0.052, 0.058], 0.02, "different", "an interval above the margin"),
        ([-0.05, -0.06, -0.055, -0.052, -0.058], 0.02, "different", "an interval below minus the margin"),
        ([0.3, -0.3, 0.1, -0.2, 0.15], 0.02, "undecided", "a wide interval round zero: no effect was shown"),
        (
            [0.005, 0.006, 0.0055, 0.0052, 0.0058],
            0.02,
            "equivalent",
            "an interval that excludes zero but lies within the margin",
        ),
        ([0.015, 0.035, 0.02, 0.03, 0.025], 0.02, "different", "an interval across the margin, without zero"),
        (
            [0.0, 0.004, 0.028, 0.012, 0.026],
            0.02,
            "undecided",
            "an interval that holds zero and crosses the margin, with a mean inside it",
        ),
        (
            [0.002, 0.03, 0.012, 0.02, 0.016],
            0.02,
            "different",
            "an interval of the mean, whose half-width is t·s/√n with n - 1 degrees of freedom",
        ),
        (
            [-0.008, 0.012, 0.002, 0.009, -0.004],
            0.02,
            "equivalent",
            "an interval of the mean, whose half-width is t·s/√n and not t·s",
        ),
        ([0.011, 0.02, 0.029], 0.02, "undecided", "three values: s divides by n - 1, and t has n - 1"),
    ]
    for values, margin, want, what in cases:
        got = call(function, values, margin)
        require(
            got in ("equivalent", "different", "undecided"),
            f"return one of the three words, got {got!r}",
        )
        require(got == want, f"{what}: this is {want!r}, got {got!r}")
    passed(function)


def stimulated_axis(function) -> None:
    """The axis along which the diagonal is the largest"""
    rng = np.random.default_rng(0)
    n = 12
    often = rng.integers(1, 30, n) * (rng.random(n) < 0.7)  # some were never stimulated
    often[:2] = 3, 25
    some = rng.binomial(often[:, None], rng.uniform(0.2, 1, n)[None, :]).astype(float)
    np.fill_diagonal(some, often)
    # All were stimulated, about equally often, but some were hardly ever seen; and one row breaks the rule.
    often = rng.permutation(np.arange(15, 15 + n))
    every = rng.binomial(often[:, None], np.where(np.arange(n) % 3, 1.0, 0.1)[None, :]).astype(float)
    np.fill_diagonal(every, often)
    every[4, 7] = every[4, 4] + 1
    why = {
        "some neurons were never stimulated": some,
        "some neurons were hardly ever seen, so sums mislead, and one line breaks the rule": every,
    }
    for what, count in why.items():
        for axis, matrix in ((0, count), (1, count.T)):
            got = call(function, matrix)
            require(np.ndim(got) == 0, f"return one number, got an array of shape {np.shape(got)}")
            require(got in (0, 1), f"return 0 or 1, got {got!r}")
            name = ("rows", "columns")[axis]
            require(
                int(got) == axis,
                f"here the {name} were stimulated: within them the diagonal is nearly always the largest; "
                f"{what}; got {got}",
            )
    passed(function)


def swap(function) -> None:
    """Exchange of ends; unchanged where it would make a loop or a double"""
    adjacency = np.zeros((5, 5), dtype=bool)
    adjacency[[0, 2, 3, 1], [1, 3, 4, 0]] = True
    before = adjacency.copy()
    want = adjacency.copy()
    want[[0, 2], [1, 3]] = False
    want[[0, 2], [3, 1]] = True
    got = call(function, adjacency, (0, 1), (2, 3))
    require(bool((adjacency == before).all()), "the matrix that came in was changed: work on a copy")
    ends = adjacency.copy()
    ends[[0, 2], [1, 3]] = False
    ends[[1, 3], [2, 0]] = True
    both = adjacency.copy()
    both[[0, 2], [3, 1]] = True
    expect(
        got,
        want,
        "0→1 and 2→3 after a swap",
        {
            "nothing was swapped": adjacency,
            "the old connections are still there": both,
            "the directions are turned round: 0 and 2 must still be the senders": ends,
        },
    )
    for one, two, loop in (((0, 1), (1, 0), "0→0"), ((2, 3), (3, 4), "3→3"), ((3, 4), (2, 3), "3→3")):
        kept = call(function, before, one, two)
        expect(kept, before, f"a swap that would make loops such as {loop}")
        require(kept is not before, "return a copy, also where the swap is forbidden")
    doubled = before.copy()
    doubled[0, 3] = True
    expect(call(function, doubled, (0, 1), (2, 3)), doubled, "a swap onto the connection 0→3, which exists")
    other = before.copy()
    other[2, 1] = True
    expect(call(function, other, (0, 1), (2, 3)), other, "a swap onto the connection 2→1, which exists")
    passed(function)


def chain_gramian(function) -> None:
    """[[1/2, w/4], [w/4, w²/4]]"""
    for w in (2.0, 0.1, -1.0):
        want = np.array([[1 / 2, w / 4], [w / 4, w**2 / 4]])
        expect(
            call(function, w),
            want,
            f"the Gramian of the chain for w = {w}",
            {
                "the input enters both neurons there, and w nowhere": np.diag([0.5, 0.5]),
                "the second neuron is not reached: w stands below the diagonal of A": np.diag([0.5, 0.0]),
                "the off-diagonal entries are w Σ₁₁/2, since both neurons leak": np.array(
                    [[0.5, w / 2], [w / 2, w**2 / 2]]
                ),
                "in the last equation the product stands twice, 2 w Σ₁₂ = 2 Σ₂₂": np.array(
                    [[0.5, w / 4], [w / 4, w**2 / 8]]
                ),
                "the entries are all twice too large: -2 Σ₁₁ + 1 = 0": 2 * want,
                "that is the inverse, which gives the energy": np.linalg.inv(want),
                "the last entry needs w once more: Σ₂₂ = w Σ₁₂": np.array([[0.5, w / 4], [w / 4, 0.25]]),
            },
        )
    passed(function)
