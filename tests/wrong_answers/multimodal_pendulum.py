"""Wrong answers to the exercises of `multimodal_pendulum`, and what their checks must say."""

import math

import torch
from sklearn.linear_model import LogisticRegression


def _weights(green, blue, chose, **kwargs):
    x = torch.stack([blue.cos() - green.cos(), blue.sin() - green.sin()], dim=-1)
    return LogisticRegression(C=1e6, **kwargs).fit(x.numpy(), chose.numpy()).coef_[0]


def _tilt(green, blue, chose, **kwargs):
    a, b = _weights(green, blue, chose, **kwargs)
    return math.degrees(math.atan2(b, a))


def _grid(steepness):
    angle = torch.arange(400) * 2 * math.pi / 400
    green, blue = angle[:, None], angle[None, :]
    p = torch.sigmoid(steepness * (blue.cos() - green.cos()))
    return p * (1 - p), blue.cos() - green.cos(), blue.sin() - green.sin()


def _sine_of_difference():
    angle = torch.arange(400) * 2 * math.pi / 400
    return (angle[None, :] - angle[:, None]).sin().square()


def _error(steepness, n, information):
    return math.degrees(1 / (steepness * math.sqrt(n * information)))


def _right(steepness):
    weight, _, across = _grid(steepness)
    return (weight * across.square()).mean().item()


WRONG = {
    "tilted_accuracy": [
        (lambda tilt: tilt / 180, "share of wrong answers"),
        (lambda tilt: 1 - tilt / 360, "not δ/360°"),
        (lambda tilt: 1 - tilt / 180, "absolute value"),
        (lambda tilt: 1 - abs(tilt) / 180, "350° is a tilt of -10°"),
        (lambda tilt: max(0.0, 1 - abs(tilt) / 180), "clipping is not wrapping"),
        (lambda tilt: math.cos(math.radians(tilt)), "linear in the angle"),
        (lambda tilt: math.cos(math.radians(tilt)) ** 2, "squared cosine"),
        (lambda tilt: 1 - (tilt % 180) / 180, "modulo 180°"),
        (lambda tilt: 1 - (abs(tilt) % 180) / 180, "modulo 180°"),
    ],
    "fit_tilt": [
        (lambda g, b, y: _tilt(b, g, y), "green minus blue"),
        (lambda g, b, y: math.radians(_tilt(g, b, y)), "radians"),
        (lambda g, b, y: 90 - _tilt(g, b, y), r"atan2\(a, b\)"),
        (lambda g, b, y: -_tilt(g, b, y), "sign is turned round"),
        (lambda g, b, y: math.degrees(math.atan(math.tan(math.radians(_tilt(g, b, y))))), "use atan2"),
        (lambda g, b, y: torch.tensor([_tilt(g, b, y)]), "return a number"),
        (lambda g, b, y: torch.tensor(_tilt(g, b, y, fit_intercept=False)), "constant c is not fitted"),
        (lambda g, b, y: 1.02 * _tilt(g, b, y) + 3, "got .*, expected"),
    ],
    "tilt_error": [
        (lambda k, n: math.radians(_error(k, n, _right(k))), "radians"),
        (lambda k, n: _error(1.0, n, _right(k)), "the steepness is missing"),
        (lambda k, n: _error(k, 1, _right(k)), "number of answers is missing"),
        (lambda k, n: _error(k, n, (_grid(k)[0] * _grid(k)[1].square()).mean().item()), "yours is along it"),
        (lambda k, n: _error(k, n, _grid(k)[2].square().mean().item()), r"p\(1 - p\) is missing"),
        (lambda k, n: _error(k, n**2, _right(k)), "not with n"),
        (lambda k, n: _error(k, n, (_grid(k)[0] * _sine_of_difference()).mean().item()), "not the sine of"),
        (
            lambda k, n: _error(k, n, (_grid(k)[0].mean() * _grid(k)[2].square().mean()).item()),
            "not the product of two means",
        ),
    ],
    "largest_holdable_tilt": [
        (lambda u, m=1.0, length=1.0, g=10.0: math.asin(min(1, 2 * u / (m * g * length))), "radians"),
        (
            lambda u, m=1.0, length=1.0, g=10.0: math.degrees(math.asin(min(1, u / (m * g * length)))),
            "factor 2",
        ),
        (
            lambda u, m=1.0, length=1.0, g=10.0: math.degrees(math.asin(min(1, 2 * u / (m * g * length)))),
            "down to 180°",
        ),
        (
            lambda u, m=1.0, length=1.0, g=10.0: math.degrees(math.asin(2 * u / (m * g * length))),
            "ValueError",
        ),
        (lambda u, m=1.0, length=1.0, g=10.0: math.degrees(math.asin(0.2 * u)), "not used"),
        (
            lambda u, m=1.0, length=1.0, g=10.0: math.degrees(math.asin(2 * u / (m * g * length**2))),
            "not with l²",
        ),
        (
            lambda u, m=1.0, length=1.0, g=10.0: math.degrees(math.atan(2 * u / (m * g * length))),
            "arctangent",
        ),
    ],
    "position_bias": [
        (lambda a, b: ((a != b).float().mean().item(), 0.0), "different colours are consistent"),
        (lambda a, b: ((a * b).mean().item(), 0.0), "green both times"),
        (lambda a, b: ((a == b).float().mean().item(), (a * b - (1 - a) * (1 - b)).mean().item()), "halve"),
        (lambda a, b: ((a == b).float().mean().item(), a.mean().item() - 0.5), "use both answers"),
        (lambda a, b: ((a == b).float().mean().item(), (a - b).mean().item() / 2), "holds the truth"),
        (lambda a, b: ((a == b).float().mean().item(), (a + b).mean().item() / 2), "excess over one half"),
        (lambda a, b: (a == b).float().mean().item(), "two numbers"),
    ],
}
