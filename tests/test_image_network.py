"""utils.image_network: a real network that knows pictures, and layers that are those of its forward pass."""

import pytest
import torch
from sklearn.datasets import load_sample_image

from utils.image_network import layer_outputs, load_efficientnet, preprocess


@pytest.fixture(scope="module")
def model():
    return load_efficientnet()


def photograph(name):
    return torch.tensor(load_sample_image(name).copy()).permute(2, 0, 1)[None] / 255


@pytest.mark.models
def test_it_recognises_a_photograph(model):
    # 985 is the class "daisy", which comes nearest to the flower in the picture.
    with torch.no_grad():
        assert 985 in model(preprocess(photograph("flower.jpg"))).topk(3).indices


@pytest.mark.models
def test_layers_are_those_of_the_forward_pass(model):
    images = torch.rand(3, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    outputs = layer_outputs(model, images, batch_size=2)
    with torch.no_grad():
        logits = model(preprocess(images))
        features = model._bn0(model._conv_stem(preprocess(images)))
        stem = model._swish(features) if hasattr(model, "_swish") else features
    assert list(outputs)[:2] == ["stem", "block 0"]
    assert len(outputs) == 19
    torch.testing.assert_close(outputs["logits"], logits, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(outputs["stem"], features, rtol=1e-4, atol=1e-5)
    assert stem.shape == outputs["stem"].shape
    assert not model._bn0._forward_hooks  # what was attached is gone


def test_scaling_is_the_published_one():
    pixels = torch.full((1, 3, 224, 224), 127 / 255)
    assert preprocess(pixels).abs().max() < 1e-5
    assert preprocess(torch.ones(1, 3, 30, 40)).shape == (1, 3, 224, 224)
    torch.testing.assert_close(preprocess(torch.ones(1, 3, 224, 224)), torch.ones(1, 3, 224, 224))


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (torch.rand(3, 8, 8), r"shape \(3, 8, 8\), expected \(n, 3, height, width\)"),
        (torch.rand(1, 3, 8, 8) * 255, "outside"),
        (torch.full((1, 3, 8, 8), float("nan")), "NaN"),
    ],
)
def test_bad_pictures_are_named(images, message):
    with pytest.raises(ValueError, match=message):
        preprocess(images)
