"""Training a TopK autoencoder: ours against sae-lens and dictionary-learning, in samples a second.

    python tests/benchmarks/sae_training.py [--wide]

Each library runs its own training step (sae-lens's SAETrainer.fit, dictionary-learning's TopKTrainer.update,
our `utils.sae.train`) on the same activations, with the same widths, k, batch and precision, in one process.
They take turns, and the best of a few runs counts. No latent is dead in so short a run, so nobody pays for an
auxiliary loss. Goal on a CPU: 2 times as fast as either.

dictionary-learning pins old versions of packages that this book needs newer; the script says so where it is
missing. To have it for one run without touching the environment:

    pip install --no-deps --target FOLDER dictionary-learning nnsight astor
    PYTHONPATH=FOLDER python tests/benchmarks/sae_training.py
"""

import contextlib
import io
import os
import platform
import sys
import time
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from utils.runtime import device_name, matmul_dtype
from utils.sae import TopKSAE, train

STEPS, REPEATS, K, LR = 10, 3, 32, 1e-3
# d_in, d_sae, batch: the lab's, a little wider, and with --wide a wide one
SIZES = [(576, 2304, 1024), (576, 3072, 2048), (768, 12_288, 1024)]
DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def ours(x, d_sae, batch, dtype) -> None:
    generator = torch.Generator().manual_seed(0)
    sae = TopKSAE(x.shape[1], d_sae, K, generator, DEVICE)
    train(sae, x, STEPS, generator, batch, LR, dtype)


def sae_lens(x, d_sae, batch, dtype, sparse: bool = False) -> None:
    from sae_lens.config import LoggingConfig, SAETrainerConfig
    from sae_lens.saes.topk_sae import TopKTrainingSAE, TopKTrainingSAEConfig
    from sae_lens.training.sae_trainer import SAETrainer

    shape = {"d_in": x.shape[1], "d_sae": d_sae, "k": K, "device": str(DEVICE), "apply_b_dec_to_input": True}
    if sparse:  # scaling by the decoder's norm has no kernel for sparse activations on a CPU
        shape |= {"use_sparse_activations": True, "rescale_acts_by_decoder_norm": False}
    sae = TopKTrainingSAE(TopKTrainingSAEConfig(**shape))
    config = SAETrainerConfig(
        total_training_samples=STEPS * batch,
        train_batch_size_samples=batch,
        lr=LR,
        lr_end=LR,
        device=str(DEVICE),
        autocast=dtype == torch.bfloat16,
        logger=LoggingConfig(log_to_wandb=False),
    )
    SAETrainer(config, sae, _batches(x, batch)).fit()


def sae_lens_sparse(x, d_sae, batch, dtype) -> None:
    sae_lens(x, d_sae, batch, dtype, sparse=True)


def dictionary_learning(x, d_sae, batch, dtype) -> None:
    from dictionary_learning.trainers.top_k import TopKTrainer

    shape = {"activation_dim": x.shape[1], "dict_size": d_sae, "k": K, "device": str(DEVICE)}
    trainer = TopKTrainer(steps=STEPS, layer=0, lm_name="none", lr=LR, warmup_steps=1, seed=0, **shape)
    trainer.ae.b_dec.data = x.mean(0)  # its geometric median is taken once, at step 0: not part of a step
    batches = _batches(x, batch)
    for step in range(1, STEPS + 1):
        with torch.autocast(DEVICE.type, dtype=torch.bfloat16, enabled=dtype == torch.bfloat16):
            trainer.update(step, next(batches))


def _batches(x, batch):
    generator = torch.Generator().manual_seed(0)
    while True:
        for rows in torch.randperm(len(x), generator=generator)[: len(x) - len(x) % batch].view(-1, batch):
            yield x[rows.to(x.device)]


def samples_per_second(run, x, d_sae, batch, dtype) -> float:
    """The speed of one run."""
    started = time.perf_counter()
    with contextlib.redirect_stderr(io.StringIO()):
        run(x, d_sae, batch, dtype)
        if DEVICE.type == "cuda":
            torch.cuda.synchronize()
    return STEPS * batch / (time.perf_counter() - started)


def compare(rivals, *arguments) -> dict[str, float | str]:
    """The best speed of each, or why there is none; they take turns, so a busy machine hurts all alike."""
    best = dict.fromkeys(rivals, 0.0)
    for _ in range(REPEATS):
        for name, run in rivals.items():
            if isinstance(best[name], float):
                try:
                    best[name] = max(best[name], samples_per_second(run, *arguments))
                except ModuleNotFoundError as error:
                    best[name] = f"not installed ({error.name})"
    return best


def main() -> None:
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    print(f"{platform.machine()}, {device_name(DEVICE)}, load {load}, torch {torch.__version__}, k = {K}")
    print(f"samples a second, best of {REPEATS} runs of {STEPS} steps\n")
    print(
        f"{'d_in × d_sae, batch':>22s} {'precision':>10s}  {'library':26s}{'samples/s':>12s}{'ours is':>10s}"
    )
    precisions = [torch.float32] + [torch.bfloat16] * (matmul_dtype(DEVICE) == torch.bfloat16)
    for d_in, d_sae, batch in SIZES if "--wide" in sys.argv else SIZES[:2]:
        x = torch.randn(8 * batch, d_in, generator=torch.Generator().manual_seed(1)).to(DEVICE)
        for dtype in precisions:
            rivals = {"ours": ours, "sae-lens": sae_lens, "dictionary-learning": dictionary_learning}
            if dtype == torch.float32:  # sae-lens advises against it with autocast
                rivals["sae-lens, sparse option"] = sae_lens_sparse
            speeds = compare(rivals, x, d_sae, batch, dtype)
            for name, speed in speeds.items():
                size, precision = f"{d_in} × {d_sae}, {batch}", str(dtype).removeprefix("torch.")
                row = f"{size:>22s} {precision:>10s}  {name:26s}"
                ratio = f"{speed:12,.0f}{speeds['ours'] / speed:9.1f}x" if isinstance(speed, float) else speed
                print(row + ratio, flush=True)


if __name__ == "__main__":
    main()
