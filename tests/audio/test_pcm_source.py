import io
import os
import signal
import threading
import time

import numpy as np
import pytest
from audio_signals import chirp, click, click_time, joined, similarity, split

from kwsd.audio import PcmSource
from kwsd.errors import AudioError


def encoded(samples, width):
    if width == "f32":
        return samples.astype("<f4").tobytes()
    bits = int(width[1:])
    whole = np.round(samples.astype(np.float64) * (2 ** (bits - 1) - 1)).astype("<i4")
    return whole.view(np.uint8).reshape(-1, 4)[:, : bits // 8].tobytes()


class Pipe:
    """A pipe whose reading end is a binary stream, as standard input is."""

    def __init__(self):
        reading, self._writing = os.pipe()
        self.stream = os.fdopen(reading, "rb")

    def write(self, data):
        os.write(self._writing, data)

    def end(self):
        os.close(self._writing)


@pytest.fixture
def pipe():
    made = Pipe()
    yield made
    made.stream.close()


@pytest.mark.parametrize("width", ["s16", "s24", "s32", "f32"])
def test_every_width_keeps_the_signal(width):
    signal_ = chirp(1.0, 16000)

    heard = joined(PcmSource(io.BytesIO(encoded(signal_, width)), 16000, width).blocks())
    assert heard == pytest.approx(signal_, abs=2**-14)


def test_negative_full_scale_is_minus_one_in_every_width():
    lowest = {"s16": b"\x00\x80", "s24": b"\x00\x00\x80", "s32": b"\x00\x00\x00\x80", "f32": b"\x00\x00\x80\xbf"}

    for width, data in lowest.items():
        assert joined(PcmSource(io.BytesIO(data), 16000, width).blocks()) == [-1.0]


@pytest.mark.parametrize("rate", [8000, 44100, 48000])
def test_any_rate_is_resampled_in_step_with_time(rate):
    heard = joined(PcmSource(io.BytesIO(encoded(click(0.5, 1.0, rate), "s16")), rate).blocks())

    assert len(heard) == 16000
    assert click_time(heard, 16000) == pytest.approx(0.5, abs=0.001)


def test_channels_are_mixed_to_their_mean():
    stereo = np.stack([chirp(0.5, 16000), np.zeros(8000, np.float32)], axis=1)

    heard = joined(PcmSource(io.BytesIO(encoded(stereo.ravel(), "f32")), 16000, "f32", channels=2).blocks())
    assert heard == pytest.approx(chirp(0.5, 16000) / 2, abs=1e-6)


def test_bytes_that_make_no_whole_frame_at_the_end_are_left_out():
    data = encoded(chirp(0.1, 16000), "s24") + b"\x01\x02\x03\x04"

    assert len(joined(PcmSource(io.BytesIO(data), 16000, "s24", channels=2).blocks())) == 800


def test_no_audio_at_all_is_no_blocks():
    assert list(PcmSource(io.BytesIO(), 16000).blocks()) == []


def test_a_file_redirected_to_standard_input_is_read(tmp_path):
    (tmp_path / "speech.raw").write_bytes(encoded(chirp(3.0, 16000), "s16"))
    with (tmp_path / "speech.raw").open("rb") as stream:
        heard = joined(PcmSource(stream, 16000).blocks())

    assert similarity(heard, chirp(3.0, 16000)) > 0.9999


@pytest.mark.parametrize("seed", range(3))
def test_however_the_writer_splits_its_bytes_the_samples_are_the_same(pipe, seed):
    data = encoded(chirp(1.0, 44100), "s24")
    sizes = np.random.default_rng(seed).integers(1, 3000, 50).tolist()

    def write():
        for piece in split(np.frombuffer(data, np.uint8), sizes):
            pipe.write(piece.tobytes())
        pipe.end()

    writer = threading.Thread(target=write)
    writer.start()
    heard = joined(PcmSource(pipe.stream, 44100, "s24").blocks())
    writer.join()

    assert np.array_equal(heard, joined(PcmSource(io.BytesIO(data), 44100, "s24").blocks()))


def test_a_block_comes_as_soon_as_it_was_written(pipe):
    blocks = PcmSource(pipe.stream, 16000, block=0.02).blocks()
    for number in range(3):
        pipe.write(bytes(640))

        block = next(blocks)
        assert (block.time, len(block.samples)) == (pytest.approx(0.02 * number), 320)
    pipe.end()


def test_a_block_has_as_much_audio_as_its_consumer_needs(pipe):
    source = PcmSource(pipe.stream, 16000, block=0.02)
    source.due = 0.05
    for _ in range(3):
        pipe.write(bytes(640))
    pipe.end()

    assert [round(block.seconds, 2) for block in source.blocks()] == [0.06]


def test_blocks_carry_the_unix_time_at_which_they_were_heard(pipe):
    blocks = PcmSource(pipe.stream, 16000).blocks()
    pipe.write(bytes(640))
    pipe.end()

    assert next(blocks).wall == pytest.approx(time.time() - 0.02, abs=1.0)


def test_closing_ends_a_wait_for_the_writer(pipe):
    source = PcmSource(pipe.stream, 16000)
    consumer = threading.Thread(target=lambda: list(source.blocks()))
    consumer.start()
    source.close()
    source.close()
    consumer.join(5.0)
    pipe.end()

    assert not consumer.is_alive()


def test_a_signal_handler_may_close_the_source_that_its_thread_reads(pipe):
    source = PcmSource(pipe.stream, 16000)
    before = signal.signal(signal.SIGALRM, lambda *_: source.close())
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    blocks = list(source.blocks())
    signal.signal(signal.SIGALRM, before)
    pipe.end()

    assert blocks == []


def test_a_sample_that_is_not_a_number_is_refused_with_its_place():
    samples = chirp(1.0, 16000)
    samples[4000] = np.nan

    with pytest.raises(AudioError, match=r"stdin has a sample .* at 0\.250 s; is it really f32 at 16000 Hz"):
        list(PcmSource(io.BytesIO(encoded(samples, "f32")), 16000, "f32").blocks())


def test_a_rate_of_4_khz_is_refused():
    with pytest.raises(AudioError, match="stdin has a sample rate of 4000 Hz"):
        PcmSource(io.BytesIO(), 4000)


def test_an_unknown_width_is_refused_with_those_that_exist():
    with pytest.raises(AudioError, match="'u8' is not a PCM width; use one of s16, s24, s32, f32"):
        PcmSource(io.BytesIO(), 16000, "u8")


@pytest.mark.parametrize("channels", [0, 65])
def test_an_impossible_number_of_channels_is_refused(channels):
    with pytest.raises(AudioError, match="1 to 64 are possible"):
        PcmSource(io.BytesIO(), 16000, channels=channels)


def test_a_terminal_is_refused():
    leader, follower = os.openpty()
    with os.fdopen(follower, "rb") as terminal, pytest.raises(AudioError, match="is a terminal; pipe raw PCM"):
        PcmSource(terminal, 16000)
    os.close(leader)


def test_the_seconds_in_which_a_live_writer_pauses_are_in_the_streams_time(pipe, monkeypatch):
    monkeypatch.setattr("kwsd.audio.pauses.PAUSE", 0.2)
    blocks = PcmSource(pipe.stream, 16000).blocks()
    spoken = encoded(chirp(0.4, 16000), "s16")
    pipe.write(spoken)
    before = next(blocks)
    threading.Timer(0.7, lambda: (pipe.write(spoken), pipe.end())).start()
    (after,) = blocks

    assert after.lost == pytest.approx(0.3, abs=0.15)
    assert after.time == pytest.approx(before.seconds + after.lost)
    assert after.wall - after.time == pytest.approx(before.wall - before.time, abs=0.15)
