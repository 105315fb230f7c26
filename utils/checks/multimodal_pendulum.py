"""Checks of the exercises in the lab `multimodal_pendulum`."""

import math

import torch
from sklearn.linear_model import LogisticRegression

from utils.checks.core import call, expect, passed, require


def tilted_accuracy(function) -> None:
    """1 - |δ|/180°, for tilts of any sign and size."""
    expect(
        call(function, 10.2),
        1 - 10.2 / 180,
        "the accuracy at a tilt of 10.2°",
        {
            "that is the share of wrong answers": 10.2 / 180,
            "the wedge has the share δ/180° of the half circle, not δ/360°": 1 - 10.2 / 360,
            "the wedge has the share δ/180°, not δ/90°": 1 - 10.2 / 90,
            "that is the cosine of the tilt; the loss is linear in the angle": math.cos(math.radians(10.2)),
            "that is the squared cosine; the loss is linear in the angle": math.cos(math.radians(10.2)) ** 2,
            "180 is in degrees, so do not convert the tilt to radians": 1 - math.radians(10.2) / 180,
            "return a share between 0 and 1, not a percentage": 100 * (1 - 10.2 / 180),
        },
    )
    sign = "a tilt to the other side costs as much: take the absolute value"
    half_turn = "a whole turn is 360°, and a tilt by 180° is wrong everywhere: do not reduce modulo 180°"
    mistakes = {sign: 1 + 30 / 180, half_turn: 1 - 150 / 180}
    expect(call(function, -30.0), 1 - 30 / 180, "the accuracy at a tilt of -30°", mistakes)
    expect(
        call(function, 350.0),
        1 - 10 / 180,
        "the accuracy at a tilt of 350°, which is -10°",
        {
            "a tilt of 350° is a tilt of -10°: bring it into [-180°, 180°) first": 1 - 350 / 180,
            "clipping is not wrapping: 350° is -10°": 0.0,
            half_turn: 1 - 170 / 180,
        },
    )
    for tilt in (0.0, 90.0, 180.0, -180.0):
        expect(call(function, tilt), 1 - abs(tilt) / 180, f"the accuracy at a tilt of {tilt:g}°")
    passed(function)


def _answers(a: float, b: float, c: float, one_sided: bool, n: int = 20_000):
    generator = torch.Generator().manual_seed(0)
    green, blue = 2 * math.pi * torch.rand(2, n, generator=generator)
    if one_sided:
        green = green / 2
    logit = a * (blue.cos() - green.cos()) + b * (blue.sin() - green.sin()) + c
    return green, blue, (torch.rand(n, generator=generator) < torch.sigmoid(logit)).float()


def fit_tilt(function) -> None:
    """Planted tilts of both signs; last a strong taste for blue, with green always on the left.

    Only there does leaving out c matter: for uniform pairs it does not bias the tilt.
    """
    for tilt, offset, one_sided in ((15.0, 0.0, False), (100.0, 0.5, False), (-30.0, 3.0, True)):
        turn = math.radians(tilt)
        a, b = 5 * math.cos(turn), 5 * math.sin(turn)
        green, blue, chose_blue = _answers(a, b, offset, one_sided)
        got = call(function, green, blue, chose_blue)
        number = isinstance(got, int | float) or getattr(got, "shape", None) == ()
        require(number, f"return a number, the tilt in degrees, not {type(got).__name__}")
        got = float(got)
        if abs(got - tilt) < 2:
            continue
        what = f"the tilt of simulated answers, planted at {tilt:g}°"
        close = {
            "the sign is turned round: blue minus green, and the sine's weight over the cosine's": -tilt,
            "that is atan2(a, b): the tilt is the angle from upright, atan2(b, a)": 90 - tilt,
        }
        if tilt > 90:
            close["that is atan(b/a), which cannot tell 100° from -80°: use atan2"] = tilt - 180
        else:
            turned = "both differences are green minus blue, but an answer of 1 means blue"
            close[turned] = tilt - math.copysign(180, tilt)
        for mistake, value in close.items():
            require(abs(got - value) > 2, f"{what}: {mistake}")
        require(abs(got - turn) > 0.05, f"{what}: that is in radians; return degrees")
        if one_sided:
            x = torch.stack([blue.cos() - green.cos(), blue.sin() - green.sin()], dim=-1)
            fit = LogisticRegression(C=1e6, fit_intercept=False).fit(x.numpy(), chose_blue.numpy())
            without = math.degrees(math.atan2(*fit.coef_[0][::-1]))
            missing = "the constant c is not fitted, and the taste for blue passes for a tilt"
            require(abs(got - without) > 2, f"{what}, with green always on the left: {missing}")
        expect(got, tilt, what, atol=2)
    passed(function)


