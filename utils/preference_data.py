"""Pairs of texts (better, worse): public data sets, and generated pairs that no bag of words can tell."""

import csv
import random
import re
from itertools import cycle
from typing import NamedTuple

from utils.data import Missing, fetch
from utils.minimal_pairs import ACTS, ADJECTIVES, FRAMES, ROLES
from utils.sentiment import review_lines


class Pair(NamedTuple):
    """Two texts that people ranked, or that were written to be ranked.

    better: the text that is preferred
    worse:  the other one
    domain: the part of its data set that it belongs to, such as "money" or "Do not kill"
    group:  pairs of one group share words and must not be divided between training and test
    """

    better: str
    worse: str
    domain: str
    group: str


def acts() -> list[Pair]:
    """A good act against a bad one of the same domain, both of them done; single words tell them apart."""
    return [
        Pair(frame.format("", good), frame.format("", bad), domain, good)
        for (domain, (goods, bads)), frame in zip(ACTS.items(), cycle(FRAMES))
        for good, bad in zip(goods, bads, strict=True)
    ]


def negation() -> list[Pair]:
    """Each act done against the same act not done; in half of the pairs "not" is better.

    The two texts differ by one word, which is in the better text as often as in the worse one: every
    score that is a sum over words decides exactly half of the pairs rightly.
    """
    pairs = []
    for (domain, acts_of_domain), frame in zip(ACTS.items(), cycle(FRAMES)):
        for listed, order in zip(acts_of_domain, (1, -1), strict=True):
            for act in listed:
                better, worse = [frame.format(particle, act) for particle in ("", "not ")][::order]
                pairs.append(Pair(better, worse, domain, act))
    return pairs


def role_swap() -> list[Pair]:
    """Something is done to me instead of another, or the reverse; both texts have the same words.

    Half of what is done is welcome, so that the first-named person is the better one half of the time.
    """
    pairs = []
    for domain, (scenes, welcome, unwelcome) in ROLES.items():
        for verbs, order in ((welcome, 1), (unwelcome, -1)):
            for verb in verbs:
                for agent, other in scenes:
                    mine, theirs = (
                        f"{agent} {verb} me instead of {other}.",
                        f"{agent} {verb} {other} instead of me.",
                    )
                    better, worse = (mine, theirs)[::order]
                    pairs.append(Pair(better, worse, domain, verb))
    return pairs


def utilitarianism(split: str = "train") -> list[Pair]:
    """ETHICS, utilitarianism: of two scenarios the one that people found more pleasant for the narrator.

    split: "train", "test" or "test_hard"
    Each scenario is kept in its first pair only, so that pairs are independent: the files hold chains of
    comparisons of the same scenarios. Raises utils.data.Missing where the file cannot be had.
    """
    with fetch(f"ethics/util_{split}.csv").open(encoding="utf-8", newline="") as file:
        rows = [[clean(text) for text in row] for row in csv.reader(file)]
    seen, pairs = set(), []
    for better, worse in rows:
        if better != worse and not {better, worse} & seen:
            seen |= {better, worse}
            pairs.append(Pair(better, worse, "utilitarianism", better.split(".")[0]))
    return pairs


def justice(split: str = "train") -> list[Pair]:
    """ETHICS, justice: the same beginning with a reasonable and an unreasonable end, one pair a beginning.

    split: "train" or "test"
    Raises utils.data.Missing where the file cannot be had.
    """
    with fetch(f"ethics/justice_{split}.csv").open(encoding="utf-8", newline="") as file:
        rows = [(clean(row["scenario"]), row["label"] == "1") for row in csv.DictReader(file)]
    pairs, scene = [], []
    for text, fair in [*rows, ("", None)]:
        if scene and shared_words(scene[0][0], text) < 0.4:
            fairs, unfairs = ([t for t, label in scene if label is wanted] for wanted in (True, False))
            if fairs and unfairs:
                pairs.append(Pair(fairs[0], unfairs[0], "justice", scene[0][0]))
            scene = []
        scene.append((text, fair))
    return pairs


def shared_words(a: str, b: str) -> float:
    """The share of words that two texts have in common at their beginning and at their end."""
    first, second = a.split(), b.split()
    shorter = min(len(first), len(second))
    front = next((i for i in range(shorter) if first[i] != second[i]), shorter)
    back = next((i for i in range(shorter - front) if first[-1 - i] != second[-1 - i]), shorter - front)
    return (front + back) / max(len(first), len(second), 1)


def truthfulness() -> list[Pair]:
    """TruthfulQA: a question with its best answer against the same question with its first false answer.

    Raises utils.data.Missing where the file cannot be had.
    """
    with fetch("truthfulqa/TruthfulQA.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    pairs = []
    for row in rows:
        question, best = clean(row["Question"]), clean(row["Best Answer"])
        false = clean(row["Incorrect Answers"].split(";")[0])
        pairs.append(Pair(*(sentence(f"{question} {a}") for a in (best, false)), row["Category"], question))
    return pairs


def moral_choice() -> list[Pair]:
    """MoralChoice, low ambiguity: in a situation, the act that breaks no rule against the one that does.

    Raises utils.data.Missing where the file cannot be had.
    """
    with fetch("moralchoice/moralchoice_low_ambiguity.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [
        Pair(
            *(clean(f"{row['context']} {row[act]}") for act in ("action1", "action2")),
            row["generation_rule"],
            row["context"],
        )
        for row in rows
    ]


def film_reviews() -> list[Pair]:
    """A favourable against an unfavourable sentence from film reviews; nothing but tone joins a pair.

    Raises utils.data.Missing where the file cannot be had.
    """
    liked, disliked = review_lines()
    return [
        Pair(clean(good), clean(bad), "film reviews", good) for good, bad in zip(liked, disliked, strict=True)
    ]


def adjectives() -> list[Pair]:
    """A favourable against an unfavourable adjective in the same sentence about a film or a meal."""
    return [
        Pair(f"The {thing} was {good}.", f"The {thing} was {bad}.", "adjectives", good)
        for good, bad in zip(*ADJECTIVES, strict=True)
        for thing in ("film", "weather", "meal")
    ]


PUBLIC = {
    "utilitarianism": utilitarianism,
    "justice": justice,
    "TruthfulQA": truthfulness,
    "MoralChoice": moral_choice,
    "film reviews": film_reviews,
}


def public(count: int, seed: int) -> dict[str, list[Pair]]:
    """`count` pairs of each public data set that can be had, drawn at random; says which cannot."""
    found, missing = {}, []
    for name, load in PUBLIC.items():
        try:
            pairs = load()
            found[name] = random.Random(f"{seed} {name}").sample(pairs, min(count, len(pairs)))
        except Missing as error:
            missing.append(name)
            reason = error
    if missing:
        print(f"Going on without {', '.join(missing)}, with generated pairs only: {reason}")
    return found


def clean(text: str) -> str:
    """One space between words, and a full stop at the end where there is no other mark."""
    return sentence(re.sub(r"\s+", " ", text).strip())


def sentence(text: str) -> str:
    return text if not text or text[-1] in ".!?\"'" else text + "."
