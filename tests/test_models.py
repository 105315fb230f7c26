"""utils.models: a cache that is built once, stays whole, and is rebuilt when damaged; errors in one sentence.

What a cache does is the same for any model, so most tests give it a tiny one in place of SmolLM2.
"""

import multiprocessing
import os
import re
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import torch
from huggingface_hub import constants
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from utils import models
from utils.models import MINILM, SMOLLM2, MissingModel, embed, intact, load_hub, load_minilm, load_smollm2

WIDE = 64  # hidden size of the tiny model: its file has about 300 kB


def tiny():
    """A random Llama and a tokenizer of three words."""
    torch.manual_seed(0)
    config = LlamaConfig(
        num_hidden_layers=2,
        hidden_size=WIDE,
        intermediate_size=4 * WIDE,
        num_attention_heads=2,
        num_key_value_heads=2,
        vocab_size=8,
    )
    words = Tokenizer(WordLevel({"a": 0, "b": 1, "[UNK]": 2}, unk_token="[UNK]"))
    words.pre_tokenizer = Whitespace()
    return LlamaForCausalLM(config), PreTrainedTokenizerFast(tokenizer_object=words, unk_token="[UNK]")


def use_tiny(cache: Path, journal: Path) -> None:
    """From now on SmolLM2 is the tiny model, its cache lies in `cache`, each expansion writes a line."""

    def expand(*_):
        with journal.open("a") as file:
            file.write(f"{os.getpid()}\n")
        return tiny()

    os.environ["ALIGNMENT_CACHE_DIR"] = str(cache)
    models.wheel_folder = lambda wheel: Path()
    models._expand_gguf = expand


class Cache:
    """The folder of a cache, and how often the model was expanded."""

    def __init__(self, folder: Path):
        self.parent, self.journal = folder / "cache", folder / "journal"

    @property
    def folder(self) -> Path:
        (folder,) = [path for path in self.parent.iterdir() if path.is_dir()]
        return folder

    @property
    def expansions(self) -> int:
        return len(self.journal.read_text().splitlines()) if self.journal.is_file() else 0


@pytest.fixture
def cache(monkeypatch, tmp_path):
    for name in ("wheel_folder", "_expand_gguf"):
        monkeypatch.setattr(models, name, getattr(models, name))  # put back afterwards
    monkeypatch.setenv("ALIGNMENT_CACHE_DIR", "")
    cache = Cache(tmp_path)
    use_tiny(cache.parent, cache.journal)
    return cache


def same_weights(one, other) -> bool:
    pairs = zip(one.state_dict().items(), other.state_dict().items(), strict=True)
    return all(a == b and x.equal(y) for (a, x), (b, y) in pairs)


def test_the_second_load_comes_from_the_cache_and_is_the_same(cache):
    first, _ = load_smollm2()
    second, tokenizer = load_smollm2()
    assert cache.expansions == 1
    assert same_weights(first, second)
    assert same_weights(first, tiny()[0])
    assert tokenizer("a b c").input_ids == [0, 1, 2]
    assert not second.training
    assert load_smollm2(torch.bfloat16)[0].dtype == torch.bfloat16


def flip_a_byte(folder):
    path = folder / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def truncate(folder):
    os.truncate(folder / "model.safetensors", 1000)


def truncate_manifest(folder):
    os.truncate(folder / "manifest.json", 20)


def lose_the_tokenizer(folder):
    (folder / "tokenizer.json").unlink()


def lose_the_manifest(folder):
    (folder / "manifest.json").unlink()


def empty_manifest(folder):
    (folder / "manifest.json").write_text("[]")


@pytest.mark.parametrize(
    "damage",
    [flip_a_byte, truncate, truncate_manifest, lose_the_tokenizer, lose_the_manifest, empty_manifest],
)
def test_a_damaged_cache_is_rebuilt(cache, damage):
    load_smollm2()
    damage(cache.folder)
    assert not intact(cache.folder)
    again, _ = load_smollm2()
    assert cache.expansions == 2
    assert intact(cache.folder)
    assert same_weights(again, tiny()[0])


def load_in_a_process(cache, journal, start, results):
    use_tiny(cache, journal)
    start.wait()
    model, _ = load_smollm2()
    results.put(model.lm_head.weight.double().sum().item())