def tilt_error(function) -> None:
    """Equation (4) on a grid, for three judges, and its scaling with n."""
    angle = torch.arange(400).double() * 2 * math.pi / 400
    green, blue = angle[:, None], angle[None, :]
    along, across = blue.cos() - green.cos(), blue.sin() - green.sin()
    for steepness, n in ((10.0, 1000), (2.0, 500), (0.5, 100)):
        p = torch.sigmoid(steepness * along)
        weight = p * (1 - p)

        def error(information, scale=steepness, n=n):
            return math.degrees(1 / (scale * math.sqrt(n * float(information))))

        right = (weight * across.square()).mean()
        expect(
            call(function, steepness, n),
            error(right),
            f"the standard error for κ = {steepness:g} and {n} answers",
            {
                "that is in radians; return degrees": math.radians(error(right)),
                "the steepness is missing: the logit's derivative by δ is κ Δ⊥": error(right, 1.0),
                "the information holds κ², so the error holds 1/κ, not 1/√κ": error(right, steepness**0.5),
                "that is the variance (in degrees): take the root": math.degrees(
                    1 / (steepness**2 * n * right)
                ),
                "Δ⊥ is the difference across the judge's direction, of sines; yours is along it": error(
                    (weight * along.square()).mean()
                ),
                "Δ⊥ is the difference of the sines, not the sine of the difference": error(
                    (weight * (blue - green).sin().square()).mean()
                ),
                "take the mean of the product p(1 - p) Δ⊥², not the product of two means": error(
                    weight.mean() * across.square().mean()
                ),
                "the weight p(1 - p) is missing: a sure answer tells nothing": error(across.square().mean()),
                "the number of answers is missing": error(right, n=1),
                "the error falls with √n, not with n": error(right, n=n**2),
                "the expectation is over pairs, a mean and not a sum": error(
                    (weight * across.square()).sum()
                ),
            },
            rtol=1e-2,
        )
    passed(function)


def largest_holdable_tilt(function) -> None:
    """arcsin(2u/(mgl)) in degrees, and every angle for a strong motor."""
    for torque, mass, length, gravity in ((2.0, 1.0, 1.0, 10.0), (1.5, 0.5, 1.5, 9.81)):
        load = mass * gravity * length
        expect(
            call(function, torque, mass, length, gravity),
            math.degrees(math.asin(2 * torque / load)),
            f"the largest tilt for u = {torque:g}, m = {mass:g}, l = {length:g}, g = {gravity:g}",
            {
                "that is in radians; return degrees": math.asin(2 * torque / load),
                "gravity acts on the rod's middle, at l/2: the factor 2 is missing": math.degrees(
                    math.asin(torque / load)
                ),
                "that is the arccosine; upright is θ = 0": math.degrees(math.acos(2 * torque / load)),
                "that is the arctangent: at rest the torque balances the sine alone": math.degrees(
                    math.atan(2 * torque / load)
                ),
                "the torque of gravity grows with l, not with l²": math.degrees(
                    math.asin(2 * torque / (load * length))
                ),
                "that is the sine, not the angle": 2 * torque / load,
                "the mass, length or gravity that was given is not used": math.degrees(
                    math.asin(0.2 * torque)
                ),
            },
        )
    expect(
        call(function, 6.0),
        180.0,
        "the largest tilt for a torque that can hold the pendulum horizontally",
        {"a motor that can hold it at 90° can hold it at every angle, down to 180°": 90.0},
    )
    passed(function)


def position_bias(function) -> None:
    """Counts of the four kinds of pairs, in unequal numbers."""
    kinds = [(1, 1)] * 5 + [(0, 0)] * 2 + [(1, 0)] * 9 + [(0, 1)] * 4
    first, swapped = torch.tensor(kinds, dtype=torch.float32).T
    result = call(function, first, swapped)
    require(
        isinstance(result, tuple | list) and len(result) == 2,
        "return two numbers: the share of contradictions and the bias towards blue",
    )
    what = "from 5 × blue twice, 2 × green twice, 9 × blue then green, 4 × green then blue, the"
    expect(
        result[0],
        7 / 20,
        f"{what} share of contradictions",
        {
            "the same colour for both pictures is the contradiction; different colours are consistent": 13
            / 20,
            "green both times is a contradiction too": 5 / 20,
            "return a share, not a count": 7,
        },
    )
    expect(
        result[1],
        3 / 40,
        f"{what} bias towards blue",
        {
            "halve the difference: it is by how much the mean answer exceeds one half": 3 / 20,
            "that is the bias towards green; change the sign": -3 / 40,
            "the difference of the two means holds the truth, not the bias; take their sum": 5 / 40,
            "that is the share of blue among the first answers only, which holds the truth too": 14 / 20,
            "that is the first answers' excess over one half; use both answers": 14 / 20 - 0.5,
            "that counts pairs; return a share": 1.5,
            "that is the share of blue, not its excess over one half": 23 / 40,
        },
    )
    fair = call(function, torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0]))
    expect(fair[0], 0.0, "the contradictions of a consistent judge")
    passed(function)
