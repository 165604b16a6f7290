import numpy as np
import pytest

from kwsd.audio.source import RATE, Block
from kwsd.spotting.quiet import LONGEST_WAIT, QuietGate
from kwsd.spotting.scan import AudioSpotter

BLOCK = 0.32  # s


def noise(seconds, level, seed=0):
    return level * np.random.default_rng(seed).standard_normal(round(seconds * RATE)).astype(np.float32)


def blocks(samples, seconds=BLOCK):
    size = round(seconds * RATE)
    return [Block(samples[at : at + size], at / RATE) for at in range(0, len(samples), size)]


def waits(samples, seconds=BLOCK):
    gate = QuietGate()
    return [gate.may_wait(block) for block in blocks(samples, seconds)]


@pytest.mark.parametrize("level", [0.0, 1e-3, 1e-2])
def test_steady_noise_of_any_level_may_wait_but_not_for_ever(level):
    waited = waits(noise(20, level))

    assert np.mean(waited[4:]) > 0.6
    assert max(map(len, "".join("w" if w else " " for w in waited).split())) * BLOCK < LONGEST_WAIT


def test_what_follows_a_loud_sound_at_once_does_not_wait():
    assert waits(np.concatenate([noise(3.2, 1e-3), noise(0.32, 0.1), noise(0.64, 1e-3)]))[-3:] == [False] * 3


def test_speech_does_not_wait(speech):
    assert np.mean(waits(speech)) < 0.1


def test_long_blocks_as_a_scan_has_them_never_wait():
    assert not any(waits(np.zeros(20 * RATE, np.float32), seconds=2.56))


def test_detections_are_the_same_with_quiet_audio_between_phrases(speech, tokenizer, enrolment):
    samples = np.concatenate([noise(4, 1e-3), speech[: 3 * RATE], noise(6, 1e-3), speech[: 3 * RATE], noise(3, 1e-3)])

    def found(parts):
        spotter = AudioSpotter(tokenizer, [enrolment.keyword])
        return [d for block in parts for d in spotter.push(block)] + spotter.flush()

    assert found(blocks(samples)) == found(blocks(samples, 2.56))
    assert len(found(blocks(samples))) == 2
