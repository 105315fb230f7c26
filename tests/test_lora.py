"""utils.lora: against merged weights, one group at a time, and at its start."""

import copy

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from utils.lora import GroupedLoRA


def make(groups=3, rank=2, first=1):
    """A random Llama of three blocks, its updates, and token numbers for two rows a group."""
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=20, hidden_size=8, intermediate_size=12, num_hidden_layers=3, num_attention_heads=2
    )
    model = LlamaForCausalLM(config).eval().requires_grad_(False)
    generator = torch.Generator().manual_seed(0)
    lora = GroupedLoRA(model, first, groups, rank, generator)
    return model, lora, torch.randint(20, (2 * groups, 5), generator=generator)


def randomise(lora):
    generator = torch.Generator().manual_seed(1)
    for B in lora.B:
        B.data = torch.randn(B.shape, generator=generator)


def test_at_the_start_the_model_is_the_frozen_one():
    model, lora, ids = make()
    adapted = model(ids).logits
    lora.remove()
    assert torch.equal(model(ids).logits, adapted)


def test_each_group_equals_a_model_with_merged_weights():
    model, lora, ids = make()
    randomise(lora)
    adapted = model(ids).logits
    lora.remove()
    for group in range(3):
        merged = copy.deepcopy(model)
        blocks = merged.model.layers[1:]
        linears = [linear for block in blocks for linear in (block.self_attn.o_proj, block.mlp.down_proj)]
        for linear, A, B in zip(linears, lora.A, lora.B, strict=True):
            linear.weight += (A[group] @ B[group]).T.detach()
        rows = slice(2 * group, 2 * group + 2)
        torch.testing.assert_close(adapted[rows], merged(ids[rows]).logits)


def test_only_the_group_of_a_row_gets_its_gradient():
    model, lora, ids = make()
    randomise(lora)
    model(ids).logits[2:4, -1, 0].sum().backward()
    for parameter in lora.parameters():
        assert parameter.grad[1].abs().sum() > 0
        assert parameter.grad[[0, 2]].abs().sum() == 0
    assert all(p.grad is None for p in model.parameters())


def test_off_gives_the_frozen_model_while_open():
    model, lora, ids = make()
    frozen = model(ids).logits
    randomise(lora)
    with lora.off():
        assert torch.equal(model(ids).logits, frozen)
    assert not torch.allclose(model(ids).logits, frozen)


def test_low_precision_models_keep_their_type():
    model, lora, ids = make()
    randomise(lora)
    assert model.bfloat16()(ids).logits.dtype == torch.bfloat16


def test_bad_input_is_refused():
    model, _, ids = make()
    with pytest.raises(ValueError, match="5 rows cannot be divided into 3"):
        model(ids[:5])
    for first, groups, rank in ((3, 1, 1), (0, 0, 1), (0, 1, 0)):
        with pytest.raises(ValueError, match="expected at least 1"):
            GroupedLoRA(model, first, groups, rank, torch.Generator())
