from itertools import pairwise

import numpy as np
import pytest
from audio_signals import chirp, click, click_time, joined, split, tone

from kwsd.audio.timeline import Chunk, Timeline, WallClock


def blocks_of(chunks):
    timeline = Timeline()
    return [block for chunk in chunks for block in timeline.push(chunk)] + timeline.flush()


def assert_unbroken(blocks):
    for before, after in pairwise(blocks):
        assert after.time == pytest.approx(before.time + before.seconds + after.lost, abs=1 / 16000)


@pytest.mark.parametrize("rate", [8000, 16000, 44100, 48000])
def test_block_times_count_the_samples_from_the_start(rate):
    blocks = blocks_of(Chunk(piece, rate) for piece in split(chirp(2.0, rate), [500, 1]))

    assert blocks[0].time == 0
    assert_unbroken(blocks)
    assert sum(block.seconds for block in blocks) == pytest.approx(2.0)


@pytest.mark.parametrize("rate", [16000, 44100])
def test_lost_audio_moves_the_time_of_what_follows(rate):
    blocks = blocks_of([Chunk(tone(440, 1.0, rate), rate), Chunk(click(0.5, 1.0, rate), rate, lost=3.0)])

    (resumed,) = [block for block in blocks if block.lost]
    assert resumed.lost == 3.0
    assert resumed.time == pytest.approx(4.0, abs=1e-9)
    assert_unbroken(blocks)
    late = [block for block in blocks if block.time >= 4.0]
    assert 4.0 + click_time(joined(late), 16000) == pytest.approx(4.5, abs=0.001)


def test_what_was_heard_before_a_gap_comes_out_before_it():
    blocks = blocks_of([Chunk(tone(440, 1.0, 44100), 44100), Chunk(tone(440, 1.0, 44100), 44100, lost=1.0)])

    assert sum(block.seconds for block in blocks if block.time < 1.0) == pytest.approx(1.0, abs=1e-4)


def test_a_loss_is_reported_once_and_never_forgotten():
    # The first chunk after the gap is too short for the resampler to give anything back.
    chunks = [Chunk(tone(440, 0.5, 44100), 44100), Chunk(np.zeros(10, np.float32), 44100, lost=0.25)]
    blocks = blocks_of([*chunks, Chunk(tone(440, 0.5, 44100), 44100)])

    assert [block.lost for block in blocks if block.lost] == [0.25]


def test_a_device_that_comes_back_at_another_rate_continues_the_same_time():
    blocks = blocks_of([Chunk(tone(440, 1.0, 44100), 44100), Chunk(click(0.5, 1.0, 48000), 48000, lost=2.0)])

    late = joined([block for block in blocks if block.time >= 3.0 - 1e-9])
    assert 3.0 + click_time(late, 16000) == pytest.approx(3.5, abs=0.001)
    assert_unbroken(blocks)


def test_hundreds_of_gaps_do_not_make_the_clock_drift():
    piece = tone(440, 0.0123, 44100)
    blocks = blocks_of(Chunk(piece, 44100, lost=0.01) for _ in range(500))

    assert blocks[-1].time + blocks[-1].seconds == pytest.approx(500 * (len(piece) / 44100 + 0.01), abs=1e-3)


def test_samples_beyond_full_scale_are_clipped():
    blocks = blocks_of([Chunk(tone(440, 0.1, 16000, level=4.0), 16000)])

    assert np.abs(joined(blocks)).max() == 1.0


def test_wall_clock_times_follow_the_stream_whatever_the_jitter_of_arrival():
    late = np.random.default_rng(0).uniform(0, 0.05, 500)
    late[0] = 0
    chunks = [Chunk(np.zeros(320, np.float32), 16000, 1e9 + 0.02 * n + late[n]) for n in range(500)]

    errors = [block.wall - 1e9 - block.time for block in blocks_of(chunks)]
    assert max(errors) - min(errors) < 0.02


def test_the_wall_clock_follows_a_sound_card_that_is_slow():
    clock = WallClock()
    for second in range(0, 100_000, 10):
        clock.observe(second, 1e9 + second * 1.0001)

    assert clock.at(100_000) == pytest.approx(1e9 + 100_010, abs=0.5)


def test_the_wall_clock_jumps_when_the_machine_slept():
    clock = WallClock()
    clock.observe(0.0, 1000.0)
    for time in (1.0, 1.5, 2.0):
        clock.observe(time, 5000.0 + time)

    assert clock.at(2.0) == 5002.0


def test_the_wall_clock_does_not_jump_when_audio_only_comes_late():
    clock = WallClock()
    clock.observe(0.0, 1000.0)
    for time in (0.5, 1.0, 1.5, 2.0):
        clock.observe(time, 1002.0)

    assert clock.at(2.0) == pytest.approx(1002.0, abs=0.01)


def test_without_a_report_there_is_no_wall_clock_time():
    assert blocks_of([Chunk(tone(440, 0.1, 16000), 16000)])[0].wall is None
