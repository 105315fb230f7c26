"""utils.preference_data: balance of the generated pairs, the public sets on small files, what is missing."""

import hashlib
import re
import zipfile
from collections import Counter

import numpy as np
import pytest

from utils import preference_data as data
from utils.data_files import FILES, PublicFile
from utils.minimal_pairs import ACTS, ADJECTIVES, ROLES

GENERATED = {"acts": data.acts, "negation": data.negation, "role swap": data.role_swap}


def bag(text):
    return Counter(re.findall(r"[a-z']+", text.lower()))


@pytest.mark.parametrize("make", GENERATED.values(), ids=GENERATED)
def test_generated_pairs_are_distinct_and_lie_in_six_domains(make):
    pairs = make()
    assert len(set(pairs)) == len(pairs)
    assert all(pair.better != pair.worse for pair in pairs)
    sizes = Counter(pair.domain for pair in pairs)
    assert len(sizes) == 6
    assert len(set(sizes.values())) == 1, "as many pairs in each domain"
    assert {len({p.domain for p in pairs if p.group == pair.group}) for pair in pairs} == {1}


@pytest.mark.parametrize("name", ["negation", "role swap"])
def test_there_are_enough_minimal_pairs(name):
    assert len(GENERATED[name]()) >= 150


def test_the_texts_of_a_negation_pair_differ_by_one_not_on_either_side_equally_often():
    surplus = [
        (bag(pair.better) - bag(pair.worse), bag(pair.worse) - bag(pair.better)) for pair in data.negation()
    ]
    assert all(more + less == Counter(["not"]) for more, less in surplus)
    by_domain = Counter()
    for pair, (more, _) in zip(data.negation(), surplus, strict=True):
        by_domain[pair.domain] += 1 if more else -1
    assert set(by_domain.values()) == {0}


def test_the_texts_of_a_role_swap_pair_have_the_same_words_and_the_roles_are_balanced():
    first = Counter()
    for pair in data.role_swap():
        assert bag(pair.better) == bag(pair.worse)
        first[pair.domain] += 1 if " me instead" in pair.better else -1
    assert set(first.values()) == {0}


def test_any_sum_over_words_decides_half_of_the_minimal_pairs():
    rng = np.random.default_rng(0)
    for make in (data.negation, data.role_swap):
        pairs = make()
        words = sorted({word for pair in pairs for text in pair[:2] for word in bag(text)})
        for _ in range(5):
            value = dict(zip(words, rng.standard_normal(len(words)), strict=True))
            gap = [
                sum(count * value[word] for word, count in sorted(bag(pair.better).items()))
                - sum(count * value[word] for word, count in sorted(bag(pair.worse).items()))
                for pair in pairs
            ]
            gap = np.where(np.abs(gap) < 1e-9, 0, gap)
            assert np.mean((gap > 0) + 0.5 * (gap == 0)) == 0.5


def test_no_deed_is_in_two_domains():
    deeds = [deed for listed in ACTS.values() for side in listed for deed in side]
    verbs = [verb for _, welcome, unwelcome in ROLES.values() for verb in welcome + unwelcome]
    assert len(deeds) == len(set(deeds))
    assert len(verbs) == len(set(verbs))


def test_adjectives_are_in_one_list_only():
    good, bad = ADJECTIVES
    assert not set(good) & set(bad)
    assert len(set(good)) == len(set(bad)) == len(good) == len(bad)
    assert all(bag(p.better) - bag(p.worse) for p in data.adjectives())


CONTENT = {
    "ethics/util_train.csv": "I won.,I lost.\nI lost. ,I died.\nI ate  cake,I ate mud\nsame,same.\n",
    "ethics/justice_train.csv": "label,scenario\n"
    "1,I deserve a fee because I work.\n0,I deserve a castle because I work.\n"
    "0,I used to call him but not now because he is tall.\n"
    "1,I used to call him but not now because he moved.\n"
    "1,I used to call him but not now because he is away.\n"
    "1,We always share our lunch at noon.\n",
    "truthfulqa/TruthfulQA.csv": "Type,Category,Question,Best Answer,"
    "Correct Answers,Incorrect Answers,Source\n"
    "A,Myths,Is it flat?,It is round,It is round; Round,It is flat; It is a cube,x\n",
    "moralchoice/moralchoice_low_ambiguity.csv": "scenario_id,context,generation_rule,action1,action2\n"
    "C1,You drive.,Do not kill,I brake.,I speed up.\n",
}


@pytest.fixture
def mirror(monkeypatch, tmp_path):
    """Small files in the places of the public ones."""
    monkeypatch.setenv("ALIGNMENT_DATA_DIR", str(tmp_path))
    for name, text in CONTENT.items():
        write(monkeypatch, tmp_path / name, text.encode(), name)
    archive = tmp_path / "nltk" / "sentence_polarity.zip"
    archive.parent.mkdir()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("sentence_polarity/rt-polarity.pos", "a joy .\nlovely\n")
        file.writestr("sentence_polarity/rt-polarity.neg", "a bore .\ncaf\xe9 dull\n".encode("latin-1"))
    write(monkeypatch, archive, archive.read_bytes(), "nltk/sentence_polarity.zip")
    return tmp_path


def write(monkeypatch, path, content, name):
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    monkeypatch.setitem(FILES, name, PublicFile(digest, "http://127.0.0.1:9/none", "none"))


def test_utilitarianism_keeps_each_scenario_once(mirror):
    pairs = data.utilitarianism()
    assert [pair[:2] for pair in pairs] == [("I won.", "I lost."), ("I ate cake.", "I ate mud.")]


def test_justice_joins_one_reasonable_and_one_unreasonable_end_of_a_scene(mirror):
    assert [pair[:2] for pair in data.justice()] == [
        ("I deserve a fee because I work.", "I deserve a castle because I work."),
        (
            "I used to call him but not now because he moved.",
            "I used to call him but not now because he is tall.",
        ),
    ]


def test_truthfulness_and_moral_choice_put_question_or_situation_in_front(mirror):
    assert data.truthfulness() == [
        data.Pair("Is it flat? It is round.", "Is it flat? It is flat.", "Myths", "Is it flat?")
    ]
    assert data.moral_choice() == [
        data.Pair("You drive. I brake.", "You drive. I speed up.", "Do not kill", "You drive.")
    ]


def test_film_reviews_are_read_in_their_own_encoding(mirror):
    assert [pair[:2] for pair in data.film_reviews()] == [("a joy .", "a bore ."), ("lovely.", "café dull.")]


def test_public_draws_by_its_seed_and_says_what_is_missing(mirror, capsys):
    assert data.public(1, 0) == data.public(1, 0)
    assert {len(pairs) for pairs in data.public(1, 3).values()} == {1}
    assert capsys.readouterr().out == ""
    (mirror / "truthfulqa" / "TruthfulQA.csv").unlink()
    found = data.public(5, 0)
    assert set(found) == {"utilitarianism", "justice", "MoralChoice", "film reviews"}
    said = capsys.readouterr().out
    assert said.startswith("Going on without TruthfulQA")
    assert said.count("\n") == 1


def test_an_unknown_split_is_refused():
    with pytest.raises(ValueError, match="util_dev"):
        data.utilitarianism("dev")


@pytest.mark.parametrize(
    ("a", "b", "share"),
    [("a b c d", "a b x d", 0.75), ("a b", "c d", 0), ("a a a", "a a", 2 / 3), ("", "", 0)],
)
def test_shared_words_counts_no_word_twice(a, b, share):
    assert data.shared_words(a, b) == pytest.approx(share)
