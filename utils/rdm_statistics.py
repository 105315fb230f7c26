"""What can be inferred from the distances between n images: bootstrap, permutations, noise ceilings.

Images are the sample, not pairs of images. A resample of images is a vector of counts w, in which a pair of
images occurs w_i w_j times and an image's pairs with its own copies are dropped, so that no distance matrix
is ever copied. RDMs come in as vectors of pairs, the upper triangle row by row.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

Pairs = Float[Tensor, "... pairs"]
Counts = Float[Tensor, "resamples n"]


def pairs(rdm: Float[Tensor, "... n n"]) -> Pairs:
    """The entries above the diagonal, row by row. Raises ValueError if rdm is not square or holds NaN."""
    if rdm.ndim < 2 or rdm.shape[-1] != rdm.shape[-2]:
        raise ValueError(f"rdm has shape {tuple(rdm.shape)}, expected one with two equal last sides")
    i, j = torch.triu_indices(*rdm.shape[-2:], offset=1, device=rdm.device)
    above = rdm[..., i, j]
    if not torch.isfinite(above).all():
        raise ValueError(f"rdm holds {int((~torch.isfinite(above)).sum())} pairs that are NaN or infinite")
    return above


def square(vector: Pairs) -> Float[Tensor, "... n n"]:
    """The symmetric matrix with diagonal 0 of which `pairs` gives the vector back."""
    n = round((1 + (1 + 8 * vector.shape[-1]) ** 0.5) / 2)
    if n * (n - 1) // 2 != vector.shape[-1]:
        raise ValueError(f"{vector.shape[-1]} pairs are not those of any number of images")
    i, j = torch.triu_indices(n, n, offset=1, device=vector.device)
    matrix = vector.new_zeros(*vector.shape[:-1], n, n)
    matrix[..., i, j] = matrix[..., j, i] = vector
    return matrix


def image_counts(n: int, num_resamples: int, generator: torch.Generator) -> Counts:
    """How often each of n images occurs in each bootstrap resample of n; every row sums to n."""
    picks = torch.randint(n, (num_resamples, n), generator=generator, device=generator.device)
    return torch.zeros(num_resamples, n, dtype=torch.float64, device=generator.device).scatter_add_(
        1, picks, torch.ones_like(picks, dtype=torch.float64)
    )


def pair_counts(counts: Counts) -> Float[Tensor, "resamples pairs"]:
    """w_i w_j for each pair i < j: how often the pair occurs, pairs of an image with itself left out."""
    i, j = torch.triu_indices(counts.shape[-1], counts.shape[-1], offset=1, device=counts.device)
    return counts[..., i] * counts[..., j]


def pearson(x: Pairs, y: Pairs, weights: Tensor | None = None) -> Float[Tensor, "..."]:
    """Pearson's correlation of pairs, each counted `weights` times. NaN if one is constant.

    Raises ValueError if x and y have different numbers of pairs.
    """
    _same_length(x, y)
    w = torch.ones_like(x) if weights is None else weights
    w = w / w.sum(-1, keepdim=True)
    x, y = (v - (w * v).sum(-1, keepdim=True) for v in (x, y))
    return (w * x * y).sum(-1) / ((w * x * x).sum(-1) * (w * y * y).sum(-1)).sqrt()


def ranks(x: Float[Tensor, " pairs"], weights: Tensor | None = None) -> Pairs:
    """Ranks 1, 2, … of one RDM's pairs, ties sharing their mean; a pair counted m times is m tied ones."""
    values, group = torch.unique(x, return_inverse=True)
    w = torch.ones_like(x) if weights is None else weights
    if len(values) == len(x):  # no ties: a gather is several times as fast as adding up
        size = w[..., x.argsort()]
    else:
        size = torch.zeros(*w.shape[:-1], len(values), dtype=w.dtype, device=w.device)
        size.index_add_(-1, group, w)
    middle = size.cumsum(-1) - (size - 1) / 2
    return middle[..., group]


def spearman(x: Pairs, y: Pairs, weights: Tensor | None = None) -> Float[Tensor, "..."]:
    """Pearson's correlation of ranks. Raises ValueError if x and y have different numbers of pairs."""
    _same_length(x, y)
    return pearson(ranks(x, weights), ranks(y, weights), weights)


