"""utils.policy_model: which model is loaded, and what is said where it cannot be had."""

import torch
from torch import nn

from utils import policy_model
from utils.models import MissingModel


def small(*_args):
    return nn.Linear(2, 2), "a tokenizer"


def test_fast_scale_takes_smollm2_frozen(monkeypatch):
    monkeypatch.setattr(policy_model, "load_smollm2", small)
    model, tokenizer = policy_model.load_policy("fast", torch.float32)
    assert tokenizer == "a tokenizer"
    assert not any(p.requires_grad for p in model.parameters())


def test_full_scale_asks_the_hub_for_qwen(monkeypatch):
    asked = []
    monkeypatch.setattr(policy_model, "load_hub", lambda name, *rest: asked.append(name) or small())
    model, _ = policy_model.load_policy("full", torch.float32)
    assert asked == [policy_model.QWEN]
    assert not any(p.requires_grad for p in model.parameters())


def test_without_the_hub_full_scale_goes_on_and_says_so(monkeypatch, capsys):
    def missing(name, *_rest):
        raise MissingModel(f"{name} could not be had")

    monkeypatch.setattr(policy_model, "load_hub", missing)
    monkeypatch.setattr(policy_model, "load_smollm2", small)
    policy_model.load_policy("full", torch.float32)
    assert "Going on with SmolLM2-135M: Qwen/Qwen2.5-0.5B could not be had." in capsys.readouterr().out
