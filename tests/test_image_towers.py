"""utils.image_towers: the hidden states of small networks of the three kinds, saved as the hub saves them."""

import pytest
import torch
from transformers import (
    CLIPConfig,
    CLIPModel,
    Dinov2Config,
    Dinov2Model,
    ResNetConfig,
    ResNetForImageClassification,
    ResNetModel,
)

from utils import models
from utils.image_towers import CLIP, hub_layer_outputs
from utils.models import MissingModel
from utils.pictures import IMAGENET

SMALL = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}


def small(kind):
    if kind == "resnet":
        return ResNetModel(ResNetConfig(embedding_size=8, hidden_sizes=[8, 12], depths=[1, 1]))
    if kind == "dinov2":
        return Dinov2Model(Dinov2Config(**SMALL, image_size=224, patch_size=56))
    vision = SMALL | {"image_size": 224, "patch_size": 56}
    text = SMALL | {"vocab_size": 20, "eos_token_id": 2, "bos_token_id": 1, "pad_token_id": 0}
    return CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=8))


@pytest.mark.parametrize("kind", ["resnet", "dinov2", "clip"])
def test_layers_are_those_of_the_network(kind, tmp_path):
    torch.manual_seed(0)
    model = small(kind).eval()
    model.save_pretrained(tmp_path / kind)
    images = torch.rand(3, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    outputs = hub_layer_outputs(str(tmp_path / kind), images, batch_size=2)
    mean, std = (torch.tensor(v)[:, None, None] for v in (CLIP if kind == "clip" else IMAGENET))
    tower = model.vision_model if kind == "clip" else model
    with torch.no_grad():
        states = tower((images - mean) / std, output_hidden_states=True).hidden_states
    assert len(outputs) == len(states)
    for got, want in zip(outputs, states, strict=True):
        torch.testing.assert_close(got, want.flatten(1), rtol=1e-4, atol=1e-5)


def test_the_classifier_is_left_out_without_a_word(tmp_path, capfd):
    config = ResNetConfig(embedding_size=8, hidden_sizes=[8, 12], depths=[1, 1], num_labels=3)
    ResNetForImageClassification(config).save_pretrained(tmp_path / "resnet")
    capfd.readouterr()
    hub_layer_outputs(str(tmp_path / "resnet"), torch.rand(2, 3, 60, 60))
    assert "".join(capfd.readouterr()) == ""


def test_pictures_of_any_size_are_taken(tmp_path):
    small("resnet").save_pretrained(tmp_path / "resnet")
    assert len(hub_layer_outputs(str(tmp_path / "resnet"), torch.rand(2, 3, 175, 175).double())) == 3


def test_a_silent_hub_is_named(monkeypatch):
    monkeypatch.setattr(models, "hub_answers", lambda: False)
    with pytest.raises(MissingModel, match=r"nobody/nothing could not be had from the hub \(it is silent"):
        hub_layer_outputs("nobody/nothing", torch.rand(1, 3, 224, 224))
