"""EfficientNet-lite0, a convolutional network trained on ImageNet, from the packages that carry it."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from utils.pictures import check_pictures
from utils.wheels import EFFICIENTNET, EFFICIENTNET_CODE, wheel_file

SIDE = 224  # pixels


def load_efficientnet(device: torch.device | str = "cpu") -> nn.Module:
    """EfficientNet-lite0 in eval mode: 4.65 million parameters, 16 blocks, 1,000 classes of ImageNet.

    Takes what `preprocess` returns. Its weights are read as tensors alone, nothing is unpickled.
    Raises MissingPackage if one of its two packages is not installed or damaged.
    """
    state = torch.load(wheel_file(EFFICIENTNET), map_location="cpu", weights_only=True)
    wheel_file(EFFICIENTNET_CODE)  # says what is missing before the import fails
    from efficientnet_lite_pytorch import EfficientNet

    model = EfficientNet.from_name("efficientnet-lite0")
    model.load_state_dict(state)
    return model.to(device).eval()


def preprocess(images: Float[Tensor, "n 3 h w"]) -> Float[Tensor, "n 3 224 224"]:
    """Colours in [0, 1] of pictures of any size, as EfficientNet-lite takes them: (255 x - 127) / 128.

    Raises ValueError for another shape or for values outside [0, 1].
    """
    check_pictures(images)
    if images.shape[-2:] != (SIDE, SIDE):
        images = nn.functional.interpolate(images, (SIDE, SIDE), mode="bicubic", antialias=True).clamp(0, 1)
    return (255 * images - 127) / 128


@torch.no_grad()
def layer_outputs(
    model: nn.Module, images: Float[Tensor, "n 3 h w"], batch_size: int = 32
) -> dict[str, Float[Tensor, "n ..."]]:
    """What each stage of EfficientNet-lite0 makes of pictures: stem, block 0 to 15, head, logits.

    images: colours in [0, 1]
    Returns name → activations on the CPU, maps as (n, channels, height, width), logits as (n, 1000).
    """
    names = {"stem": model._bn0} | {f"block {i}": block for i, block in enumerate(model._blocks)}
    names |= {"head": model._bn1, "logits": model._fc}
    kept: dict[str, list[Tensor]] = {name: [] for name in names}
    hooks = [
        module.register_forward_hook(
            lambda _module, _args, output, name=name: kept[name].append(output.cpu())
        )
        for name, module in names.items()
    ]
    try:
        device = next(model.parameters()).device
        for batch in preprocess(images).split(batch_size):
            model(batch.to(device))
    finally:
        for hook in hooks:
            hook.remove()
    return {name: torch.cat(outputs) for name, outputs in kept.items()}
