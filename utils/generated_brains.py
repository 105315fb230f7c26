"""Two generated brains with a planted shared code, for machines that do not have the recordings.

Ninety-two drawn pictures of four kinds; both brains, and every subject of one of them, mix a code that they
share with codes of their own. They are shaped like the recordings and are evidence of nothing but methods.

Their likeness to the network peaks not at LAYER but behind it: one part of the shared code, whether something
is alive, came from no layer and is most like the last ones (the lab plants both parts and takes them apart).
"""

import math

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from utils.brain_images import Blocks, Brains
from utils.image_network import layer_outputs, load_efficientnet
from utils.rdm_statistics import pairs, pearson
from utils.similarity import correlation_rdm

KINDS = {"drawn face": 24, "drawn animal": 24, "drawn leaf": 23, "drawn box": 21}
SIDE = 175
LAYER = "block 12"  # the network's layer that the shared code is made of
SHARE = 0.5  # of a brain's variance that is the shared code
LIFE = 0.2  # of the shared code's variance that is whether something is alive
NEURONS, VOXELS, SUBJECTS, SESSIONS = 674, 316, 4, 2


def drawn_pictures(rng: np.random.Generator) -> Float[Tensor, "92 3 175 175"]:
    """Faces, animals, leaves and boxes on grey, in the order of KINDS."""
    draw = {"drawn face": _face, "drawn animal": _animal, "drawn leaf": _leaf, "drawn box": _box}
    pictures = [_picture(draw[kind], rng) for kind, count in KINDS.items() for _ in range(count)]
    return torch.tensor(np.stack(pictures)).permute(0, 3, 1, 2) / 255


def _picture(draw, rng) -> np.ndarray:
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (SIDE, SIDE), (128, 128, 128))
    draw(ImageDraw.Draw(image), rng)
    return np.asarray(image.rotate(float(rng.uniform(-20, 20)), fillcolor=(128, 128, 128)))


def _colour(rng, low, high) -> tuple[int, ...]:
    return tuple(int(value) for value in rng.integers(low, high))


def _face(canvas, rng) -> None:
    x, y, w, h = 87 + rng.normal() * 6, 87 + rng.normal() * 6, rng.uniform(35, 55), rng.uniform(45, 70)
    canvas.ellipse([x - w, y - h, x + w, y + h], fill=_colour(rng, (150, 100, 70), (250, 200, 170)))
    for side in (-1, 1):
        eye, size = x + side * w * 0.4, rng.uniform(5, 9)
        canvas.ellipse([eye - 1.6 * size, y - h / 3 - size, eye + 1.6 * size, y - h / 3 + size], fill="white")
        canvas.ellipse(
            [eye - size / 2, y - h / 3 - size / 2, eye + size / 2, y - h / 3 + size / 2], fill="black"
        )
    canvas.line([x, y - h / 6, x - w / 8, y + h / 8, x + w / 10, y + h / 8], fill=(110, 70, 60), width=3)
    canvas.arc([x - w / 2, y, x + w / 2, y + h / 1.8], 20, 160, fill=(150, 40, 40), width=5)


def _animal(canvas, rng) -> None:
    colour = _colour(rng, (90, 60, 30), (210, 160, 120))
    x, y, w, h = 85, 90, rng.uniform(35, 50), rng.uniform(18, 28)
    for leg in (-0.8, -0.4, 0.4, 0.8):
        foot = x + leg * w + rng.normal() * 5
        canvas.line([x + leg * w, y, foot, y + h + rng.uniform(20, 40)], fill=colour, width=9)
    canvas.line([x - w, y, x - w - 22, y - rng.uniform(-10, 35)], fill=colour, width=6)
    canvas.ellipse([x - w, y - h, x + w, y + h], fill=colour)
    head = rng.uniform(13, 19)
    canvas.ellipse([x + w - 5, y - h - head, x + w - 5 + 2 * head, y - h + head], fill=colour)
    canvas.ellipse([x + w + head - 5, y - h - 6, x + w + head, y - h - 1], fill="black")


