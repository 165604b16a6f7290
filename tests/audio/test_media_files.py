"""Files that PyAV reads: the same times and limits as other files, and never the whole file in memory."""

import gc
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import soxr
from audio_signals import chirp, click, click_time, joined, similarity, tone, write

from kwsd.audio import FileSource, audio_files, read
from kwsd.errors import AudioError
from kwsd.spotting.scan import scan

pytest.importorskip("av", reason="needs PyAV: pip install 'kwsd[media]'")

from media_files import KINDS, encode, encoded, speex

# s. An ADTS or MPEG stream does not say how long its encoder's delay was; AMR and G.722 delay by a part of a frame.
UNSTATED_DELAY = {
    "raw.aac": 0.022,
    "television.ts": 0.022,
    "voice.amr": 0.007,
    "voice.3gp": 0.002,
    "telephone.wav": 0.002,
}


def open_files():
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.parametrize("name", KINDS)
def test_what_phones_browsers_and_cameras_record_is_read(tmp_path, name):
    path = encoded(tmp_path, name, lambda rate: np.pad(chirp(3.0, rate, top=3000.0), rate // 10))
    heard, meant = read(path)[1570:], chirp(3.0, 16000, top=3000.0)

    assert max(similarity(heard[at:], meant) for at in range(400)) > (0.9 if name.startswith("voice") else 0.97)


@pytest.mark.parametrize("name", KINDS)
def test_what_was_said_at_a_time_is_heard_at_that_time(tmp_path, name):
    path = encoded(tmp_path, name, lambda rate: click(1.0, 2.0, rate))

    assert 0 <= click_time(read(path), 16000) - 1.0 + 0.001 <= UNSTATED_DELAY.get(name, 0.0) + 0.002


@pytest.mark.parametrize("name", KINDS)
def test_a_keyword_is_found_where_it_is_found_in_a_wav_file(tmp_path, speech, tokenizer, enrolment, name):
    path = encoded(tmp_path, name, lambda rate: soxr.resample(speech, 16_000, rate))
    wav = write(tmp_path / "talk.wav", speech, 16_000)
    meant, heard = (next(scan(FileSource(one), tokenizer, [enrolment.keyword])) for one in (wav, path))

    assert (heard.start, heard.end) == pytest.approx((meant.start, meant.end), abs=0.08)  # two frames


@pytest.mark.parametrize("name", ["phone.m4a", "lossless.m4a", "camera.mov", "voice.3gp"])
def test_the_padding_that_an_encoder_adds_is_left_out(tmp_path, name):
    path = encoded(tmp_path, name, lambda rate: chirp(1.2345, rate))

    assert len(read(path)) / 16_000 == pytest.approx(1.2345, abs=0.001)


@pytest.mark.parametrize("rate", [8000, 16000, 32000])
def test_speex_is_read(tmp_path, rate):
    path = speex(tmp_path / "old.spx", click(1.0, 2.0, rate), rate)

    assert click_time(read(path), 16000) == pytest.approx(1.0, abs=0.002)


def test_the_sound_of_a_video_is_read_from_when_the_picture_begins(tmp_path):
    path = encode(tmp_path / "film.mp4", click(1.0, 2.0, 48000), 48000, "aac", "mp4", video=True, late=0.56)

    assert click_time(read(path), 16000) == pytest.approx(1.56, abs=0.002)


def test_a_pause_of_the_recorder_is_silence(tmp_path):
    import av  # noqa: PLC0415

    first = encode(tmp_path / "first.webm", click(0.5, 1.0, 48000), 48000, "libopus", "webm")
    with av.open(str(first)) as source, av.open(str(tmp_path / "paused.webm"), "w") as file:
        sound = file.add_stream_from_template(source.streams.audio[0])
        for packet in list(source.demux())[:-1]:
            later = packet.pts * packet.time_base > 0.3
            packet.pts += round(2.0 / packet.time_base) if later else 0
            packet.dts, packet.stream = packet.pts, sound
            file.mux(packet)

    assert click_time(read(tmp_path / "paused.webm"), 16000) == pytest.approx(2.5, abs=0.002)


def test_channels_are_mixed_to_their_mean_or_read_one_by_one(tmp_path):
    left, right = tone(440, 1.0, 48000), tone(1000, 1.0, 48000, level=0.2)
    path = encode(tmp_path / "call.m4a", np.stack([left, right], axis=1), 48000, "alac", "mp4")

    heard = [joined(FileSource(path, channel=channel).blocks()) for channel in (None, 0, 1)]
    assert heard[0] == pytest.approx((heard[1] + heard[2]) / 2, abs=1e-4)
    assert similarity(heard[1], tone(440, 1.0, 16000)) > 0.999
    assert similarity(heard[2], tone(1000, 1.0, 16000)) > 0.999


def test_the_eight_channels_of_a_film_are_mixed_and_read_one_by_one(tmp_path):
    voices = np.stack([tone(300 + 100 * n, 1.0, 48000, level=0.1 + 0.05 * n) for n in range(8)], axis=1)
    path = encode(tmp_path / "film.mkv", voices, 48000, "wavpack", "matroska")

    assert similarity(read(path), soxr.resample(voices.mean(axis=1), 48000, 16000)) > 0.98
    for channel in (4, 7):
        heard = joined(FileSource(path, channel=channel).blocks())
        assert similarity(heard, tone(300 + 100 * channel, 1.0, 16000)) > 0.98


@pytest.mark.parametrize("name", ["phone.m4a", "browser.webm", "voice.amr", "raw.aac"])
@pytest.mark.parametrize("block", [0.01, 3.0])
def test_the_block_length_never_changes_the_samples(tmp_path, name, block):
    path = encoded(tmp_path, name, lambda rate: chirp(4.0, rate))

    assert np.array_equal(joined(FileSource(path, block=block).blocks()), read(path))


def test_memory_does_not_grow_with_the_length_of_a_file(tmp_path):
    program = (
        "import resource, sys; from kwsd.audio import FileSource\n"
        "for path in sys.argv[1:]:\n"
        "    for block in FileSource(path).blocks(): pass\n"
        "    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
    )
    short = encode(tmp_path / "short.m4a", tone(440, 20.0, 16000), 16000, "alac", "mp4")
    long = encode(tmp_path / "long.m4a", tone(440, 600.0, 16000), 16000, "alac", "mp4")
    shown = subprocess.run([sys.executable, "-c", program, short, long], capture_output=True, check=True, text=True)
    before, after = map(int, shown.stdout.split())

    assert after - before < 4_000  # KB; 600 s of samples have 38 MB


@pytest.mark.parametrize("name", ["phone.m4a", "browser.webm", "voice.amr"])
def test_a_pipe_is_read_like_a_file(tmp_path, name):
    path = encoded(tmp_path, name, lambda rate: chirp(1.0, rate))
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    writer = threading.Thread(target=lambda: fifo.write_bytes(path.read_bytes()))
    writer.start()
    heard = joined(FileSource(fifo).blocks())
    writer.join()

    assert np.array_equal(heard, read(path))


def test_of_a_truncated_file_what_is_there_is_read_and_the_rest_is_told(tmp_path):
    path = encoded(tmp_path, "film.mkv", lambda rate: chirp(20.0, rate))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    source = FileSource(path)
    heard = joined(source.blocks())

    assert similarity(heard, chirp(20.0, 16000)) > 0.97
    assert 80_000 < len(heard) < 240_000
    assert "film.mkv is damaged or cut short: " in source.damage
    assert "could be read" in source.damage


def test_a_recording_whose_table_of_contents_was_never_written_is_refused(tmp_path):
    path = encoded(tmp_path, "phone.m4a", lambda rate: chirp(20.0, rate))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    with pytest.raises(AudioError, match=r"phone\.m4a is an MP4 file .* that cannot be read: it is damaged or cut"):
        FileSource(path)


def test_packets_that_cannot_be_decoded_are_told(tmp_path):
    path = encoded(tmp_path, "film.mkv", lambda rate: chirp(10.0, rate))
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 3000] = os.urandom(3000)
    path.write_bytes(content)
    source = FileSource(path)
    list(source.blocks())

    assert "film.mkv is damaged or cut short" in source.damage


def test_a_whole_file_is_not_reported_as_damaged(tmp_path):
    for name in KINDS:
        source = FileSource(encoded(tmp_path, name, lambda rate: chirp(2.0, rate)))
        list(source.blocks())

        assert source.damage is None, name


def test_a_video_without_sound_is_refused(tmp_path):
    import av  # noqa: PLC0415

    with av.open(str(tmp_path / "silent.mp4"), "w") as file:
        picture = file.add_stream("mpeg4", rate=25, width=64, height=48, pix_fmt="yuv420p")
        file.mux(picture.encode(av.VideoFrame(64, 48, "yuv420p")))
        file.mux(picture.encode(None))

    with pytest.raises(AudioError, match=r"silent\.mp4 is an MP4 file .*: it has no audio track"):
        read(tmp_path / "silent.mp4")


def test_a_recording_longer_than_the_limit_is_refused(tmp_path):
    path = encoded(tmp_path, "voice.amr", lambda rate: chirp(61.0, rate))

    with pytest.raises(AudioError, match=r"voice\.amr lasts longer than 60 s"):
        read(path)


@pytest.mark.parametrize(
    "content",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile {}\n",
        "v=0\nc=IN IP4 127.0.0.1\nm=audio 5004 RTP/AVP 0\na={}\n",
    ],
)
def test_a_playlist_does_not_make_kwsd_open_another_file(tmp_path, content):
    secret = encoded(tmp_path, "phone.m4a", lambda rate: chirp(1.0, rate))
    for suffix in ("m4a", "m3u8", "aac"):
        (tmp_path / f"list.{suffix}").write_text(content.format(secret))

        with pytest.raises(AudioError, match=r"is not a recording that can be read; WAV"):
            read(tmp_path / f"list.{suffix}")