def rho_a(x: Pairs, y: Pairs, weights: Tensor | None = None) -> Float[Tensor, "..."]:
    """12 Σ w r(x) r(y) / (n³ - n) - 3 (n + 1) / (n - 1): Spearman's ρ averaged over all ways to break ties.

    Without ties it is Spearman's ρ; a model that predicts ties gains nothing by them. Schütt et al. 2023.
    Raises ValueError if x and y have different numbers of pairs.
    """
    _same_length(x, y)
    w = torch.ones_like(x) if weights is None else weights
    n = w.sum(-1)
    return 12 * (w * ranks(x, weights) * ranks(y, weights)).sum(-1) / (n**3 - n) - 3 * (n + 1) / (n - 1)


def bootstrap(
    rdms: Float[Tensor, "rdms pairs"],
    target: Float[Tensor, " pairs"],
    counts: Counts,
    compare: Callable = pearson,
) -> Float[Tensor, "rdms resamples"]:
    """compare(rdm, target) of many RDMs in each resample of images, as one by one, but faster.

    compare: pearson, by the quadratic forms wᵀMw of the counts; spearman or rho_a, target ranked once
    Raises ValueError if rdms and target have different numbers of pairs.
    """
    _same_length(rdms, target)
    if compare is pearson:
        count = counts.sum(-1) ** 2 - counts.square().sum(-1)

        def mean(x: Pairs) -> Tensor:
            return torch.einsum("ri,...ij,rj->...r", counts, square(x), counts) / count

        x, y = mean(rdms), mean(target)
        covariance = mean(rdms * target) - x * y
        return covariance / ((mean(rdms * rdms) - x * x) * (mean(target * target) - y * y)).sqrt()
    w = pair_counts(counts)
    n = w.sum(-1)
    fixed = ranks(target, w)
    weighted = w * fixed
    if compare is spearman:
        spread = ((weighted * fixed).sum(-1) / n - ((n + 1) / 2) ** 2).sqrt()
    rows = []
    for rdm in rdms:
        moving = ranks(rdm, w)
        covariance = (weighted * moving).sum(-1) / n - ((n + 1) / 2) ** 2
        if compare is rho_a:
            rows.append(12 * covariance / (n * n - 1))
        else:
            rows.append(covariance / spread / ((w * moving * moving).sum(-1) / n - ((n + 1) / 2) ** 2).sqrt())
    return torch.stack(rows)


def permutation_null(
    x: Pairs, y: Pairs, num_permutations: int, generator: torch.Generator, compare: Callable = pearson
) -> Float[Tensor, " permutations"]:
    """compare(x, y) with the images of y in random order: what chance gives, pairs kept together by image.

    Raises ValueError if x and y have different numbers of pairs.
    """
    _same_length(x, y)
    matrix, n = square(y), len(square(y))
    orders = torch.rand(num_permutations, n, generator=generator, device=generator.device).argsort(-1)
    return torch.stack([compare(x, pairs(matrix[order][:, order])) for order in orders.to(y.device)])


def noise_ceiling(rdms: Float[Tensor, "subjects pairs"], compare: Callable = spearman) -> tuple[float, float]:
    """(lower, upper): mean similarity of each subject to the mean of the others, and to the mean of all.

    rdms: one a subject; for a rank correlation the mean is over ranks, else over standardised pairs, so
    that the upper bound is the best that one matrix can do (Nili et al. 2014).
    Raises ValueError for fewer than two subjects.
    """
    if len(rdms) < 2:
        raise ValueError(f"rdms has {len(rdms)} subject, and a ceiling needs at least two")
    if compare is pearson:
        rdms = (rdms - rdms.mean(-1, keepdim=True)) / rdms.std(-1, keepdim=True)
    else:
        rdms = torch.stack([ranks(rdm) for rdm in rdms])
    total = rdms.sum(0)
    lower = torch.stack([compare(rdm, total - rdm) for rdm in rdms]).mean()
    return lower.item(), torch.stack([compare(rdm, total) for rdm in rdms]).mean().item()


def _same_length(x: Pairs, y: Pairs) -> None:
    if x.shape[-1] != y.shape[-1]:
        raise ValueError(f"the RDMs have {x.shape[-1]} and {y.shape[-1]} pairs: are they of the same images?")
