"""Judges of pictures behind one interface, and what is wrapped around them: a symmetry, a cache, patience.

A picture shows a green and a blue object, a question names a direction, and a judge answers with
P(blue): 1 for blue, 0 for green, ½ where it prefers neither, NaN where it gave no answer. Wrappers are judges
too, so they compose: `CachedJudge(SymmetrisedJudge(judge, swap_colours, flips=True), "answers.jsonl")`.
"""

import hashlib
import json
import math
import re
import threading
import time
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import filelock
import torch
from jaxtyping import Float
from torch import Tensor

Images = Float[Tensor, "n 3 h w"]
Ask = Callable[[Images, str], list[str]]
TIE = re.compile(r"\b(neither|both|same|equal\w*|tie[ds]?)\b")


class Judge(Protocol):
    """Who can compare.

    name: tells it from every judge that might answer otherwise; a part of the key in a cache
    """

    name: str

    def compare(self, images: Images, question: str) -> Float[Tensor, "n"]:
        """P(blue) for each picture, NaN where there is no answer."""
        ...


class SymmetrisedJudge:
    """½ (P(x) + P'(Tx)), with P' = 1 - P where the change T of the picture turns the right answer round.

    With T = swap_colours (flips=True) this is the order swap: a preference for one colour cancels. With
    T = mirror and a question about height (flips=False), a preference for one side cancels.
    """

    def __init__(self, judge: Judge, change: Callable[[Images], Images], flips: bool):
        self.judge, self.change, self.flips = judge, change, flips
        self.name = f"{judge.name}, both ways by {change.__name__}"

    def both_ways(self, images: Images, question: str) -> tuple[Tensor, Tensor]:
        """P(blue) from the picture, and from the changed one."""
        changed = self.judge.compare(self.change(images), question)
        return self.judge.compare(images, question), 1 - changed if self.flips else changed

    def compare(self, images: Images, question: str) -> Float[Tensor, "n"]:
        first, second = self.both_ways(images, question)
        return (first + second) / 2

    def asymmetry(self, images: Images, question: str) -> Float[Tensor, "n"]:
        """Half the difference of the two answers; for the order swap its mean is the bias towards blue."""
        first, second = self.both_ways(images, question)
        return (first - second) / 2


class CachedJudge:
    """A judge that asks about each picture once and keeps the answers in a file, one line each.

    path: of the file; it is made if it is not there

    The key is a hash of the judge's name, the question and the picture's shape and bytes. Each line carries a
    checksum: one that is damaged, or was cut off when the process ended, is left out with a warning that
    counts it, and its picture is asked again. Answers are written as they come, `chunk` at a time, so an
    interruption loses no more than that; NaN is never written. Several processes may share a file.
    """

    def __init__(self, judge: Judge, path: str | Path, chunk: int = 64):
        self.judge, self.path, self.chunk = judge, Path(path), chunk
        self.name, self.asked, self.damaged = judge.name, 0, 0
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.answers = self._read()

    def compare(self, images: Images, question: str) -> Float[Tensor, "n"]:
        keys = [self._key(image, question) for image in images]
        new = {key: i for i, key in enumerate(keys) if key not in self.answers}
        for start in range(0, len(new), self.chunk):
            some = dict(list(new.items())[start : start + self.chunk])
            answers = self.judge.compare(images[list(some.values())], question).tolist()
            self.asked += len(some)
            self._write(dict(zip(some, answers, strict=True)))
        return torch.tensor([self.answers.get(key, math.nan) for key in keys], device=images.device)

    def _key(self, image: Float[Tensor, "3 h w"], question: str) -> str:
        about = json.dumps([self.name, question, list(image.shape), str(image.dtype)])
        return hashlib.sha256(about.encode() + image.contiguous().cpu().numpy().tobytes()).hexdigest()

    @staticmethod
    def _line(key: str, answer: float) -> str:
        check = hashlib.sha256(f"{key} {answer!r}".encode()).hexdigest()[:8]
        return json.dumps({"key": key, "answer": answer, "check": check}) + "\n"

    def _read(self) -> dict[str, float]:
        answers = {}
        text = self.path.read_text(errors="replace") if self.path.exists() else ""
        for line in text.splitlines():
            try:
                entry = json.loads(line)
                intact = line + "\n" == self._line(entry["key"], entry["answer"])
            except (ValueError, KeyError, TypeError):
                intact = False
            if intact:
                answers[entry["key"]] = entry["answer"]
            elif line:
                self.damaged += 1
        if self.damaged:
            lines = "1 line is" if self.damaged == 1 else f"{self.damaged} lines are"
            kept = f"the {len(answers)} other answers are kept"
            warnings.warn(f"{self.path.name}: {lines} damaged and will be asked again; {kept}", stacklevel=3)
        return answers

    def _write(self, answers: dict[str, float]) -> None:
        answers = {key: answer for key, answer in answers.items() if not math.isnan(answer)}
        with filelock.FileLock(f"{self.path}.lock"), self.path.open("a+b") as file:
            file.seek(max(file.seek(0, 2) - 1, 0))
            cut = file.read(1) not in (b"", b"\n")  # the last process was ended in the middle of a line
            text = "\n" * cut + "".join(self._line(*item) for item in answers.items())
            file.write(text.encode())
        self.answers |= answers


