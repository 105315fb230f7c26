"""Handwritten digits on patches of photographs: a small image task that needs no download."""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate

SIDE = 16  # pixels of a picture
DIGIT = 14  # pixels of the digit in it
PATCH = 64  # pixels of a photograph that are averaged down to one background
SPLIT = (1100, 250, 447)  # digits for training, validation and test


class Pictures(NamedTuple):
    """Grey pictures with their labels.

    images: ink and paper in [0, 1]
    labels: which digit, 0 to 9
    """

    images: Float[Tensor, "n 1 16 16"]
    labels: Int[Tensor, " n"]


class Task(NamedTuple):
    """Three sets of pictures that share no digit, on backgrounds from the same two photographs."""

    train: Pictures
    validation: Pictures
    test: Pictures


def cluttered_digits(seed: int, copies: int = 4, contrast: float = 0.3) -> Task:
    """scikit-learn's 1,797 digits, split at random, each at a random place on a random photographic patch.

    copies:   how many pictures are made of each training digit; of the others one is made
    contrast: of the background, 0 for black
    picture = ink + (1 - ink) · contrast · background.
    The photographs are the same two for the three sets and for every seed.
    Raises ValueError for copies that are no whole number ≥ 1 or a contrast outside [0, 1].
    """
    if not isinstance(copies, int) or copies < 1 or not 0 <= contrast <= 1:
        expected = "expected a whole number ≥ 1 and a number within [0, 1]"
        raise ValueError(f"copies is {copies} and contrast {contrast}, {expected}")
    from sklearn.datasets import load_digits

    data = load_digits()
    ink = torch.tensor(data.images / 16, dtype=torch.float32)[:, None]
    ink, labels = interpolate(ink, (DIGIT, DIGIT), mode="bilinear"), torch.tensor(data.target)
    generator = torch.Generator().manual_seed(seed)
    parts = torch.randperm(len(labels), generator=generator).split(SPLIT)
    chosen = (parts[0].repeat(copies), *parts[1:])
    return Task(*(Pictures(_compose(ink[i], contrast, generator), labels[i]) for i in chosen))


def _compose(ink: Tensor, contrast: float, generator: torch.Generator) -> Float[Tensor, "n 1 16 16"]:
    places = torch.randint(SIDE - DIGIT + 1, (2, len(ink)), generator=generator)
    canvas = torch.zeros(len(ink), 1, SIDE, SIDE)
    for top in range(SIDE - DIGIT + 1):
        for left in range(SIDE - DIGIT + 1):
            here = (places[0] == top) & (places[1] == left)
            canvas[here, :, top : top + DIGIT, left : left + DIGIT] = ink[here]
    return canvas + (1 - canvas) * contrast * _backgrounds(len(ink), generator)


def _backgrounds(n: int, generator: torch.Generator) -> Float[Tensor, "n 1 16 16"]:
    """Grey patches of scikit-learn's two photographs, as many of either."""
    from sklearn.datasets import load_sample_images

    patches = []
    for photograph, count in zip(load_sample_images().images, (n // 2, n - n // 2), strict=True):
        grey = torch.tensor(photograph, dtype=torch.float32).mean(-1) / 255
        top, left = (torch.randint(side - PATCH + 1, (count,), generator=generator) for side in grey.shape)
        windows = grey.unfold(0, PATCH, 1).unfold(1, PATCH, 1)
        patches.append(avg_pool2d(windows[top, left][:, None], PATCH // SIDE))
    return torch.cat(patches)[torch.randperm(n, generator=generator)]