def test_two_processes_at_once_build_one_whole_cache(cache):
    spawn = multiprocessing.get_context("spawn")
    start, results = spawn.Event(), spawn.Queue()
    arguments = (cache.parent, cache.journal, start, results)
    processes = [spawn.Process(target=load_in_a_process, args=arguments) for _ in range(2)]
    for process in processes:
        process.start()
    start.set()
    sums = [results.get(timeout=120) for _ in processes]
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    assert sums == [tiny()[0].lm_head.weight.double().sum().item()] * 2
    assert cache.expansions == 1
    assert intact(cache.folder)


def test_a_whole_cache_needs_no_right_to_write(cache, monkeypatch):
    """A class on one JupyterHub shares a cache that only its teacher may write."""
    load_smollm2()

    def refuse(_):
        raise AssertionError("a lock was asked for")

    monkeypatch.setattr(models, "_lock", refuse)
    load_smollm2()


def test_left_overs_of_a_process_that_was_ended_are_removed(cache):
    load_smollm2()
    flip_a_byte(cache.folder)
    left_over = cache.folder.with_name(cache.folder.name + ".part-1")
    left_over.mkdir()
    (left_over / "model.safetensors").write_bytes(b"half")
    load_smollm2()
    assert not left_over.exists()


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 256 kB, less than the tiny model needs."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "none", str(folder)]
    if sys.platform != "linux" or os.geteuid() or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("a small file system can only be mounted as root on Linux")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def check_full(cache, capsys):
    model, tokenizer = load_smollm2()
    said = capsys.readouterr().out.strip()
    assert re.fullmatch(r"SmolLM2 was not kept in .* \(the disk is full\) and is expanded each time\.", said)
    assert same_weights(model, tiny()[0])  # the model is there all the same
    assert tokenizer("a").input_ids == [0]
    assert not [path for path in cache.parent.iterdir() if path.is_dir()]  # and no half of a cache


def test_a_full_disk_gives_one_sentence_and_the_model(cache, small_disk, capsys):
    cache.parent = small_disk
    os.environ["ALIGNMENT_CACHE_DIR"] = str(small_disk)
    check_full(cache, capsys)


def test_a_full_disk_where_none_can_be_mounted(cache, monkeypatch, capsys):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(LlamaForCausalLM, "save_pretrained", full)
    check_full(cache, capsys)


def test_a_disk_that_fills_up_midway_leaves_other_caches_whole(cache, monkeypatch, capsys):
    """The tokenizer, written after the weights, finds no room; the cache of another model stays."""
    other = cache.parent / "another-model"
    other.mkdir(parents=True)
    (other / "weights").write_text("whole")

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(PreTrainedTokenizerFast, "save_pretrained", full)
    load_smollm2()
    assert "the disk is full" in capsys.readouterr().out
    assert [path.name for path in cache.parent.iterdir() if path.is_dir()] == ["another-model"]
    assert (other / "weights").read_text() == "whole"


def test_a_cache_folder_that_cannot_be_made_is_named(cache, tmp_path):
    (tmp_path / "file").write_text("no folder")
    os.environ["ALIGNMENT_CACHE_DIR"] = str(tmp_path / "file")
    with pytest.raises(MissingModel, match=r"cache folder .*file cannot be written.*ALIGNMENT_CACHE_DIR"):
        load_smollm2()


def test_a_hub_without_a_connection_is_one_sentence(monkeypatch, tmp_path, capfd):
    """In a process of its own, since transformers reads its settings when it is imported."""
    code = (
        "from utils.models import MissingModel, load_hub\n"
        "try:\n    load_hub('openai-community/gpt2')\n"
        "except MissingModel as error:\n    print(error)"
    )
    offline = os.environ | {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path)}
    result = subprocess.run(
        [sys.executable, "-c", code], env=offline, capture_output=True, text=True, timeout=120
    )
    assert result.stdout.startswith("openai-community/gpt2 could not be had from the hub"), result.stderr
    assert result.stdout.count("\n") == 1


