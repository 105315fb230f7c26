"""utils.activations against the model's own hidden states, on tiny random models and on SmolLM2."""

import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

from utils.activations import edit_residual, layers, resid_post, run_with_cache
from utils.models import load_smollm2

CLOSE = {"rtol": 1e-5, "atol": 1e-5}


def gpt2():
    torch.manual_seed(0)
    return GPT2LMHeadModel(GPT2Config(n_layer=4, n_head=2, n_embd=16, vocab_size=50, n_positions=32)).eval()


def llama():
    torch.manual_seed(0)
    config = LlamaConfig(
        num_hidden_layers=4,
        hidden_size=16,
        intermediate_size=32,
        num_attention_heads=2,
        num_key_value_heads=1,
        vocab_size=50,
    )
    return LlamaForCausalLM(config).eval()


@pytest.fixture(params=[gpt2, llama], ids=["gpt2", "llama"])
def model(request):
    return request.param()


@pytest.fixture
def tokens():
    return torch.randint(50, (3, 7), generator=torch.Generator().manual_seed(1))


def final_norm(model):
    return model.transformer.ln_f if hasattr(model, "transformer") else model.model.norm


def agree_with_hidden_states(model, tokens, mask=None):
    """hidden_states[l + 1] is the stream after block l; the last one went through the final norm too."""
    with torch.no_grad():
        states = model(tokens, attention_mask=mask, output_hidden_states=True).hidden_states
    count = len(layers(model))
    cache = run_with_cache(model, tokens, range(count), mask)
    assert list(cache) == [resid_post(layer) for layer in range(count)]
    for layer in range(count - 1):
        torch.testing.assert_close(cache[resid_post(layer)], states[layer + 1], **CLOSE)
    with torch.no_grad():
        torch.testing.assert_close(final_norm(model)(cache[resid_post(count - 1)]), states[-1], **CLOSE)


def test_the_cache_equals_output_hidden_states(model, tokens):
    agree_with_hidden_states(model, tokens)


def test_the_mask_reaches_the_model(model, tokens):
    mask = torch.ones_like(tokens)
    mask[:, :2] = 0
    agree_with_hidden_states(model, tokens, mask)


@pytest.mark.models
def test_the_cache_equals_output_hidden_states_of_smollm2():
    model, tokenizer = load_smollm2()
    tokens = tokenizer("Superposition keeps more features than dimensions.", return_tensors="pt").input_ids
    agree_with_hidden_states(model, tokens)


def test_blocks_after_the_last_one_read_are_not_run(model, tokens):
    ran = []
    for number, block in enumerate(layers(model)):
        block.register_forward_hook(lambda *_, number=number: ran.append(number))
    head = []
    model.get_output_embeddings().register_forward_hook(lambda *_: head.append(1))
    run_with_cache(model, tokens, [1])
    assert (ran, head) == ([0, 1], [])


def hooks(model):
    return sum(len(module._forward_hooks) + len(module._forward_pre_hooks) for module in model.modules())


def test_hooks_are_gone_afterwards_and_after_an_exception(model, tokens):
    before = hooks(model)
    run_with_cache(model, tokens, [0, 2])
    assert hooks(model) == before
    with pytest.raises(IndexError):
        run_with_cache(model, tokens + 1000, [0])  # no such token
    assert hooks(model) == before

    def fail(_):
        raise RuntimeError("inside the edit")

    with pytest.raises(RuntimeError, match="inside the edit"), edit_residual(model, 1, fail):
        model(tokens)
    assert hooks(model) == before


@torch.no_grad()
def test_an_edit_by_the_identity_changes_no_logit(model, tokens):
    plain = model(tokens).logits
    with edit_residual(model, 1, lambda x: x):
        assert model(tokens).logits.equal(plain)


@torch.no_grad()
def test_an_edit_changes_the_logits_from_its_position_on(model, tokens):
    plain = model(tokens).logits

    def edit(x):
        x = x.clone()
        x[:, 3] += 5 * torch.randn(x.shape[-1], generator=torch.Generator().manual_seed(2))
        return x

    with edit_residual(model, 1, edit):
        edited = model(tokens).logits
    assert edited[:, :3].equal(plain[:, :3])  # causal: nothing before the edit changes
    assert ((edited - plain).abs().amax((0, 2))[3:] > 1e-4).all()
    assert model(tokens).logits.equal(plain)


@torch.no_grad()
def test_putting_a_cached_stream_back_gives_the_other_text_its_logits(model, tokens):
    """Patching the whole stream of text B into text A at one block gives B's logits."""
    other = tokens.flip(0)
    stream = run_with_cache(model, other, [2])[resid_post(2)]
    with edit_residual(model, 2, lambda _: stream):
        patched = model(tokens).logits
    torch.testing.assert_close(patched, model(other).logits, **CLOSE)


def test_a_generator_of_layers_is_read_once(model, tokens):
    assert list(run_with_cache(model, tokens, iter([2, 0, 2]))) == [resid_post(0), resid_post(2)]


TOKENS = torch.zeros(2, 5, dtype=torch.long)
BAD = [
    (lambda m: run_with_cache(m, TOKENS[:0], [0]), "input_ids has shape .0, 5.*at least one token"),
    (lambda m: run_with_cache(m, TOKENS[:, :0], [0]), "was a text empty"),
    (
        lambda m: run_with_cache(m, TOKENS[0], [0]),
        r"input_ids has shape \(5,\), expected \(batch, position\)",
    ),
    (lambda m: run_with_cache(m, TOKENS.float(), [0]), "input_ids is torch.float32, expected token numbers"),
    (lambda m: run_with_cache(m, TOKENS, [4]), "layers are .4., expected numbers from 0 to 3"),
    (lambda m: run_with_cache(m, TOKENS, [-1]), "layers are .-1., expected numbers from 0 to 3"),
    (lambda m: run_with_cache(m, TOKENS, []), "layers is empty"),
    (lambda m: run_with_cache(m, TOKENS, [0], TOKENS[:1]), "attention_mask has shape .1, 5., expected .2, 5"),
    (lambda m: edited(m, 9, lambda x: x), "layers are .9."),
    (lambda m: edited(m, 0, lambda x: x[:, :1]), "edit returned shape .2, 1, 16., expected .2, 5, 16"),
    (lambda m: edited(m, 0, lambda x: x * torch.nan), "edit returned NaN or infinity after block 0"),
]


def edited(model, layer, edit):
    with edit_residual(model, layer, edit):
        model(TOKENS)


@pytest.mark.parametrize(("wrong", "message"), BAD)
def test_bad_input_names_the_argument(wrong, message):
    with pytest.raises(ValueError, match=message):
        wrong(gpt2())


@pytest.mark.models
def test_an_empty_text_is_named_as_the_cause():
    model, tokenizer = load_smollm2()
    with pytest.raises(ValueError, match="was a text empty"):
        run_with_cache(model, tokenizer("", return_tensors="pt").input_ids, [0])


def test_a_model_without_blocks_is_refused():
    with pytest.raises(ValueError, match="Linear has no list of"):
        layers(torch.nn.Linear(2, 2))
