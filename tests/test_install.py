"""What pip would install: nothing that Colab has is replaced, ranges and pins agree, imports are declared."""

import ast
import json
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from utils.wheels import WHEELS

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]


def pins(path: Path) -> dict[str, str]:
    """Name → version of every line "name==version"."""
    lines = [line for line in path.read_text().splitlines() if "==" in line and not line.startswith("#")]
    return {canonicalize_name(name): version for name, version in (line.split("==") for line in lines)}


COLAB = pins(ROOT / "tests" / "colab_pins.txt")
CONSTRAINTS = pins(ROOT / "constraints.txt")


@pytest.fixture(scope="module")
def colab(tmp_path_factory):
    """A Python that believes it has what Colab has: each pin as an installed package without contents."""
    folder = tmp_path_factory.mktemp("colab")
    venv.create(folder, with_pip=True)
    site = next(folder.glob("lib/python*/site-packages"))
    for name, version in COLAB.items():
        metadata = site / f"{name.replace('-', '_')}-{version}.dist-info" / "METADATA"
        metadata.parent.mkdir()
        metadata.write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    python = folder / "bin" / "python"
    probe = dry_run(python, "jaxtyping", "--no-deps", "--retries", "0")
    if probe.returncode:
        pytest.skip("the package index cannot be reached, so nothing can be resolved against it")
    return python


def dry_run(python: Path, *arguments: str) -> subprocess.CompletedProcess:
    """pip's own answer to what it would install, as JSON on its standard output."""
    command = [python, "-m", "pip", "install", "--dry-run", "--quiet", "--report", "-", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


def would_install(python: Path, *requirements: str) -> dict[str, str]:
    """Name → version of what pip would install there."""
    result = dry_run(python, *requirements)
    assert result.returncode == 0, result.stderr
    report = json.loads(result.stdout)["install"]
    return {canonicalize_name(p["metadata"]["name"]): p["metadata"]["version"] for p in report}


def test_colab_install_replaces_nothing_that_is_there(colab):
    new = would_install(colab, *PROJECT["dependencies"])
    assert not {"torch", "numpy", "transformers"} & set(new)
    assert not set(COLAB) & set(new), "these would be replaced on Colab"
    assert len(new) < 10, "the setup cell should install little"


def test_the_full_extra_replaces_nothing_on_colab_if_its_transformers_is_named(colab):
    named = f"transformers=={COLAB['transformers']}"
    new = would_install(colab, *PROJECT["dependencies"], *EXTRAS["full"], named)
    assert not set(COLAB) & set(new), "these would be replaced on Colab"


def test_without_that_name_sae_lens_would_replace_transformers(colab):
    """The reason why sae-lens is no core dependency; when this fails, it can become one."""
    assert "transformers" in would_install(colab, *PROJECT["dependencies"], "sae-lens>=6.0")


def test_every_dependency_has_a_pin_within_its_range():
    for text in [*PROJECT["dependencies"], *(r for extra in EXTRAS.values() for r in extra)]:
        requirement = Requirement(text)
        pin = CONSTRAINTS.get(canonicalize_name(requirement.name))
        assert pin, f"{requirement.name} has no pin in constraints.txt"
        assert requirement.specifier.contains(pin, prereleases=True), f"{text} against {pin}"


def test_colab_is_within_the_ranges():
    for requirement in map(Requirement, PROJECT["dependencies"]):
        version = COLAB.get(canonicalize_name(requirement.name))
        assert version is None or requirement.specifier.contains(version), f"{requirement} against {version}"


def test_torch_is_pinned_exactly_and_without_a_local_version():
    assert CONSTRAINTS["torch"].replace(".", "").isdigit()


# Modules that only the build, the tests and teaching use may import what those extras install.
BUILD_ONLY = {
    "axe_playwright_python",
    "docutils",
    "jupyter_cache",
    "nbformat",
    "nbgrader",
    "playwright",
    "sphinx",
    "traitlets",
    "vl_convert",
}
# What a distribution calls itself where its module is called otherwise.
DISTRIBUTION = {
    "art": "adversarial-robustness-toolbox",
    "IPython": "ipython",
    "sklearn": "scikit-learn",
    "sae_lens": "sae-lens",
    "PIL": "pillow",
}

CARRIED = {wheel.module for wheel in WHEELS}  # `python -m utils.models` installs these


def test_every_import_of_utils_is_declared():
    wanted = [*PROJECT["dependencies"], *EXTRAS["full"]]
    declared = {canonicalize_name(Requirement(text).name) for text in wanted}
    for path in ROOT.glob("utils/**/*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
            for name in {name.split(".")[0] for name in names}:
                if name in sys.stdlib_module_names or name == "utils" or name in BUILD_ONLY | CARRIED:
                    continue
                distribution = canonicalize_name(DISTRIBUTION.get(name, name))
                assert distribution in declared, f"{path.relative_to(ROOT)} imports {name}"
