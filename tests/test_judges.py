"""Judges: symmetries that hold exactly, a cache that loses nothing, and judges that misbehave."""

import json
import math
import threading
import time
import warnings

import pytest
import torch

from utils.judges import CachedJudge, SymmetrisedJudge, TextJudge, parse_answer
from utils.scenes import mirror, overlay, swap_colours

THETA = torch.linspace(-2.9, 2.8, 24)
IMAGES = overlay(THETA, THETA.flip(0) + 0.3)
HIGHER = (THETA.flip(0) + 0.3).cos() > THETA.cos()


class Centroid:
    """Compares the centres of the two inks, exactly but for the pixels; with a tilt and a taste for blue."""

    def __init__(self, tilt=0.0, towards_blue=0.0):
        self.tilt, self.towards_blue = tilt, towards_blue
        self.name, self.calls, self.seen = f"centroid {tilt} {towards_blue}", 0, 0

    def compare(self, images, question):
        self.calls, self.seen = self.calls + 1, self.seen + len(images)
        images, size = images.float(), images.shape[-1]
        line = (torch.arange(size) + 0.5) * 2 / size - 1
        # Blue ink takes from the green channel, green ink from the blue one, each a little from the other.
        taken = -images[:, 1:].clamp(min=1e-6).log()
        mixing = -torch.tensor([[0.65, 0.25], [0.25, 0.65]]).log()
        ink = torch.einsum("ij,njhw->nihw", torch.linalg.inv(mixing), taken)
        ink = ink / ink.sum((2, 3), keepdim=True)
        up, left = (-line[:, None] * ink).sum((2, 3)), (-line * ink).sum((2, 3))
        height = math.cos(self.tilt) * up + math.sin(self.tilt) * left
        return torch.sigmoid(20 * (height[:, 1] - height[:, 0]) + self.towards_blue)


def test_the_judge_of_these_tests_is_right():
    p = Centroid().compare(IMAGES, "higher")
    sure = (p - 0.5).abs() > 0.1
    assert sure.float().mean() > 0.8
    assert ((p > 0.5) == HIGHER)[sure].all()


def test_swapping_colours_cancels_a_taste_for_blue_and_measures_it():
    both = SymmetrisedJudge(Centroid(towards_blue=1.5), swap_colours, flips=True)
    p = both.compare(IMAGES, "higher")
    torch.testing.assert_close(both.compare(swap_colours(IMAGES), "higher"), 1 - p)
    sure = (p - 0.5).abs() > 0.1
    assert ((p > 0.5) == HIGHER)[sure].all()
    assert both.asymmetry(IMAGES, "higher").mean() > 0.05
    fair = SymmetrisedJudge(Centroid(), swap_colours, flips=True)
    assert fair.asymmetry(IMAGES, "higher").abs().max() < 1e-4
    always_blue = TextJudge("blue", lambda images, prompt: ["blue"] * len(images), {"higher": "?"}, batch=9)
    wrapped = SymmetrisedJudge(always_blue, swap_colours, flips=True)
    assert wrapped.compare(IMAGES, "higher").tolist() == [0.5] * 24
    assert wrapped.asymmetry(IMAGES, "higher").tolist() == [0.5] * 24


def test_a_mirror_cancels_a_tilt():
    crooked = SymmetrisedJudge(Centroid(tilt=0.5), mirror, flips=False)
    mirrored_pairs = overlay(THETA, -THETA)  # equal heights, which only a tilt can tell apart
    assert (Centroid(tilt=0.5).compare(mirrored_pairs, "higher") - 0.5).abs().max() > 0.3
    assert (crooked.compare(mirrored_pairs, "higher") - 0.5).abs().max() < 1e-3


def test_no_answer_stays_no_answer_through_a_symmetry():
    answers = iter([["blue", "er"], ["blue", "blue"]])
    judge = TextJudge("x", lambda images, prompt: next(answers), {"higher": "?"}, batch=2)
    p = SymmetrisedJudge(judge, swap_colours, flips=True).compare(IMAGES[:2], "higher")
    assert p[0] == 0.5
    assert p[1].isnan()


# The cache.


