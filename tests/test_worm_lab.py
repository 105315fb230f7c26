"""The lab `worm`: its own functions against other libraries, slow loops and limiting cases."""

import ast
import math

import nbformat
import networkx as nx
import numpy as np
import pytest
import torch
from scipy import sparse
from scipy.linalg import solve_continuous_lyapunov
from scipy.optimize import minimize
from scipy.sparse.linalg import spsolve
from scipy.stats import rankdata
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from utils import labs


@pytest.fixture(scope="module")
def lab():
    """The lab's imports, constants and functions, without running it."""
    notebook = nbformat.read(labs.source("reward_centres/worm"), as_version=4)
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    kept = []
    for node in ast.parse(labs.plain_python(code)).body:
        constant = isinstance(node, ast.Assign) and not any(isinstance(n, ast.Call) for n in ast.walk(node))
        plain = isinstance(node, ast.FunctionDef) and "run" not in ast.unparse(node.args)
        if isinstance(node, ast.Import | ast.ImportFrom | ast.ClassDef) or plain or constant:
            if isinstance(node, ast.FunctionDef) and node.name == "explore":
                continue
            kept.append(node)
    space = {}
    for node in kept:
        try:
            exec(compile(ast.Module([node], []), "<worm>", "exec"), space)
        except NameError:  # a constant made from what the lab computes
            assert isinstance(node, ast.Assign)
    return space


def graph(n, density, seed):
    rng = np.random.default_rng(seed)
    return (rng.random((n, n)) < density) & ~np.eye(n, dtype=bool)


@pytest.mark.parametrize(("toward", "away"), [(0.05, 0.4), (0.3, 0.02), (0.1, 0.1)])
def test_the_drift_solves_its_equation(lab, toward, away):
    """Against a solution of D p'' = λ p - J/2π by finite differences."""
    D, tau = lab["DIFFUSION"], lab["TURN"]

    n = 4000
    theta = (np.arange(n) + 0.5) / n * 2 * math.pi
    rate = np.where(np.cos(theta) > 0, toward, away)
    ring = sparse.eye(n, k=1) + sparse.eye(n, k=-1) + sparse.eye(n, k=n - 1) + sparse.eye(n, k=1 - n)
    spread = D * (n / (2 * math.pi)) ** 2 * (ring - 2 * sparse.eye(n))
    p = spsolve((spread - sparse.diags(rate)).tocsc(), np.full(n, -1 / (2 * math.pi)))
    total = p.mean() * 2 * math.pi + tau
    expected = 0.2 * (p * np.cos(theta)).mean() * 2 * math.pi / total
    assert lab["drift"](toward, away, speed=0.2) == pytest.approx(expected, abs=2e-4)


def test_the_drift_without_diffusion_is_the_exercise(lab):
    exact = 0.2 * (2 / math.pi) * 0.35 / (0.45 + 2 * 0.4 * 0.05 * 2)
    assert lab["drift"](0.05, 0.4, speed=0.2, diffusion=1e-4, turn=2.0) == pytest.approx(exact, rel=0.02)


def test_rewiring_keeps_degrees_and_weights(lab):
    adjacency = graph(40, 0.15, 0)
    weights = adjacency * np.random.default_rng(1).integers(1, 9, (40, 40)).astype(float)
    other = lab["rewire"](weights, np.random.default_rng(2))
    assert (other > 0).sum(0).tolist() == adjacency.sum(0).tolist()
    assert other.sum(1).tolist() == weights.sum(1).tolist()
    assert np.diag(other).sum() == 0
    assert ((other > 0) & adjacency).sum() < 0.5 * adjacency.sum()


def test_rewiring_an_undirected_graph(lab):
    half = np.triu(graph(40, 0.1, 3)).astype(float)
    weights = half + half.T
    other = lab["rewire"](weights, np.random.default_rng(4), symmetric=True)
    assert (other == other.T).all()
    assert (other > 0).sum(0).tolist() == (weights > 0).sum(0).tolist()
    assert sorted(other[np.triu_indices(40)]) == sorted(weights[np.triu_indices(40)])