def _leaf(canvas, rng) -> None:
    turn, length, width = rng.uniform(0, 2 * math.pi), rng.uniform(50, 75), rng.uniform(12, 35)
    along = np.linspace(0, 2 * math.pi, 60)
    outline = np.stack([length * np.cos(along), width * np.sin(along) * (1 + 0.2 * np.cos(8 * along))], 1)
    spin = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    points = [tuple(point) for point in outline @ spin.T + 87]
    canvas.polygon(points, fill=_colour(rng, (30, 90, 20), (150, 200, 80)))
    canvas.line([points[0], points[30]], fill=(40, 70, 30), width=3)


def _box(canvas, rng) -> None:
    for _ in range(rng.integers(2, 5)):
        x, y, w, h = *rng.uniform(40, 100, 2), *rng.uniform(25, 65, 2)
        canvas.rectangle(
            [x, y, x + w, y + h], fill=_colour(rng, (20, 30, 60), (200, 210, 250)), outline="black"
        )


def generate_brains(seed: int) -> Brains:
    """Brains like the recorded ones in shape; `known` is the planted correlation, a mean over 50 other pairs.

    A brain's code is √s · shared + √(1-s) · own. A human subject adds a code of its own, a session adds
    noise, and units read the code at random.
    Raises utils.wheels.MissingPackage if the network's packages are not installed.
    """
    generator = torch.Generator().manual_seed(seed)
    images = drawn_pictures(np.random.default_rng(seed))
    categories = [kind for kind, count in KINDS.items() for _ in range(count)]
    animate = torch.tensor([kind in ("drawn face", "drawn animal") for kind in categories])
    shared = shared_code(layer_outputs(load_efficientnet().float(), images.float())[LAYER], animate)

    def add(code: Tensor, variance: float) -> Tensor:
        """The code beside ten dimensions of noise that have this variance in all."""
        noise = torch.randn(len(images), 10, generator=generator, dtype=torch.float64)
        return torch.cat([code, (variance / 10) ** 0.5 * noise], 1)

    def recorded(code: Tensor, units: int) -> Tensor:
        readout = torch.randn(code.shape[1], units, generator=generator, dtype=torch.float64)
        return pairs(correlation_rdm(code @ readout))

    def two_brains() -> tuple[Tensor, Tensor]:
        monkey, human = (add(SHARE**0.5 * shared, 1 - SHARE) for _ in range(2))
        subjects = [add(human, 0.35) for _ in range(SUBJECTS)]
        sessions = [
            torch.stack([recorded(add(subject, 0.7), VOXELS) for _ in range(SESSIONS)])
            for subject in subjects
        ]
        return recorded(monkey, NEURONS), torch.stack(sessions)

    monkey, sessions = two_brains()
    others = [pearson(one, other.mean((0, 1))) for one, other in (two_brains() for _ in range(50))]
    return Brains(
        images=images,
        categories=categories,
        animate=animate,
        monkey=monkey,
        sessions=sessions,
        judgements=torch.zeros(0, len(monkey), dtype=torch.float64),
        models={"animacy": pairs((animate[:, None] != animate).double())},
        known=float(torch.stack(others).mean()),
        real=False,
    )


def shared_code(maps: Tensor, animate: Tensor) -> Float[Tensor, "n 21"]:
    """Twenty principal components of the maps, and whether something is alive; mean 0, variance 1 in all.

    A component's variance is in proportion to its standard deviation, so that the first does not rule alone.
    """
    maps = maps.flatten(1).double()
    u, s, _ = torch.linalg.svd(maps - maps.mean(0), full_matrices=False)
    components = (u * s.sqrt())[:, :20]
    life = (animate.double() - animate.double().mean())[:, None]
    parts = [
        (share / part.var(0).sum()).sqrt() * part for share, part in ((1 - LIFE, components), (LIFE, life))
    ]
    return torch.cat(parts, 1)


def generate_blocks(seed: int, signal: float = 0.38) -> Blocks:
    """Blocks like those of the scan: eight patterns that recur in each of 12 runs under noise of size 1."""
    rng = np.random.default_rng(seed)
    kinds = np.array([f"kind {i}" for i in range(1, 9)])
    patterns = signal * rng.normal(size=(8, 530)) * (rng.random(530) < 0.3)
    noisy = patterns + rng.normal(size=(12, 8, 530))
    noisy -= noisy.mean(1, keepdims=True)
    return Blocks(torch.tensor(noisy.reshape(96, 530)), np.tile(kinds, 12), np.repeat(np.arange(12), 8))
