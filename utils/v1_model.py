"""A model of the first visual area: the energy of oriented, band-passed contrast, pooled in space."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate

from utils.pictures import check_pictures

GREY = torch.tensor([0.299, 0.587, 0.114])  # luminance of red, green and blue


def oriented_filters(
    side: int, num_orientations: int, wavelengths: tuple[float, ...]
) -> Float[Tensor, "wavelengths orientations side side"]:
    """exp(-ln²(f λ) / 2σ²) cos^k(θ - θ₀) for |θ - θ₀| < π/2, else 0, with k = num_orientations - 1, σ = ½.

    In the plane of frequencies, where such a filter is one-sided: its output is complex, and the absolute
    value is the energy of a pair of cells, one even and one odd, that prefer the same orientation.
    """
    f = torch.fft.fftfreq(side)
    radius = (f[:, None] ** 2 + f**2).sqrt()
    angle = torch.atan2(f[:, None].expand(side, side), f.expand(side, side))
    wave = torch.tensor(wavelengths)[:, None, None, None]
    band = torch.exp(-2 * (radius.clamp(min=1e-9) * wave).log() ** 2) * (radius > 0)
    preferred = torch.arange(num_orientations)[:, None, None] * torch.pi / num_orientations
    return band * (angle - preferred).cos().clamp(min=0) ** (num_orientations - 1)


def v1_energy(
    images: Float[Tensor, "n 3 h w"],
    num_orientations: int = 8,
    wavelengths: tuple[float, ...] = (4, 8, 16, 32),
    side: int = 128,
    pool: int = 8,
) -> Float[Tensor, "n wavelengths orientations rows columns"]:
    """|F⁻¹(filter · F(luminance))|, averaged over squares of `pool` pixels (Adelson & Bergen 1985).

    images: colours in [0, 1], brought to side × side pixels; wavelengths in those pixels.
    Raises ValueError for another shape or for values outside [0, 1].
    """
    check_pictures(images)
    images = interpolate(images, (side, side), mode="bicubic", antialias=True)
    luminance = (images * GREY[:, None, None]).sum(1)
    filters = oriented_filters(side, num_orientations, wavelengths)
    spectrum = torch.fft.fft2(luminance - luminance.mean((-2, -1), keepdim=True))
    energy = [torch.fft.ifft2(spectrum[:, None] * bank).abs() for bank in filters]
    return avg_pool2d(torch.stack(energy, 1).flatten(1, 2), pool).unflatten(
        1, (len(wavelengths), num_orientations)
    )
