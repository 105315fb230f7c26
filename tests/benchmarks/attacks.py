"""The lab's attacks against an attack library's: accuracy that is left, and time, on the same networks.

    python tests/benchmarks/attacks.py

Trains five small networks as the lab does, attacks all of them at once with the lab's code, and one after the
other with the adversarial robustness toolbox. Accuracies should agree; where theirs is lower, ours is weaker.
"""

import sys
import time
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from art.attacks.evasion import AutoProjectedGradientDescent, ProjectedGradientDescent, SquareAttack

from tests.test_it_aligned_cnn import EPS, lab, new_weights, one
from utils.attacks import classifier
from utils.cluttered_digits import cluttered_digits

SEEDS, PICTURES, STEPS, QUERIES = 5, 200, 50, 300


def trained():
    """Five networks, one a seed, and test pictures of each."""
    tasks = [cluttered_digits(seed) for seed in range(SEEDS)]
    train, labels = (
        torch.stack([getattr(task.train, name) for task in tasks]) for name in ("images", "labels")
    )
    generator, rows = torch.Generator().manual_seed(0), torch.arange(SEEDS)[:, None]

    def losses(weights, step):
        i = torch.randint(train.shape[1], (SEEDS, 48), generator=generator)
        return lab.task_loss(lab.forward(weights, train[rows, i])[0], labels[rows, i]).mean(-1)

    weights = lab.fit(new_weights(SEEDS, c1=12, c2=24, hidden=64), losses, 320)
    x, y = (
        torch.stack([getattr(task.test, name)[:PICTURES] for task in tasks]) for name in ("images", "labels")
    )
    return weights, x, y


def ours(weights, x, y):
    def pgd(loss):
        return lambda: lab.pgd(weights, x, y, EPS, STEPS, torch.Generator().manual_seed(1), loss)

    return {
        "PGD": pgd(lab.task_loss),
        "PGD on the margin / AutoPGD on DLR": pgd(lab.margin),
        "Square": lambda: lab.square_attack(weights, x, y, EPS, QUERIES, torch.Generator().manual_seed(2)),
    }


def theirs(wrapped):
    shared = {"eps": EPS, "max_iter": STEPS, "verbose": False}
    return {
        "PGD": ProjectedGradientDescent(wrapped, eps_step=2.5 * EPS / STEPS, num_random_init=1, **shared),
        "PGD on the margin / AutoPGD on DLR": AutoProjectedGradientDescent(
            wrapped, eps_step=EPS / 4, nb_random_init=1, loss_type="difference_logits_ratio", **shared
        ),
        "Square": SquareAttack(wrapped, eps=EPS, max_iter=QUERIES, nb_restarts=1, verbose=False),
    }


def main() -> None:
    weights, x, y = trained()
    wrapped = [classifier(one(weights, k), (1, 16, 16), 10) for k in range(SEEDS)]
    print(f"{SEEDS} networks, {PICTURES} pictures each, half-width {EPS}, {STEPS} steps, {QUERIES} queries")
    print(f"without an attack: accuracy {lab.right(weights, x, y).float().mean():.3f}")
    print(f"{'attack':>36} {'ours':>7} {'theirs':>7} {'s':>7} {'s':>7} {'ratio':>6}")
    for name, attack in ours(weights, x, y).items():
        started = time.perf_counter()
        left = lab.right(weights, attack(), y).float().mean()
        our_time = time.perf_counter() - started
        started, right = time.perf_counter(), []
        for k in range(SEEDS):
            moved = torch.tensor(theirs(wrapped[k])[name].generate(x[k].numpy(), y[k].numpy()))
            right.append((one(weights, k)(moved).argmax(-1) == y[k]).float().mean())
        their_time = time.perf_counter() - started
        values = f"{left:7.3f} {torch.stack(right).mean():7.3f} {our_time:7.1f} {their_time:7.1f}"
        print(f"{name:>36} {values} {their_time / our_time:6.1f}")


if __name__ == "__main__":
    torch.manual_seed(0)  # the library draws from the global generators
    main()
