"""Checks of the exercises in the lab `brain_reward`."""

import torch

from utils.checks.core import call, expect, passed, require


def share_after_training(function) -> None:
    """(1 + w_c - w_m)/2, compared with gradient descent itself."""
    for w_c, w_m in ((0.4, -0.2), (0.1, 0.9), (1.5, 0.2), (0.0, 0.0)):
        w = torch.tensor([w_c, w_m], dtype=torch.double)
        for _ in range(200):
            w = w + 0.1 * (1 - w.sum())  # c = 1 will do: both gradients are (w_c + w_m - 1) c
        expect(
            call(function, w_c, w_m),
            (w[0] / w.sum()).item(),
            f"the share from w_c = {w_c}, w_m = {w_m}",
            {
                "training forgets where it started only in the sum; the difference stays": 0.5,
                "this is the share before training": w_c / (w_c + w_m) if w_c + w_m else float("nan"),
                "this is the marker's share": (w[1] / w.sum()).item(),
                "the marker's weight moves too, by as much as the coin's": 1 - w_m,
                "the coin's weight moves too, by as much as the marker's": w_c,
                "the difference keeps its full size: only the sum is set to 1, and then divided by two": 1
                + w_c
                - w_m,
            },
            rtol=1e-3,
        )
    passed(function)


def predicted_share(function) -> None:
    """½ + ½ I/(I + κ) with I = n (1 - p) 2 Var / σ²; one half where all probes are confounded."""
    for n, p, noise, variance, kappa in ((50, 0.4, 0.3, 1 / 12, 30.0), (200, 0.9, 0.5, 0.2, 7.0)):
        information = n * (1 - p) * 2 * variance / noise**2

        def share(known, kappa=kappa):
            return 0.5 + 0.5 * known / (known + kappa)

        expect(
            call(function, n, p, noise, variance, kappa),
            share(information),
            f"the share for n = {n}, confounded = {p}, noise = {noise}, κ = {kappa:g}",
            {
                "a confounded probe informs about nothing: only a part of the labels counts": share(
                    n * 2 * variance / noise**2
                ),
                "this counts the confounded probes; the others inform": share(
                    n * p * 2 * variance / noise**2
                ),
                "the variance of c - m is the sum of two variances": share(information / 2),
                "the noise enters as a variance: square it": share(information * noise),
                "the prior holds the share at one half, not at nothing": information / (information + kappa),
            },
        )
    expect(call(function, 50, 1.0, 0.3, 0.1, 5.0), 0.5, "the share where every probe is confounded")
    passed(function)


def labels_worth(function) -> None:
    """n σ_y²/σ_z² Σ g² f(a), with gains of different size, from one half to the end."""
    gains = torch.tensor([0.5, 1.0, 2.0, 0.1])
    noise, n, label_noise = 3.0, 150, 0.4
    for a in (0.7, 0.5, 1.0):
        f = a / (2 * (a**2 + (1 - a) ** 2) ** 2)
        right = n * (label_noise / noise) ** 2 * gains.square().sum().item() * f
        expect(
            call(function, gains, noise, n, label_noise, a),
            right,
            f"the labels that the recording is worth at a = {a}",
            {
                "square the gains before you add them": right * (gains.sum() / gains.square().sum()).item(),
                "this adds the gains and then squares; cells are independent": right
                * (gains.sum().square() / gains.square().sum()).item(),
                "this is the mean over cells; their contributions add up": right / len(gains),
                "the noises enter as variances: square their ratio": right * noise / label_noise,
                "the ratio is upside down: noisier cells are worth less": right * (noise / label_noise) ** 4,
                "f(a) is missing": right / f,
                "f(a) has a 2 in its denominator: at a = 1/2 it is 1": 2 * right,
                "this is the value at a = 1 for every a: f depends on a": right / f / 2,
                "in f(a) the sum a² + (1 - a)² is squared": right * (a**2 + (1 - a) ** 2),
            },
        )
    passed(function)


