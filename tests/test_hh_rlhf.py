"""utils.hh_rlhf and utils.sentiment: what is kept of a record, and what stands in for missing data."""

import gzip
import json
import zipfile

import pytest

from utils import hh_rlhf, sentiment
from utils.data import Missing

BEFORE = "\n\nHuman: Hello.\n\nAssistant: Hi.\n\nHuman: How do I cook rice?"


def test_a_record_is_cut_at_its_last_reply():
    pair = hh_rlhf.parse(BEFORE + "\n\nAssistant: In water. ", BEFORE + "\n\nAssistant: No.")
    assert pair == hh_rlhf.Comparison(BEFORE, "In water.", "No.")


@pytest.mark.parametrize(
    ("chosen", "rejected"),
    [
        (BEFORE + "\n\nAssistant: A", BEFORE + " Now?\n\nAssistant: B"),
        (BEFORE + "\n\nAssistant: ", BEFORE + "\n\nAssistant: B"),
        (BEFORE + "\n\nAssistant: A", BEFORE + "\n\nAssistant: A "),
    ],
)
def test_a_record_that_compares_nothing_is_left_out(chosen, rejected):
    assert hh_rlhf.parse(chosen, rejected) is None


def test_the_file_is_read_line_by_line(tmp_path, monkeypatch):
    path = tmp_path / "test.jsonl.gz"
    records = [{"chosen": BEFORE + "\n\nAssistant: A", "rejected": BEFORE + "\n\nAssistant: B"}] * 2
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(record) + "\n" for record in records)
    monkeypatch.setattr(hh_rlhf, "fetch", lambda name: path)
    assert [pair.chosen for pair in hh_rlhf.harmless_comparisons()] == ["A", "A"]


def test_generated_sentences_differ_in_tone_alone():
    pleasant, unpleasant = sentiment.generated_sentences()
    assert len(pleasant) == len(unpleasant) == len(set(pleasant))
    assert not set(pleasant) & set(unpleasant)
    subjects = [{s for s in sentiment.SUBJECTS if t.startswith(s + " ")} for t in (*pleasant, *unpleasant)]
    assert all(len(subject) == 1 for subject in subjects)


def test_reviews_are_read_and_their_spacing_undone(tmp_path, monkeypatch):
    path = tmp_path / "reviews.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("sentence_polarity/rt-polarity.pos", "it 's a film , in short ,  that works . \n\n")
        archive.writestr("sentence_polarity/rt-polarity.neg", "does n't ( quite ) work !\n".encode("latin-1"))
    monkeypatch.setattr(sentiment, "fetch", lambda name: path)
    liked, disliked = sentiment.review_sentences()
    assert liked == ["it's a film, in short, that works."]
    assert disliked == ["doesn't ( quite) work!"]


def test_without_the_reviews_generated_sentences_stand_in(monkeypatch, capsys):
    def missing(name):
        raise Missing("the file is not there.")

    monkeypatch.setattr(sentiment, "fetch", missing)
    assert sentiment.toned_sentences() == sentiment.generated_sentences()
    assert "generated sentences instead of film reviews" in capsys.readouterr().out
