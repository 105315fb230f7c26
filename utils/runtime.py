"""How a lab runs: its scale, its device, its seeds, its clock."""

import json
import os
import sys
import time
from dataclasses import dataclass, field
from types import SimpleNamespace

import torch

SCALES = ("fast", "full")


@dataclass(frozen=True)
class Runtime:
    """What `start` returns: one lab's scale, device, seeds and sizes.

    lab:    "chapter/lab", the notebook's place under `labs/`
    scale:  "fast" or "full"
    device: where tensors live, "cpu" or "cuda"
    base:   LAB_SEED, which shifts every seed of the lab
    sizes:  the column of the size table that belongs to `scale`
    """

    lab: str
    scale: str
    device: torch.device
    base: int
    sizes: SimpleNamespace
    started: float = field(default_factory=time.perf_counter)

    def seed(self, offset: int = 0) -> int:
        """The lab's seed number `offset`: 1000·LAB_SEED + offset, so that two LAB_SEEDs share none."""
        return 1000 * self.base + offset

    def seeds(self, n: int) -> list[int]:
        """The first n seeds of the lab."""
        return [self.seed(i) for i in range(n)]

    def generator(self, offset: int = 0) -> torch.Generator:
        """A torch generator on the lab's device, seeded with `seed(offset)`."""
        return torch.Generator(device=self.device).manual_seed(self.seed(offset))

    def elapsed(self) -> float:
        """Seconds since `start`."""
        return time.perf_counter() - self.started

    def finish(self) -> None:
        """Print the lab's last line: seconds, peak memory, device, all measured."""
        print(
            f"{self.lab}: {self.elapsed():.0f} s, {peak_memory_gib():.1f} GiB at most, "
            f"{device_name(self.device)}, scale {self.scale}, LAB_SEED {self.base}"
        )


def start(lab: str, sizes: dict[str, tuple] | None = None) -> Runtime:
    """Read SCALE and LAB_SEED, choose the device, and print one line that says so.

    lab:   "chapter/lab"
    sizes: name → (value at fast scale, value at full scale)

    SCALE is "fast" or "full"; without it a machine with a GPU runs "full" and any other "fast".
    LAB_SEED is an integer (default 0). LAB_SIZES, a JSON object, replaces single sizes: a smaller GPU
    runs the full scale with LAB_SIZES='{"d_sae": 4096}'.

    Raises ValueError for an unknown SCALE, a LAB_SEED that is no integer, or a LAB_SIZES that is not a
    JSON object of sizes that the lab has, each of the type it has there.
    """
    scale = os.environ.get("SCALE") or ("full" if torch.cuda.is_available() else "fast")
    if scale not in SCALES:
        raise ValueError(f"SCALE is {scale!r}, expected one of {SCALES}")
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    sizes = sizes or {}
    chosen = {name: pair[SCALES.index(scale)] for name, pair in sizes.items()}
    chosen |= _overrides(sizes)
    runtime = Runtime(lab, scale, device, _base_seed(), SimpleNamespace(**chosen))
    print(f"{lab}: scale {scale}, {device_name(device)}, LAB_SEED {runtime.base}")
    return runtime


def _base_seed() -> int:
    text = os.environ.get("LAB_SEED", "0")
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"LAB_SEED is {text!r}, expected an integer") from None


def _overrides(sizes: dict) -> dict:
    text = os.environ.get("LAB_SIZES", "{}")
    try:
        overrides = json.loads(text, parse_constant=_no_constant)
    except ValueError as error:
        raise ValueError(f"LAB_SIZES is not JSON: {error}") from None
    if not isinstance(overrides, dict):
        raise ValueError(f'LAB_SIZES is {text!r}, expected a JSON object such as {{"n": 10}}')
    unknown = sorted(set(overrides) - set(sizes))
    if unknown:
        raise ValueError(f"LAB_SIZES names {unknown}, but the lab's sizes are {sorted(sizes)}")
    return {name: _as_in_table(name, sizes[name], value) for name, value in overrides.items()}


def _no_constant(text: str):
    raise ValueError(f"{text} is no number that a size could have")


def _as_in_table(name: str, pair: tuple, value):
    """The value with the type that the lab's table has; JSON knows no tuples and writes 1.0 as 1."""
    kinds = {type(size) for size in pair}
    if isinstance(value, list) and tuple in kinds:
        return tuple(value)
    if type(value) is int and float in kinds and int not in kinds:
        return float(value)
    if type(value) not in kinds:
        expected = " or ".join(sorted(kind.__name__ for kind in kinds))
        raise ValueError(f"LAB_SIZES gives {name} as {value!r}, expected {expected}")
    return value


def in_colab() -> bool:
    """Whether this is a Google Colab kernel."""
    return "google.colab" in sys.modules


def device_name(device: torch.device) -> str:
    """The device in words, such as "CPU with 2 threads" or "NVIDIA H100"."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    threads = torch.get_num_threads()
    return f"CPU with {threads} thread{'s' if threads != 1 else ''}"


def peak_memory_gib() -> float:
    """The largest resident memory of this process so far, in GiB (host memory, not the GPU's)."""
    try:
        import resource
    except ImportError:  # Windows
        return float("nan")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 30 if sys.platform == "darwin" else 1 << 20)


def matmul_dtype(device: torch.device) -> torch.dtype:
    """bfloat16 where the device multiplies it in hardware, float32 elsewhere.

    On a CPU without AVX512-BF16 or AMX, bfloat16 is emulated and slower than float32.
    """
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float32
    flags = ""
    if os.path.exists("/proc/cpuinfo"):
        with open("/proc/cpuinfo") as file:
            flags = file.read()
    return torch.bfloat16 if "avx512_bf16" in flags or "amx_bf16" in flags else torch.float32