def test_each_picture_is_asked_once_ever(tmp_path):
    judge = Centroid()
    cached = CachedJudge(judge, tmp_path / "deep" / "answers.jsonl", chunk=10)
    twice = torch.cat([IMAGES, IMAGES])
    torch.testing.assert_close(cached.compare(twice, "higher"), judge.compare(twice, "higher"))
    assert cached.asked == 24
    again = CachedJudge(Centroid(), tmp_path / "deep" / "answers.jsonl")
    assert again.compare(IMAGES, "higher").equal(cached.compare(IMAGES, "higher"))
    assert (again.asked, again.judge.calls, again.damaged) == (0, 0, 0)


def test_another_judge_question_or_picture_is_another_key(tmp_path):
    path = tmp_path / "answers.jsonl"
    CachedJudge(Centroid(), path).compare(IMAGES, "higher")
    for judge, images, question in (
        (Centroid(tilt=0.1), IMAGES, "higher"),
        (Centroid(), IMAGES, "left"),
        (Centroid(), IMAGES + 1e-6, "higher"),
        (Centroid(), IMAGES.double(), "higher"),
    ):
        cached = CachedJudge(judge, path)
        cached.compare(images, question)
        assert cached.asked == 24, question
    one, other = (TextJudge("x", None, {"higher": prompt}) for prompt in ("Which?", "Which one?"))
    assert one.name != other.name


def damage_a_digit(lines):
    entry = json.loads(lines[3])
    entry["answer"] = 1 - entry["answer"]
    return [*lines[:3], json.dumps(entry) + "\n", *lines[4:]]


