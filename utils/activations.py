"""Read and edit the residual stream of any Hugging Face causal language model, by forward hooks."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn


class _Stop(Exception):
    """Ends a forward pass after the last layer that was asked for."""


def layers(model: nn.Module) -> nn.ModuleList:
    """The model's blocks: its first ModuleList with `config.num_hidden_layers` members.

    Raises ValueError if the model has no such list.
    """
    count = getattr(getattr(model, "config", None), "num_hidden_layers", "config.num_hidden_layers")
    for module in model.modules():
        if isinstance(module, nn.ModuleList) and len(module) == count:
            return module
    raise ValueError(f"{type(model).__name__} has no list of {count} blocks to hook")


def resid_post(layer: int) -> str:
    """The name of the residual stream after block `layer`, as TransformerLens writes it."""
    return f"blocks.{layer}.hook_resid_post"


def _check_layers(model: nn.Module, wanted: Iterable[int]) -> list[int]:
    count, wanted = len(layers(model)), sorted(set(wanted))
    if not wanted:
        raise ValueError("layers is empty, expected at least one layer to read")
    if wanted[0] < 0 or wanted[-1] >= count:
        raise ValueError(f"layers are {wanted}, expected numbers from 0 to {count - 1}")
    return wanted


def _check_tokens(input_ids: Tensor) -> None:
    shape = tuple(input_ids.shape)
    if len(shape) != 2:
        raise ValueError(f"input_ids has shape {shape}, expected (batch, position)")
    if 0 in shape:
        raise ValueError(f"input_ids has shape {shape}, expected at least one token: was a text empty?")
    if input_ids.is_floating_point():
        raise ValueError(f"input_ids is {input_ids.dtype}, expected token numbers")


@torch.no_grad()
def run_with_cache(
    model: nn.Module,
    input_ids: Int[Tensor, "batch position"],
    read: Iterable[int],
    attention_mask: Int[Tensor, "batch position"] | None = None,
) -> dict[str, Float[Tensor, "batch position d_model"]]:
    """The residual stream after each block in `read`, by name; blocks after the last one are not run.

    model:     a Hugging Face causal language model
    input_ids: token numbers
    read:      numbers of blocks, from 0
    Returns {"blocks.L.hook_resid_post": activations}.
    Raises ValueError for a block that the model lacks, an empty batch, token numbers of another shape or
    type, or a mask of another shape.
    """
    _check_tokens(input_ids)
    if attention_mask is not None and attention_mask.shape != input_ids.shape:
        raise ValueError(
            f"attention_mask has shape {tuple(attention_mask.shape)}, expected {tuple(input_ids.shape)}"
        )
    wanted, cache, blocks = _check_layers(model, read), {}, layers(model)

    def save(layer: int) -> Callable:
        def hook(_module, _inputs, output):
            cache[resid_post(layer)] = (output[0] if isinstance(output, tuple) else output).detach()
            if layer == wanted[-1]:
                raise _Stop

        return hook

    handles = [blocks[layer].register_forward_hook(save(layer)) for layer in wanted]
    try:
        model(input_ids=input_ids, attention_mask=attention_mask, use_cache=False)
    except _Stop:
        pass
    finally:
        for handle in handles:
            handle.remove()
    return cache


@contextmanager
def edit_residual(model: nn.Module, layer: int, edit: Callable[[Tensor], Tensor]) -> Iterator[None]:
    """While open, the residual stream after block `layer` is replaced: x ← edit(x).

    edit: a function of the stream, shape (batch, position, d_model) to the same shape
    Raises ValueError for a block that the model lacks, or an edit that changes the shape or makes NaN.
    """
    _check_layers(model, [layer])

    def hook(_module, _inputs, output):
        stream = output[0] if isinstance(output, tuple) else output
        edited = edit(stream)
        if edited.shape != stream.shape:
            raise ValueError(f"edit returned shape {tuple(edited.shape)}, expected {tuple(stream.shape)}")
        if not edited.isfinite().all():
            raise ValueError(f"edit returned NaN or infinity after block {layer}")
        edited = edited.to(stream.dtype)
        return (edited, *output[1:]) if isinstance(output, tuple) else edited

    handle = layers(model)[layer].register_forward_hook(hook)
    try:
        yield
    finally:
        handle.remove()
