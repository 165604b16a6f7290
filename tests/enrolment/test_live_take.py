"""A take at a microphone ends by itself, or is refused."""

import numpy as np
import pytest
import soundfile as sf

from kwsd.audio.source import Block, no_audio
from kwsd.audio.trim import phrase_spans
from kwsd.enrolment import live_take
from kwsd.enrolment.live_take import take_live
from kwsd.errors import AudioError

CHUNK = 320


class Live:
    """A source that gives these samples in blocks of 20 ms."""

    name = "live"

    def __init__(self, samples, lost_at=None):
        self.samples, self.lost_at, self.closed = samples, lost_at, False

    def blocks(self):
        for first in range(0, len(self.samples), CHUNK):
            yield Block(self.samples[first : first + CHUNK], first / 16000, lost=float(first == self.lost_at))

    def close(self):
        self.closed = True


class Mute(Live):
    """A source that gives no audio."""

    def blocks(self):
        while True:
            yield no_audio(0.0)


def take(source):
    return take_live(source, lambda samples: None)


@pytest.fixture
def spoken(recordings):
    return [sf.read(path, dtype="float32")[0] for path in recordings]


def test_the_phrase_is_found_and_the_take_ends_a_second_later_at_most(spoken):
    for samples in spoken:
        source = Live(samples)
        found = take(source)
        (start, end), (wanted_start, wanted_end) = found.pieces[0], phrase_spans(samples)[0][0]

        assert (start, end) == pytest.approx((wanted_start, wanted_end), abs=0.05)
        assert len(found.samples) / 16000 - end == pytest.approx(0.9, abs=0.12)
        assert source.closed


def test_zeros_before_the_microphone_starts_are_no_part_of_it(spoken):
    found = take(Live(np.concatenate([np.zeros(8000, np.float32), spoken[0]])))

    assert found.samples[0] != 0
    assert found.pieces[0] == pytest.approx(phrase_spans(spoken[0])[0][0], abs=0.05)


def test_the_meter_gets_every_sample(spoken):
    heard = []
    found = take_live(Live(spoken[0]), heard.append)

    assert np.array_equal(np.concatenate(heard), found.samples)


def test_background_alone_is_listened_to_for_ten_seconds(spoken):
    background = np.tile(np.concatenate([spoken[0][:8000], spoken[0][:8000][::-1]]), 20)
    source = Live(background)
    heard = []

    with pytest.raises(AudioError, match="it holds no speech"):
        take_live(source, heard.append)
    assert sum(map(len, heard)) == 160_000


@pytest.mark.parametrize(
    ("gain", "words"),
    [
        (0.0, "it is silent: check that the microphone is not muted"),
        (0.02, "it is quiet: raise the input level"),
        (30.0, "it is clipped: lower the input level"),
    ],
)
def test_what_the_level_spoils_is_refused_with_what_to_change(spoken, gain, words):
    with pytest.raises(AudioError, match=words):
        take(Live(np.clip(gain * spoken[0], -1, 1)))


def test_lost_audio_is_refused(spoken):
    with pytest.raises(AudioError, match="audio was lost"):
        take(Live(spoken[0], lost_at=16000))


def test_a_microphone_without_audio_is_given_up(monkeypatch):
    monkeypatch.setattr(live_take, "GONE", 0.05)
    source = Mute(np.zeros(0, np.float32))

    with pytest.raises(AudioError, match="gives no audio"):
        take(source)
    assert source.closed
