"""Sentences with a pleasant or an unpleasant tone: from film reviews, or generated where there are none."""

import re
import zipfile

from utils.data import Missing, fetch

SUBJECTS = (
    "The hotel", "The dinner", "My boss", "Our holiday", "The film", "The weather", "The garden", "My sister",
    "The concert", "The town", "The lesson", "His letter", "The party", "My job", "The story", "The service",
)  # fmt: skip
PLEASANT = (
    "was a delight from beginning to end", "made everyone smile", "was warm, kind and full of life",
    "was the best that I have ever known", "gave us so much joy", "was beautiful and calm",
    "turned out even better than we had hoped", "was funny, clever and touching", "was a wonderful surprise",
    "left me happy for days", "was generous and thoughtful", "was fresh, bright and lovely",
)  # fmt: skip
UNPLEASANT = (
    "was a misery from beginning to end", "made everyone cry", "was cold, cruel and full of spite",
    "was the worst that I have ever known", "gave us nothing but pain", "was ugly and loud",
    "turned out even worse than we had feared", "was dull, stupid and tiresome", "was a terrible shock",
    "left me sad for days", "was mean and careless", "was stale, dark and filthy",
)  # fmt: skip


def generated_sentences() -> tuple[list[str], list[str]]:
    """Pleasant sentences, and as many unpleasant ones about the same subjects."""
    pleasant, unpleasant = (
        [f"{subject} {predicate}." for predicate in predicates for subject in SUBJECTS]
        for predicates in (PLEASANT, UNPLEASANT)
    )
    return pleasant, unpleasant


def review_lines() -> tuple[list[str], list[str]]:
    """Favourable and unfavourable lines of film reviews (Pang and Lee 2005) as they stand, 5,331 of each.

    Raises utils.data.Missing if the file is neither here nor to be had.
    """
    with zipfile.ZipFile(fetch("nltk/sentence_polarity.zip")) as archive:
        liked, disliked = (
            archive.read(f"sentence_polarity/rt-polarity.{end}").decode("latin-1").splitlines()
            for end in ("pos", "neg")
        )
    return liked, disliked


def review_sentences() -> tuple[list[str], list[str]]:
    """The lines that are not empty, with the corpus's spacing undone. Raises utils.data.Missing as above."""
    liked, disliked = ([tidy(line) for line in lines if line.strip()] for lines in review_lines())
    return liked, disliked


def tidy(line: str) -> str:
    """Undo the corpus's spacing: "a film , in short ." becomes "a film, in short."."""
    return re.sub(r" ([,.;:!?)]|'\w+|n't)(?=\s|$)", r"\1", re.sub(r"\s+", " ", line)).strip()


def toned_sentences() -> tuple[list[str], list[str]]:
    """Pleasant and unpleasant sentences, as many of each; prints where they are from."""
    try:
        pleasant, unpleasant = review_sentences()
        print(f"Tone: {len(pleasant) + len(unpleasant)} sentences from film reviews.")
    except Missing as error:
        pleasant, unpleasant = generated_sentences()
        count = len(pleasant) + len(unpleasant)
        print(f"Tone: {count} generated sentences instead of film reviews, because {error}")
    return pleasant, unpleasant
