"""What the lab `brain_reward` defines, without running the lab: least squares, loops and planted truth."""

import ast
from types import SimpleNamespace

import nbformat
import numpy as np
import pytest
import torch
from scipy.optimize import nnls

from utils import coin_maze, labs
from utils.similarity import linear_cka

WANTED = {"centred", "explained", "cka_of_units", "advantages", "compressed", "as_errors", "face_value"}
WANTED |= {"arriving", "after", "plan", "greedy", "rate", "Land", "Recording", "unknowns", "worth"}


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def lab() -> SimpleNamespace:
    """The wanted definitions; `set` gives them a variable of the notebook."""
    notebook = nbformat.read(labs.source("reward_centres/brain_reward"), as_version=4)
    namespace: dict = {"__name__": "brain_reward"}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            tree = ast.parse(labs.plain_python(cell.source))
            tree.body = [
                node
                for node in tree.body
                if isinstance(node, ast.Import | ast.ImportFrom)
                or (isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name in WANTED)
            ]
            exec(compile(tree, f"cell {cell.id}", "exec"), namespace)
    assert set(namespace) >= WANTED
    return SimpleNamespace(**{name: namespace[name] for name in WANTED}, set=namespace.update)


def make_land(lab, num=3, size=5):
    """Three mazes, as the lab makes them."""
    walls = coin_maze.make_walls(num, size, rng())
    coin, lever = (
        torch.nn.functional.one_hot(cell, size**2).float()
        for cell in coin_maze.free_cells(walls, 2, rng(1)).unbind(1)
    )
    starts = (~walls).float() * (1 - coin)
    land = lab.Land(coin_maze.moves(walls), coin, lever, starts / starts.sum(1, keepdim=True))
    lab.set({"land": land, "GAMMA": 0.8})
    return land, walls


def test_what_lines_explain_is_nonnegative_least_squares(lab):
    """Gain ≥ 0, any offset, for each cell: scipy's nnls with the offset split into two signs."""
    z, v = torch.randn(1, 30, 6, generator=rng()), torch.randn(1, 30, generator=rng(1))
    used = torch.ones(1, 30)
    centred = lab.centred(z, used)
    left = 0.0
    for cell in z[0].T.double().numpy():
        design = np.stack([v[0].double().numpy(), np.ones(30), -np.ones(30)], axis=1)
        left += nnls(design, cell)[1] ** 2
    got = centred.square().sum() - lab.explained(centred, v[..., None], used)[0, 0]
    assert got.item() == pytest.approx(left, rel=1e-4)


def test_unused_probes_play_no_part(lab):
    z, v = torch.randn(1, 20, 4, generator=rng()), torch.randn(1, 20, generator=rng(1))
    used = (torch.arange(20) < 12).float()[None]
    few = torch.ones(1, 12)
    got = lab.explained(lab.centred(z, used), v[..., None], used)
    torch.testing.assert_close(got, lab.explained(lab.centred(z[:, :12], few), v[:, :12, None], few))


def test_cka_of_units_is_linear_cka(lab):
    h, z = torch.randn(4, 50, 7, generator=rng()), torch.randn(4, 50, 3, generator=rng(1))
    used = torch.ones(4, 50)
    torch.testing.assert_close(lab.cka_of_units(h, lab.centred(z, used), used), linear_cka(h, z))


def test_advantages_are_the_sum_over_lambda(lab):
    """Â_t = Σ_k (γλ)^k δ_{t+k}, up to the end of the episode, in a loop."""
    lab.set({"GAMMA": 0.8})
    reward, value = torch.randn(2, 3, 12, 4, generator=rng()).unbind(0)
    done = (torch.rand(3, 12, 4, generator=rng(1)) < 0.2).float()
    last = torch.randn(3, 4, generator=rng(2))
    got = lab.advantages(reward, done, value, last)
    after = torch.cat([value[:, 1:], last[:, None]], dim=1)
    delta = reward + 0.8 * (1 - done) * after - value
    for agent, t, game in np.ndindex(3, 12, 4):
        total, weight = 0.0, 1.0
        for k in range(t, 12):
            total += weight * delta[agent, k, game].item()
            weight *= 0.8 * 0.95
            if done[agent, k, game]:
                break
        assert got[agent, t, game].item() == pytest.approx(total, abs=1e-4)


def test_a_planted_reward_is_found_up_to_a_constant(lab):
    """Noiseless errors of all transitions, almost no ridge: r̂ - r is (1 - γ) k, and k at the coin."""
    land, _ = make_land(lab)
    V = torch.randn(land.coin.shape, generator=rng(2))
    rows = []
    for _ in range(6000):
        place = torch.multinomial(land.starts, 1, generator=rng(len(rows)))[:, 0]
        action = torch.randint(5, (3,), generator=rng(10_000 + len(rows)))
        arrived = coin_maze.step(land.table, place, action)
        got = land.coin[torch.arange(3), arrived]
        restart = torch.multinomial(land.starts, 1, generator=rng(20_000 + len(rows)))[:, 0]
        onward = torch.where(got > 0, restart, arrived)
        delta = got + 0.8 * V[torch.arange(3), onward] - V[torch.arange(3), place]
        rows.append((place, arrived, onward, delta, delta))
    day = lab.Recording(*(torch.stack(column, dim=1) for column in zip(*rows, strict=True)))
    reward, _ = lab.as_errors(day, ridge=1e-3)
    off = reward - land.coin
    for k in range(3):
        free = land.starts[k] > 0
        constant = off[k][free].mean()
        torch.testing.assert_close(off[k][free], constant.expand(int(free.sum())), atol=0.02, rtol=0)
        assert off[k][land.coin[k] > 0].item() == pytest.approx(constant.item(), abs=0.03)


def test_the_planner_walks_the_shortest_way(lab):
    """V(s) = γ^{d-1} (1 + γ V̄) with V̄ = m/(1 - γm), the mean over starts, and m that of γ^{d-1}."""
    land, walls = make_land(lab)
    V = lab.plan(lab.arriving(land.coin)).amax(-1)
    far = coin_maze.distance(walls, land.coin.argmax(1))
    once = torch.where(land.starts > 0, 0.8 ** (far - 1), 0.0)
    m = (land.starts * once).sum(1, keepdim=True)
    expected = once * (1 + 0.8 * m / (1 - 0.8 * m))
    torch.testing.assert_close(V * (land.starts > 0), expected)


def test_the_rate_is_that_of_a_simulated_life(lab):
    land, _ = make_land(lab)
    coins = lab.arriving(land.coin)
    policy = torch.full_like(coins, 0.2)
    place, total, generator = (
        torch.multinomial(land.starts, 4000, replacement=True, generator=rng()),
        0.0,
        rng(1),
    )
    for _ in range(300):
        action = torch.randint(5, place.shape, generator=generator)
        place = land.table[torch.arange(3)[:, None], place, action]
        got = land.coin.gather(1, place)
        total = total + got.mean(1) / 300
        place = torch.where(got > 0, torch.multinomial(land.starts, 4000, True, generator=generator), place)
    torch.testing.assert_close(lab.rate(policy, coins), total, rtol=0.05, atol=1e-3)


def test_compressing_leaves_positive_errors_alone(lab):
    delta = torch.tensor([-2.0, 0.0, 3.0])
    assert lab.compressed(delta, 0.5).tolist() == [-1.0, 0.0, 3.0]
    assert torch.equal(lab.compressed(delta, 1.0), delta)
