"""How alike two representations of the same n stimuli are, up to what each measure ignores.

A representation is a matrix of responses, stimuli by units. Rotations of its units change neither its Gram
matrix nor its distances, so every measure here is a function of those; `correlation_rdm` alone sees
rotations, since it takes off the mean over units. Leading dimensions are batches.
"""

import torch
from jaxtyping import Float
from torch import Tensor

Responses = Float[Tensor, "... n units"]
Square = Float[Tensor, "... n n"]


def centre(K: Square) -> Square:
    """H K H with H = I - 1/n: the Gram matrix of the same representation with its mean response taken off."""
    K = K - K.mean(-1, keepdim=True)
    return K - K.mean(-2, keepdim=True)


def gram(x: Responses) -> Square:
    """The centred Gram matrix (x - x̄)(x - x̄)ᵀ."""
    x = x - x.mean(-2, keepdim=True)
    return x @ x.mT


def gram_of_rdm(rdm: Square) -> Square:
    """-H D H / 2, the centred Gram matrix of a representation of which only squared distances D are known.

    Correlation distances are such: 2 (1 - r) = |u - v|² of patterns with mean 0 and length 1. CKA does not
    see the factor 2.
    """
    return centre(-rdm / 2)


def squared_rdm(x: Responses) -> Square:
    """|x_i - x_j|², the squared Euclidean distances. Raises ValueError for NaN or infinity."""
    _finite(x)
    x = x - x.mean(-2, keepdim=True)  # far from the origin the difference below would lose its digits
    square = x.square().sum(-1)
    distances = square[..., :, None] + square[..., None, :] - 2 * x @ x.mT
    return _without_diagonal(distances.clamp(min=0))


def correlation_rdm(x: Responses) -> Square:
    """1 - r of the response patterns of each two stimuli.

    Raises ValueError for NaN or infinity, for fewer than two units, or for a stimulus to which all units
    respond alike (to the precision of x): it has no correlation.
    """
    _finite(x)
    if x.shape[-1] < 2:
        raise ValueError(f"responses has {x.shape[-1]} unit, and a correlation needs at least two")
    x = x.double()
    centred = x - x.mean(-1, keepdim=True)
    length = centred.norm(dim=-1, keepdim=True)
    constant = length <= 1e-12 * x.norm(dim=-1, keepdim=True)
    if constant.any():
        which = constant.squeeze(-1).nonzero()[0].tolist()
        raise ValueError(
            f"stimulus {which[-1]} gets the same response from every unit "
            f"(there are {int(constant.sum())} such): its correlation distance is undefined"
        )
    unit = centred / length
    return _without_diagonal(1 - unit @ unit.mT)


def cka(K: Square, L: Square) -> Float[Tensor, "..."]:
    """⟨K, L⟩ / (|K| |L|) of centred Gram matrices, in [0, 1] where both are positive semidefinite.

    NaN if a representation is constant. Kornblith et al. 2019.
    """
    K, L = centre(K), centre(L)
    return (K * L).sum((-2, -1)) / (K.norm(dim=(-2, -1)) * L.norm(dim=(-2, -1)))


def linear_cka(x: Responses, y: Responses) -> Float[Tensor, "..."]:
    """CKA of the linear kernels of two representations; orthogonal maps and scale of either do not matter."""
    return cka(gram(x), gram(y))


def u_centre(K: Square) -> Square:
    """K with its diagonal ignored, centred so that every row sums to 0 over the other stimuli; diagonal 0.

    K_ij - Σ_l K_il/(n-2) - Σ_k K_kj/(n-2) + Σ_kl K_kl/((n-1)(n-2)). Székely & Rizzo 2014. Anything of the
    form a_i + a_j off the diagonal is removed, so a Gram matrix and -D/2 of its distances give the same.
    Raises ValueError for fewer than four stimuli.
    """
    n = K.shape[-1]
    if n < 4:
        raise ValueError(f"the unbiased estimate needs at least 4 stimuli, got {n}")
    K = _without_diagonal(K)
    rows = K.sum(-1, keepdim=True)
    total = rows.sum(-2, keepdim=True)
    return _without_diagonal(K - rows / (n - 2) - rows.mT / (n - 2) + total / ((n - 1) * (n - 2)))


def debiased_cka(K: Square, L: Square) -> Float[Tensor, "..."]:
    """CKA with the unbiased estimate of each HSIC: ⟨K̃, L̃⟩ / (|K̃| |L̃|) of u-centred matrices.

    Its mean for unrelated representations is about 0, however many units they have; it can be negative.
    Song et al. 2012; Murphy et al. 2024. NaN if a representation is constant.
    """
    K, L = u_centre(K), u_centre(L)
    return (K * L).sum((-2, -1)) / (K.norm(dim=(-2, -1)) * L.norm(dim=(-2, -1)))


def procrustes(x: Responses, y: Responses) -> Float[Tensor, "..."]:
    """|xᵀy|_* / (|x| |y|) of centred responses: the best overlap that a rotation of one can reach, in [0, 1].

    The nuclear norm |·|_* is the sum of singular values. Its arccosine is a distance (Williams et al. 2021).
    """
    x, y = (v - v.mean(-2, keepdim=True) for v in (x, y))
    overlap = torch.linalg.svdvals(x.mT @ y).sum(-1)
    return overlap / (x.norm(dim=(-2, -1)) * y.norm(dim=(-2, -1)))


def cca(x: Responses, y: Responses) -> Float[Tensor, "..."]:
    """Mean squared canonical correlation, |Q_xᵀ Q_y|² / min(rank x, rank y), with Q orthonormal bases.

    Any invertible map of either side leaves it; with n - 1 or more independent units it is 1 for all data.
    """
    bases = [_basis(v) for v in (x, y)]
    return (bases[0].mT @ bases[1]).square().sum((-2, -1)) / min(basis.shape[-1] for basis in bases)


def _basis(x: Responses) -> Responses:
    """An orthonormal basis of the centred columns; one rank for all batches, the largest."""
    u, s, _ = torch.linalg.svd(x - x.mean(-2, keepdim=True), full_matrices=False)
    kept = s > s[..., :1] * max(x.shape[-2:]) * torch.finfo(s.dtype).eps
    return (u * kept[..., None, :])[..., : int(kept.sum(-1).max())]


def _without_diagonal(K: Square) -> Square:
    return K - torch.diag_embed(K.diagonal(dim1=-2, dim2=-1))


def _finite(x: Responses) -> None:
    if not torch.isfinite(x).all():
        raise ValueError(f"responses holds {int((~torch.isfinite(x)).sum())} values that are NaN or infinite")
