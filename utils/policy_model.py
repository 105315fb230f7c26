"""The language model that a lab trains: SmolLM2-135M at fast scale, Qwen2.5-0.5B at full scale."""

import torch
from torch import nn

from utils.models import MissingModel, load_hub, load_smollm2

QWEN = "Qwen/Qwen2.5-0.5B"


def load_policy(
    scale: str, dtype: torch.dtype, device: torch.device | str = "cpu"
) -> tuple[nn.Module, object]:
    """A causal language model in evaluation mode, frozen, and its tokenizer.

    scale: "fast" or "full". Where the hub cannot be reached, full scale goes on with SmolLM2 and says so.
    Raises MissingModel if SmolLM2's package is not installed.
    """
    if scale == "full":
        try:
            model, tokenizer = load_hub(QWEN, dtype, device)
            return model.requires_grad_(False), tokenizer
        except MissingModel as error:
            print(f"Going on with SmolLM2-135M: {error}.")
    model, tokenizer = load_smollm2(dtype, device)
    return model.requires_grad_(False), tokenizer
