"""Hidden states of every layer for a list of texts, computed once a machine and kept in the cache."""

import hashlib
import json
import os
from pathlib import Path

import filelock
import torch
from jaxtyping import Float
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from utils.models import cache_folder
from utils.text import MARKER

VERSION = 1  # of this code; raise it when states that an earlier version kept must not be used
POOLINGS = ("last", "mean")


@torch.no_grad()
def compute(
    model, tokenizer, texts: list[str], pooling: str, batch_tokens: int = 2048
) -> Float[Tensor, "layer text d_model"]:
    """The hidden states of a Hugging Face model, one vector a layer and text; layer 0 is the embedding.

    pooling:      "last" reads the last token, "mean" the average over all tokens but a marker in front
    batch_tokens: tokens in a batch, padding included; texts of like length share a batch

    The last layer's vectors are those after the model's final norm, if it has one.
    Raises ValueError for an unknown pooling, and if texts is empty or holds an empty text.
    """
    _check(texts, pooling)
    front = marker(tokenizer)
    ids = [front + tokenizer(text, truncation=True, verbose=False).input_ids for text in texts]
    order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
    states = None
    for rows in _batches(order, ids, batch_tokens):
        longest = max(len(ids[i]) for i in rows)
        mask = torch.tensor([[1] * len(ids[i]) + [0] * (longest - len(ids[i])) for i in rows])
        padded = torch.tensor([ids[i] + [0] * (longest - len(ids[i])) for i in rows])
        out = model(
            input_ids=padded.to(model.device),
            attention_mask=mask.to(model.device),
            output_hidden_states=True,
            **({"use_cache": False, "logits_to_keep": 1} if model.can_generate() else {}),
        )
        weights = _weights(mask, len(front), pooling).to(model.device)
        pooled = torch.stack([(weights[..., None] * h.float()).sum(1) for h in out.hidden_states])
        if states is None:
            states = torch.empty(len(pooled), len(texts), pooled.shape[-1], dtype=torch.bfloat16)
        states[:, rows] = pooled.bfloat16().cpu()
    return states


def hidden_states(
    model, tokenizer, texts: list[str], pooling: str, name: str
) -> Float[Tensor, "layer text d_model"]:
    """`compute`, kept in the cache folder: the second call with the same texts reads a file.

    name: of the model, its weights' version included: what lies in the cache is found by it

    A file that is damaged, or holds something else, is computed again; with a full disk the states are
    returned all the same, and one line says so. Two processes that want the same states compute them once.
    """
    _check(texts, pooling)
    key = {"version": VERSION, "model": name, "pooling": pooling, "dtype": str(model.dtype), "texts": texts}
    digest = hashlib.sha256(json.dumps(key).encode()).hexdigest()
    path = cache_folder() / "hidden_states" / f"{digest[:24]}.safetensors"
    if (states := read(path)) is not None:
        return states
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(f"{path}.lock"):
            if (states := read(path)) is None:  # another process may have computed them meanwhile
                states = compute(model, tokenizer, texts, pooling)
                write(path, states)
    except OSError as error:
        print(f"Hidden states were not kept ({error.strerror or error}) and are computed each time.")
        states = compute(model, tokenizer, texts, pooling) if states is None else states
    return states


def write(path: Path, states: Tensor) -> None:
    """Write the states and their checksum beside the file and move it in. Raises OSError if it cannot."""
    fresh = path.with_name(f"{path.name}.part-{os.getpid()}")
    try:
        save_file({"states": states}, fresh, metadata={"sha256": checksum(states)})
        fresh.rename(path)
    except SafetensorError as error:  # its own name for a full disk
        raise OSError(str(error)) from error
    finally:
        fresh.unlink(missing_ok=True)


def read(path: Path) -> Tensor | None:
    """The states, or None if the file is not there or is not what was written."""
    try:
        with safe_open(path, "pt") as file:
            states, written = file.get_tensor("states"), (file.metadata() or {}).get("sha256")
    except (OSError, SafetensorError):
        return None
    return states if checksum(states) == written else None


def checksum(states: Tensor) -> str:
    return hashlib.sha256(states.contiguous().view(torch.uint8).numpy()).hexdigest()


def _check(texts: list[str], pooling: str) -> None:
    if pooling not in POOLINGS:
        raise ValueError(f"pooling is {pooling!r}, expected one of {POOLINGS}")
    if not texts or not all(text.strip() for text in texts):
        raise ValueError("texts must hold at least one text and no empty ones")


def marker(tokenizer) -> list[int]:
    """What stands before a text: a decoder's first position is an attention sink, no place for a word."""
    if MARKER in tokenizer.get_vocab():
        return [tokenizer.convert_tokens_to_ids(MARKER)]
    return []  # an encoder's tokenizer puts its own


def _batches(order: list[int], ids: list[list[int]], batch_tokens: int):
    """Runs of `order` (ascending in length) whose padded size stays within batch_tokens."""
    batch: list[int] = []
    for i in order:
        if batch and (len(batch) + 1) * len(ids[i]) > batch_tokens:
            yield batch
            batch = []
        batch.append(i)
    yield batch


def _weights(mask: Tensor, skipped: int, pooling: str) -> Tensor:
    """How much each position counts, shape (text, position), every row with sum 1."""
    mask = mask.float()
    if pooling == "last":
        return torch.nn.functional.one_hot(mask.sum(1).long() - 1, mask.shape[1]).float()
    mask[:, :skipped] = 0
    return mask / mask.sum(1, keepdim=True)
