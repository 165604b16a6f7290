import os
import threading
import tracemalloc
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from audio_signals import chirp, click, click_time, joined, similarity, tone, write

from kwsd.audio import FileSource, audio_files, read
from kwsd.errors import AudioError

WRITABLE = {
    "speech.wav": {},
    "speech24.wav": {"subtype": "PCM_24"},
    "float.wav": {"subtype": "FLOAT"},
    "speech.flac": {},
    "speech.ogg": {},
    "speech.opus": {"format": "OGG", "subtype": "OPUS"},
    "speech.mp3": {},
    "speech.aiff": {},
    "speech.au": {},
    "speech.caf": {},
    "speech.rf64": {},
}


@pytest.fixture
def nobody():
    """The rest of the test without the superuser's right to read everything."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    yield
    os.seteuid(0)


class FakeTime(SimpleNamespace):
    """A clock that moves only when somebody sleeps."""

    def __init__(self):
        super().__init__(now=100.0)

    def monotonic(self):
        return self.now

    def time(self):
        return 1e9 + self.now

    def sleep(self, seconds):
        self.now += seconds


@pytest.fixture
def clock(monkeypatch):
    fake = FakeTime()
    monkeypatch.setattr("kwsd.audio.files.time", fake)
    monkeypatch.setattr("kwsd.audio.files.Wake", lambda: SimpleNamespace(wait=fake.sleep, set=lambda: None))
    return fake


# Formats, rates, channels


@pytest.mark.parametrize(("name", "options"), WRITABLE.items())
def test_every_common_format_is_read(tmp_path, name, options):
    source = FileSource(write(tmp_path / name, chirp(2.0, 48000), 48000, **options))

    assert similarity(joined(source.blocks()), chirp(2.0, 16000)) > 0.99
    assert source.seconds == pytest.approx(2.0)


@pytest.mark.parametrize("name", ["speech.wav", "speech.flac", "speech.ogg", "speech.opus", "speech.mp3"])
def test_what_was_said_at_a_time_is_heard_at_that_time(tmp_path, name):
    path = write(tmp_path / name, click(1.0, 2.0, 48000), 48000, **WRITABLE[name])

    assert click_time(read(path), 16000) == pytest.approx(1.0, abs=0.001)


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 22050, 44100, 96000])
def test_any_rate_from_8_khz_is_read(tmp_path, rate):
    path = write(tmp_path / "speech.wav", chirp(1.0, rate), rate)

    assert len(read(path)) == 16000
    assert similarity(read(path), chirp(1.0, 16000)) > 0.999


@pytest.mark.parametrize("channels", [1, 2, 6, 64])
def test_channels_are_mixed_to_their_mean(tmp_path, channels):
    voices = np.stack([chirp(0.5, 16000) * (n % 3) / 3 for n in range(channels)], axis=1)
    path = write(tmp_path / "speech.wav", voices, 16000, subtype="FLOAT")

    assert read(path) == pytest.approx(voices.mean(axis=1), abs=1e-6)


def test_a_file_is_known_by_its_content_and_not_by_its_name(tmp_path):
    path = write(tmp_path / "speech.flac", chirp(0.5, 16000), 16000).rename(tmp_path / "speech.txt")

    assert len(read(path)) == 8000


def test_samples_beyond_full_scale_are_clipped(tmp_path):
    path = write(tmp_path / "loud.wav", tone(440, 0.5, 16000, level=50.0), 16000, subtype="FLOAT")

    assert np.abs(read(path)).max() == 1.0
    assert np.abs(joined(FileSource(path).blocks())).max() == 1.0


def test_a_fifo_is_read_like_a_file(tmp_path):
    path = write(tmp_path / "speech.wav", chirp(0.5, 16000), 16000)
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    writer = threading.Thread(target=lambda: fifo.write_bytes(path.read_bytes()))
    writer.start()
    heard = joined(FileSource(fifo).blocks())
    writer.join()

    assert np.array_equal(heard, read(path))


# Streaming


@pytest.mark.parametrize("name", ["speech.flac", "speech.ogg", "speech.opus", "speech.mp3"])
@pytest.mark.parametrize("block", [0.01, 0.08, 3.0])
def test_the_block_length_never_changes_the_samples(tmp_path, name, block):
    path = write(tmp_path / name, chirp(4.0, 24000), 24000, **WRITABLE[name])

    assert np.array_equal(joined(FileSource(path, block=block).blocks()), read(path))


def test_compressed_audio_has_no_faults_between_the_parts_it_is_decoded_in(tmp_path):
    path = write(tmp_path / "speech.mp3", tone(440, 10.0, 16000), 16000)

    heard = read(path)[1600:-1600]
    assert np.abs(np.diff(heard, 2)).max() < 0.05


def test_every_block_but_the_last_has_the_length_asked_for(tmp_path):
    path = write(tmp_path / "speech.wav", chirp(1.0, 44100), 44100)
    sizes = [len(block.samples) for block in FileSource(path, block=0.08).blocks()]

    assert sizes == [1280] * 12 + [640]


def test_block_times_begin_at_zero_and_count_the_samples(tmp_path):
    path = write(tmp_path / "speech.wav", chirp(1.0, 44100), 44100)
    blocks = list(FileSource(path, block=0.08).blocks())

    assert [block.time for block in blocks] == pytest.approx([0.08 * n for n in range(13)])
    assert {(block.lost, block.wall) for block in blocks} == {(0.0, None)}


def test_memory_does_not_grow_with_the_length_of_the_file(tmp_path):
    def peak(seconds):
        path = write(tmp_path / f"{seconds}.wav", np.zeros(seconds * 16000, np.float32), 16000)
        tracemalloc.start()
        for _ in FileSource(path).blocks():
            pass
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used

    assert peak(120) < 1.1 * peak(10)


def test_a_closed_source_gives_no_more_blocks(tmp_path):
    source = FileSource(write(tmp_path / "speech.wav", chirp(5.0, 16000), 16000))
    blocks = source.blocks()
    next(blocks)
    source.close()

    assert list(blocks) == []


def test_a_source_may_be_closed_before_it_was_used(tmp_path):
    source = FileSource(write(tmp_path / "speech.wav", chirp(1.0, 16000), 16000))
    source.close()
    source.close()

    assert list(source.blocks()) == []


# Paced


def test_a_paced_block_comes_when_its_last_sample_would_have_been_heard(tmp_path, clock):
    path = write(tmp_path / "speech.wav", chirp(1.0, 16000), 16000)
    arrivals = [clock.now - 100.0 for _ in FileSource(path, realtime=True).blocks()]

    assert arrivals == pytest.approx([0.04 * (n + 1) for n in range(25)])


def test_a_paced_source_gives_as_much_audio_at_once_as_its_consumer_waits_for(tmp_path, clock):
    source = FileSource(write(tmp_path / "speech.wav", chirp(1.0, 16000), 16000), realtime=True)
    arrivals = []
    for block in source.blocks():
        arrivals.append((round(block.seconds, 2), round(clock.now - 100.0, 2)))
        source.due = 0.24 if len(arrivals) == 2 else 0.0

    assert arrivals[:5] == [(0.04, 0.04), (0.04, 0.08), (0.24, 0.32), (0.04, 0.36), (0.04, 0.4)]


def test_a_slow_consumer_does_not_make_the_pace_drift(tmp_path, clock):
    path = write(tmp_path / "speech.wav", chirp(60.0, 8000), 8000)
    for _ in FileSource(path, realtime=True).blocks():
        clock.sleep(0.03)

    assert clock.now == pytest.approx(160.03)


def test_a_consumer_that_fell_behind_catches_up(tmp_path, clock):
    path = write(tmp_path / "speech.wav", chirp(2.0, 16000), 16000)
    for number, _ in enumerate(FileSource(path, realtime=True).blocks()):
        clock.sleep(1.0 if number == 3 else 0.0)

    assert clock.now == pytest.approx(102.0)


def test_paced_blocks_carry_the_unix_time_of_their_first_sample(tmp_path, clock):
    path = write(tmp_path / "speech.wav", chirp(1.0, 16000), 16000)
    walls = [block.wall - block.time for block in FileSource(path, realtime=True).blocks()]

    assert walls == pytest.approx([1e9 + 100.0] * len(walls), abs=1e-6)


def test_closing_a_paced_source_ends_its_wait(tmp_path):
    path = write(tmp_path / "speech.wav", chirp(30.0, 8000), 8000)
    source = FileSource(path, realtime=True, block=30.0)
    consumer = threading.Thread(target=lambda: list(source.blocks()))
    consumer.start()
    source.close()
    consumer.join(5.0)

    assert not consumer.is_alive()


# Damage


@pytest.mark.parametrize(
    "name", ["speech.wav", "speech.aiff", "speech.flac", "speech.ogg", "speech.opus", "speech.mp3"]
)
def test_of_a_truncated_file_what_is_there_is_read(tmp_path, name):
    path = write(tmp_path / name, chirp(20.0, 16000), 16000, **WRITABLE[name])
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    heard = np.concatenate([block.samples for block in FileSource(path).blocks()])
    assert 80_000 < len(heard) < 240_000
    assert similarity(heard, chirp(20.0, 16000)) > 0.99


@pytest.mark.parametrize("name", ["speech.wav", "speech.flac", "speech.mp3"])
def test_a_short_recording_that_is_cut_short_is_refused(tmp_path, name):
    path = write(tmp_path / name, chirp(20.0, 16000), 16000)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    with pytest.raises(AudioError, match=r"speech\.\w+ is damaged or cut short"):
        read(path)


def test_a_wav_of_unknown_length_is_not_taken_for_a_damaged_one(tmp_path):
    path = write(tmp_path / "piped.wav", chirp(1.0, 16000), 16000)
    content = bytearray(path.read_bytes())
    content[4:8] = content[40:44] = b"\xff\xff\xff\xff"
    path.write_bytes(content)

    assert len(read(path)) == 16_000


@pytest.mark.parametrize("name", ["speech.flac", "speech.mp3"])
def test_a_file_that_ends_before_its_header_says_is_reported_as_damaged(tmp_path, name):
    path = write(tmp_path / name, chirp(20.0, 16000), 16000)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    source = FileSource(path)
    list(source.blocks())

    assert f"{name} is damaged or cut short: " in source.damage
    assert "of 20.00 s could be read" in source.damage


def test_a_whole_file_is_not_reported_as_damaged(tmp_path):
    source = FileSource(write(tmp_path / "speech.mp3", chirp(2.0, 16000), 16000))
    list(source.blocks())

    assert source.damage is None


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("rate", [16000, 44100])
def test_a_sample_that_is_not_a_number_is_refused_with_its_place(tmp_path, value, rate):
    samples = tone(440, 3.0, rate)
    samples[rate * 5 // 2] = value
    path = write(tmp_path / "broken.wav", samples, rate, subtype="FLOAT")

    with pytest.raises(AudioError, match=r"broken\.wav has a sample that is not a finite number at 2\.500 s"):
        read(path)


def test_samples_too_large_for_their_mean_are_refused(tmp_path):
    samples = np.full((100, 2), 3e38, np.float32)
    path = write(tmp_path / "broken.wav", samples, 16000, subtype="FLOAT")

    with pytest.raises(AudioError, match="not a finite number"):
        read(path)


def test_a_rate_of_4_khz_is_refused_with_what_is_needed(tmp_path):
    path = write(tmp_path / "dull.wav", tone(440, 1.0, 4000), 4000)

    with pytest.raises(AudioError, match=r"dull\.wav has a sample rate of 4000 Hz; 8000 to 768000 Hz are needed"):
        FileSource(path)


@pytest.mark.parametrize("name", ["text.wav", "text.mp3", "text.raw", "text"])
def test_a_file_that_is_not_audio_is_refused_in_one_sentence(tmp_path, capfd, name):
    path = tmp_path / name
    path.write_text("this is not audio\n" * 5000)

    with pytest.raises(AudioError, match=f"{name} is not a recording that can be read; WAV, FLAC"):
        FileSource(path)
    assert capfd.readouterr() == ("", "")


def test_an_empty_file_is_refused_by_name(tmp_path):
    (tmp_path / "empty.wav").touch()

    with pytest.raises(AudioError, match=r"empty\.wav is empty$"):
        FileSource(tmp_path / "empty.wav")


@pytest.mark.parametrize(("name", "header"), [("header.wav", 44), ("header.flac", 100)])
def test_a_header_without_audio_is_refused_by_name(tmp_path, name, header):
    path = write(tmp_path / name, chirp(1.0, 16000), 16000)
    path.write_bytes(path.read_bytes()[:header])

    with pytest.raises(AudioError, match=f"{name} holds no audio"):
        list(FileSource(path).blocks())
    with pytest.raises(AudioError, match=f"{name} holds no audio"):
        read(path)


def test_a_header_that_is_cut_off_is_refused_by_name(tmp_path):
    path = write(tmp_path / "stump.wav", chirp(1.0, 16000), 16000)
    path.write_bytes(path.read_bytes()[:20])

    with pytest.raises(AudioError, match=r"stump\.wav is not a recording that can be read"):
        FileSource(path)


def test_a_missing_file_is_refused_by_name(tmp_path):
    with pytest.raises(AudioError, match=r"nowhere\.wav does not exist$"):
        FileSource(tmp_path / "nowhere.wav")


def test_a_directory_is_refused_by_name(tmp_path):
    with pytest.raises(AudioError, match="is a directory, not a recording"):
        read(tmp_path)


def test_a_file_that_may_not_be_read_is_refused_with_the_reason(tmp_path, nobody):
    path = tmp_path / "secret.wav"
    if os.geteuid() != 65534:
        path.touch(mode=0)

    with pytest.raises(AudioError, match=r"secret\.wav cannot be read: Permission denied"):
        FileSource(path)


def test_a_refused_file_is_not_left_open(tmp_path):
    (tmp_path / "text.wav").write_text("not audio")
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        with pytest.raises(AudioError):
            FileSource(tmp_path / "text.wav")

    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_name_that_is_not_unicode_can_still_be_printed(tmp_path):
    with pytest.raises(AudioError) as refused:
        FileSource(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.wav"))

    assert str(refused.value).encode().endswith(b"/\\udcff.wav does not exist")


def test_a_recording_longer_than_the_limit_is_refused(tmp_path):
    path = write(tmp_path / "long.wav", chirp(3.0, 44100), 44100)

    assert len(read(path, limit=3.0)) == 48000
    with pytest.raises(AudioError, match=r"long\.wav lasts longer than 2 s; cut it"):
        read(path, limit=2.0)


# Lists of files


@pytest.fixture
def shelf(tmp_path):
    for name in ("b.wav", "a.FLAC", "notes.txt", ".hidden.wav", "deep/c.mp3", ".trash/d.wav"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    return tmp_path


def test_a_directory_stands_for_the_recordings_below_it(shelf):
    assert audio_files([shelf], recursive=True) == [shelf / "a.FLAC", shelf / "b.wav", shelf / "deep/c.mp3"]


def test_a_directory_without_recursive_is_refused_with_the_option_to_pass(shelf):
    with pytest.raises(AudioError, match="is a directory; pass --recursive"):
        audio_files([shelf])


def test_a_named_file_is_kept_whatever_it_is(shelf):
    named = [shelf / "notes.txt", shelf / "nowhere.wav"]

    assert audio_files(named) == named


def test_a_recording_named_twice_is_read_once(shelf):
    found = audio_files([shelf / "b.wav", shelf], recursive=True)

    assert found == [shelf / "b.wav", shelf / "a.FLAC", shelf / "deep/c.mp3"]


def test_a_directory_without_recordings_is_refused_by_name(shelf):
    (shelf / "bare").mkdir()

    with pytest.raises(AudioError, match="bare holds no recordings"):
        audio_files([shelf / "bare"], recursive=True)


def test_a_directory_that_may_not_be_listed_is_refused(tmp_path, monkeypatch):
    def walk(folder, onerror):
        onerror(PermissionError(13, "Permission denied", str(folder)))
        return iter(())

    monkeypatch.setattr("kwsd.audio.files.os.walk", walk)

    with pytest.raises(AudioError, match="cannot be listed: Permission denied"):
        audio_files([tmp_path], recursive=True)
