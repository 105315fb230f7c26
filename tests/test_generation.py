"""utils.generation against transformers, one prompt at a time, and a loop without cache or padding."""

import pytest
import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from utils.generation import chat, continuation_logprobs, left_padded, next_token_logprobs, sample

PROMPTS = ["a b c a", "c", "b b a c b a"]
TEMPLATE = "{% for turn in messages %}{{ turn.role }} {{ turn.content }} end {% endfor %}a"


def tiny(seed=0):
    """A random Llama that knows five words, with logits far enough apart to matter."""
    torch.manual_seed(seed)
    config = LlamaConfig(
        num_hidden_layers=2,
        hidden_size=32,
        intermediate_size=64,
        num_attention_heads=2,
        num_key_value_heads=2,
        vocab_size=6,
    )
    words = Tokenizer(WordLevel({"a": 0, "b": 1, "c": 2, "end": 3, "[UNK]": 4, "pad": 5}, unk_token="[UNK]"))
    words.pre_tokenizer = Whitespace()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=words, unk_token="[UNK]", eos_token="end", pad_token="pad"
    )
    tokenizer.chat_template = TEMPLATE
    model = LlamaForCausalLM(config).eval()
    model.lm_head.weight.data *= 20
    return model, tokenizer


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@torch.no_grad()
def slow_logprobs(model, tokenizer, prompt, continuation):
    """One pair, one token at a time, without cache, padding or batch."""
    ids, total = tokenizer(prompt)["input_ids"], 0.0
    for token in tokenizer(continuation)["input_ids"]:
        total += model(torch.tensor([ids])).logits[0, -1].log_softmax(-1)[token].item()
        ids = [*ids, token]
    return total


def test_greedy_continuations_are_those_of_transformers_prompt_by_prompt():
    model, tokenizer = tiny()
    ours = sample(
        model, tokenizer, PROMPTS, generator=generator(), temperature=0, max_new_tokens=6, batch_size=2
    )
    for i, prompt in enumerate(PROMPTS):
        ids = torch.tensor([tokenizer(prompt)["input_ids"]])
        theirs = model.generate(ids, max_new_tokens=6, do_sample=False, eos_token_id=3, pad_token_id=5)[
            0, ids.shape[1] :
        ]
        assert ours.tokens[i][ours.mask[i]].tolist() == theirs.tolist()


def test_draws_have_the_models_probabilities():
    model, tokenizer = tiny()
    n = 4000
    for temperature in (0.5, 2.0):
        drawn = sample(
            model,
            tokenizer,
            ["a b"] * n,
            generator=generator(),
            temperature=temperature,
            max_new_tokens=1,
            batch_size=n,
        )
        with torch.no_grad():
            p = (model(torch.tensor([[0, 1]])).logits[0, -1] / temperature).softmax(-1)
        shares = drawn.tokens[:, 0].bincount(minlength=6) / n
        assert (shares - p).abs().max() < 4 * (0.25 / n) ** 0.5


def test_a_low_temperature_is_greedy_and_a_generator_decides_everything():
    model, tokenizer = tiny()
    cold = sample(model, tokenizer, PROMPTS, generator=generator(), temperature=1e-6, max_new_tokens=5)
    greedy = sample(model, tokenizer, PROMPTS, generator=generator(), temperature=0, max_new_tokens=5)
    assert cold.texts == greedy.texts
    first, again, other = (
        sample(model, tokenizer, PROMPTS * 5, generator=generator(seed), temperature=5.0, max_new_tokens=8)
        for seed in (1, 1, 2)
    )
    assert first.texts == again.texts
    assert first.texts != other.texts


def test_after_the_end_token_there_is_only_padding():
    model, tokenizer = tiny()
    drawn = sample(
        model,
        tokenizer,
        ["a"] * 200,
        generator=generator(),
        temperature=10.0,
        max_new_tokens=12,
        batch_size=64,
    )
    assert 0 < drawn.finished.sum() < 200
    for tokens, mask, finished, text in zip(
        drawn.tokens, drawn.mask, drawn.finished, drawn.texts, strict=True
    ):
        length = int(mask.sum())
        assert mask[:length].all()
        assert (tokens[length:] == tokenizer.pad_token_id).all()
        assert (3 in tokens[: length - 1].tolist()) is False
        assert bool(finished) == (tokens[length - 1].item() == 3)
        assert "end" not in text


