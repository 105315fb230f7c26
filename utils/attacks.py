"""AutoAttack of an attack library, for those who have installed it; a lab writes its own attacks by hand."""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn


class _Function(nn.Module):
    """A function of pictures in the shape in which the library wants a network."""

    def __init__(self, logits_of: Callable[[Tensor], Tensor]):
        super().__init__()
        self.logits_of = logits_of

    def forward(self, x: Tensor) -> Tensor:
        return self.logits_of(x)


def classifier(
    logits_of: Callable[[Tensor], Tensor], shape: tuple[int, ...], num_classes: int, cuda: bool = False
):
    """The network as the adversarial robustness toolbox takes it; pictures lie in [0, 1].

    Raises ImportError if the toolbox is not installed.
    """
    from art.estimators.classification import PyTorchClassifier

    return PyTorchClassifier(
        _Function(logits_of),
        loss=nn.CrossEntropyLoss(),
        input_shape=shape,
        nb_classes=num_classes,
        clip_values=(0.0, 1.0),
        device_type="gpu" if cuda else "cpu",
    )


def autoattack(
    logits_of: Callable[[Tensor], Tensor],
    x: Float[Tensor, "n c h w"],
    labels: Int[Tensor, " n"],
    eps: float,
    num_classes: int,
) -> float:
    """Accuracy under the toolbox's AutoAttack in the box of half-width eps (Croce & Hein 2020).

    The toolbox draws its random starts from the global generators of Python and numpy.
    Raises ImportError if the toolbox is not installed, ValueError for pictures outside [0, 1].
    """
    if not ((x >= 0) & (x <= 1)).all():
        raise ValueError("x has values outside [0, 1], or NaN")
    from art.attacks.evasion import AutoAttack

    wrapped = classifier(logits_of, tuple(x.shape[1:]), num_classes, x.is_cuda)
    attack = AutoAttack(wrapped, eps=eps, eps_step=eps / 4, batch_size=64)
    for each in attack.attacks:
        each.set_params(verbose=False)  # else each of them shows bars of progress
    moved = attack.generate(x.cpu().numpy(), labels.cpu().numpy())
    with torch.no_grad():
        answers = logits_of(torch.tensor(moved, dtype=x.dtype, device=x.device)).argmax(-1)
    return (answers == labels).float().mean().item()
