"""utils.runtime: scale, seeds and sizes from the environment, and what must be refused."""

import subprocess
import sys

import pytest
import torch

from utils.runtime import device_name, matmul_dtype, peak_memory_gib, start

SIZES = {"steps": (10, 1000), "rate": (0.1, 0.5), "widths": ((1, 2), (3, 4)), "name": ("small", "large")}


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch):
    for name in ("SCALE", "LAB_SEED", "LAB_SIZES"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(("scale", "column"), [("fast", 0), ("full", 1)])
def test_scale_chooses_the_column(monkeypatch, capsys, scale, column):
    monkeypatch.setenv("SCALE", scale)
    run = start("chapter/lab", SIZES)
    assert vars(run.sizes) == {name: pair[column] for name, pair in SIZES.items()}
    said = capsys.readouterr().out
    assert said == f"chapter/lab: scale {scale}, {device_name(run.device)}, LAB_SEED 0\n"


def test_without_scale_a_gpu_decides(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert start("chapter/lab").scale == "fast"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: "a GPU")
    run = start("chapter/lab")
    assert (run.scale, run.device.type) == ("full", "cuda")


def test_lab_seed_shifts_every_seed_and_no_two_share_one(monkeypatch):
    drawn = {}
    for base in (0, 1, 2):
        monkeypatch.setenv("LAB_SEED", str(base))
        run = start("chapter/lab")
        drawn[base] = run.seeds(1000)
        assert run.seed(7) == drawn[base][7]
        assert torch.rand(1, generator=run.generator(3)) == torch.rand(
            1, generator=torch.Generator().manual_seed(run.seed(3))
        )
    assert len({seed for seeds in drawn.values() for seed in seeds}) == 3000


def test_lab_sizes_replaces_single_sizes_and_keeps_their_types(monkeypatch):
    monkeypatch.setenv("LAB_SIZES", '{"steps": 5, "widths": [7, 8]}')
    sizes = start("chapter/lab", SIZES).sizes
    assert (sizes.steps, sizes.widths, sizes.rate) == (5, (7, 8), 0.1)
    monkeypatch.setenv("LAB_SIZES", '{"rate": 1}')
    assert isinstance(start("chapter/lab", SIZES).sizes.rate, float)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("SCALE", "medium", r"SCALE is 'medium', expected one of"),
        ("LAB_SEED", "one", r"LAB_SEED is 'one', expected an integer"),
        ("LAB_SEED", "1.5", r"LAB_SEED is '1.5', expected an integer"),
        ("LAB_SIZES", "{steps: 5}", r"LAB_SIZES is not JSON"),
        ("LAB_SIZES", "[5]", r"LAB_SIZES is '\[5\]', expected a JSON object"),
        ("LAB_SIZES", '{"step": 5}', r"LAB_SIZES names \['step'\], but the lab's sizes are .*'steps'"),
        ("LAB_SIZES", '{"steps": "many"}', r"LAB_SIZES gives steps as 'many', expected int"),
        ("LAB_SIZES", '{"steps": null}', r"LAB_SIZES gives steps as None, expected int"),
        ("LAB_SIZES", '{"steps": 2.5}', r"LAB_SIZES gives steps as 2.5, expected int"),
        ("LAB_SIZES", '{"widths": 3}', r"LAB_SIZES gives widths as 3, expected tuple"),
        ("LAB_SIZES", '{"rate": NaN}', r"LAB_SIZES is not JSON"),
    ],
)
def test_what_cannot_be_is_refused(monkeypatch, name, value, message):
    monkeypatch.setenv(name, value)
    with pytest.raises(ValueError, match=message):
        start("chapter/lab", SIZES)


def test_the_last_line_tells_what_was_measured(capsys):
    run = start("chapter/lab")
    run.finish()
    line = capsys.readouterr().out.splitlines()[-1]
    assert line.startswith(f"chapter/lab: {run.elapsed():.0f} s, ")
    assert line.endswith("scale fast, LAB_SEED 0") or torch.cuda.is_available()


def test_memory_and_type_are_measured():
    assert 0.05 < peak_memory_gib() < 1000
    assert matmul_dtype(torch.device("cpu")) in (torch.float32, torch.bfloat16)


def test_importing_seeds_nothing_and_selects_no_device():
    code = (
        "import torch; before = torch.random.get_rng_state().clone()\n"
        "import utils.runtime, utils.models, utils.data, utils.activations, utils.stats, utils.claims\n"
        "assert torch.random.get_rng_state().equal(before)\n"
        "assert not torch.cuda.is_initialized()"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