@pytest.fixture
def hub(monkeypatch):
    """A socket in the hub's place, that takes connections and never answers; a short time to wait for it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{server.getsockname()[1]}")
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(models, "SECONDS", 0.3)
        yield server


def test_a_hub_that_takes_the_call_and_says_nothing_is_not_waited_for(hub):
    start = time.perf_counter()
    assert not models.hub_answers()
    assert time.perf_counter() - start < 2


def test_a_hub_that_cannot_be_called_or_named_does_not_answer(hub, monkeypatch):
    hub.close()
    assert not models.hub_answers()
    monkeypatch.setattr(
        models.requests, "head", lambda *_, **__: time.sleep(5)
    )  # a name server without answer
    start = time.perf_counter()
    assert not models.hub_answers()
    assert time.perf_counter() - start < 2


def test_a_hub_that_says_anything_answers(hub, monkeypatch):
    def speak():
        connection, _ = hub.accept()
        with connection:
            connection.recv(1000)
            connection.sendall(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")

    thread = threading.Thread(target=speak, daemon=True)
    thread.start()
    monkeypatch.setattr(models, "SECONDS", 10)
    assert models.hub_answers()
    thread.join(5)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert not models.hub_answers()


@pytest.mark.parametrize("silent", [True, False])
def test_where_the_hub_is_silent_its_cache_is_read(monkeypatch, silent):
    monkeypatch.setattr(models, "hub_answers", lambda: not silent)
    asked = []
    loaders = [lambda name, local_files_only: asked.append((name, local_files_only)) or len(asked)] * 2
    assert models.from_hub("some/model", *loaders) == [1, 2]
    assert asked == [("some/model", silent)] * 2


def test_a_model_that_is_nowhere_is_said_at_once_and_in_one_sentence(monkeypatch, tmp_path):
    monkeypatch.setattr(models, "hub_answers", lambda: False)
    with pytest.raises(MissingModel, match=r"^nobody/nothing could not be had from the hub \(it is silent"):
        load_hub("nobody/nothing")

    def needs(name, local_files_only):
        raise ImportError("\n\nIt needs a package.\nInstall it.")

    with pytest.raises(MissingModel, match=r"could not be loaded \(It needs a package\)$"):
        models.from_hub(str(tmp_path), needs)


def test_a_model_is_loaded_by_the_hub_loader_from_a_folder(tmp_path):
    for part in tiny():
        part.save_pretrained(tmp_path)
    model, _ = load_hub(str(tmp_path))
    assert same_weights(model, tiny()[0])


@pytest.mark.models
def test_smollm2_answers_and_its_loaders_are_silent(capfd):
    model, tokenizer = load_smollm2()
    assert capfd.readouterr() == ("", "")
    assert (model.config.num_hidden_layers, model.config.hidden_size) == (30, 576)
    question = [{"role": "user", "content": "What is the capital of France? Answer in one word."}]
    prompt = tokenizer.apply_chat_template(
        question, add_generation_prompt=True, return_tensors="pt", return_dict=True
    )
    answer = model.generate(**prompt, max_new_tokens=8, do_sample=False)[0, prompt["input_ids"].shape[1] :]
    assert "Paris" in tokenizer.decode(answer)


@pytest.mark.models
def test_smollm2s_tokenizer_is_the_models_in_every_version_of_transformers():
    model, tokenizer = load_smollm2()
    text = "Grüße aus 東京: 3.5 and 2023,\n\ttabs  and spaces. <|im_end|>"
    numbers = tokenizer(text).input_ids
    assert tokenizer.decode(numbers) == text
    assert numbers == tokenizer(text, add_special_tokens=False).input_ids  # none is put in front
    assert tokenizer("Hello world").input_ids == [19556, 905]  # as the reference tokenizer has it
    assert numbers[-1] == tokenizer.eos_token_id == tokenizer.pad_token_id
    assert len(tokenizer) == model.get_input_embeddings().num_embeddings
    with_prompt = tokenizer.apply_chat_template([{"role": "user", "content": "hi"}], tokenize=False)
    assert with_prompt.endswith("<|im_start|>user\nhi<|im_end|>\n")


@pytest.mark.models
def test_minilm_puts_paraphrases_together(capfd):
    model, tokenizer = load_minilm()
    assert capfd.readouterr() == ("", "")
    texts = ["The pole stands upright.", "The pole is vertical.", "Bread is baked in an oven."]
    vectors = embed(model, tokenizer, texts)
    torch.testing.assert_close(vectors.norm(dim=1), torch.ones(3))
    similarity = vectors @ vectors.T
    assert similarity[0, 1] > similarity[0, 2] + 0.3
    # Padding does not matter: a text alone gives the same vector.
    torch.testing.assert_close(embed(model, tokenizer, texts[:1])[0], vectors[0], rtol=1e-4, atol=1e-5)


@pytest.mark.models
def test_minilm_refuses_an_empty_text():
    model, tokenizer = load_minilm()
    for texts in ([], [""], ["a", " "]):
        with pytest.raises(ValueError, match="texts must hold at least one text and no empty ones"):
            embed(model, tokenizer, texts)


def test_both_wheels_are_named_with_a_version():
    for known in (SMOLLM2, MINILM):
        assert re.fullmatch(r"[a-z0-9-]+==\d[\d.]*", known.package)
        assert len(known.sha256) == 64