def parse_answer(text: str) -> float | None:
    """1 for blue, 0 for green, ½ for neither; None for a text that does not say which of these it means."""
    words = text.lower()
    blue, green = ("blue" in words), ("green" in words)
    if TIE.search(words):
        return 0.5
    return float(blue) if blue != green and not re.search(r"\bnot?\b|n't", words) else None


class TextJudge:
    """A judge that is asked in words and answers in words, such as a vision-language model.

    name:    of who is asked; the prompts' hash is added to it
    ask:     (pictures, prompt) → one text a picture; it may be slow, fail or talk nonsense
    prompts: question → the words that are sent
    timeout: seconds for one call of ask; a thread that is late is left behind, not ended
    tries:   how often a call that fails or is late is made before it counts as no answer
    pause:   seconds before the second try, doubled before each further one
    batch:   pictures a call

    `outcomes` counts what came: answer, tie, not understood, too late, failed. Raises ValueError for a
    question that has no prompt.
    """

    def __init__(
        self,
        name: str,
        ask: Ask,
        prompts: dict[str, str],
        timeout: float = 60,
        tries: int = 3,
        pause: float = 1,
        batch: int = 1,
    ):
        digest = hashlib.sha256(json.dumps(prompts, sort_keys=True).encode()).hexdigest()[:8]
        self.name, self.ask, self.prompts = f"{name}, prompts {digest}", ask, prompts
        self.timeout, self.tries, self.pause, self.batch = timeout, tries, pause, batch
        self.outcomes: Counter[str] = Counter()
        self.example = ""  # of an answer that was not understood, or of a failure

    def compare(self, images: Images, question: str) -> Float[Tensor, "n"]:
        if question not in self.prompts:
            raise ValueError(f"question is {question!r}, expected one of {tuple(self.prompts)}")
        answers = [p for some in images.split(self.batch) for p in self._some(some, self.prompts[question])]
        return torch.tensor(answers, device=images.device)

    def _some(self, images: Images, prompt: str) -> list[float]:
        for attempt in range(self.tries):
            if attempt:
                time.sleep(self.pause * 2 ** (attempt - 1))
            texts, problem = self._in_time(images, prompt)
            if not problem:
                return [self._understand(text) for text in texts]
        self.outcomes[problem] += len(images)
        return [math.nan] * len(images)

    def _in_time(self, images: Images, prompt: str) -> tuple[list[str], str]:
        """The texts and "", or nothing and what went wrong."""
        came: list[list[str] | Exception] = []

        def call() -> None:
            try:
                came.append(list(self.ask(images, prompt)))
            except Exception as error:
                came.append(error)

        thread = threading.Thread(target=call, daemon=True)
        thread.start()
        thread.join(self.timeout)
        if not came:
            return [], "too late"
        if isinstance(came[0], Exception):
            self.example = f"{type(came[0]).__name__}: {came[0]}"
            return [], "failed"
        if len(came[0]) != len(images):
            self.example = f"{len(came[0])} texts for {len(images)} pictures"
            return [], "failed"
        return came[0], ""

    def _understand(self, text: str) -> float:
        answer = parse_answer(text)
        self.outcomes["not understood" if answer is None else "tie" if answer == 0.5 else "answer"] += 1
        if answer is None:
            self.example = text
        return math.nan if answer is None else answer

    def summary(self) -> str:
        """One sentence on what came."""
        parts = [f"{count} × {outcome}" for outcome, count in self.outcomes.most_common()]
        last = f" (such as {self.example[:80]!r})" if self.example else ""
        return f"{self.name}: {self.outcomes.total()} pictures, {', '.join(parts) or 'none asked'}{last}."