@pytest.mark.parametrize("seed", range(4))
def test_driver_nodes_are_those_of_a_maximum_matching(lab, seed):
    adjacency = graph(30, 0.04, seed)
    bipartite = nx.Graph()
    bipartite.add_nodes_from(("out", i) for i in range(30))
    bipartite.add_edges_from((("out", i), ("in", j)) for i, j in zip(*np.nonzero(adjacency), strict=True))
    matching = nx.bipartite.hopcroft_karp_matching(bipartite, [("out", i) for i in range(30)])
    assert lab["driver_nodes"](adjacency) == max(1, 30 - len(matching) // 2)


def test_the_generic_rank_is_that_of_the_kalman_matrix(lab):
    """On graphs small enough for floating point; a chain of four from its head; a star from its centre."""
    rng = np.random.default_rng(0)
    for seed in range(6):
        adjacency = graph(8, 0.15, seed)
        A = rng.standard_normal((8, 8)) * adjacency.T
        B = np.eye(8)[:, [0, 1]]
        kalman = np.hstack([np.linalg.matrix_power(A, k) @ B for k in range(8)])
        outputs = [3, 4, 5, 6]
        expected = np.linalg.matrix_rank(kalman[outputs], tol=1e-9)
        assert lab["generic_rank"](lab["walks"](adjacency, outputs, rng, depth=8), [0, 1]) == expected
    chain, star = np.eye(4, k=1, dtype=bool), np.zeros((4, 4), dtype=bool)
    star[0, 1:] = True
    assert lab["generic_rank"](lab["walks"](chain, [0, 1, 2, 3], rng, depth=4), [0]) == 4
    assert lab["generic_rank"](lab["walks"](chain, [0, 1, 2], rng, depth=4), [3]) == 0
    assert lab["generic_rank"](lab["walks"](star, [1, 2, 3], rng, depth=4), [0]) == 1


def test_auc_and_logistic_regression_are_those_of_scikit_learn(lab):
    rng = np.random.default_rng(0)
    x = np.hstack([np.ones((500, 1)), rng.standard_normal((500, 3))])
    y = rng.random(500) < 1 / (1 + np.exp(-x @ [-1, 1, 0.5, 0]))
    score = np.round(x[:, 1], 1)
    assert lab["auc"](score, y) == pytest.approx(roc_auc_score(y, score))
    theirs = LogisticRegression(C=1.0, tol=1e-8).fit(x[:, 1:], y)
    np.testing.assert_allclose(lab["logistic"](x, y)[1:], theirs.coef_[0], atol=1e-4)


def test_weighted_shares_and_auc_are_those_of_repeated_neurons(lab):
    rng = np.random.default_rng(1)
    n, w = 12, np.array([0, 1, 2, 1, 1, 3, 0, 1, 1, 0, 1, 1.0])
    pairs, response = graph(n, 0.4, 1), graph(n, 0.3, 2)
    repeated = np.repeat(np.arange(n), w.astype(int))
    inside = np.ix_(repeated, repeated)
    assert lab["share"](pairs, response, w) == pytest.approx(response[inside][pairs[inside]].mean())
    score = rng.integers(0, 4, (n, n)).astype(float)
    space = lab["auc_of"].__globals__
    space["measured"], space["responds"] = pairs, pairs & response
    got = lab["auc_of"](score)(w)
    positive, values = response[inside][pairs[inside]], score[inside][pairs[inside]]
    rank, m = rankdata(values), positive.sum()
    assert got == pytest.approx((rank[positive].sum() - m * (m + 1) / 2) / (m * (len(positive) - m)))


def test_a_second_of_the_plan_keeps_probability(lab):
    reward, P = lab["run_matrix"](31, 16)
    np.testing.assert_allclose(np.asarray(P.sum(1)).ravel(), 1)
    assert P.data.min() >= 0
    assert reward[0].tolist() == [1] * 16
    assert reward[-1].tolist() == [0] * 16


def test_a_plan_lights_the_right_half(lab):
    for line, sign in (("light suppresses", 1), ("light triggers", -1)):
        Q = lab["plan"](line, nr=41, nb=16, nd=5, gamma=0.97, sweeps=200)
        gain = sign * (Q[20, :, 2, 0, 1] - Q[20, :, 2, 0, 0])
        assert gain[0] > 0 > gain[8]  # ahead, behind
    Q = lab["plan"]("wild type", nr=41, nb=16, nd=5, gamma=0.97, sweeps=200)
    np.testing.assert_allclose(Q[..., 0], Q[..., 1], atol=1e-9)


def test_the_linear_worm_is_stable_for_all_signs(lab):
    rng = np.random.default_rng(0)
    C = graph(25, 0.2, 5) * rng.integers(1, 9, (25, 25)).astype(float)
    for _ in range(10):
        A = lab["linear_worm"](C, C + C.T, rng.choice([-1.0, 1.0], 25), g=0.99)
        assert np.linalg.eigvals(A).real.max() < 0
    assert lab["linear_worm"](C, C + C.T, np.ones(25), g=0.5)[3, 3] == pytest.approx(-1)


def test_signs_are_of_synapses_and_all_excitatory_is_the_upper_bound(lab):
    rng = np.random.default_rng(1)
    C = graph(25, 0.2, 6) * rng.integers(1, 9, (25, 25)).astype(float)
    G, none = C + C.T, np.zeros((25, 25))
    flipped = lab["linear_worm"](none, G, -np.ones(25))
    np.testing.assert_array_equal(flipped, lab["linear_worm"](none, G, np.ones(25)))
    inhibited = lab["linear_worm"](C, none, -np.ones(25)) + np.eye(25)
    np.testing.assert_allclose(inhibited, -lab["linear_worm"](C, none, np.ones(25)) - np.eye(25))
    B = np.diag(np.arange(25) < 2.0)
    upper = np.trace(solve_continuous_lyapunov(lab["linear_worm"](C, G, np.ones(25)), -B.astype(float)))
    for _ in range(5):
        A = lab["linear_worm"](C, G, rng.choice([-1.0, 1.0], 25))
        assert np.trace(solve_continuous_lyapunov(A, -B.astype(float))) <= upper


def test_shown_windows_are_straight_runs_under_random_light(lab):
    bearings = torch.tensor([0.0, math.pi / 2, math.pi])
    windows = lab["straight_runs"](bearings, 5, torch.Generator().manual_seed(0))
    steps = windows[..., 1:, :2] - windows[..., :-1, :2]
    torch.testing.assert_close(steps, lab["SPEED"] * windows[..., 1:, 2:4])
    way = -windows[..., -1, :2] / windows[..., -1, :2].norm(dim=-1, keepdim=True)
    cosine = (way * windows[..., -1, 2:4]).sum(-1)
    torch.testing.assert_close(cosine, bearings.cos()[:, None].expand_as(cosine), atol=1e-5, rtol=0)
    assert 0.4 < windows[..., 5].mean() < 0.6
    assert (windows[..., 4] == 0).all()


def test_the_chain_of_two_solves_lyapunov(lab):
    for w in (0.3, -2.0):
        A, S = np.array([[-1, 0], [w, -1]]), lab["chain_gramian"](w)
        np.testing.assert_allclose(A @ S + S @ A.T, -np.diag([1.0, 0]), atol=1e-12)


def test_rewiring_within_groups_keeps_every_neurons_contacts_with_each_group(lab):
    rng = np.random.default_rng(7)
    C = graph(40, 0.2, 7) * rng.integers(1, 9, (40, 40)).astype(float)
    group = np.arange(40) % 3
    new = lab["rewire_within"](C, group, rng)
    half = np.triu(graph(40, 0.3, 8) * 2.0, 1)
    gap, mixed = half + half.T, lab["rewire_within"](half + half.T, group, rng, symmetric=True)
    np.testing.assert_array_equal(mixed, mixed.T)
    assert not np.diag(new).any()
    assert not np.diag(mixed).any()
    for before, after in ((C, new), (gap, mixed)):
        assert ((before > 0) & (after > 0)).sum() < 0.6 * (before > 0).sum()
        for g in range(3):
            np.testing.assert_array_equal(
                (before[:, group == g] > 0).sum(1), (after[:, group == g] > 0).sum(1)
            )
            np.testing.assert_array_equal((before[group == g] > 0).sum(0), (after[group == g] > 0).sum(0))
    np.testing.assert_allclose(np.sort(new[new > 0]), np.sort(C[C > 0]))


def test_the_price_of_a_pattern_is_the_least_energy(lab):
    rng = np.random.default_rng(9)
    root, y = rng.standard_normal((6, 6)) * np.logspace(0, -3, 6)[:, None], rng.standard_normal(6)
    S = root @ root.T
    y /= np.linalg.norm(y)
    got, inverse = 10 ** lab["price"](S, 3 * y[None], left=0.3)[0], np.linalg.inv(S)
    near = {"type": "ineq", "fun": lambda x: 0.3 - ((x - y) ** 2).sum(), "jac": lambda x: -2 * (x - y)}
    best = minimize(
        lambda x: x @ inverse @ x, y, jac=lambda x: 2 * inverse @ x, constraints=[near], method="SLSQP",
        options={"maxiter": 2000, "ftol": 1e-14},
    )  # fmt: skip
    assert got == pytest.approx(best.fun, rel=1e-4)


def test_the_price_along_one_direction(lab):
    # x = (1 - √left) y, at the energy x²/σ; a direction without any counts as 1e-14 of the largest
    turn = np.linalg.qr(np.random.default_rng(1).standard_normal((3, 3)))[0]
    got = lab["price"](turn @ np.diag([4.0, 1e-6, 0.0]) @ turn.T, 2 * turn.T, left=0.25)
    np.testing.assert_allclose(got, np.log10(0.25 / np.array([4.0, 1e-6, 4e-14])), atol=1e-6)


def test_the_gramian_is_that_of_scipy(lab, monkeypatch):
    rng, motor, inputs = np.random.default_rng(2), np.arange(10, 25), np.array([0, 3, 4])
    monkeypatch.setitem(lab, "motor", motor)
    C = graph(30, 0.2, 2) * rng.integers(1, 9, (30, 30)).astype(float)
    BB = np.zeros((30, 30))
    BB[inputs, inputs] = 1
    for g in (0.1, 0.9, 0.99):
        A = lab["linear_worm"](C, C + C.T, rng.choice([-1.0, 1.0], 30), g)
        expected = solve_continuous_lyapunov(A, -BB)[np.ix_(motor, motor)]
        np.testing.assert_allclose(lab["motor_gramian"](A, inputs), expected, rtol=1e-9, atol=1e-12)
