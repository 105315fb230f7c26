"""Sample from a causal language model and ask it for log-probabilities, in batches, by an explicit generator.

p_T(token) ∝ exp(logit / T);  log p(continuation | prompt) = Σ_t log p_1(token_t | prompt, tokens before t)
"""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from transformers import DynamicCache


class Samples(NamedTuple):
    """What a model wrote, one row a prompt.

    texts:    the continuations, without the end token
    tokens:   their token numbers; after the end token, padding
    mask:     True for tokens that the model chose, the end token among them
    finished: whether the end token came before the limit
    """

    texts: list[str]
    tokens: Int[Tensor, "n new"]
    mask: Bool[Tensor, "n new"]
    finished: Bool[Tensor, " n"]


def chat(tokenizer, user: str, system: str = "You are a helpful assistant.") -> str:
    """The text that precedes the assistant's reply, in the model's own chat template."""
    turns = [{"role": "system", "content": system}, {"role": "user", "content": user}]
    return tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)


def left_padded(
    sequences: list[list[int]], pad: int, device
) -> tuple[Int[Tensor, "n length"], Int[Tensor, "n length"]]:
    """Token numbers flush right, with their attention mask. Raises ValueError if a sequence is empty."""
    if not sequences or not all(sequences):
        raise ValueError("every text must have at least one token, and there must be at least one text")
    return _flush_right(sequences, pad, device)


def _flush_right(sequences, pad, device):
    length = max(map(len, sequences))
    ids = torch.tensor([[pad] * (length - len(s)) + s for s in sequences], device=device)
    mask = torch.tensor([[0] * (length - len(s)) + [1] * len(s) for s in sequences], device=device)
    return ids, mask


def _positions(mask: Tensor) -> Tensor:
    return (mask.cumsum(-1) - 1).clamp(min=0)


def _tokens(tokenizer, texts: list[str]) -> list[list[int]]:
    return [tokenizer(text, add_special_tokens=False)["input_ids"] for text in texts]


def sample(
    model: nn.Module,
    tokenizer,
    prompts: list[str],
    *,
    generator: torch.Generator,
    temperature: float = 1.0,
    max_new_tokens: int = 40,
    batch_size: int = 32,
) -> Samples:
    """A continuation of each prompt, drawn token by token until the end token or `max_new_tokens`.

    prompts:     complete texts, such as `chat` returns; nothing is added to them
    generator:   on the model's device; all draws come from it
    temperature: 0 takes the most probable token

    Raises ValueError for a negative temperature, max_new_tokens below 1, or an empty prompt.
    """
    if temperature < 0 or max_new_tokens < 1:
        raise ValueError(
            f"temperature {temperature} and max_new_tokens {max_new_tokens}: expected >= 0 and >= 1"
        )
    sequences, rows = _tokens(tokenizer, prompts), []
    for i in range(0, len(prompts), batch_size):
        ids, mask = left_padded(sequences[i : i + batch_size], tokenizer.pad_token_id, model.device)
        rows.append(_sample_batch(model, tokenizer, ids, mask, generator, temperature, max_new_tokens))
    if not rows:
        raise ValueError("prompts is empty, expected at least one")
    tokens, mask, finished = (torch.cat(parts) for parts in zip(*rows, strict=True))
    kept = [row[keep & (row != tokenizer.eos_token_id)] for row, keep in zip(tokens, mask, strict=True)]
    return Samples([tokenizer.decode(row) for row in kept], tokens, mask, finished)


@torch.no_grad()
def _sample_batch(model, tokenizer, ids, mask, generator, temperature, max_new_tokens):
    end, pad = tokenizer.eos_token_id, tokenizer.pad_token_id
    tokens = torch.full((len(ids), max_new_tokens), pad, device=ids.device)
    chosen = torch.zeros_like(tokens, dtype=torch.bool)
    alive = torch.ones(len(ids), dtype=torch.bool, device=ids.device)
    cache, positions = None, _positions(mask)
    for t in range(max_new_tokens):
        out = model(
            input_ids=ids,
            attention_mask=mask,
            position_ids=positions,
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1,
        )
        logits, cache = out.logits[:, -1].float(), out.past_key_values
        if temperature == 0:
            token = logits.argmax(-1)
        else:
            token = torch.multinomial((logits / temperature).softmax(-1), 1, generator=generator)[:, 0]
        tokens[:, t], chosen[:, t] = torch.where(alive, token, pad), alive
        alive = alive & (token != end)
        if not alive.any():
            break
        ids, positions = tokens[:, t : t + 1], positions[:, -1:] + 1
        mask = torch.cat([mask, torch.ones_like(mask[:, :1])], dim=-1)
    return tokens, chosen, ~alive


