"""utils.plain_policy on a tiny random model: against a loop, enumeration, and its own samples."""

import itertools

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from utils.activations import resid_post, run_with_cache
from utils.lora import GroupedLoRA
from utils.plain_policy import Answers, PlainPolicy, plain_vocabulary
from utils.text import MARKER

WORDS = ["ab", "cd", "The", "gh", "7", "Ef", "x9"]


def tokenizer():
    vocabulary = {word: i for i, word in enumerate([*WORDS, MARKER])}
    words = Tokenizer(models.WordLevel(vocabulary, unk_token=MARKER))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    return PreTrainedTokenizerFast(tokenizer_object=words, unk_token=MARKER)


@pytest.fixture(scope="module")
def policy():
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=8,
        hidden_size=16,
        intermediate_size=24,
        num_hidden_layers=3,
        num_attention_heads=2,
        initializer_range=0.6,
    )
    model = LlamaForCausalLM(config).eval().requires_grad_(False)
    return PlainPolicy(model, tokenizer(), ["ab cd", "gh ab"], length=3, cut=2)


def answers(policy, which, tokens):
    """Answers with these tokens, their stream read by run_with_cache."""
    ids = torch.cat([policy.prompts[which], policy.vocabulary[tokens]], dim=1)
    layer = policy.cut - 1
    return Answers(which, tokens, run_with_cache(policy.model, ids, [layer])[resid_post(layer)])


def every_answer(policy, prompt):
    tokens = torch.tensor(list(itertools.product(range(4), repeat=policy.length)))
    return answers(policy, torch.full((len(tokens),), prompt), tokens)


def test_the_plain_vocabulary_has_words_and_nothing_else():
    kept = plain_vocabulary(tokenizer())
    assert [WORDS[i] for i in kept] == ["ab", "cd", "The", "gh"]
    assert plain_vocabulary(tokenizer(), most_frequent=2).tolist() == [0, 1]
    with pytest.raises(ValueError, match="none of the first 0"):
        plain_vocabulary(tokenizer(), most_frequent=0)


def test_probabilities_of_all_answers_sum_to_one(policy):
    for prompt in (0, 1):
        assert float(policy.logprob(every_answer(policy, prompt)).exp().sum()) == pytest.approx(1, abs=1e-4)


def test_log_probabilities_equal_a_loop_over_tokens(policy):
    which, tokens = torch.tensor([1, 0]), torch.tensor([[0, 3, 1], [2, 2, 0]])
    want = torch.zeros(2)
    for row in range(2):
        ids = policy.prompts[which[row]].tolist()
        for token in tokens[row].tolist():
            logits = policy.model(torch.tensor([ids])).logits[0, -1, policy.vocabulary]
            want[row] += logits.log_softmax(-1)[token]
            ids.append(int(policy.vocabulary[token]))
    torch.testing.assert_close(policy.logprob(answers(policy, which, tokens)), want)


def test_samples_have_the_frequencies_of_the_log_probabilities(policy):
    p = policy.logprob(every_answer(policy, 0)).exp()
    drawn = policy.sample(torch.zeros(20_000, dtype=torch.long), torch.Generator().manual_seed(0))
    counts = torch.bincount(drawn.tokens @ torch.tensor([16, 4, 1]), minlength=64) / len(drawn.tokens)
    # Each count is binomial; five standard deviations over 64 of them.
    assert bool(((counts - p).abs() < 5 * (p * (1 - p) / 20_000).sqrt() + 1e-4).all())


def test_the_stream_kept_while_sampling_is_that_of_a_whole_pass(policy):
    drawn = policy.sample(torch.tensor([0, 1, 1]), torch.Generator().manual_seed(0), batch_size=2)
    whole = answers(policy, drawn.which, drawn.tokens)
    torch.testing.assert_close(drawn.stream, whole.stream, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(policy.state(drawn), whole.stream[:, 3:].mean(1), rtol=1e-4, atol=1e-4)


def test_leading_axes_are_kept(policy):
    flat = policy.sample(torch.tensor([0, 1, 1, 0]), torch.Generator().manual_seed(0))
    square = Answers(*(field.view(2, 2, *field.shape[1:]) for field in flat))
    torch.testing.assert_close(policy.logprob(square).flatten(), policy.logprob(flat))
    assert policy.texts(square) == policy.texts(flat)
    assert policy.state(square).shape == (2, 2, 16)


def test_updates_above_the_cut_change_log_probabilities_and_not_the_stream(policy):
    which, tokens = torch.tensor([0, 1, 1, 0]), torch.tensor([[0, 1, 2], [3, 3, 3], [1, 0, 2], [2, 2, 1]])
    before = answers(policy, which, tokens)
    frozen = policy.logprob(before)
    lora = GroupedLoRA(policy.model, policy.cut, 2, 3, torch.Generator().manual_seed(0))
    for B in lora.B:
        B.data.normal_(generator=torch.Generator().manual_seed(1))
    after = answers(policy, which, tokens)
    changed = policy.logprob(before)
    torch.testing.assert_close(after.stream, before.stream)
    assert changed.requires_grad
    assert not torch.allclose(changed, frozen)
    with lora.off():
        torch.testing.assert_close(policy.logprob(before), frozen)
    lora.remove()


def test_a_low_temperature_sharpens(policy):
    warm, cold = (
        PlainPolicy(policy.model, policy.tokenizer, ["ab cd"], length=1, cut=2, temperature=t)
        for t in (1.0, 0.5)
    )
    every = every_answer(warm, 0)
    torch.testing.assert_close(cold.logprob(every), (2 * warm.logprob(every)).log_softmax(0))


def test_texts_have_the_prompt_and_not_the_marker(policy):
    (text,) = policy.texts(answers(policy, torch.tensor([1]), torch.tensor([[2, 2, 0]])))
    assert text.split() == ["gh", "ab", "The", "The", "ab"]


@pytest.mark.parametrize(
    ("prompts", "changes", "message"),
    [
        (["ab", "ab cd"], {}, "same number for all"),
        (["ab"], {"temperature": 0}, "temperature is 0"),
        (["ab"], {"cut": 0}, "cut is 0, expected between 1 and 2"),
        (["ab"], {"cut": 3}, "cut is 3"),
    ],
)
def test_bad_input_is_refused(policy, prompts, changes, message):
    with pytest.raises(ValueError, match=message):
        PlainPolicy(policy.model, tokenizer(), prompts, **({"length": 3, "cut": 1} | changes))
