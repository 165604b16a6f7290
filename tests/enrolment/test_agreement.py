"""What in a recording is the phrase, as the other recordings tell."""

import numpy as np
import pytest
import soundfile as sf

from kwsd.audio.source import RATE
from kwsd.audio.trim import phrase_spans
from kwsd.enrolment.agreement import agreed
from kwsd.enrolment.template import Recording, take_of


@pytest.fixture
def takes(recordings, tokenizer):
    return [take_of(path, tokenizer) for path in recordings]


@pytest.fixture
def stranger(examples):
    """What another voice says."""
    samples = sf.read(examples / "odd" / "odd-one-out.flac", dtype="float32")[0]
    (start, end), *_ = phrase_spans(samples)[0]
    return samples[int(start * RATE) : int(end * RATE)]


@pytest.mark.parametrize("where", ["before", "after"])
def test_another_voice_beside_the_phrase_is_left_out(recordings, takes, tokenizer, stranger, where):
    alone = sf.read(recordings[0], dtype="float32")[0]
    quiet = alone[:3200]
    parts = [stranger, quiet, alone] if where == "before" else [alone, quiet, stranger]
    both = np.concatenate([quiet, *parts, quiet])
    shift = (both.size - alone.size - quiet.size) / RATE if where == "before" else quiet.size / RATE
    found, *_ = agreed([take_of(Recording("both.wav", both), tokenizer), *takes[1:]])
    expected = agreed(takes)[0].pieces[0]

    assert found.pieces == (
        (pytest.approx(expected[0] + shift, abs=0.15), pytest.approx(expected[1] + shift, abs=0.15)),
    )


def test_the_parts_of_a_phrase_with_a_pause_are_joined_without_it(recordings, takes, tokenizer):
    alone = sf.read(recordings[1], dtype="float32")[0]
    expected = agreed(takes)[1]
    level = np.abs(alone)
    first, last = int((expected.start + 0.15) * RATE), int((expected.end - 0.15) * RATE)
    middle = first + int(np.convolve(level[first:last], np.ones(320), "valid").argmin()) + 160
    paused = np.concatenate([alone[:middle], np.resize(alone[:3200], 10_000), alone[middle:]])
    found = agreed([takes[0], take_of(Recording("paused.wav", paused), tokenizer), *takes[2:]])[1]

    assert len(found.pieces) == 2
    assert found.end - found.start == pytest.approx(expected.end - expected.start, abs=0.2)


def test_an_only_recording_is_read_in_the_likeliest_way(takes):
    assert agreed(takes[:1]) == [takes[0].readings[0]]


def test_what_is_enrolled_already_tells_too(recordings, takes, tokenizer, stranger):
    alone = sf.read(recordings[0], dtype="float32")[0]
    both = Recording("both.wav", np.concatenate([alone, alone[:3200], stranger, alone[:3200]]))
    known = [take.template(reading) for take, reading in zip(takes[1:], agreed(takes[1:]), strict=True)]
    (found,) = agreed([take_of(both, tokenizer)], known)

    assert found.pieces[-1][1] < len(alone) / RATE
