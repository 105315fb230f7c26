"""Low-rank updates of frozen linear layers, for several policies at once: each group of rows has its own.

    y = W x + (x A_g) B_g,    A_g: (d_in, rank), random;  B_g: (rank, d_out), zero at the start

(Hu et al. 2021). A batch is divided into as many equal groups as there are policies, in order, so that one
forward pass serves all of them: the frozen matrix products, nearly all of the work, are shared.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class GroupedLoRA(nn.Module):
    """Hooks that add (x A_g) B_g to what upper blocks write into the residual stream, until `remove`.

    model:     a Llama-like causal language model, frozen; adapted are each upper block's o_proj and down_proj
    first:     the lowest block that is adapted
    groups:    how many policies; row i of a batch of n belongs to group i // (n / groups)
    rank:      of each update
    generator: draws A, N(0, 1/d_in), on the device of the layers

    Raises ValueError if there is no such block, or groups or rank is below 1; and, in a forward pass, if the
    rows of the batch cannot be divided equally.
    """

    def __init__(self, model: nn.Module, first: int, groups: int, rank: int, generator: torch.Generator):
        super().__init__()
        blocks = model.base_model.layers[first:]
        linears = [linear for block in blocks for linear in (block.self_attn.o_proj, block.mlp.down_proj)]
        if not linears or groups < 1 or rank < 1:
            raise ValueError(f"{len(blocks)} blocks, {groups} groups, rank {rank}: expected at least 1 each")
        draw = {"generator": generator, "device": generator.device}
        self.groups, self.active = groups, True
        self.A = nn.ParameterList(
            [torch.randn(groups, m.in_features, rank, **draw) / m.in_features**0.5 for m in linears]
        )
        self.B = nn.ParameterList(
            [torch.zeros(groups, rank, m.out_features, device=generator.device) for m in linears]
        )
        self.handles = [m.register_forward_hook(self._hook(i)) for i, m in enumerate(linears)]

    def _hook(self, i: int):
        def add(_module, inputs: tuple[Tensor], output: Tensor) -> Tensor | None:
            if not self.active:
                return None
            x = inputs[0]
            if len(x) % self.groups:
                raise ValueError(
                    f"a batch of {len(x)} rows cannot be divided into {self.groups} equal groups"
                )
            rows = x.reshape(self.groups, -1, x.shape[-1])
            return output + (rows @ self.A[i].to(x.dtype) @ self.B[i].to(x.dtype)).view_as(output)

        return add

    @contextmanager
    def off(self) -> Iterator[None]:
        """While open, the model is the frozen one."""
        self.active, before = False, self.active
        try:
            yield
        finally:
            self.active = before

    def remove(self) -> None:
        """Take the hooks off: the model is the frozen one for good."""
        for handle in self.handles:
            handle.remove()