@torch.no_grad()
def next_token_logprobs(
    model: nn.Module, tokenizer, prompts: list[str], words: list[str], batch_size: int = 32
) -> Float[Tensor, "n words"]:
    """log p(word | prompt) for words of one token each, such as "A" and "B".

    What prompts have in common at the beginning is read once: a second question about a text costs little.
    Raises ValueError if a word is not one token, or two words are the same token, or a prompt is empty.
    """
    codes = _tokens(tokenizer, words)
    if any(len(code) != 1 for code in codes) or len({code[0] for code in codes}) < len(words):
        raise ValueError(
            f"words are {words}, which the tokenizer reads as {codes}: expected one token each, all different"
        )
    sequences, rows, found = _tokens(tokenizer, prompts), [], []
    if not all(sequences):
        raise ValueError("every prompt must have at least one token")
    for batch in _batches(_families(sequences), batch_size):
        logits = _last_logits(model, tokenizer.pad_token_id, [[sequences[i] for i in f] for f in batch])
        found.append(logits.log_softmax(-1)[:, [code[0] for code in codes]])
        rows += [i for family in batch for i in family]
    return torch.cat(found)[torch.tensor(rows, device=model.device).argsort()]


def _shared(sequences: list[list[int]]) -> int:
    """With how many tokens all begin, at least one short of the shortest."""
    first, last, most = min(sequences), max(sequences), min(map(len, sequences)) - 1
    return next((i for i in range(most) if first[i] != last[i]), most)


def _families(sequences: list[list[int]]) -> list[list[int]]:
    """Row numbers, grouped where more than two thirds of the tokens are shared; the shortest first."""
    families: list[list[int]] = []
    for i in sorted(range(len(sequences)), key=sequences.__getitem__):
        if families and 3 * _shared([sequences[families[-1][0]], sequences[i]]) > 2 * len(sequences[i]):
            families[-1].append(i)
        else:
            families.append([i])
    return sorted(families, key=lambda family: len(sequences[family[0]]))


def _batches(families: list[list[int]], batch_size: int) -> list[list[list[int]]]:
    """Families side by side up to `batch_size` rows; a larger family is a batch of its own."""
    batches: list[list[list[int]]] = []
    for family in families:
        if batches and sum(map(len, batches[-1])) + len(family) <= batch_size:
            batches[-1].append(family)
        else:
            batches.append([family])
    return batches


def _last_logits(model, pad: int, families: list[list[list[int]]]) -> Float[Tensor, "n vocabulary"]:
    """The logits after each sequence, read in three parts: what all share, what a family shares, the rest."""
    common = _shared([sequence for family in families for sequence in family])
    stems = [max(_shared(family), common) for family in families]
    parts = [[families[0][0][:common]], [], []]
    parents = [[0], [0] * len(families), [i for i, family in enumerate(families) for _ in family]]
    for family, stem in zip(families, stems, strict=True):
        parts[1].append(family[0][common:stem])
        parts[2] += [sequence[stem:] for sequence in family]
    cache, mask = DynamicCache(), torch.ones(1, 0, dtype=torch.long, device=model.device)
    for part, parent in zip(parts, parents, strict=True):
        parent = torch.tensor(parent, device=model.device)
        if mask.shape[1]:
            cache.batch_select_indices(parent)
        mask = mask[parent]
        if any(part):
            ids, new = _flush_right(part, pad, model.device)
            mask = torch.cat([mask, new], dim=-1)
            logits = model(
                input_ids=ids,
                attention_mask=mask,
                position_ids=_positions(mask)[:, -ids.shape[1] :],
                past_key_values=cache,
                use_cache=True,
                logits_to_keep=1,
            ).logits
    return logits[:, -1].float()


@torch.no_grad()
def continuation_logprobs(
    model: nn.Module, tokenizer, prompts: list[str], continuations: list[str], batch_size: int = 16
) -> Float[Tensor, " n"]:
    """log p(continuation | prompt), summed over the continuation's tokens, one number a pair.

    Prompt and continuation are cut into tokens apart, as in sampling.
    Raises ValueError if the lists differ in length or a text is empty.
    """
    if len(prompts) != len(continuations):
        raise ValueError(f"{len(prompts)} prompts and {len(continuations)} continuations, expected as many")
    before, after, sums = _tokens(tokenizer, prompts), _tokens(tokenizer, continuations), []
    if not all(after) or not all(before):
        raise ValueError("every prompt and every continuation must have at least one token")
    for i in range(0, len(prompts), batch_size):
        pairs = list(zip(before[i : i + batch_size], after[i : i + batch_size], strict=True))
        ids, mask = left_padded([a + b for a, b in pairs], tokenizer.pad_token_id, model.device)
        longest = max(len(b) for _, b in pairs)
        logits = model(
            input_ids=ids, attention_mask=mask, position_ids=_positions(mask), logits_to_keep=longest + 1
        ).logits[:, :-1]
        picked = logits.float().log_softmax(-1).gather(-1, ids[:, -longest:, None])[..., 0]
        lengths = torch.tensor([len(b) for _, b in pairs], device=ids.device)
        inside = torch.arange(longest, device=ids.device) >= longest - lengths[:, None]
        sums.append((picked * inside).sum(-1))
    return torch.cat(sums)
