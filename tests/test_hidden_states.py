"""utils.hidden_states against one text at a time; its cache: damage, another model, a full disk, races."""

import multiprocessing
import types

import pytest
import torch
from transformers import BertConfig, BertModel, LlamaConfig, LlamaForCausalLM

from utils import hidden_states as module
from utils.hidden_states import compute, hidden_states
from utils.text import MARKER

TEXTS = ["a", "b a c d e f", "c b", "a b c d", "f e d c b a a"]


class Letters:
    """A tokenizer of letters; with a marker it stands for a decoder's, without one for an encoder's."""

    def __init__(self, marker=True):
        self.vocab = {letter: i + 1 for i, letter in enumerate("abcdef")} | ({MARKER: 9} if marker else {})

    def get_vocab(self):
        return self.vocab

    def convert_tokens_to_ids(self, token):
        return self.vocab[token]

    def __call__(self, text, **_):
        return types.SimpleNamespace(input_ids=[self.vocab[letter] for letter in text.split()])


def decoder():
    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "intermediate_size": 32, "num_attention_heads": 2, "vocab_size": 12}
    return LlamaForCausalLM(LlamaConfig(num_hidden_layers=3, **sizes)).eval()


def encoder():
    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "intermediate_size": 32, "num_attention_heads": 2, "vocab_size": 12}
    return BertModel(BertConfig(num_hidden_layers=3, **sizes)).eval()


SUBJECTS = {"decoder": (decoder, Letters()), "encoder": (encoder, Letters(marker=False))}


def naive(model, tokenizer, text, pooling):
    front = [tokenizer.vocab[MARKER]] if MARKER in tokenizer.vocab else []
    ids = torch.tensor([front + tokenizer(text).input_ids])
    with torch.no_grad():
        layers = torch.stack(model(ids, output_hidden_states=True).hidden_states)[:, 0]
    return layers[:, -1] if pooling == "last" else layers[:, len(front) :].mean(1)


@pytest.mark.parametrize("pooling", ["last", "mean"])
@pytest.mark.parametrize("batch_tokens", [1, 12, 1000])
@pytest.mark.parametrize("subject", SUBJECTS.values(), ids=SUBJECTS)
def test_batches_give_what_single_texts_give(subject, pooling, batch_tokens):
    model, tokenizer = subject[0](), subject[1]
    states = compute(model, tokenizer, TEXTS, pooling, batch_tokens)
    assert states.shape == (4, len(TEXTS), 16)
    for i, text in enumerate(TEXTS):
        torch.testing.assert_close(
            states[:, i].float(), naive(model, tokenizer, text, pooling), rtol=1e-2, atol=1e-2
        )


def test_layer_0_of_equal_bags_is_equal():
    states = compute(decoder(), Letters(), ["a b c", "c a b"], "mean")
    torch.testing.assert_close(states[0, 0], states[0, 1])
    assert not torch.allclose(states[-1, 0], states[-1, 1])


@pytest.fixture
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("ALIGNMENT_CACHE_DIR", str(tmp_path))
    return tmp_path / "hidden_states"


@pytest.fixture
def calls(monkeypatch):
    """How often states were computed."""
    made = []

    def counted(*args, **kwargs):
        made.append(args)
        return compute(*args, **kwargs)

    monkeypatch.setattr(module, "compute", counted)
    return made


def get(texts=TEXTS, pooling="mean", name="tiny"):
    return hidden_states(decoder(), Letters(), texts, pooling, name)


def test_the_second_call_reads_the_file(cache, calls):
    first = get()
    assert torch.equal(get(), first)
    assert len(calls) == 1
    assert len(list(cache.glob("*.safetensors"))) == 1


@pytest.mark.parametrize("change", [{"texts": TEXTS[:2]}, {"pooling": "last"}, {"name": "other"}])
def test_other_texts_another_pooling_or_another_model_are_not_mixed_up(cache, calls, change):
    get()
    torch.testing.assert_close(
        get(**change),
        compute(decoder(), Letters(), change.get("texts", TEXTS), change.get("pooling", "mean")),
    )
    assert len(calls) == 2


def test_a_new_version_of_the_code_computes_again(cache, calls, monkeypatch):
    get()
    monkeypatch.setattr(module, "VERSION", module.VERSION + 1)
    get()
    assert len(calls) == 2


DAMAGES = {
    "cut in half": lambda content: content[: len(content) // 2],
    "empty": lambda content: b"",
    "one bit turned": lambda content: content[:-9] + bytes([content[-9] ^ 1]) + content[-8:],
    "something else": lambda content: b"hello",
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_file_is_found_out_and_made_again(cache, calls, damage):
    first = get()
    (path,) = cache.glob("*.safetensors")
    path.write_bytes(damage(path.read_bytes()))
    assert torch.equal(get(), first)
    assert len(calls) == 2
    assert torch.equal(get(), first)
    assert len(calls) == 2


def test_with_a_full_disk_the_states_are_returned_all_the_same(cache, calls, monkeypatch, capsys):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "write", full)
    torch.testing.assert_close(get(), compute(decoder(), Letters(), TEXTS, "mean"))
    assert len(calls) == 1
    assert "No space left on device" in capsys.readouterr().out


def test_safetensors_own_error_leaves_no_part_behind(cache, monkeypatch):
    def full(*_, **__):
        raise module.SafetensorError("No space left on device")

    monkeypatch.setattr(module, "save_file", full)
    get()
    assert [path.name for path in cache.iterdir() if not path.name.endswith(".lock")] == []


def test_a_folder_that_cannot_be_made_does_not_stop_the_lab(monkeypatch, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ALIGNMENT_CACHE_DIR", str(tmp_path / "file"))
    assert get().shape == (4, len(TEXTS), 16)
    assert "computed each time" in capsys.readouterr().out


def _work(folder, queue):
    import os

    os.environ["ALIGNMENT_CACHE_DIR"] = str(folder)
    torch.set_num_threads(1)
    queue.put(get().float().sum().item())


def test_two_processes_agree(tmp_path):
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    workers = [context.Process(target=_work, args=(tmp_path, queue)) for _ in range(2)]
    for worker in workers:
        worker.start()
    sums = [queue.get(timeout=60) for _ in workers]
    for worker in workers:
        worker.join()
    assert sums[0] == sums[1]
    assert len(list((tmp_path / "hidden_states").glob("*.safetensors"))) == 1


@pytest.mark.parametrize(
    ("texts", "pooling", "message"),
    [([], "mean", "at least one text"), (["a", " "], "mean", "no empty ones"), (["a"], "max", "'max'")],
)
def test_bad_input_is_named(texts, pooling, message):
    with pytest.raises(ValueError, match=message):
        compute(decoder(), Letters(), texts, pooling)
