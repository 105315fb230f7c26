"""Real comparisons by people: the harmless-base part of HH-RLHF, its test split (Bai et al. 2022).

The dialogues contain offensive and upsetting text. This module returns them; a lab that prints them should
think twice.
"""

import gzip
import json
from typing import NamedTuple

from utils.data import fetch

TURN = "\n\nAssistant:"


class Comparison(NamedTuple):
    """Two last replies to one dialogue, of which a person chose one."""

    dialogue: str
    chosen: str
    rejected: str


def harmless_comparisons() -> list[Comparison]:
    """The pairs of the test split whose dialogues agree up to the last reply and whose replies are not empty.

    Raises utils.data.Missing if the file is neither here nor to be had.
    """
    with gzip.open(fetch("hh_rlhf/harmless-base_test.jsonl.gz"), "rt", encoding="utf-8") as lines:
        return [pair for line in lines if (pair := parse(**json.loads(line)))]


def parse(chosen: str, rejected: str) -> Comparison | None:
    """One record; None where the dialogues differ before the last reply, or a reply is empty or repeated."""
    (before, _, first), (other, _, second) = chosen.rpartition(TURN), rejected.rpartition(TURN)
    first, second = first.strip(), second.strip()
    if before != other or not first or not second or first == second:
        return None
    return Comparison(before, first, second)
