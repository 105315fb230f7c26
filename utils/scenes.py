"""Pictures as tensors: a green and a blue object on white paper, drawn smoothly, many pictures at once.

A picture has shape (3, size, size) and values in [0, 1]. Its coordinates run from -1 to 1, x to the right and
y upwards. Every object is a rounded box, {p : distance(p, box) ≤ r}: a disc is a point rounded off, a rod a
segment, a square a box with r = 0. Colours multiply like inks, so that neither object lies on top; green
and blue are each other with the last two channels exchanged, and `swap_colours` swaps the objects exactly.
"""

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

GREEN, BLUE = (0.1, 0.65, 0.25), (0.1, 0.25, 0.65)
SHAPES = ("disc", "square", "rod")
# Which of two objects is the answer: the one whose centre lies further in this direction (x, y).
QUESTIONS = {"higher": (0.0, 1.0), "lower": (0.0, -1.0), "left": (-1.0, 0.0), "right": (1.0, 0.0)}


class Objects(NamedTuple):
    """A batch of rounded boxes.

    centre: shape (n, 2), x and y
    angle:  shape (n,), radians, anticlockwise, of the box's first side from the x axis
    half:   shape (n, 2), half the length of the box's two sides before rounding
    radius: shape (n,), by which the box is rounded off
    """

    centre: Float[Tensor, "n 2"]
    angle: Float[Tensor, "n"]
    half: Float[Tensor, "n 2"]
    radius: Float[Tensor, "n"]


def coverage(objects: Objects, size: int) -> Float[Tensor, "n size size"]:
    """The share of each pixel that an object covers, from its centre's signed distance to the object's edge.

    Raises ValueError for a size below 8, shapes that do not fit together, or values that are not finite.
    """
    _check(objects, size)
    pixel = 2 / size
    line = (torch.arange(size, device=objects.angle.device) + 0.5) * pixel - 1
    x = line - objects.centre[:, 0, None, None]
    y = -line[:, None] - objects.centre[:, 1, None, None]
    cos, sin = objects.angle.cos()[:, None, None], objects.angle.sin()[:, None, None]
    along = (cos * x + sin * y).abs() - objects.half[:, 0, None, None]
    across = (cos * y - sin * x).abs() - objects.half[:, 1, None, None]
    outside = torch.hypot(along.clamp(min=0), across.clamp(min=0))
    inside = torch.maximum(along, across).clamp(max=0)
    return (0.5 - (outside + inside - objects.radius[:, None, None]) / pixel).clamp(0, 1)


def draw(green: Objects, blue: Objects, size: int) -> Float[Tensor, "n 3 size size"]:
    """One picture for each pair: white paper under a green and a blue ink."""
    if len(green.angle) != len(blue.angle):
        raise ValueError(
            f"green holds {len(green.angle)} objects and blue {len(blue.angle)}, expected as many"
        )

    def ink(objects: Objects, colour: tuple[float, float, float]) -> Float[Tensor, "n 3 size size"]:
        taken = 1 - torch.tensor(colour, device=objects.angle.device)
        return 1 - taken[:, None, None] * coverage(objects, size)[:, None]

    return ink(green, GREEN) * ink(blue, BLUE)


def swap_colours(images: Float[Tensor, "... 3 h w"]) -> Float[Tensor, "... 3 h w"]:
    """The same pictures with green and blue exchanged: equal to drawing the objects the other way round."""
    return images[..., [0, 2, 1], :, :]


def mirror(images: Float[Tensor, "... 3 h w"]) -> Float[Tensor, "... 3 h w"]:
    """The same pictures with left and right exchanged."""
    return images.flip(-1)


def turn(images: Float[Tensor, "... 3 h w"], angle: float) -> Float[Tensor, "... 3 h w"]:
    """The same pictures turned clockwise by an angle in radians: what a head tilted anticlockwise sees.

    What turns out of the picture is lost, what turns in is white; between pixels it is interpolated.
    """
    cos, sin = math.cos(angle), math.sin(angle)
    ink = 1 - images.flatten(0, -4) if images.ndim > 3 else 1 - images[None]
    # Where each pixel of the turned picture comes from; here, as in any array, y runs downwards.
    back = ink.new_tensor([[cos, sin, 0], [-sin, cos, 0]]).expand(len(ink), 2, 3)
    grid = F.affine_grid(back, list(ink.shape), align_corners=False)
    return (1 - F.grid_sample(ink, grid, align_corners=False)).reshape(images.shape)


def pendulums(theta: Float[Tensor, "n"], length: float = 0.85, radius: float = 0.07) -> Objects:
    """Rods from a pivot in the middle; θ = 0 points up and positive θ to the left, as Gymnasium draws it."""
    end = length * torch.stack([-theta.sin(), theta.cos()], dim=-1)
    half = torch.stack([torch.full_like(theta, length / 2), torch.zeros_like(theta)], dim=-1)
    return Objects(end / 2, theta + torch.pi / 2, half, torch.full_like(theta, radius))


def overlay(
    green: Float[Tensor, "n"], blue: Float[Tensor, "n"], size: int = 32
) -> Float[Tensor, "n 3 size size"]:
    """A green and a blue pendulum on one pivot, at these angles in radians."""
    return draw(pendulums(green), pendulums(blue), size)


def random_objects(n: int, generator: torch.Generator) -> tuple[Objects, Int[Tensor, "n"]]:
    """Discs, squares and rods of random size and direction, anywhere in the picture; and which each is."""

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return low + (high - low) * torch.rand(*shape, generator=generator, device=generator.device)

    kind = torch.randint(len(SHAPES), (n,), generator=generator, device=generator.device)
    disc, square, rod = (kind == i for i in range(len(SHAPES)))
    extent = uniform(0.1, 0.3, n)
    zero = torch.zeros_like(extent)
    length = torch.where(rod, uniform(0.2, 0.45, n), torch.where(square, extent, zero))
    width = torch.where(square, extent, zero)
    radius = torch.where(disc, extent, torch.where(rod, uniform(0.05, 0.1, n), zero))
    centre, angle = uniform(-0.7, 0.7, n, 2), uniform(0, 2 * torch.pi, n)
    return Objects(centre, angle, torch.stack([length, width], -1), radius), kind


def further(green: Objects, blue: Objects, question: str) -> Float[Tensor, "n"]:
    """How much further the blue centre lies in the question's direction than the green one.

    question: one of QUESTIONS
    Raises ValueError for another.
    """
    if question not in QUESTIONS:
        raise ValueError(f"question is {question!r}, expected one of {tuple(QUESTIONS)}")
    return (blue.centre - green.centre) @ blue.centre.new_tensor(QUESTIONS[question])


def _check(objects: Objects, size: int) -> None:
    if size < 8:
        raise ValueError(f"size is {size}, expected at least 8 pixels")
    n = objects.angle.shape
    shapes = {"centre": (*n, 2), "angle": n, "half": (*n, 2), "radius": n}
    for name, shape in shapes.items():
        value = getattr(objects, name)
        if len(n) != 1 or value.shape != shape:
            raise ValueError(
                f"{name} has shape {tuple(value.shape)}, expected (n,) or (n, 2) with one n for all"
            )
        if not value.isfinite().all():
            raise ValueError(f"{name} holds NaN or infinity")
