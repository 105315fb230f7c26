"""Small mazes with a coin and a marker, thousands at a time, as tensors.

A maze is a square of `size` by `size` cells, size odd. A pillar stands on every cell whose row and column
are both odd; some pillars carry one wall more, to their right or below. Walls then grow only to the right
and down, so they never close a ring, and every free cell can be reached from every other.

Cells are numbered row by row; actions are 0 up, 1 down, 2 left, 3 right, 4 stay. A move into a wall or over
the edge leaves the agent where it is.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor

ACTIONS = ((-1, 0), (1, 0), (0, -1), (0, 1), (0, 0))  # (rows, columns)


def make_walls(
    num_mazes: int, size: int, generator: torch.Generator, share: float = 0.5
) -> Bool[Tensor, "mazes cells"]:
    """Pillars, and beside a `share` of them one wall more.

    Raises ValueError if size is even or below 3, or share is not in [0, 1].
    """
    if size < 3 or size % 2 == 0:
        raise ValueError(f"size is {size}, expected an odd number of at least 3")
    if not 0 <= share <= 1:
        raise ValueError(f"share is {share}, expected a number between 0 and 1")
    where = {"generator": generator, "device": generator.device}
    half = size // 2
    grown = torch.rand(num_mazes, half, half, **where) < share
    right = torch.rand(num_mazes, half, half, **where) < 0.5
    walls = torch.zeros(num_mazes, size, size, dtype=torch.bool, device=generator.device)
    walls[:, 1::2, 1::2] = True
    walls[:, 1::2, 2::2] = grown & right
    walls[:, 2::2, 1::2] = grown & ~right
    return walls.flatten(1)


def _side(walls: Tensor) -> int:
    size = round(walls.shape[-1] ** 0.5)
    if size * size != walls.shape[-1]:
        raise ValueError(f"walls have {walls.shape[-1]} cells, expected a square number")
    return size


def moves(walls: Bool[Tensor, "mazes cells"]) -> Int[Tensor, "mazes cells 5"]:
    """The cell in which each action ends, from each cell."""
    size = _side(walls)
    cell = torch.arange(size * size, device=walls.device)
    row, column = cell // size, cell % size
    ends = []
    for down, right in ACTIONS:
        there = (row + down).clamp(0, size - 1) * size + (column + right).clamp(0, size - 1)
        ends.append(torch.where(walls[:, there], cell, there))
    return torch.stack(ends, dim=-1)


def step(table: Int[Tensor, "mazes cells 5"], place: Int[Tensor, " mazes"], action: Int[Tensor, " mazes"]):
    """Where an action leads; `table` is what `moves` returned."""
    return table[torch.arange(len(place), device=place.device), place, action]


def distance(walls: Bool[Tensor, "mazes cells"], goal: Int[Tensor, " mazes"]) -> Float[Tensor, "mazes cells"]:
    """The number of steps from each cell to the goal; infinite for walls.

    Raises ValueError if a goal lies in a wall.
    """
    if walls.gather(1, goal[:, None]).any():
        raise ValueError("a goal lies in a wall, expected free cells")
    table = moves(walls).flatten(1)
    far = torch.full(walls.shape, torch.inf, device=walls.device).scatter(1, goal[:, None], 0.0)
    while True:
        near = far.gather(1, table).unflatten(1, (-1, len(ACTIONS))).amin(-1) + 1
        nearer = torch.minimum(far, near).masked_fill(walls, torch.inf)
        if torch.equal(nearer, far):
            return far
        far = nearer


def free_cells(
    walls: Bool[Tensor, "mazes cells"], num_cells: int, generator: torch.Generator
) -> Int[Tensor, "mazes num_cells"]:
    """Different free cells of each maze, drawn at random.

    Raises ValueError if a maze has too few.
    """
    if (~walls).sum(1).min() < num_cells:
        raise ValueError(f"num_cells is {num_cells}, but a maze has {(~walls).sum(1).min()} free cells")
    return torch.multinomial((~walls).float(), num_cells, generator=generator)


def observe(
    walls: Bool[Tensor, "mazes cells"],
    place: Int[Tensor, " mazes"],
    coin: Int[Tensor, " mazes"],
    marker: Int[Tensor, " mazes"],
) -> Float[Tensor, "mazes features"]:
    """What is to be seen from `place`, with the agent in the middle.

    Four one-hot vectors of length 2·size - 1, the coin's offset in rows and in columns and the marker's, and
    25 numbers, 1 where a cell of the square of 5 by 5 around the agent is wall or outside the maze.
    """
    size = _side(walls)
    row, column = place // size, place % size
    offsets = [offset for thing in (coin, marker) for offset in (thing // size - row, thing % size - column)]
    one_hot = torch.stack(offsets, 1)[..., None] == torch.arange(1 - size, size, device=walls.device)
    # With a margin of two cells of wall, the square around (row, column) begins at (row, column).
    padded = F.pad(walls.unflatten(1, (size, size)), (2, 2, 2, 2), value=True).flatten(1)
    around = (torch.arange(5)[:, None] * (size + 4) + torch.arange(5)).flatten().to(walls.device)
    first = row * (size + 4) + column
    return torch.cat([one_hot.flatten(1), padded.gather(1, first[:, None] + around)], dim=1).float()
