"""A language model that continues short prompts by a fixed number of tokens, in plain words only.

    log π(y | x) = Σ_t log softmax(W_U h_t / T)[y_t],    the softmax over the plain vocabulary alone

The vocabulary is the words and pieces of words among the most frequent tokens, with a little punctuation and
no end token. That makes sampling cheaper, and it takes the length of an answer, through which rewards are so
easily gamed, out of the policy's hands.

The model is cut in two. Below the cut it is frozen for good, so the residual stream there is computed once,
while sampling, and kept: a reward model can read it, and log-probabilities need only the blocks above.
"""

import re
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from utils.text import MARKER

# Ġ is how byte-level tokenizers write a space. Capitals only where a sentence begins with a common word: the
# names of people, peoples and places are no toys for a policy that repeats what pays.
OPENERS = "I|It|A|The|We|He|She|They|You|This|That|There|My|Our|And|But|So|If|When|In|At"
PLAIN = re.compile(rf"Ġ?([a-z]+|{OPENERS})|[,.!?]|'[a-z]+")


class Answers(NamedTuple):
    """Continuations y of prompts x; each field has the answers along its leading axes.

    which:  number of the prompt
    tokens: numbers within the plain vocabulary
    stream: the residual stream at the cut, over prompt and continuation
    """

    which: Int[Tensor, "..."]
    tokens: Int[Tensor, "... length"]
    stream: Float[Tensor, "... position d_model"]


def plain_vocabulary(tokenizer, most_frequent: int = 8192) -> Int[Tensor, " size"]:
    """The numbers of plain tokens among the first `most_frequent`, which a byte-pair encoder sorts by use.

    Raises ValueError if there are none.
    """
    kept = [i for word, i in tokenizer.get_vocab().items() if i < most_frequent and PLAIN.fullmatch(word)]
    if not kept:
        raise ValueError(f"none of the first {most_frequent} tokens is a plain word")
    return torch.tensor(sorted(kept))


class PlainPolicy:
    """π(y | x) for a few prompts x and continuations y of `length` tokens of the plain vocabulary.

    model:       a Llama-like causal language model, frozen below block `cut`
    prompts:     texts of equally many tokens; the marker that begins a document is put in front
    length:      tokens of a continuation
    cut:         the first block that may be changed; the stream is read before it
    temperature: T above, a part of the policy: π is what is sampled from

    Raises ValueError if the prompts differ in their number of tokens, if there is no block on one side of the
    cut, or for a temperature that is not positive.
    """

    def __init__(
        self,
        model: nn.Module,
        tokenizer,
        prompts: list[str],
        length: int,
        cut: int,
        temperature: float = 1.0,
        most_frequent: int = 8192,
    ):
        marker = tokenizer.convert_tokens_to_ids(MARKER)
        rows = [[marker, *tokenizer(prompt, add_special_tokens=False).input_ids] for prompt in prompts]
        if len({len(row) for row in rows}) != 1:
            counts = {prompt: len(row) - 1 for prompt, row in zip(prompts, rows, strict=True)}
            raise ValueError(f"prompts have {counts} tokens, expected the same number for all")
        if not 0 < cut < len(model.base_model.layers):
            raise ValueError(f"cut is {cut}, expected between 1 and {len(model.base_model.layers) - 1}")
        if temperature <= 0:
            raise ValueError(f"temperature is {temperature}, expected a positive number")
        self.model, self.tokenizer, self.base = model, tokenizer, model.base_model
        self.length, self.cut, self.temperature = length, cut, temperature
        self.prompts = torch.tensor(rows, device=model.device)
        self.vocabulary = plain_vocabulary(tokenizer, most_frequent).to(model.device)
        self.W_U = model.get_output_embeddings().weight.detach()[self.vocabulary]

    def _logits(self, hidden: Float[Tensor, "... d_model"]) -> Float[Tensor, "... size"]:
        # A slice of the stream is not contiguous, and the product would copy W_U for every row.
        return nn.functional.linear(hidden.contiguous(), self.W_U).float() / self.temperature

    @torch.no_grad()
    def sample(self, which: Int[Tensor, " n"], generator: torch.Generator, batch_size: int = 512) -> Answers:
        """An answer to prompt which[i] for each i."""
        parts = [self._sample_batch(part, generator) for part in which.split(batch_size)]
        return Answers(*(torch.cat(field) for field in zip(*parts, strict=True)))

    def _sample_batch(self, which, generator) -> Answers:
        streams, tokens, cache, ids = [], [], None, self.prompts[which]

        def keep(_module, _inputs, output):
            streams.append(output[0] if isinstance(output, tuple) else output)

        handle = self.base.layers[self.cut - 1].register_forward_hook(keep)
        try:
            for _ in range(self.length):
                out = self.base(input_ids=ids, past_key_values=cache, use_cache=True)
                cache = out.past_key_values
                tokens.append(self._draw(out.last_hidden_state[:, -1], generator))
                ids = self.vocabulary[tokens[-1]]
            self.base(input_ids=ids, past_key_values=cache, use_cache=True)  # the last token's stream
        finally:
            handle.remove()
        return Answers(which, torch.cat(tokens, dim=1), torch.cat(streams, dim=1))

    def _draw(self, hidden, generator) -> Int[Tensor, "n 1"]:
        """By the inverse of the distribution function: torch.multinomial takes far longer on a CPU."""
        cumulative = self._logits(hidden).softmax(-1).cumsum(-1)
        draw = torch.rand(len(hidden), 1, generator=generator, device=hidden.device) * cumulative[:, -1:]
        return torch.searchsorted(cumulative, draw).clamp(max=len(self.vocabulary) - 1)

    def logprob(self, answers: Answers) -> Float[Tensor, "..."]:
        """log π(y | x), through the blocks above the cut; with a gradient where these have one."""
        shape = answers.tokens.shape[:-1]
        tokens, stream = answers.tokens.reshape(-1, self.length), answers.stream.flatten(0, -3)
        stream = stream[:, :-1]  # what comes after the last token is not asked for
        positions = torch.arange(stream.shape[1], device=stream.device)[None]
        rotary = self.base.rotary_emb(stream, positions)
        for block in self.base.layers[self.cut :]:
            # Without a mask, scaled-dot-product attention is causal, as all rows are equally long.
            out = block(stream, attention_mask=None, position_ids=positions, position_embeddings=rotary)
            stream = out[0] if isinstance(out, tuple) else out
        logprobs = self._logits(self.base.norm(stream)[:, -self.length :]).log_softmax(-1)
        return logprobs.gather(-1, tokens[..., None])[..., 0].sum(-1).view(shape)

    def state(self, answers: Answers) -> Float[Tensor, "... d_model"]:
        """The stream at the cut, averaged over the tokens of the continuation."""
        return answers.stream[..., -self.length :, :].float().mean(-2)

    def texts(self, answers: Answers) -> list[str]:
        """Prompt and continuation, as one text each."""
        which, tokens = answers.which.flatten(), answers.tokens.reshape(-1, self.length)
        ids = torch.cat([self.prompts[which][:, 1:], self.vocabulary[tokens]], dim=1)
        return self.tokenizer.batch_decode(ids)
