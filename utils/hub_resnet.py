"""A ResNet that has learned ImageNet, from the hub, and crops of packaged photographs to show it."""

from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import interpolate

from utils.models import from_hub
from utils.pictures import IMAGENET

SMALLEST, LARGEST = 96, 396  # pixels of a crop before it is resized


class ResNet(nn.Module):
    """A ResNet of transformers as a function of colours in [0, 1]; batch statistics are frozen."""

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model.eval()
        for name, value in zip(("mean", "std"), IMAGENET, strict=True):
            self.register_buffer(name, torch.tensor(value)[:, None, None])

    def both(self, x: Float[Tensor, "n 3 h w"]) -> tuple[Float[Tensor, "n classes"], Float[Tensor, "n d"]]:
        """The logits, and the last layer before them."""
        last = self.model.resnet((x - self.mean) / self.std).pooler_output.flatten(1)
        return self.model.classifier(last), last

    def forward(self, x: Float[Tensor, "n 3 h w"]) -> Float[Tensor, "n classes"]:
        return self.both(x)[0]


def load_resnet(name: str, device: torch.device | str = "cpu") -> ResNet:
    """A ResNet of the hub, or of a folder. Raises utils.models.MissingModel where it is not to be had."""
    from transformers import AutoModelForImageClassification

    (model,) = from_hub(name, partial(AutoModelForImageClassification.from_pretrained, use_safetensors=True))
    return ResNet(model).to(device)


def crops(num: int, side: int, generator: torch.Generator) -> Float[Tensor, "n 3 side side"]:
    """Random square crops of scikit-learn's two photographs, resized, in turn from either; on the CPU."""
    from sklearn.datasets import load_sample_images

    photographs = [torch.tensor(p).permute(2, 0, 1).float() / 255 for p in load_sample_images().images]
    cut = []
    for i, (down, right, scale) in enumerate(torch.rand(num, 3, generator=generator).tolist()):
        photograph, size = photographs[i % 2], int(SMALLEST + (LARGEST - SMALLEST) * scale)
        top, left = (
            int(s * (full - size)) for s, full in zip((down, right), photograph.shape[1:], strict=True)
        )
        window = photograph[None, :, top : top + size, left : left + size]
        cut.append(interpolate(window, (side, side), mode="bilinear", antialias=True))
    return torch.cat(cut)