def test_logprobs_equal_the_slow_loop():
    model, tokenizer = tiny()
    continuations = ["b", "c c a end", "a b"]
    fast = continuation_logprobs(model, tokenizer, PROMPTS, continuations, batch_size=2)
    slow = [slow_logprobs(model, tokenizer, *pair) for pair in zip(PROMPTS, continuations, strict=True)]
    torch.testing.assert_close(fast, torch.tensor(slow), rtol=1e-4, atol=1e-4)
    words = next_token_logprobs(model, tokenizer, PROMPTS, ["a", "c"], batch_size=2)
    slow = [[slow_logprobs(model, tokenizer, prompt, word) for word in ("a", "c")] for prompt in PROMPTS]
    torch.testing.assert_close(words, torch.tensor(slow), rtol=1e-4, atol=1e-4)


def test_shared_beginnings_are_read_once_and_change_nothing():
    model, tokenizer = tiny()
    stems = ["a b c a b c b a c", "a b c a b c b a b", "c", "b b"]  # the first two have most in common
    prompts = [f"{stem} {end}" for end in ("a", "b c", "b") for stem in stems] + ["c", "c"]
    slow = torch.tensor([[slow_logprobs(model, tokenizer, p, word) for word in ("a", "c")] for p in prompts])
    for batch_size in (1, 5, 32):
        fast = next_token_logprobs(model, tokenizer, prompts, ["a", "c"], batch_size)
        torch.testing.assert_close(fast, slow, rtol=1e-4, atol=1e-4)
    alone = next_token_logprobs(model, tokenizer, prompts[:1], ["a", "c"])
    torch.testing.assert_close(alone, slow[:1], rtol=1e-4, atol=1e-4)

    read = []
    model.register_forward_pre_hook(lambda *args: read.append(args[2]["input_ids"].numel()), with_kwargs=True)
    next_token_logprobs(model, tokenizer, ["a b c " * 30 + end for end in ("a", "b", "c c")], ["a"])
    assert 90 < sum(read) < 100  # and not 274


def test_words_that_are_the_whole_vocabulary_share_a_probability_of_one():
    model, tokenizer = tiny()
    words = ["a", "b", "c", "end", "[UNK]", "pad"]
    total = next_token_logprobs(model, tokenizer, PROMPTS, words).exp().sum(-1)
    torch.testing.assert_close(total, torch.ones(3))


def test_the_chat_template_is_the_models_own():
    assert chat(tiny()[1], "b", system="c") == "system c end user b end a"


def test_bad_input_is_named():
    model, tokenizer = tiny()
    with pytest.raises(ValueError, match="temperature -1"):
        sample(model, tokenizer, ["a"], generator=generator(), temperature=-1)
    with pytest.raises(ValueError, match="max_new_tokens 0"):
        sample(model, tokenizer, ["a"], generator=generator(), max_new_tokens=0)
    with pytest.raises(ValueError, match="prompts is empty"):
        sample(model, tokenizer, [], generator=generator())
    with pytest.raises(ValueError, match="at least one token"):
        sample(model, tokenizer, ["a", ""], generator=generator())
    with pytest.raises(ValueError, match="one token each"):
        next_token_logprobs(model, tokenizer, ["a"], ["a", "b c"])
    with pytest.raises(ValueError, match="all different"):
        next_token_logprobs(model, tokenizer, ["a"], ["a", "a"])
    with pytest.raises(ValueError, match="at least one token"):
        next_token_logprobs(model, tokenizer, ["a", ""], ["a"])
    with pytest.raises(ValueError, match="2 prompts and 1"):
        continuation_logprobs(model, tokenizer, ["a", "b"], ["c"])
    with pytest.raises(ValueError, match="at least one token"):
        continuation_logprobs(model, tokenizer, ["a"], [""])
    with pytest.raises(ValueError, match="at least one token"):
        left_padded([[]], 0, "cpu")
