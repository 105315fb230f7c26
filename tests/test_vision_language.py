"""The path to a vision-language model: a real architecture with random weights, and what goes wrong."""

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import (
    Idefics3Config,
    Idefics3ForConditionalGeneration,
    PreTrainedTokenizerFast,
)

from utils.judges import CachedJudge, SymmetrisedJudge, TextJudge
from utils.models import MissingModel
from utils.scenes import overlay, swap_colours
from utils.vision_language import asker, load_vision_language

SPECIAL = ["<pad>", "<unk>", "<image>", "<fake_token_around_image>", "<global-img>", "<end_of_utterance>"]
PROMPT = "Which free end is higher ? Answer green or blue ."
WORDS = ["User", "Assistant", ":", *PROMPT.split()]
TEMPLATE = (
    "{% for m in messages %}{{ m['role'].capitalize() }} :{% for c in m['content'] %}"
    "{% if c['type'] == 'image' %}<image>{% else %} {{ c['text'] }}{% endif %}{% endfor %}"
    "<end_of_utterance>{% endfor %}{% if add_generation_prompt %} Assistant :{% endif %}"
)


@pytest.fixture(scope="module")
def tiny():
    """SmolVLM's architecture, a few thousand random weights, a vocabulary of some twenty words."""
    from transformers.models.idefics3.image_processing_pil_idefics3 import Idefics3ImageProcessorPil
    from transformers.models.idefics3.processing_idefics3 import Idefics3Processor

    tokenizer = Tokenizer(models.WordLevel({w: i for i, w in enumerate(SPECIAL + WORDS)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", unk_token="<unk>", extra_special_tokens=SPECIAL[2:]
    )
    size = {"longest_edge": 32}
    images = Idefics3ImageProcessorPil(size=size, max_image_size=size, do_image_splitting=False)
    processor = Idefics3Processor(images, fast, image_seq_len=4, chat_template=TEMPLATE)
    blocks = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    text = blocks | {
        "model_type": "llama",
        "vocab_size": len(SPECIAL + WORDS),
        "num_key_value_heads": 2,
        "pad_token_id": 0,
    }
    torch.manual_seed(0)
    config = Idefics3Config(
        vision_config=blocks | {"image_size": 32, "patch_size": 8},
        text_config=text,
        image_token_id=2,
        scale_factor=2,
        pad_token_id=0,
    )
    return Idefics3ForConditionalGeneration(config).eval(), processor


def test_a_real_architecture_answers_once_for_every_picture(tiny):
    images = overlay(torch.tensor([0.0, 1, 2]), torch.tensor([1.0, 2, 3]), 32)
    ask = asker(*tiny, max_new_tokens=3)
    texts = ask(images, PROMPT)
    assert len(texts) == 3
    assert all(set(text.split()) <= set(WORDS) for text in texts)
    assert texts == [ask(image[None], PROMPT)[0] for image in images], "temperature 0, one or many"


def test_the_model_sees_the_picture_and_the_prompt(tiny, monkeypatch):
    model, processor = tiny
    seen = {}

    def generate(**inputs):
        seen.update(inputs)
        words = torch.full((len(inputs["input_ids"]), 1), (SPECIAL + WORDS).index("blue"))
        return torch.cat([inputs["input_ids"], words], dim=1)

    monkeypatch.setattr(model, "generate", generate)
    judge = TextJudge("tiny", asker(model, processor), {"higher": PROMPT}, batch=2)
    images = overlay(torch.tensor([0.0, 1, 2]), torch.tensor([1.0, 2, 3]), 32)
    assert judge.compare(images, "higher").tolist() == [1, 1, 1]
    assert judge.outcomes == {"answer": 3}
    assert seen["do_sample"] is False
    (text,) = processor.batch_decode(seen["input_ids"], skip_special_tokens=True)
    assert text.split() == ["User", ":", *PROMPT.split(), "Assistant", ":"]
    assert (seen["input_ids"] == 2).sum() == 4, "the picture's four tokens"
    pixels = seen["pixel_values"].flatten(0, 1)
    torch.testing.assert_close(pixels[0] / 2 + 0.5, images[2], atol=2 / 255, rtol=0)


def test_a_model_that_always_says_blue_has_no_clear_answer_and_is_asked_once(tiny, monkeypatch, tmp_path):
    model, processor = tiny

    def generate(**inputs):
        words = torch.full((len(inputs["input_ids"]), 1), (SPECIAL + WORDS).index("blue"))
        return torch.cat([inputs["input_ids"], words], dim=1)

    monkeypatch.setattr(model, "generate", generate)
    judge = TextJudge("tiny", asker(model, processor), {"higher": PROMPT, "goal": PROMPT}, batch=4)
    cached = CachedJudge(judge, tmp_path / "answers.jsonl")
    both = SymmetrisedJudge(cached, swap_colours, flips=True)
    images = overlay(torch.tensor([0.0, 1, 2]), torch.tensor([1.0, 2, 3]), 32)
    for question in ("higher", "goal", "goal"):
        assert both.compare(images, question).tolist() == [0.5] * 3
        assert both.asymmetry(images, question).tolist() == [0.5] * 3
    assert cached.asked == 12, "three pictures, two questions, two orders, each once"


def test_it_loads_what_a_folder_of_the_hub_holds(tiny, tmp_path):
    for part in tiny:
        part.save_pretrained(tmp_path)
    images = overlay(torch.tensor([0.0, 1]), torch.tensor([1.0, 2]), 32)
    loaded = asker(*load_vision_language(str(tmp_path)))
    assert loaded(images, PROMPT) == asker(*tiny)(images, PROMPT)


def test_a_model_that_cannot_be_had_is_said_in_one_sentence(tmp_path):
    with pytest.raises(MissingModel, match=f"{tmp_path} could not be loaded"):
        load_vision_language(str(tmp_path))


def test_a_model_on_a_silent_hub_is_said_in_one_sentence(monkeypatch):
    monkeypatch.setattr("utils.models.hub_answers", lambda: False)
    with pytest.raises(MissingModel, match=r"^nobody/nothing could not be had from the hub \(it is silent"):
        load_vision_language("nobody/nothing")
