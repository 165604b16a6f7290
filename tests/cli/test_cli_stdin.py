"""Recordings on standard input, and recordings with one party a channel."""

import json
import subprocess
import sys

import numpy as np
import pytest
import soundfile as sf
from cli_helpers import complaint, sentences


@pytest.fixture
def talk(tmp_path, speech):
    """20 s of talk with "hey snips" in it, as a FLAC file."""
    path = tmp_path / "talk.flac"
    sf.write(path, speech, 16_000)
    return path


@pytest.fixture
def call(tmp_path, speech):
    """A call: the first party says "hey snips" at 1 s, the other, which has only the end of the talk, does not."""
    path = tmp_path / "call.wav"
    sf.write(path, np.stack([speech[:80_000], speech[-80_000:]], axis=1), 16_000)
    return path


def ended(process, content):
    out, err = process.communicate(content, timeout=60)
    return process.returncode, out.decode(), err.decode()


def times(lines):
    return [line.split()[:3] for line in lines.splitlines()]


def found(result):
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3"])
def test_a_file_on_standard_input_is_scanned_like_the_file(kwsd, start, store, talk, speech, suffix):
    path = talk.with_suffix(f".{suffix}")
    sf.write(path, speech, 16_000)
    status, out, _ = ended(start("scan", "-", "--store", store), path.read_bytes())

    assert status == 0
    assert times(out) == times(kwsd("scan", path, "--store", store).stdout)
    assert out.splitlines()[0].endswith("/dev/stdin")


def test_an_m4a_file_on_standard_input_is_scanned_like_the_file(kwsd, start, store, talk):
    av = pytest.importorskip("av", reason="needs PyAV: pip install 'kwsd[media]'")
    with av.open(str(talk)) as source, av.open(str(talk.with_suffix(".m4a")), "w") as file:
        sound = file.add_stream("aac", rate=16_000, layout="mono")
        file.mux([packet for frame in source.decode() for packet in sound.encode(frame)])
        file.mux(sound.encode(None))
    status, out, _ = ended(start("scan", "-", "--store", store), talk.with_suffix(".m4a").read_bytes())

    assert status == 0
    assert times(out) == times(kwsd("scan", talk.with_suffix(".m4a"), "--store", store).stdout) != []


def test_detections_in_a_wav_stream_come_while_it_is_written(start, store, talk, speech):
    sf.write(talk.with_suffix(".wav"), speech, 16_000)
    process = start("scan", "-", "--store", store)
    process.stdin.write(talk.with_suffix(".wav").read_bytes()[:400_000])
    process.stdin.flush()

    assert b"hey snips" in process.stdout.readline()
    assert process.poll() is None


@pytest.mark.parametrize(
    ("width", "subtype"), [("s16", "PCM_16"), ("s24", "PCM_24"), ("s32", "PCM_32"), ("f32", "FLOAT")]
)
def test_raw_pcm_is_scanned_like_a_file(kwsd, start, store, talk, speech, width, subtype):
    raw = talk.with_suffix(".raw")
    sf.write(raw, np.stack([speech, speech], axis=1), 16_000, subtype=subtype, format="RAW", endian="LITTLE")
    process = start("scan", "--stdin", "--width", width, "--stdin-channels", 2, "--store", store)
    status, out, _ = ended(process, raw.read_bytes())

    assert status == 0
    assert times(out) == times(kwsd("scan", talk, "--store", store).stdout) != []


def test_a_recording_on_standard_input_is_enrolled(start, tmp_path, recordings):
    process = start("enroll", "hey snips", *recordings[1:], "-", "--store", tmp_path / "new")
    status, out, _ = ended(process, recordings[0].read_bytes())

    assert status == 0
    assert '"hey snips", 5 recordings' in out
    assert "\n  stdin " in out


def test_raw_pcm_on_standard_input_is_enrolled(start, tmp_path, recordings):
    samples = sf.read(recordings[0], dtype="int16")[0]
    status, out, _ = ended(start("enroll", "hey snips", "--stdin", "--store", tmp_path / "new"), samples.tobytes())

    assert status == 0
    assert "\n  stdin " in out


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "/dev/stdin is empty"), (b"no audio\n" * 1000, "/dev/stdin is not a recording that can be read")],
)
def test_what_is_no_recording_on_standard_input_is_refused(start, store, content, reason):
    status, out, err = ended(start("scan", "-", "--store", store), content)

    assert (status, out) == (2, "")
    assert err.startswith(f"error: {reason}")
    assert len(err.splitlines()) == 1


def test_standard_input_is_for_one_process(kwsd, store, talk):
    assert "standard input is read by one process" in complaint(
        kwsd("scan", "-", talk, "--workers", "2", "--store", store)
    )


def test_without_a_file_nothing_is_scanned(kwsd, store):
    assert complaint(kwsd("scan", "--store", store)).startswith("there is nothing to scan: name files")


def test_each_channel_is_scanned_by_itself_and_the_event_says_which(kwsd, store, call):
    result = kwsd("scan", call, "--channels", "split", "--jsonl", "--store", store)

    assert result.exit_code == 0
    assert [(one["keyword"], one["channel"]) for one in found(result)] == [("hey snips", 1)]


def test_the_line_for_people_says_the_channel(kwsd, store, call):
    assert kwsd("scan", call, "--channels", "split", "--store", store).stdout.endswith("call.wav, channel 1\n")


def test_mixed_channels_have_no_number(kwsd, store, talk):
    assert {one["channel"] for one in found(kwsd("scan", talk, "--jsonl", "--store", store))} == {None}


def test_several_workers_find_the_same_in_the_same_channels(kwsd, store, call, talk):
    arguments = ("scan", call, talk, "--channels", "split", "--store", store)

    assert kwsd(*arguments, "--workers", "2").stdout == kwsd(*arguments).stdout != ""


def test_a_damaged_file_is_told_once_for_all_its_channels(kwsd, store, call):
    call.write_bytes(call.read_bytes()[:-1000])

    assert len(sentences(kwsd("scan", call, "--channels", "split", "--store", store))) == 1


def test_a_pipe_cannot_be_read_once_for_each_channel(start, store, call):
    status, _, err = ended(start("scan", "-", "--channels", "split", "--store", store), call.read_bytes())

    assert (status, err) == (2, "error: /dev/stdin can be read only once: save it to a file to scan it by channel\n")


def test_a_trace_is_of_one_channel(kwsd, store, call, tmp_path):
    result = kwsd("scan", call, "--channels", "split", "--trace", tmp_path / "t.npz", "--store", store)

    assert "leave out --channels split" in complaint(result)


def test_standard_input_that_is_a_terminal_is_refused(store):
    pty = pytest.importorskip("pty")
    _, terminal = pty.openpty()
    arguments = [sys.executable, "-m", "kwsd", "scan", "-", "--store", str(store)]
    result = subprocess.run(arguments, check=False, stdin=terminal, capture_output=True, text=True, timeout=60)

    assert result.returncode == 2
    assert "/dev/stdin is a terminal: pipe a recording into it" in result.stderr
