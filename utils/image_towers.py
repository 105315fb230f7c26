"""Image networks from the Hugging Face hub, for full scale: what each of their layers makes of pictures."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import interpolate

from utils.models import from_hub
from utils.pictures import IMAGENET

# Mean and standard deviation of the colours on which CLIP was trained; other networks take ImageNet's.
CLIP = ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711))


@torch.no_grad()
def hub_layer_outputs(
    name: str, images: Float[Tensor, "n 3 h w"], device: torch.device | str = "cpu", batch_size: int = 32
) -> list[Float[Tensor, "n units"]]:
    """The hidden states of a ResNet, a DINOv2 or the image half of a CLIP, from the first to the last.

    name:   on the hub, or a folder; only safetensors are read, never pickles
    images: colours in [0, 1], brought to 224 × 224 pixels
    Raises utils.models.MissingModel if the hub does not answer or does not have the model.
    """
    from transformers import AutoConfig, AutoModel, CLIPModel
    from transformers.utils import logging

    (config,) = from_hub(name, AutoConfig.from_pretrained)
    is_clip = config.model_type.startswith("clip")
    kind = CLIPModel if is_clip else AutoModel

    def load(name, **kwargs):
        return kind.from_pretrained(name, use_safetensors=True, dtype=torch.float32, **kwargs)

    verbosity = logging.get_verbosity()
    logging.set_verbosity_error()  # else it lists the weights of a classifier that is not asked for
    try:
        (model,) = from_hub(name, load)
    finally:
        logging.set_verbosity(verbosity)
    model = (model.vision_model if is_clip else model).to(device).eval()
    mean, std = (
        torch.tensor(value, dtype=torch.float32)[:, None, None] for value in (CLIP if is_clip else IMAGENET)
    )
    pixels = interpolate(images.float(), (224, 224), mode="bicubic", antialias=True).clamp(0, 1)
    parts = [
        [state.flatten(1).cpu() for state in model(batch.to(device), output_hidden_states=True).hidden_states]
        for batch in ((pixels - mean) / std).split(batch_size)
    ]
    return [torch.cat(states) for states in zip(*parts, strict=True)]
