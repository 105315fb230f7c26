"""Plausible wrong answers to the exercises of the lab `latent_preferences`, and what their check must say."""

import torch


def best_on_test(validation, test):
    return test.max().item()


def best_validation_value(validation, test):
    return validation.max().item()


def best_number(validation, test):
    return int(validation.argmax())


def best_last_of_ties(validation, test):
    return test[(validation == validation.max()).nonzero()[-1, 0]].item()


def best_on_both(validation, test):
    return test[(validation + test).argmax()].item()


def shuffle_order(delta, generator):
    return delta[torch.randperm(len(delta), generator=generator)]


def shuffle_coordinates(delta, generator):
    return delta * (2 * torch.randint(2, delta.shape, generator=generator) - 1)


def shuffle_all_alike(delta, generator):
    return -delta


def shuffle_nothing(delta, generator):
    return delta.clone()


def shuffle_without_generator(delta, generator):
    signs = 2 * torch.randint(2, (len(delta), 1), generator=torch.Generator().manual_seed(0)) - 1
    return signs * delta


def shuffle_too_rarely(delta, generator):
    return torch.where(torch.rand(len(delta), 1, generator=generator) < 0.1, -delta, delta)


def _accuracy(delta, w, tie):
    score = delta @ w
    return ((score > 0).float() + tie * (score == 0).float()).mean().item()


def drop_ties_wrong(w, easy, minimal):
    return _accuracy(easy, w, 0) - _accuracy(minimal, w, 0)


def drop_ties_right(w, easy, minimal):
    return _accuracy(easy, w, 1) - _accuracy(minimal, w, 1)


def drop_reversed(w, easy, minimal):
    return _accuracy(minimal, w, 0.5) - _accuracy(easy, w, 0.5)


def drop_of_scores(w, easy, minimal):
    return ((easy @ w).mean() - (minimal @ w).mean()).item()


def drop_minimal_only(w, easy, minimal):
    return _accuracy(minimal, w, 0.5)


def cosines_unscaled(w):
    return w @ w.T


def cosines_absolute(w):
    return torch.nn.functional.normalize(w, dim=1).mm(torch.nn.functional.normalize(w, dim=1).T).abs()


def cosines_of_columns(w):
    unit = torch.nn.functional.normalize(w, dim=0)
    return unit.T @ unit


def cosines_half_scaled(w):
    return torch.nn.functional.normalize(w, dim=1) @ w.T


def cosines_centred(w):
    return torch.corrcoef(w)


def loss_consistency_only(p1, p2):
    return (p1 + p2 - 1).square().mean()


def loss_confidence_only(p1, p2):
    return torch.minimum(p1, p2).square().mean()


def loss_unsquared_minimum(p1, p2):
    return ((p1 + p2 - 1).square() + torch.minimum(p1, p2)).mean()


def loss_equal(p1, p2):
    return ((p1 - p2).square() + torch.minimum(p1, p2).square()).mean()


def loss_maximum(p1, p2):
    return ((p1 + p2 - 1).square() + torch.maximum(p1, p2).square()).mean()


def loss_sum(p1, p2):
    return ((p1 + p2 - 1).square() + torch.minimum(p1, p2).square()).sum()


def debias_unhalved(first, second):
    return first - second, first + second


def debias_exchanged(first, second):
    return (first + second) / 2, (first - second) / 2


def debias_wrong_sign(first, second):
    return (second - first) / 2, (first + second) / 2


def debias_one_order(first, second):
    return first, second


def debias_preference_only(first, second):
    return (first - second) / 2


def debias_one_number(first, second):
    return (first - second) / 2, ((first + second) / 2).mean()


WRONG = {
    "best_layer": [
        (best_on_test, "the classic error"),
        (best_validation_value, "report the test accuracy"),
        (best_number, "number of the layer"),
        (best_last_of_ties, "take the first"),
        (best_on_both, "chosen on validation alone"),
    ],
    "shuffle_labels": [
        (shuffle_order, "put in another order"),
        (shuffle_coordinates, "one sign a pair, not one a coordinate"),
        (shuffle_all_alike, "all pairs were flipped alike"),
        (shuffle_nothing, "nothing was flipped"),
        (shuffle_without_generator, "draw them from `generator`"),
        (shuffle_too_rarely, "with probability ½"),
    ],
    "minimal_pair_drop": [
        (drop_ties_wrong, "yours count nothing"),
        (drop_ties_right, "yours count as right"),
        (drop_reversed, "turned round"),
        (drop_of_scores, "an accuracy looks at signs"),
        (drop_minimal_only, "minimal family alone"),
    ],
    "direction_cosines": [
        (cosines_unscaled, "divide by both lengths"),
        (cosines_absolute, "do not take it away"),
        (cosines_of_columns, "the directions are the rows"),
        (cosines_half_scaled, "one length only"),
        (cosines_centred, "does not subtract the mean"),
    ],
    "ccs_loss": [
        (loss_consistency_only, "confidence term is missing"),
        (loss_confidence_only, "consistency term is missing"),
        (loss_unsquared_minimum, "must be squared"),
        (loss_equal, "yours asks for p₁ = p₂"),
        (loss_maximum, "not the larger"),
        (loss_sum, "the loss is their mean"),
    ],
    "debias": [
        (debias_unhalved, "halve the difference"),
        (debias_exchanged, "exchanged"),
        (debias_wrong_sign, "turned round"),
        (debias_one_order, "still holds the bias"),
        (debias_preference_only, "return two things"),
        (debias_one_number, "yours is one number"),
    ],
}
