"""What the book takes for pictures, and the colours to which networks trained on ImageNet are used."""

from jaxtyping import Float
from torch import Tensor

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))  # mean and standard deviation of the colours


def check_pictures(images: Float[Tensor, "n 3 h w"]) -> None:
    """Raises ValueError unless images has the shape (n, 3, height, width) and colours in [0, 1]."""
    if images.ndim != 4 or images.shape[1] != 3:
        raise ValueError(f"images has shape {tuple(images.shape)}, expected (n, 3, height, width)")
    if not ((images >= 0) & (images <= 1)).all():
        raise ValueError("images has values outside [0, 1], or NaN")
