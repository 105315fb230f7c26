"""Wrong answers to the exercises of `brain_reward`, and what their checks must say."""

import torch


def _share(n, p, noise, variance, kappa, apart=None, both=2, power=2, half=True):
    known = n * ((1 - p) if apart is None else apart(p)) * both * variance / noise**power
    ratio = known / (known + kappa)
    return 0.5 + 0.5 * ratio if half else ratio


def _f(a):
    return a / (2 * (a**2 + (1 - a) ** 2) ** 2)


def _worth(total, power=2, upside=False, f=_f):
    def worth(gains, cell_noise, n, label_noise, a):
        ratio = cell_noise / label_noise if upside else label_noise / cell_noise
        return n * ratio**power * total(gains).item() * f(a)

    return worth


def _squares(g):
    return g.square().sum()


def _cka(a):
    return a**2 / (a**2 + (1 - a) ** 2)


def _errors(rewards, values, gamma, last=0.0):
    after = torch.cat([values[1:], torch.full((1,), last, dtype=values.dtype)])
    return rewards + gamma * after - values


def _walk(near, far, gamma, beta, both=True, compress=True, rounds=True, step=2, first="toward", late=None):
    toward, away = gamma * near - far, gamma * far - near
    if compress:
        toward = toward * beta if toward < 0 and both else toward
        away = away * beta if away < 0 else away
    one, two = (toward, away) if first == "toward" else (away, toward)
    return (one + (gamma if late is None else late) * two) / ((1 - gamma**step) if rounds else 1)


def _cut_off(near, far, gamma, beta):
    toward, away = max(0.0, gamma * near - far), beta * (gamma * far - near)
    return (toward + gamma * away) / (1 - gamma**2)


WRONG = {
    "share_after_training": [
        (lambda c, m: 0.5, "the difference stays"),
        (lambda c, m: (1 - c + m) / 2, "marker's share"),
        (lambda c, m: 1 + c - m, "divided by two|got"),
        (lambda c, m: c / (c + m), "before training"),
        (lambda c, m: 1 - m, "marker's weight moves too"),
        (lambda c, m: c, "coin's weight moves too"),
    ],
    "predicted_share": [
        (lambda n, p, s, v, k: _share(n, p, s, v, k, apart=lambda p: 1), "only a part of the labels"),
        (
            lambda n, p, s, v, k: _share(n, p, s, v, k, apart=lambda p: p),
            "confounded probe|the others inform",
        ),
        (lambda n, p, s, v, k: _share(n, p, s, v, k, both=1), "sum of two variances"),
        (lambda n, p, s, v, k: _share(n, p, s, v, k, power=1), "square it"),
        (lambda n, p, s, v, k: _share(n, p, s, v, k, half=False), "one half, not at nothing"),
    ],
    "labels_worth": [
        (_worth(torch.sum), "square the gains before"),
        (_worth(lambda g: g.sum().square()), "adds the gains and then squares"),
        (_worth(lambda g: g.square().mean()), "mean over cells"),
        (_worth(_squares, power=1), "square their ratio"),
        (_worth(_squares, upside=True), "upside down"),
        (_worth(_squares, f=lambda a: 0.5), "f depends on a"),
        (_worth(_squares, f=lambda a: 2 * _f(a)), "2 in its denominator"),
    ],
    "cka_and_error": [
        (lambda a: (_cka(a) ** 0.5, 2 * (1 - a) ** 2), "is its square"),
        (lambda a: (a**2, 2 * (1 - a) ** 2), "without the variance of v"),
        (lambda a: (1 - _cka(a), 2 * (1 - a) ** 2), "not with c"),
        (lambda a: (_cka(a), (1 - a) ** 2), "sum of two"),
        (lambda a: (_cka(a), 1 - _cka(a)), "knows the scale"),
        (lambda a: _cka(a), "two numbers"),
    ],
    "prediction_errors": [
        (lambda r, v, g: _errors(r, v, 1.0), "is discounted"),
        (lambda r, v, g: _errors(r, v, g, v[-1].item()), "not that of the last state"),
        (lambda r, v, g: r + g * v.roll(-1) - v, "roll"),
        (lambda r, v, g: r - v, "without the value of what follows"),
        (lambda r, v, g: 2 * r - _errors(r, v, g), "exchanged"),
    ],
    "to_and_fro": [
        (lambda n, f, g, b: _walk(n, f, g, b, rounds=False), "walked for ever"),
        (lambda n, f, g, b: _walk(n, f, g, b, compress=False), "multiplied by β"),
        (lambda n, f, g, b: _walk(n, f, g, b, both=False), "negative error too"),
        (lambda n, f, g, b: _walk(n, f, g, b, step=1), "discounted by γ²"),
        (lambda n, f, g, b: _walk(n, f, g, b, first="away"), "step away"),
        (lambda n, f, g, b: _walk(n, f, g, b, late=1), "second step of a round"),
        (lambda n, f, g, b: _cut_off(n, f, g, b), "multiply by β"),
    ],
    "lever_threshold": [
        (lambda v, g: v, "not once"),
        (lambda v, g: (1 - g) * v / g, "comes at once"),
        (lambda v, g: v / (1 - g), "solve"),
    ],
}
