"""What one measures on a sparse autoencoder: reconstruction, sparsity, dead latents, recovery.

The last two axes are a batch and its coordinates; every axis before them is an axis of instances (a sweep
over seeds or penalties) and is kept. Activations of a language model, (batch, position, d_in), must
therefore be flattened to (tokens, d_in) first, or each row of the batch counts as an instance.
"""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor

VARIANTS = ("ratio_of_sums", "centred_residual", "mean_of_ratios", "uncentred")


def _check(value: Tensor, name: str, shape: str) -> None:
    if not isinstance(value, Tensor) or not value.is_floating_point():
        kind = value.dtype if isinstance(value, Tensor) else type(value).__name__
        raise ValueError(f"{name} is {kind}, expected a tensor of floats of shape {shape}")
    if value.ndim < 2 or value.numel() == 0:
        raise ValueError(f"{name} has shape {tuple(value.shape)}, expected {shape}, not empty")
    if not value.isfinite().all():
        raise ValueError(f"{name} holds {int((~value.isfinite()).sum())} values that are NaN or infinite")


def _check_pair(x: Tensor, x_hat: Tensor) -> None:
    _check(x, "x", "(..., batch, d_in)")
    _check(x_hat, "x_hat", "(..., batch, d_in)")
    if x.shape[-2:] != x_hat.shape[-2:]:
        raise ValueError(
            f"x_hat has shape {tuple(x_hat.shape)}, expected the last two axes of x, {tuple(x.shape[-2:])}"
        )


def fvu(
    x: Float[Tensor, "... batch d_in"], x_hat: Float[Tensor, "... batch d_in"], variant: str = "ratio_of_sums"
) -> Float[Tensor, "..."]:
    """Fraction of variance unexplained: Σ_b ‖x_b - x̂_b‖² / Σ_b ‖x_b - x̄‖², with x̄ the mean over the batch.

    0 is perfect, 1 is what the constant prediction x̄ gives, and more than 1 is possible. The literature has
    four formulas under this name, and they give different numbers for the same reconstruction:

    "ratio_of_sums"    Σ ‖x - x̂‖² / Σ ‖x - x̄‖². The default, and 1 - sae-lens's `explained_variance`.
    "centred_residual" Σ ‖r - r̄‖² / Σ ‖x - x̄‖² with r = x - x̂: forgives a constant offset. It is
                       1 - dictionary-learning's `frac_variance_explained`.
    "mean_of_ratios"   mean_b ‖x - x̂‖² / ‖x - x̄‖²: samples close to the mean dominate it. It is
                       1 - sae-lens's `explained_variance_legacy`.
    "uncentred"        Σ ‖x - x̂‖² / Σ ‖x‖²: counts the mean as explained, so that a large mean flatters.

    Sums are taken in float64. Raises ValueError for shapes that do not fit, an empty batch, NaN or
    infinity, an unknown variant, or an x that does not vary.
    """
    _check_pair(x, x_hat)
    if variant not in VARIANTS:
        raise ValueError(f"variant is {variant!r}, expected one of {VARIANTS}")
    x, residual = x.double(), x.double() - x_hat.double()
    if variant == "centred_residual":
        residual = residual - residual.mean(-2, keepdim=True)
    centre = 0 if variant == "uncentred" else x.mean(-2, keepdim=True)
    error, spread = residual.square().sum(-1), (x - centre).square().sum(-1)
    if variant != "mean_of_ratios":
        error, spread = error.sum(-1), spread.sum(-1)
    if (spread == 0).any():
        raise ValueError("x does not vary: its spread is zero, so the unexplained fraction is 0/0")
    ratio = error / spread
    return (ratio.mean(-1) if variant == "mean_of_ratios" else ratio).float()


def explained_variance(
    x: Float[Tensor, "... batch d_in"], x_hat: Float[Tensor, "... batch d_in"], variant: str = "ratio_of_sums"
) -> Float[Tensor, "..."]:
    """1 - FVU, with the same four variants and the same errors as `fvu`."""
    return 1 - fvu(x, x_hat, variant)


def l0(latents: Float[Tensor, "... batch d_sae"]) -> Float[Tensor, "..."]:
    """The mean number of latents that are not zero: (1/batch) Σ_b #{i : latents_bi ≠ 0}.

    Raises ValueError for fewer than two axes, an empty batch, NaN or infinity.
    """
    _check(latents, "latents", "(..., batch, d_sae)")
    return (latents != 0).sum(-1).float().mean(-1)


def dead_latents(latents: Float[Tensor, "... batch d_sae"]) -> Bool[Tensor, "... d_sae"]:
    """Which latents are zero on the whole batch: dead_i = (latents_bi = 0 for every b).

    The share that is dead is `dead_latents(latents).float().mean(-1)`. It depends on the batch: a latent
    that fires once in 10⁵ samples looks dead on 10⁴ of them. The masks of several batches combine with `&`.
    Raises ValueError for fewer than two axes, an empty batch, NaN or infinity.
    """
    _check(latents, "latents", "(..., batch, d_sae)")
    return (latents == 0).all(-2)


class MMCS(NamedTuple):
    """Mean max cosine similarity, in both directions.

    precision: mean over learned atoms of the largest cosine with a true feature
    recall:    mean over true features of the largest cosine with a learned atom
    """

    precision: Float[Tensor, "..."]
    recall: Float[Tensor, "..."]


def mmcs(W_dec: Float[Tensor, "... d_sae d_in"], features: Float[Tensor, "... n_features d_in"]) -> MMCS:
    """With C_ij = cos(W_dec_i, f_j): precision = mean_i max_j C_ij, recall = mean_j max_i C_ij.

    The cosine keeps its sign, since the latents of a sparse autoencoder are not negative: an atom that
    points away from a feature cannot stand for it. (A dictionary whose signs mean nothing, such as principal
    components, should be given with both signs.) Neither direction is a matching: two features may share an
    atom, and atoms may repeat. A larger dictionary raises recall for free, so compare with a random one
    of the same size.

    Raises ValueError for shapes that do not fit, an empty dictionary, NaN or infinity, or a row of norm zero.
    """
    _check(W_dec, "W_dec", "(..., d_sae, d_in)")
    _check(features, "features", "(..., n_features, d_in)")
    if W_dec.shape[-1] != features.shape[-1]:
        raise ValueError(
            f"features has shape {tuple(features.shape)}, expected d_in = {W_dec.shape[-1]} as in W_dec"
        )
    for rows, name in ((W_dec, "W_dec"), (features, "features")):
        if (rows.norm(dim=-1) == 0).any():
            raise ValueError(f"{name} has a row of norm zero, which has no direction; leave dead rows out")
    cosine = torch.nn.functional.normalize(W_dec, dim=-1) @ torch.nn.functional.normalize(features, dim=-1).mT
    return MMCS(precision=cosine.amax(-1).mean(-1), recall=cosine.amax(-2).mean(-1))
