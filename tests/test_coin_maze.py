"""utils.coin_maze: Gymnasium and a graph library as oracles, fast equals naive, limiting cases, bad input."""

import gymnasium
import networkx
import numpy as np
import pytest
import torch
from gymnasium.utils.env_checker import check_env

from utils import coin_maze
from utils.coin_maze import ACTIONS, distance, free_cells, make_walls, moves, observe, step


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def naive_step(walls: np.ndarray, place: tuple[int, int], action: int) -> tuple[int, int]:
    row, column = place[0] + ACTIONS[action][0], place[1] + ACTIONS[action][1]
    size = len(walls)
    if not (0 <= row < size and 0 <= column < size) or walls[row, column]:
        return place
    return row, column


def graph(walls: torch.Tensor, size: int) -> networkx.Graph:
    """The free cells of one maze, neighbours joined."""
    whole = networkx.grid_2d_graph(size, size)
    free = [(i // size, i % size) for i in range(size * size) if not walls[i]]
    return whole.subgraph(free)


# --- oracles --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [3, 5, 7, 11])
def test_every_free_cell_reaches_every_other(size):
    for share in (0.0, 0.5, 1.0):
        for walls in make_walls(40, size, rng(size), share):
            assert networkx.is_connected(graph(walls, size))


def test_distances_are_those_of_the_graph():
    size = 7
    walls = make_walls(20, size, rng())
    goal = free_cells(walls, 1, rng(1))[:, 0]
    for wall, end, far in zip(walls, goal.tolist(), distance(walls, goal), strict=True):
        theirs = networkx.single_source_shortest_path_length(graph(wall, size), (end // size, end % size))
        for cell in range(size * size):
            assert far[cell].item() == theirs.get((cell // size, cell % size), np.inf)


class CoinMaze(gymnasium.Env):
    """One maze as a Gymnasium environment, with this module's own functions."""

    def __init__(self, size: int = 5):
        self.size, length = size, 4 * (2 * size - 1) + 25
        self.observation_space = gymnasium.spaces.Box(0, 1, (length,), np.float32)
        self.action_space = gymnasium.spaces.Discrete(len(ACTIONS))

    def _seen(self):
        return observe(self.walls, self.place, self.coin, self.marker)[0].numpy()

    def reset(self, seed=None, options=None):
        super().reset(seed=seed)
        generator = rng(int(self.np_random.integers(2**31)))
        self.walls = make_walls(1, self.size, generator)
        self.place, self.coin, self.marker = free_cells(self.walls, 3, generator).unbind(1)
        return self._seen(), {}

    def step(self, action):
        self.place = step(moves(self.walls), self.place, torch.tensor([int(action)]))
        done = bool(self.place == self.coin)
        return self._seen(), float(done), done, False, {}


def test_gymnasium_accepts_it():
    check_env(CoinMaze(), skip_render_check=True)


# --- fast equals naive ----------------------------------------------------------------------------------


def test_a_batched_step_is_the_naive_step():
    size = 7
    walls = make_walls(30, size, rng())
    table, place = moves(walls), free_cells(walls, 1, rng(1))[:, 0]
    for t in range(40):
        action = torch.randint(len(ACTIONS), (30,), generator=rng(t))
        after = step(table, place, action)
        for k in range(30):
            here = (place[k].item() // size, place[k].item() % size)
            row, column = naive_step(walls[k].view(size, size).numpy(), here, action[k].item())
            assert after[k].item() == row * size + column
        place = after


def test_what_is_seen_is_what_a_loop_sees():
    size = 5
    walls = make_walls(25, size, rng(3))
    place, coin, marker = free_cells(walls, 3, rng(4)).unbind(1)
    seen = observe(walls, place, coin, marker)
    for k in range(25):
        row, column = divmod(place[k].item(), size)
        naive = []
        for thing in (coin[k].item(), marker[k].item()):
            for offset in (thing // size - row, thing % size - column):
                naive += [float(i == offset + size - 1) for i in range(2 * size - 1)]
        for i in range(row - 2, row + 3):
            for j in range(column - 2, column + 3):
                inside = 0 <= i < size and 0 <= j < size
                naive.append(float(not inside or walls[k].view(size, size)[i, j].item()))
        assert seen[k].tolist() == naive


# --- limiting cases -------------------------------------------------------------------------------------


def test_without_extra_walls_only_the_pillars_stand():
    walls = make_walls(3, 7, rng(), share=0.0).view(3, 7, 7)
    assert walls[:, 1::2, 1::2].all()
    assert walls.sum() == 3 * 9


def test_staying_stays_and_distance_to_oneself_is_zero():
    walls = make_walls(10, 5, rng())
    place = free_cells(walls, 1, rng(1))[:, 0]
    assert torch.equal(step(moves(walls), place, torch.full((10,), 4)), place)
    assert distance(walls, place).gather(1, place[:, None]).eq(0).all()


def test_coin_and_marker_on_one_cell_look_the_same():
    walls = make_walls(10, 5, rng())
    place, coin = free_cells(walls, 2, rng(1)).unbind(1)
    seen = observe(walls, place, coin, coin)
    torch.testing.assert_close(seen[:, :18], seen[:, 18:36])


def test_free_cells_are_free_and_different():
    walls = make_walls(200, 5, rng())
    cells = free_cells(walls, 4, rng(1))
    assert not walls.gather(1, cells).any()
    assert all(len(set(row)) == 4 for row in cells.tolist())


# --- bad input ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [4, 1, 0])
def test_an_even_or_tiny_size_is_refused(size):
    with pytest.raises(ValueError, match="odd number"):
        make_walls(2, size, rng())


def test_bad_input_is_refused():
    walls = make_walls(2, 5, rng())
    with pytest.raises(ValueError, match="between 0 and 1"):
        make_walls(2, 5, rng(), share=1.5)
    with pytest.raises(ValueError, match="lies in a wall"):
        distance(walls, torch.tensor([6, 6]))  # a pillar
    with pytest.raises(ValueError, match="free cells"):
        free_cells(walls, 25, rng())
    with pytest.raises(ValueError, match="square number"):
        coin_maze.moves(torch.zeros(1, 24, dtype=torch.bool))
