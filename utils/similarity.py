"""How alike two representations of the same n stimuli are, up to what each measure ignores.

A representation is a matrix of responses, stimuli by units. Rotations of its units change neither its Gram
matrix nor its distances, so every measure here is a function of those. Leading dimensions are batches.
"""

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


def cka(K: Square, L: Square) -> Float[Tensor, "..."]:
    """⟨K, L⟩ / (|K| |L|) of centred Gram matrices, in [0, 1] where both are positive semidefinite.

    NaN if a representation is constant. Kornblith et al. 2019.
    """
    K, L = centre(K), centre(L)
    return (K * L).sum((-2, -1)) / (K.norm(dim=(-2, -1)) * L.norm(dim=(-2, -1)))


def linear_cka(x: Responses, y: Responses) -> Float[Tensor, "..."]:
    """CKA of the linear kernels of two representations; orthogonal maps and scale of either do not matter."""
    return cka(gram(x), gram(y))