def cka_and_error(function) -> None:
    """a²/(a² + (1 - a)²) and 2 (1 - a)², and the sampled values of both."""
    generator = torch.Generator().manual_seed(0)
    for a in (0.8, 0.5, 0.3):
        result = call(function, a)
        require(
            isinstance(result, tuple | list) and len(result) == 2, "return two numbers: CKA and the error"
        )
        cka = a**2 / (a**2 + (1 - a) ** 2)
        expect(
            result[0],
            cka,
            f"CKA at a = {a}",
            {
                "this is the correlation; CKA of single numbers is its square": cka**0.5,
                "this is a², without the variance of v": a**2,
                "this is CKA with m, not with c": 1 - cka,
            },
        )
        expect(
            result[1],
            2 * (1 - a) ** 2,
            f"the squared error at a = {a}",
            {
                "the variance of m - c is the sum of two": (1 - a) ** 2,
                "this is the root; the error is squared": 2**0.5 * (1 - a),
                "this is what is not explained, 1 - CKA; the error also knows the scale": 1 - cka,
            },
        )
        c, m = torch.randn(2, 200_000, generator=generator, dtype=torch.double)
        sampled = torch.corrcoef(torch.stack([a * c + (1 - a) * m, c]))[0, 1] ** 2
        require(abs(sampled.item() - float(result[0])) < 0.02, f"CKA at a = {a} differs from a sampled one")
    passed(function)


def prediction_errors(function) -> None:
    """The errors, with V = 0 after the end, and the sum that telescopes."""
    generator = torch.Generator().manual_seed(1)
    rewards, values = torch.randn(2, 6, generator=generator, dtype=torch.double)
    gamma = 0.7
    after = torch.cat([values[1:], torch.zeros(1, dtype=torch.double)])
    got = call(function, rewards, values, gamma)
    expect(
        got,
        rewards + gamma * after - values,
        "the errors of an episode of six steps",
        {
            "the value of the next state is discounted": rewards + after - values,
            "the signs of the two values are exchanged": rewards - gamma * after + values,
            "the value after the end is 0, not that of the last state again": rewards
            + gamma * torch.cat([values[1:], values[-1:]])
            - values,
            "torch.roll puts the first value behind the last; the value there is 0": rewards
            + gamma * values.roll(-1)
            - values,
            "this is r - V, without the value of what follows": rewards - values,
            "in the lab on dopamine V(t - 1) came before the reward; here V(s_t) does": rewards
            + gamma * values
            - torch.cat([torch.zeros(1, dtype=torch.double), values[:-1]]),
            "the sign of the whole is turned round": values - rewards - gamma * after,
        },
    )
    weights = gamma ** torch.arange(6, dtype=torch.double)
    expect((weights * got).sum(), (weights * rewards).sum() - values[0], "the discounted sum of your errors")
    passed(function)


def to_and_fro(function) -> None:
    """The sum over the infinite walk, compared with 400 steps of it."""
    cases = (1.0, 0.6, 0.8, 1.0), (1.0, 0.6, 0.8, 0.3), (0.7, 0.65, 0.9, 0.5), (0.7, 0.65, 0.9, 0.0)
    for near, far, gamma, beta in cases:

        def walk(beta_toward=beta, beta_away=beta, gamma=gamma, near=near, far=far, late=1.0, steps=400):
            toward, away = gamma * near - far, gamma * far - near
            toward *= beta_toward if toward < 0 else 1
            away *= late * (beta_away if away < 0 else 1)
            return sum(gamma**t * (away if t % 2 else toward) for t in range(steps))

        right = walk()
        expect(
            call(function, near, far, gamma, beta),
            right,
            f"the profit for V = {near}, {far}, γ = {gamma}, β = {beta}",
            {
                "this is one round; it is walked for ever": walk(steps=2),
                "negative errors are to be multiplied by β": walk(1.0, 1.0),
                "the step toward the better cell can have a negative error too": walk(1.0, beta),
                "the step toward the better cell is cut off at 0; multiply by β": walk(0.0, beta),
                "the second step of a round is discounted by γ": walk(late=1 / gamma),
                "rounds are two steps long and discounted by γ²": right * (1 - gamma**2) / (1 - gamma),
                "this begins with the step away": walk(near=far, far=near),
            },
        )
    passed(function)


def lever_threshold(function) -> None:
    """(1 - γ) V, checked by adding up the stimulation."""
    for value, gamma in ((0.9, 0.8), (2.5, 0.95)):
        right = (1 - gamma) * value
        expect(
            call(function, value, gamma),
            right,
            f"the threshold for V = {value}, γ = {gamma}",
            {
                "staying pays for ever, not once": value,
                "the first stimulation comes at once: s/(1 - γ), not γ s/(1 - γ)": right / gamma,
                "this is V/(1 - γ); solve s/(1 - γ) = V for s": value / (1 - gamma),
            },
        )
    passed(function)
