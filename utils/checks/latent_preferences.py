"""Checks of the exercises in the lab `latent_preferences`."""

import torch

from utils.checks.core import call, expect, passed, require


def _random(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def best_layer(function) -> None:
    """The test accuracy at the first best layer on validation."""
    validation = torch.tensor([0.5, 0.7, 0.9, 0.8, 0.9])
    test = torch.tensor([0.95, 0.65, 0.75, 0.92, 0.8])
    expect(
        call(function, validation, test),
        0.75,
        "validation (.5, .7, .9, .8, .9), test (.95, .65, .75, .92, .8)",
        {
            "that is the best layer on the test data: the classic error": test.max(),
            "that is the validation accuracy of the chosen layer; report the test accuracy": validation.max(),
            "two layers are best on validation; take the first": 0.8,
            "that is the number of the layer; return the accuracy there": 2,
            "the layer must be chosen on validation alone, not on the sum or mean of both": test[
                (validation + test).argmax()
            ],
            "that is the mean over layers": test.mean(),
        },
    )
    passed(function)


def shuffle_labels(function) -> None:
    """Every row is ± the old one, signs differ between rows and draws, about half are flipped."""
    delta = _random(400, 3)
    first = call(function, delta.clone(), torch.Generator().manual_seed(1))
    require(
        isinstance(first, torch.Tensor) and first.shape == delta.shape,
        "return differences of the same shape as the input",
    )
    require(not bool((first == 0).all(1).any()), "some vectors became zero: signs are -1 and 1, not 0 and 1")
    same, flipped = (first == delta).all(1), (first == -delta).all(1)
    require(
        not bool((first == delta).all()),
        "nothing was flipped: each pair is to be the other way round with probability ½",
    )
    kept_rows = bool(torch.isin(first.abs().sum(1), delta.abs().sum(1)).all()) and not bool(
        (same | flipped).all()
    )
    if kept_rows and torch.allclose(first.sort(0).values, delta.sort(0).values):
        require(
            False,
            "the pairs were put in another order, which leaves every label as it was: flip signs instead",
        )
    require(
        bool((same | flipped).all()),
        "a pair's whole vector must keep its sign or flip: draw one sign a pair, not one a coordinate",
    )
    share = flipped.float().mean().item()
    require(share < 1, "all pairs were flipped alike: draw a sign for each pair")
    require(0.4 < share < 0.6, f"{share:.0%} of 400 pairs were flipped: each must flip with probability ½")
    again = call(function, delta.clone(), torch.Generator().manual_seed(2))
    require(
        not torch.equal(first, again), "another generator gave the same signs: draw them from `generator`"
    )
    once_more = call(function, delta.clone(), torch.Generator().manual_seed(1))
    require(torch.equal(first, once_more), "the same generator gave other signs: draw them from `generator`")
    passed(function)


def minimal_pair_drop(function) -> None:
    """Accuracy on the easy family minus accuracy on the minimal one, ties one half."""
    w = torch.tensor([1.0, 0.0])
    easy = torch.tensor([[2.0, 5.0], [1.0, -3.0], [0.5, 0.0], [-1.0, 2.0]])
    minimal = torch.tensor([[1.0, 1.0], [-1.0, 0.0], [0.0, 3.0], [0.0, -1.0], [-2.0, 1.0]])
    expect(
        call(function, w, easy, minimal),
        0.75 - 0.4,
        "three of four right on the easy family; one right, two ties, two wrong on the minimal one",
        {
            "a tie counts one half; yours count nothing": 0.75 - 0.2,
            "a tie counts one half; yours count as right": 0.75 - 0.6,
            "the sign is turned round: it is a loss from the first family to the second": 0.4 - 0.75,
            "that is the difference of the mean scores; an accuracy looks at signs": (easy @ w).mean()
            - (minimal @ w).mean(),
            "that is the accuracy on the minimal family alone": 0.4,
            "that is a number of pairs; divide by the size of each family": 3 - 2.0,
        },
    )
    expect(call(function, -w, easy, minimal), 0.25 - 0.6, "the same with the direction reversed")
    passed(function)


def direction_cosines(function) -> None:
    """Rows are scaled to length 1; the diagonal is 1; signs are kept."""
    w = _random(4, 6) * torch.tensor([1.0, 2.0, 0.5, 3.0])[:, None]
    unit = w / w.norm(dim=1, keepdim=True)
    expect(
        call(function, w),
        unit @ unit.T,
        "the cosines of four directions of different lengths",
        {
            "these are inner products; divide by both lengths": w @ w.T,
            "the sign of a cosine says whether two directions agree; do not take it away": (
                unit @ unit.T
            ).abs(),
            "you compare the coordinates; the directions are the rows": (w / w.norm(dim=0)).T
            @ (w / w.norm(dim=0)),
            "that divides by one length only": unit @ w.T,
            "that divides by one length only, and twice": (w @ w.T) / w.norm(dim=1, keepdim=True) ** 2,
            "these are correlations: a cosine does not subtract the mean": torch.corrcoef(w),
        },
    )
    passed(function)


def ccs_loss(function) -> None:
    """Consistency and confidence, both squared, averaged over pairs."""
    p1, p2 = torch.tensor([0.9, 0.2, 0.5, 0.7]), torch.tensor([0.3, 0.6, 0.5, 0.8])
    consistency, smaller = (p1 + p2 - 1).square(), torch.minimum(p1, p2)
    expect(
        call(function, p1, p2),
        (consistency + smaller.square()).mean(),
        "the loss for p₁ = (.9, .2, .5, .7), p₂ = (.3, .6, .5, .8)",
        {
            "the confidence term is missing: p₁ = p₂ = ½ would cost nothing": consistency.mean(),
            "the consistency term is missing": smaller.square().mean(),
            "the smaller probability must be squared": (consistency + smaller).mean(),
            "consistency is p₁ = 1 - p₂; yours asks for p₁ = p₂": (
                (p1 - p2).square() + smaller.square()
            ).mean(),
            "confidence takes the smaller of the two, not the larger": (
                consistency + torch.maximum(p1, p2).square()
            ).mean(),
            "that is the sum over pairs; the loss is their mean": (consistency + smaller.square()).sum(),
            "the consistency term must be squared": ((p1 + p2 - 1) + smaller.square()).mean(),
            "the smallest probability is taken pair by pair, not over all pairs": (
                consistency + torch.minimum(p1.min(), p2.min()) ** 2
            ).mean(),
        },
    )
    expect(call(function, torch.ones(3), torch.zeros(3)), 0.0, "the loss of a confident, consistent answer")
    expect(call(function, torch.full((3,), 0.5), torch.full((3,), 0.5)), 0.25, "the loss of p₁ = p₂ = ½")
    passed(function)


def debias(function) -> None:
    """gap(first as A) = bias + preference, gap(second as A) = bias - preference."""
    bias, preference = torch.tensor([2.0, 2.0, 1.5]), torch.tensor([0.5, -1.0, 0.25])
    first, second = bias + preference, bias - preference
    result = call(function, first, second)
    require(
        isinstance(result, tuple | list) and len(result) == 2,
        "return two things: the preference for text 1 and the bias toward A",
    )
    what = "bias (2, 2, 1.5), preference (.5, -1, .25)"
    expect(
        result[0],
        preference,
        f"the preference, with {what}",
        {
            "that is twice the preference: halve the difference": 2 * preference,
            "the sign is turned round: text 1 is A in the first gap": -preference,
            "preference and bias are exchanged": bias,
            "with text 2 as A the gap is bias - preference, so their sum is twice the bias": 2 * bias,
            "one order alone still holds the bias": first,
        },
    )
    expect(
        result[1],
        bias,
        f"the bias, with {what}",
        {
            "that is twice the bias: halve the sum": 2 * bias,
            "the bias is to be found for each pair; yours is one number": bias.mean(),
            "one order alone still holds the preference": second,
        },
    )
    passed(function)
