"""Real text for language models: Wikipedia articles in plain spelling, cut into equal pieces of tokens."""

import inspect
import re
from typing import NamedTuple

import torch
from jaxtyping import Int
from torch import Tensor

from utils.data import Missing, fetch

UNKNOWN = "<unk>"
MARKER = "<|endoftext|>"  # what SmolLM2 and GPT-2 both saw between documents

# WikiText separates punctuation from words and marks the hyphens, commas and points inside them.
_SPELLING = [
    (r" @([-,.])@ ", r"\1"),
    (r" ([,.;:!?%)\]])", r"\1"),
    (r"([(\[$£]) ", r"\1"),
    (r" (n't|'(?:s|m|d|ll|re|ve))\b", r"\1"),
    (r'"\s*([^"]*?)\s*"', r'"\1"'),
    (r"(\d) – (\d)", r"\1–\2"),
    (r"[ \t]+", " "),
]


def detokenise(text: str) -> str:
    """Undo WikiText's spacing: "5 @.@ 4 , red @-@ tipped" becomes "5.4, red-tipped"."""
    for pattern, replacement in _SPELLING:
        text = re.sub(pattern, replacement, text)
    return text.strip()


def _sentences(line: str) -> list[str]:
    return re.split(r"(?<= [.?!]) ", line.strip())


def wikitext_articles(max_unknown: int = 1, stand_in: str = "X") -> list[str]:
    """The 122 articles of WikiText-2's validation and test parts, each one string, without its headings.

    max_unknown: the corpus replaced every rare word by <unk>; a sentence with more of them is left out
    stand_in:    what an <unk> in the remaining sentences becomes
    Raises utils.data.Missing if the files are neither here nor to be had.
    """
    articles = []
    for part in ("valid", "test"):
        text = fetch(f"corpora/wikitext2_{part}.txt").read_text(encoding="utf-8")
        for body in re.split(r"(?m)^ = [^=\n]+ = $", text)[1:]:
            lines = [line for line in body.splitlines() if line.strip() and not line.startswith(" =")]
            kept = [s for line in lines for s in _sentences(line) if s.count(UNKNOWN) <= max_unknown]
            articles.append(detokenise(" ".join(kept).replace(UNKNOWN, stand_in)))
    return [article for article in articles if article]


def docstrings(min_length: int = 1500) -> list[str]:
    """Long docstrings of numpy, scipy and torch: English prose that lies on every machine with this book.

    min_length: in characters; shorter ones are left out
    """
    import numpy
    import scipy.optimize
    import scipy.signal
    import scipy.stats

    modules = [numpy, numpy.linalg, scipy.optimize, scipy.signal, scipy.stats, torch, torch.nn, torch.linalg]
    texts = {}
    for module in modules:
        for name in sorted(dir(module)):
            text = inspect.getdoc(getattr(module, name, None)) or ""
            if len(text) >= min_length:
                texts.setdefault(text)
    return list(texts)


def hub_articles(count: int) -> list[str]:
    """The first `count` articles of WikiText-103, with their rare words, from the Hugging Face hub.

    Raises utils.data.Missing if the hub cannot be reached.
    """
    try:
        from datasets import load_dataset

        lines = load_dataset("Salesforce/wikitext", "wikitext-103-raw-v1", split="train", streaming=True)
        articles = [[]]
        for line in (row["text"] for row in lines):
            if re.fullmatch(r" = [^=\n]+ = \n", line):
                articles.append([])
            elif line.strip() and not line.startswith(" ="):
                articles[-1].append(line)
            if len(articles) > count + 1:
                break
    except Exception as error:  # the hub's client and datasets each raise their own
        raise Missing(f"WikiText-103 could not be had from the hub ({str(error).splitlines()[0]})") from error
    return [detokenise(" ".join(lines)) for lines in articles[1 : count + 1] if lines]


def documents(from_hub: int = 0) -> list[str]:
    """Wikipedia articles or, where they cannot be had, docstrings; prints one sentence that says which.

    from_hub: how many articles of WikiText-103 to stream from the hub; 0 for WikiText-2's 122
    """
    if from_hub:
        try:
            articles = hub_articles(from_hub)
            print(f"Text: {len(articles)} Wikipedia articles (WikiText-103).")
            return articles
        except Missing as error:
            print(f"Going on with WikiText-2: {error}.")
    try:
        articles = wikitext_articles()
        print(f"Text: {len(articles)} Wikipedia articles (WikiText-2).")
    except Missing as error:
        articles = docstrings()
        print(f"Text: {len(articles)} docstrings of numpy, scipy and torch, because {error}")
    return articles


class Pieces(NamedTuple):
    """Documents cut into pieces of equal length.

    input_ids: token numbers; the first of each piece is the marker that begins a text
    document:  which document each piece comes from
    """

    input_ids: Int[Tensor, "piece position"]
    document: Int[Tensor, "piece"]


def pieces(tokenizer, texts: list[str], length: int) -> Pieces:
    """Cut each text into pieces of `length` tokens, each with a marker in front; drop the remainders.

    tokenizer: a Hugging Face tokenizer
    texts:     documents, none empty
    length:    tokens in a piece, the marker among them; at least 2
    Raises ValueError if length is below 2, a text is empty, every text is shorter than one piece, or the
    tokenizer has no such marker.
    """
    if length < 2:
        raise ValueError(f"length is {length}, expected at least 2")
    if not texts or not all(text.strip() for text in texts):
        raise ValueError("texts must hold at least one text and no empty ones")
    if MARKER not in tokenizer.get_vocab():
        raise ValueError(f"tokenizer has no token {MARKER} to put in front of each piece")
    marker = tokenizer.convert_tokens_to_ids(MARKER)
    rows, document = [], []
    for number, text in enumerate(texts):
        # verbose=False: the pieces are shorter than the model's limit even where the document is not
        ids = tokenizer(text, add_special_tokens=False, verbose=False).input_ids
        for start in range(0, len(ids) - length + 2, length - 1):
            rows.append([marker, *ids[start : start + length - 1]])
            document.append(number)
    if not rows:
        raise ValueError(f"texts are all shorter than one piece of {length - 1} tokens")
    return Pieces(torch.tensor(rows), torch.tensor(document))
