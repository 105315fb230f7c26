"""Wrong answers to the exercises of the lab `worm`, and what their messages must say."""

import math

import numpy as np

from utils.stats import mean_interval


def no_time(v, toward, away, turn):
    return v * 2 / math.pi * (away - toward) / (away + toward)


def right_drift(v, toward, away, turn):
    return v * 2 / math.pi * (away - toward) / (away + toward + 2 * away * toward * turn)


def distances(positions, targets):
    return (positions[None] - targets[:, None]).norm(dim=-1)


def by_zero_only(values, margin):
    e = mean_interval(values)
    return "equivalent" if e.low <= 0 <= e.high else "different"


def different_first(values, margin):
    e = mean_interval(values)
    if not e.low <= 0 <= e.high:
        return "different"
    return "equivalent" if -margin < e.low and e.high < margin else "undecided"


def by_mean(values, margin):
    e = mean_interval(values)
    if abs(e.mean) < margin and e.high - e.low < 4 * margin:
        return "equivalent"
    return "undecided" if e.low <= 0 <= e.high else "different"


def other_axis(count):
    known = np.diag(count) > 0
    rows, columns = (np.mean((count.max(axis) <= np.diag(count))[known]) for axis in (1, 0))
    return int(rows > columns)


def by_sums(count):
    """Looks for the axis whose sums vary more."""
    return int(count.sum(0).var() > count.sum(1).var())


def by_empty_lines(count):
    """Looks for the axis with lines in which nothing happened."""
    return int((count.max(0) == 0).any())


def without_exception(count):
    """Wants the diagonal to be the largest of every line."""
    known = np.diag(count) > 0
    return 0 if (count.max(1) <= np.diag(count))[known].all() else 1


def changed(adjacency, first, second):
    (a, b), (c, d) = first, second
    adjacency[[a, c], [b, d]] = False
    adjacency[[a, c], [d, b]] = True
    return adjacency


def unchecked(adjacency, first, second):
    return changed(adjacency.copy(), first, second)


def no_loops_only(adjacency, first, second):
    (a, b), (c, d) = first, second
    return adjacency.copy() if a == d or c == b else unchecked(adjacency, first, second)


def turned(adjacency, first, second):
    (a, b), (c, d) = first, second
    swapped = adjacency.copy()
    swapped[[a, c], [b, d]] = False
    swapped[[b, d], [c, a]] = True
    return swapped


def by_standard_deviation(values, margin):
    spread = 2.8 * float(np.std(values, ddof=1))
    low, high = np.mean(values) - spread, np.mean(values) + spread
    if -margin < low and high < margin:
        return "equivalent"
    return "different" if low > 0 or high < 0 else "undecided"


def one_loop_only(adjacency, one, two):
    (a, b), (c, d) = one, two
    swapped = adjacency.copy()
    if a == d or adjacency[a, d] or adjacency[c, b]:
        return swapped
    swapped[[a, c], [b, d]] = False
    swapped[[a, c], [d, b]] = True
    return swapped


WRONG = {
    "drift_without_diffusion": [
        (no_time, "turns take no time"),
        (lambda v, t, a, turn: -right_drift(v, t, a, turn), "sign is wrong"),
        (lambda v, t, a, turn: right_drift(v, t, a, turn) * math.pi / 2, "2/π, is missing"),
        (lambda v, t, a, turn: right_drift(1, t, a, turn), "multiply by v"),
        (lambda v, t, a, turn: abs(right_drift(v, t, a, turn)), "moves away from it"),
        (lambda v, t, a, turn: max(0.0, right_drift(v, t, a, turn)), "may be negative"),
    ],
    "relabelled_rewards": [
        (lambda p, t: distances(p, t)[:, 1:] - distances(p, t)[:, :-1], "sign is wrong"),
        (lambda p, t: distances(p, t), "those are distances"),
        (lambda p, t: (distances(p, t)[:, :-1] - distances(p, t)[:, 1:]).T, "axes are exchanged"),
        (lambda p, t: distances(p, t)[:, :-1] ** 2 - distances(p, t)[:, 1:] ** 2, "squared distance"),
    ],
    "interaction": [
        (lambda m: m[0, 0] + m[1, 1] - m[0, 1] - m[1, 0], "return half"),
        (lambda m: (m[0, 0] + m[1, 1]) / 2, "own agents alone"),
        (lambda m: m[0, 0] - m[1, 0], "good for all"),
        (lambda m: ((m[0, 0] + m[1, 1] - m[0, 1] - m[1, 0]) / 2).mean(), "each seed"),
    ],
    "verdict": [
        (by_zero_only, "no effect was shown"),
        (different_first, "excludes zero but lies within the margin"),
        (by_mean, "with a mean inside it"),
        (lambda values, margin: True, "one of the three words"),
        (by_standard_deviation, "t·s/√n"),
    ],
    "stimulated_axis": [
        (other_axis, "rows were stimulated"),
        (lambda count: 1, "rows were stimulated"),
        (lambda count: count.argmax(1), "one number"),
        (lambda count: 0, "columns were stimulated"),
        (by_sums, "hardly ever seen"),
        (by_empty_lines, "hardly ever seen"),
        (without_exception, "one line breaks the rule"),
    ],
    "swap": [
        (changed, "work on a copy"),
        (unchecked, "loops"),
        (no_loops_only, "which exists"),
        (turned, "still be the senders"),
        (one_loop_only, "3→3"),
    ],
    "chain_gramian": [
        (lambda w: np.array([[0.5, w / 2], [w / 2, w**2 / 2]]), "both neurons leak"),
        (lambda w: np.array([[0.5, 0], [0, 0]]), "not reached"),
        (lambda w: np.array([[0.5, w / 4], [w / 4, w**2 / 8]]), "stands twice"),
        (lambda w: np.linalg.inv(np.array([[0.5, w / 4], [w / 4, w**2 / 4]])), "the inverse"),
        (lambda w: np.array([[1, w / 2], [w / 2, w**2 / 2]]), "twice too large"),
        (lambda w: np.array([[0.5, w / 4], [w / 4, 0.25]]), "once more"),
    ],
}
