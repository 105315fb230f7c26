"""A vision-language model from the hub as one who can be asked: pictures and a prompt in, words out."""

from collections.abc import Callable
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor

from utils.models import from_hub


def load_vision_language(
    name: str, dtype: torch.dtype = torch.float32, device: torch.device | str = "cpu"
) -> tuple:
    """A model and its processor from the Hugging Face hub, such as "HuggingFaceTB/SmolVLM-Instruct".

    Only safetensors are read, never pickles. Raises MissingModel if the hub does not answer or does not have
    the model, or if the model's processor needs a package that is not there.
    """
    from transformers import AutoModelForImageTextToText, AutoProcessor

    load_model = partial(AutoModelForImageTextToText.from_pretrained, dtype=dtype, use_safetensors=True)
    processor, model = from_hub(name, AutoProcessor.from_pretrained, load_model)
    return model.to(device).eval(), processor


def asker(model, processor, max_new_tokens: int = 12) -> Callable[[Float[Tensor, "n 3 h w"], str], list[str]]:
    """(pictures, prompt) → one text a picture, the most probable words (temperature 0).

    Every picture is one user turn: the picture, then the prompt, in the model's own chat template.
    """
    from PIL import Image

    @torch.no_grad()
    def ask(images: Float[Tensor, "n 3 h w"], prompt: str) -> list[str]:
        pixels = (255 * images).round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()
        pictures = [[Image.fromarray(picture)] for picture in pixels]
        content = [{"type": "image"}, {"type": "text", "text": prompt}]
        turn = processor.apply_chat_template(
            [{"role": "user", "content": content}], add_generation_prompt=True
        )
        # The pictures have one size and the prompt is one, so all sequences have one length: no padding.
        inputs = processor(text=[turn] * len(pictures), images=pictures, return_tensors="pt")
        inputs = inputs.to(model.device, dtype=model.dtype)
        output = model.generate(**inputs, do_sample=False, max_new_tokens=max_new_tokens)
        return processor.batch_decode(output[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True)

    return ask