DAMAGES = {
    "an answer changed": damage_a_digit,
    "cut in the middle": lambda lines: [*lines[:-1], lines[-1][:40]],
    "not JSON": lambda lines: [*lines[:5], "\x00\x01garbage\n", *lines[6:]],
    "another JSON": lambda lines: [*lines[:5], "[1, 2]\n", *lines[6:]],
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_line_is_counted_and_asked_again_and_nothing_else_is_lost(tmp_path, damage):
    path = tmp_path / "answers.jsonl"
    right = CachedJudge(Centroid(), path).compare(IMAGES, "higher")
    path.write_text("".join(damage(path.read_text().splitlines(keepends=True))))
    with pytest.warns(UserWarning, match=r"answers.jsonl: 1 line is damaged .* the 23 other answers"):
        cached = CachedJudge(Centroid(), path)
    assert cached.damaged == 1
    assert cached.compare(IMAGES, "higher").equal(right)
    assert cached.asked == 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        repaired = CachedJudge(Centroid(), path)
    assert repaired.compare(IMAGES, "higher").equal(right)
    assert repaired.asked == 0


def test_an_interruption_loses_no_answer_that_came(tmp_path):
    class Dying(Centroid):
        def compare(self, images, question):
            if self.calls == 2:
                raise KeyboardInterrupt
            return super().compare(images, question)

    path = tmp_path / "answers.jsonl"
    with pytest.raises(KeyboardInterrupt):
        CachedJudge(Dying(), path, chunk=8).compare(IMAGES, "higher")
    resumed = CachedJudge(Centroid(), path, chunk=8)
    resumed.compare(IMAGES, "higher")
    assert resumed.asked == 8


def test_no_answer_is_asked_again(tmp_path):
    texts = iter([["blue"], ["I see a picture"], ["green"]])
    judge = TextJudge("x", lambda images, prompt: next(texts), {"higher": "?"})
    cached = CachedJudge(judge, tmp_path / "a.jsonl")
    first = cached.compare(IMAGES[:2], "higher")
    assert first[0] == 1
    assert first[1].isnan()
    assert cached.compare(IMAGES[:2], "higher").tolist() == [1, 0]
    assert cached.asked == 3


def test_two_writers_share_a_file(tmp_path):
    path = tmp_path / "a.jsonl"
    judges = [CachedJudge(Centroid(), path, chunk=1) for _ in range(2)]
    halves = IMAGES[:12], IMAGES[12:]
    threads = [
        threading.Thread(target=judge.compare, args=(half, "higher"))
        for judge, half in zip(judges, halves, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    both = CachedJudge(Centroid(), path)
    assert (len(both.answers), both.damaged) == (24, 0)


# Judges of words.

TEXTS = [
    ("blue", 1),
    ("Green.", 0),
    (" The BLUE pendulum's end is higher.", 1),
    ("neither", 0.5),
    ("They are the same, green and blue", 0.5),
    ("Both ends are equally high.", 0.5),
    ("the green one is higher than the blue one", None),
    ("It is not blue", None),
    ("It isn't green", None),
    ("", None),
    ("42", None),
    ("evergreen-like bluebells", None),
]


@pytest.mark.parametrize(("text", "answer"), TEXTS)
def test_answers_are_understood_or_refused(text, answer):
    assert parse_answer(text) == answer


def test_every_outcome_is_counted_and_said_in_one_sentence():
    texts = ["blue", "tie", "perhaps", "green"]
    judge = TextJudge("x", lambda images, prompt: texts, {"higher": "?"}, batch=4)
    p = judge.compare(IMAGES[:4], "higher")
    assert p[[0, 1, 3]].tolist() == [1, 0.5, 0]
    assert p[2].isnan()
    assert judge.outcomes == {"answer": 2, "tie": 1, "not understood": 1}
    assert judge.summary().endswith(
        "4 pictures, 2 × answer, 1 × tie, 1 × not understood (such as 'perhaps')."
    )


def test_a_judge_that_prefers_nothing_gives_ties():
    judge = TextJudge("x", lambda images, prompt: ["neither"] * len(images), {"higher": "?"}, batch=8)
    assert judge.compare(IMAGES, "higher").tolist() == [0.5] * 24
    assert judge.outcomes == {"tie": 24}


def test_a_judge_that_is_too_late_is_given_up_and_the_others_still_asked():
    def ask(images, prompt):
        if images[0].equal(IMAGES[1]):
            time.sleep(5)
        return ["blue"]

    judge = TextJudge("x", ask, {"higher": "?"}, timeout=0.3, tries=2, pause=0)
    start = time.perf_counter()
    p = judge.compare(IMAGES[:3], "higher")
    assert time.perf_counter() - start < 3
    assert p[[0, 2]].tolist() == [1, 1]
    assert p[1].isnan()
    assert judge.outcomes == {"answer": 2, "too late": 1}


def test_a_failure_is_tried_again_and_then_counted():
    calls = []

    def ask(images, prompt):
        calls.append(prompt)
        if len(calls) < 3:
            raise ConnectionError("gone")
        return ["green"]

    judge = TextJudge("x", ask, {"higher": "Which?"}, tries=3, pause=0.01)
    assert judge.compare(IMAGES[:1], "higher").tolist() == [0]
    assert calls == ["Which?"] * 3
    broken = TextJudge("x", lambda images, prompt: 1 / 0, {"higher": "?"}, tries=2, pause=0)
    assert broken.compare(IMAGES[:2], "higher").isnan().all()
    assert broken.outcomes == {"failed": 2}
    assert "ZeroDivisionError" in broken.summary()
    short = TextJudge("x", lambda images, prompt: ["blue"], {"higher": "?"}, tries=1, batch=2)
    assert short.compare(IMAGES[:2], "higher").isnan().all()
    assert "1 texts for 2 pictures" in short.summary()


def test_a_question_without_a_prompt_is_named():
    with pytest.raises(ValueError, match="question is 'left', expected one of"):
        TextJudge("x", None, {"higher": "?"}).compare(IMAGES, "left")


def test_words_cache_and_order_swap_together_guess_nothing(tmp_path):
    """The chain that a vision-language model is asked through, where each picture fails in its own way."""

    def ask(images, prompt):
        image = images[0]
        turned = [image.equal(swap_colours(one)) for one in IMAGES[:5]]
        number = next(i for i in range(5) if turned[i] or image.equal(IMAGES[i]))
        if number == 0:
            raise ConnectionError("gone")
        if number == 1:
            time.sleep(5)
        consistent = "green" if turned[4] else "blue"
        return [["", "", "", "neither", consistent][number]]

    judge = TextJudge("x", ask, {"goal": "Which is closer to the goal?"}, timeout=0.3, tries=1)
    cached = CachedJudge(judge, tmp_path / "a.jsonl")
    both = SymmetrisedJudge(cached, swap_colours, flips=True)
    for asked in (10, 10 + 6):  # each in both orders; later only those that gave no answer
        p = both.compare(IMAGES[:5], "goal")
        assert p[:3].isnan().all()
        assert p[3:].tolist() == [0.5, 1]
        assert cached.asked == asked
    assert judge.outcomes == {"failed": 4, "too late": 4, "not understood": 4, "tie": 2, "answer": 2}
