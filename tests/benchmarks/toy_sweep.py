"""The toy-model sweep: all models in one training loop against one model at a time.

    python tests/benchmarks/toy_sweep.py

Both run the lab's own `fit`, with the same models, batch and number of steps, in one process on one machine.
The loop over models is timed on a sample of them and scaled up, since each costs the same. Goal: 10 times.
"""

import os
import platform
import sys
import time
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from utils.definitions import definitions

lab = definitions("bottom_up/superposition")
STEPS, SAMPLE, REPEATS = 40, 8, 3

# name, seeds, models, n, m, batch: the sweeps of the lab at its fast scale
SWEEPS = [
    ("phase diagram", 5, 1152, 2, 1, 64),
    ("pentagon", 5, 240, 5, 2, 128),
    ("staircase", 5, 16, 80, 10, 256),
]


def step_ms(W, p, batch) -> float:
    """Milliseconds for one step of training all these models at once, the best of a few runs."""
    best = float("inf")
    for _ in range(REPEATS):
        generator = torch.Generator().manual_seed(0)
        started = time.perf_counter()
        lab.fit(W.clone(), p, generator=generator, num_steps=STEPS, batch=batch)
        best = min(best, time.perf_counter() - started)
    return 1000 * best / STEPS


def compare(seeds, models, n, m, batch) -> tuple[float, float]:
    """Milliseconds a step for all models, trained together and one by one."""
    W = 0.5 * torch.randn(seeds, models, m, n, generator=torch.Generator().manual_seed(1))
    p = torch.linspace(0.05, 1, models).expand(seeds, -1)
    picks = range(0, models, max(1, models // SAMPLE))
    alone = [step_ms(W[:1, k : k + 1], p[:1, k : k + 1], batch) for k in picks]
    return step_ms(W, p, batch), seeds * models * sum(alone) / len(alone)


def main() -> None:
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    torch.set_num_threads(1)
    print(f"{platform.machine()}, one thread of {os.cpu_count()}, load {load}, torch {torch.__version__}")
    print(f"milliseconds for one training step of all models, best of {REPEATS} runs of {STEPS} steps\n")
    print(f"{'sweep':16s}{'models':>8s}{'together':>11s}{'one by one':>12s}{'ratio':>8s}")
    rows = [(name, seeds * models, *compare(seeds, models, *rest)) for name, seeds, models, *rest in SWEEPS]
    rows.append(("all three", *(sum(row[k] for row in rows) for k in (1, 2, 3))))
    for name, models, together, one_by_one in rows:
        print(f"{name:16s}{models:8d}{together:11.1f}{one_by_one:12.1f}{one_by_one / together:7.1f}x")


if __name__ == "__main__":
    main()