def test_a_refused_or_read_file_is_not_left_open(tmp_path):
    path = encoded(tmp_path, "phone.m4a", lambda rate: chirp(1.0, rate))
    broken = tmp_path / "broken.m4a"
    broken.write_bytes(path.read_bytes()[:200])
    read(path)
    gc.collect()  # what other tests left open
    before = open_files()
    for _ in range(5):
        read(path)
        with pytest.raises(AudioError):
            FileSource(broken)
    gc.collect()

    assert open_files() == before


def test_folders_are_searched_for_them(tmp_path):
    (tmp_path / "phone.M4A").touch()
    (tmp_path / "film.mp4").touch()

    assert [path.name for path in audio_files([tmp_path], recursive=True)] == ["film.mp4", "phone.M4A"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("phone.m4a", "an MP4 file"),
        ("browser.webm", "a WebM"),
        ("voice.amr", "an AMR file"),
        ("raw.aac", "an AAC file"),
    ],
)
def test_without_the_extra_a_sentence_says_what_to_install(tmp_path, monkeypatch, name, kind):
    path = encoded(tmp_path, name, lambda rate: chirp(1.0, rate))
    monkeypatch.setitem(sys.modules, "av", None)

    with pytest.raises(AudioError, match=rf'is {kind}.*: `pip install "kwsd\[media\]"` to read it'):
        FileSource(path)
