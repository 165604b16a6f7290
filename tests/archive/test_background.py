"""What an index holds as background, from which a threshold is learned."""

import shutil
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kwsd.archive import Archive, Settings
from kwsd.archive.background import heard_in_index
from kwsd.archive.indexing.token_log import TokenLog
from kwsd.enrolment.false_alarms import false_alarm_model
from kwsd.enrolment.place import recalibrated
from kwsd.enrolment.threshold import Rule
from kwsd.errors import ArchiveError
from kwsd.spotting.score_track import KeywordScorer
from kwsd.tokenizer.background_bank import Bank
from kwsd.tokenizer.frames import Frames

RULE = Rule()


@pytest.fixture(scope="module")
def speech():
    """The beginning of the shipped bank as one kind of speech."""
    return replace(Bank.shipped().beginning(0.7), kinds=())


@pytest.fixture
def heard_log(tmp_path, tokenizer, speech):
    """The log of a room in which what is in the bank was heard, and the recordings of a keyword if they are given."""

    def make(*others: Frames) -> Archive:
        vectors = speech.vectors.copy()
        for number, other in enumerate(others):
            vectors[(number + 1) * 1000 :][: len(other)] = other.vectors
        with closing(TokenLog(str(tmp_path / "heard.index"), tokenizer, "room")) as log:
            log.push(Frames(np.arange(len(vectors)) * speech.hop, vectors, speech.tokens), None)
        return Archive.open(tmp_path / "heard.index", tokenizer)

    return make


@pytest.fixture
def learned(tokenizer, speech):
    """The keyword as it is learned from an index."""

    def learn(archive: Archive, keyword):
        background = heard_in_index(archive, tokenizer, keyword, speech, RULE.alarms_per_hour)
        return recalibrated(keyword, background, tokenizer, bank=speech, rule=RULE)

    return learn


@pytest.mark.parametrize("scorer", ["subsequence", "codes", "edit"])
def test_the_threshold_from_a_log_is_about_that_from_what_was_heard(
    heard_log, learned, enrolment, scorer, speech, tokenizer
):
    keyword = replace(enrolment.keyword, scorer=scorer)
    made = learned(heard_log(), keyword)
    stream = KeywordScorer(scorer, [keyword], speech.hop, tokenizer.codebook)
    scored = stream.push(Frames.join(speech.frames())).distance
    spread = float(np.std(scored[np.isfinite(scored)]))
    direct = false_alarm_model(keyword, speech, tokenizer).threshold(RULE.alarms_per_hour)

    assert made.keyword.threshold == pytest.approx(direct, abs=0.25 * spread)
    assert made.hours == pytest.approx(speech.hours, abs=0.01)


def test_the_keyword_is_found_and_left_out_where_it_was_said(heard_log, learned, enrolment, speech):
    keyword, first = enrolment.keyword, enrolment.keyword.templates[0]
    made = learned(heard_log(*(template.heard for template in keyword.templates)), keyword)

    assert len(made.said) == len(keyword.templates)
    assert made.said[0].start == pytest.approx(1000 * speech.hop + first.start - first.heard.time[0], abs=0.2)


@pytest.fixture
def files_in(monkeypatch, tokenizer, speech, enrolment):
    """The files of an index that can be heard again, by the name of the document; distances are as they are."""
    monkeypatch.setattr("kwsd.archive.background._exactness", lambda *others: (1.0, 0.0))

    def list_them(archive):
        heard = heard_in_index(archive, tokenizer, enrolment.keyword, speech, RULE.alarms_per_hour)
        return {Path(one.name).name: one.path for one in heard}

    return list_them


def test_a_file_that_is_as_it_was_can_be_heard_again_and_no_other(tmp_path, tokenizer, recordings, files_in):
    files = [tmp_path / name for name in ("same.flac", "gone.flac", "longer.flac")]
    for file in files:
        shutil.copy(recordings[0], file)
    archive, _ = Archive.build(tmp_path / "made.index", files, tokenizer)
    files[1].unlink()
    files[2].write_bytes(recordings[1].read_bytes())

    assert files_in(archive) == {"same.flac": files[0], "gone.flac": None, "longer.flac": None}


def test_what_was_heard_live_cannot_be_heard_again(heard_log, files_in):
    assert files_in(heard_log()) == {"room": None}


def test_stored_vectors_are_used_where_an_index_has_them(tmp_path, tokenizer, speech, recordings, enrolment):
    settings = Settings(vectors=True)
    archive, _ = Archive.build(tmp_path / "made.index", recordings[:1], tokenizer, settings=settings)
    (heard,) = heard_in_index(archive, tokenizer, enrolment.keyword, speech, RULE.alarms_per_hour)
    vectors = Frames.join(heard.frames).vectors

    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(vectors[::2], vectors[1::2])
    assert heard.scale == pytest.approx(1, abs=0.2)


def test_a_keyword_that_is_spotted_by_tokens_needs_recordings(heard_log, learned, enrolment):
    with pytest.raises(ArchiveError, match="give recordings"):
        learned(heard_log(), replace(enrolment.keyword, scorer="levenshtein"))
