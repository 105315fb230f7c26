"""The language model whose residual stream a lab takes apart; at full scale with a published autoencoder."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from utils.models import MissingModel, load_hub, load_smollm2

# sae-lens's name of the residual stream before block 8, which is the one after block 7.
RELEASE, SAE_ID, GPT2, GPT2_LAYER = "gpt2-small-res-jb", "blocks.8.hook_resid_pre", "openai-community/gpt2", 7


class Subject(NamedTuple):
    """A language model, ready to be taken apart.

    model:     in evaluation mode
    tokenizer: the model's
    layer:     the block after which the residual stream is read
    W_U:       the unembedding with the final norm's gain folded in: logits = W_U · x / scale(x)
    sae:       a pretrained sparse autoencoder for this layer (sae-lens's), or None
    """

    model: nn.Module
    tokenizer: object
    layer: int
    W_U: Float[Tensor, "vocabulary d_model"]
    sae: nn.Module | None


def load_subject(scale: str, dtype: torch.dtype, device: torch.device | str = "cpu") -> Subject:
    """SmolLM2-135M at fast scale; GPT-2 small with its pretrained autoencoder at full scale.

    scale: "fast" or "full"
    dtype: of SmolLM2's weights, see `runtime.matmul_dtype`; GPT-2 stays in float32
    Where the hub cannot be reached, full scale goes on with SmolLM2 and prints one sentence that says so.
    Raises MissingModel if SmolLM2's package is not installed.
    """
    if scale == "full":
        try:
            return _gpt2(device)
        except MissingModel as error:
            print(f"Going on with SmolLM2-135M and without a pretrained autoencoder: {error}.")
    model, tokenizer = load_smollm2(dtype, device)
    return Subject(model, tokenizer, 12, unembedding(model), None)


def unembedding(model: nn.Module) -> Float[Tensor, "vocabulary d_model"]:
    """W_U · diag(γ) in float32, with γ the gain of the last norm (Llama's `norm`, GPT-2's `ln_f`)."""
    norm = getattr(model.base_model, "norm", None) or model.base_model.ln_f
    return model.get_output_embeddings().weight.detach().float() * norm.weight.detach().float()


def _gpt2(device) -> Subject:
    model, tokenizer = load_hub(GPT2, torch.float32, device)
    from sae_lens import SAE

    try:
        sae = SAE.from_pretrained(RELEASE, SAE_ID, device=str(device))
    except Exception as error:  # the hub's client, requests and sae-lens each raise their own
        raise MissingModel(
            f"{RELEASE} could not be had from the hub ({str(error).splitlines()[0]})"
        ) from error
    centre_writing_weights(model)
    return Subject(model, tokenizer, GPT2_LAYER, unembedding(model), sae.eval().requires_grad_(False))


@torch.no_grad()
def centre_writing_weights(model: nn.Module) -> None:
    """Take the mean over d_model out of everything that GPT-2 writes into its residual stream, in place.

    Each block reads the stream through a LayerNorm, which subtracts that mean, so no output changes; but the
    pretrained autoencoder was trained on a stream of mean zero (TransformerLens's `center_writing_weights`).
    """
    head = model.get_output_embeddings()
    head.weight = nn.Parameter(head.weight.clone())  # untied: only the embedding writes into the stream
    model.config.tie_word_embeddings = False
    body = model.base_model
    writers = [body.wte.weight, body.wpe.weight]
    for block in body.h:
        for layer in (block.attn.c_proj, block.mlp.c_proj):  # weight (d_in, d_model), bias (d_model,)
            writers += [layer.weight, layer.bias]
    for weight in writers:
        weight -= weight.mean(-1, keepdim=True)
