"""Representational similarity with a bootstrap over images: ours against rsatoolbox, same data, one run.

    python tests/benchmarks/rsa.py

Both compute the RDMs of ten models and of a brain from responses, then compare each model with the brain in
every resample of the images. Both get the same resamples, and their numbers must agree. Goal: 5 times.
"""

import contextlib
import io
import os
import platform
import sys
import time
from pathlib import Path

import numpy as np
import torch
from rsatoolbox.data import Dataset
from rsatoolbox.inference import eval_bootstrap_pattern
from rsatoolbox.inference.bootstrap import bootstrap_sample_pattern
from rsatoolbox.model import ModelFixed
from rsatoolbox.rdm import calc_rdm

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from utils import rdm_statistics as statistics
from utils.rdm_statistics import pairs
from utils.similarity import correlation_rdm

NUM_IMAGES, NUM_MODELS, NUM_UNITS, NUM_RESAMPLES, REPEATS = 92, 10, 500, 200, 3
OURS = {"corr": statistics.pearson, "spearman": statistics.spearman, "rho-a": statistics.rho_a}


def responses() -> np.ndarray:
    """Ten models and a brain that share a code: (models + 1, images, units)"""
    rng = np.random.default_rng(0)
    shared = rng.normal(size=(1, NUM_IMAGES, 20))
    codes = shared + np.linspace(0.5, 3, NUM_MODELS + 1)[:, None, None] * rng.normal(
        size=(NUM_MODELS + 1, NUM_IMAGES, 20)
    )
    return codes @ rng.normal(size=(NUM_MODELS + 1, 20, NUM_UNITS))


def rdm_of(x: np.ndarray, method: str):
    images = {"index": np.arange(NUM_IMAGES)}
    return calc_rdm(Dataset(x, obs_descriptors=images), method=method, descriptor="index")


def picked_images() -> torch.Tensor:
    """How often rsatoolbox, with the seed below, draws each image in each resample."""
    np.random.seed(0)  # noqa: NPY002 (rsatoolbox draws from numpy's global generator)
    data = rdm_of(np.eye(NUM_IMAGES), "euclidean")
    draws = [bootstrap_sample_pattern(data)[1] for _ in range(NUM_RESAMPLES)]
    return torch.stack(
        [torch.bincount(torch.tensor(np.asarray(d)), minlength=NUM_IMAGES) for d in draws]
    ).double()


def theirs(x: np.ndarray, method: str) -> np.ndarray:
    """(resamples, models)"""
    np.random.seed(0)  # noqa: NPY002
    *models, brain = (rdm_of(one, "correlation") for one in x)
    fixed = [ModelFixed(str(i), rdm) for i, rdm in enumerate(models)]
    with contextlib.redirect_stderr(io.StringIO()):  # its progress bar
        result = eval_bootstrap_pattern(fixed, brain, method=method, N=NUM_RESAMPLES, boot_noise_ceil=False)
    return result.evaluations


def ours(x: np.ndarray, method: str, counts: torch.Tensor) -> np.ndarray:
    """(resamples, models)"""
    *models, brain = pairs(correlation_rdm(torch.tensor(x)))
    return statistics.bootstrap(torch.stack(models), brain, counts, OURS[method]).T.numpy()


def best_of(function, *args) -> tuple[float, np.ndarray]:
    times = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        values = function(*args)
        times.append(time.perf_counter() - started)
    return min(times), values


def main() -> None:
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    torch.set_num_threads(1)
    print(f"{platform.machine()}, one thread of {os.cpu_count()}, load {load}")
    print(f"{NUM_MODELS} models, {NUM_IMAGES} images, {NUM_RESAMPLES} resamples, best of {REPEATS} runs\n")
    print(f"{'comparison':12s}{'rsatoolbox':>12s}{'ours':>9s}{'ratio':>8s}{'largest difference':>21s}")
    x, counts = responses(), picked_images()
    for method in OURS:
        slow, wanted = best_of(theirs, x, method)
        fast, got = best_of(ours, x, method, counts)
        print(f"{method:12s}{slow:10.2f} s{fast:7.2f} s{slow / fast:7.1f}x{np.abs(got - wanted).max():21.1e}")


if __name__ == "__main__":
    main()
