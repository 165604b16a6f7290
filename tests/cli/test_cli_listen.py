"""`kwsd listen` as a process of its own, heard by a real subscriber."""

import json
import os
import resource
import signal
import socket
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from cli_helpers import complaint

from kwsd.archive.segments import segment
from kwsd.archive.segments.manifest import Manifest, Settings
from kwsd.archive.storage.local import LocalFolder
from kwsd.audio.portaudio import load
from kwsd.errors import DeviceError
from kwsd.events.messages import DetectionEvent, StatusEvent, from_json
from kwsd.events.subscriber import subscribe
from kwsd.keywords.store import Store

PATIENCE = 30  # s


@pytest.fixture
def quiet_listen(start, store):
    """Starts `kwsd listen --stdin --jsonl` without sockets and waits until it listens."""

    def begin(*options, **settings):
        process = start("listen", "--stdin", "--jsonl", "--no-zmq", "--store", store, *options, **settings)
        until(process, "listening")
        return process

    return begin


def until(process, state):
    """The next event that is a status of this state."""
    for line in process.stdout:
        event = from_json(line)
        if getattr(event, "state", event.kind) == state:
            return event
    raise AssertionError(f"it ended before it was {state}: {process.stderr.read().decode()}")


def heard(events):
    """What was detected, comparable between runs; rounding may differ where blocks are cut differently."""
    return [
        (event.keyword, round(event.start, 2), round(event.end, 2), round(event.distance, 5))
        for event in events
        if isinstance(event, DetectionEvent)
    ]


def scanned(kwsd, path, store):
    return heard(from_json(line) for line in kwsd("scan", path, "--jsonl", "--store", store).stdout.splitlines())


def pcm(samples):
    return (samples * 32767).round().astype("<i2").tobytes()


def test_a_file_in_real_time_sends_a_subscriber_what_a_scan_finds(kwsd, start, store, speech, ipc, tmp_path):
    excerpt = tmp_path / "excerpt.wav"
    sf.write(excerpt, speech[: 4 * 16_000], 16_000)
    expected = scanned(kwsd, excerpt, store)
    with subscribe(ipc, timeout=PATIENCE) as subscription:
        start("listen", "--file", excerpt, "--realtime", "--endpoint", ipc, "--store", store)
        events = []
        while not (events and getattr(events[-1], "state", "") == "stopping"):
            events.append(next(subscription))
    found = [event for event in events if isinstance(event, DetectionEvent)]

    assert heard(events) == expected != []
    assert all(0 < event.wall - event.heard < 2 for event in found)


def test_a_file_through_a_pipe_is_heard_whole_however_fast_it_comes(kwsd, start, store, long_recording, ipc, tmp_path):
    samples = sf.read(long_recording, dtype="float32", stop=100 * 16_000)[0]
    path = tmp_path / "same.wav"
    sf.write(path, np.frombuffer(pcm(samples), "<i2"), 16_000)
    process = start("listen", "--stdin", "--endpoint", ipc, "--store", store, "--queue", "1")
    with subscribe(ipc, timeout=PATIENCE) as subscription:
        events = [next(subscription)]
        while getattr(events[-1], "state", "") != "listening":
            events.append(next(subscription))
        process.communicate(pcm(samples), timeout=PATIENCE)
        while getattr(events[-1], "state", "") != "stopping":
            events.append(next(subscription))

    assert heard(events) == scanned(kwsd, path, store) != []
    assert "overflow" not in {event.state for event in events if isinstance(event, StatusEvent)}


def test_listening_to_a_file_prints_what_a_scan_finds(kwsd, store, speech, tmp_path):
    path = tmp_path / "talk.wav"
    sf.write(path, speech, 16_000)
    result = kwsd("listen", "--file", path, "--jsonl", "--no-zmq", "--store", store)
    events = [from_json(line) for line in result.stdout.splitlines()]

    assert result.exit_code == 0
    assert heard(events) == scanned(kwsd, path, store) != []
    assert [event.state for event in events if isinstance(event, StatusEvent)] == ["starting", "listening", "stopping"]
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(quiet_listen, number):
    process = quiet_listen()
    process.send_signal(number)

    assert until(process, "stopping").message == "as asked"
    assert process.wait(timeout=PATIENCE) == 0
    assert b"Traceback" not in process.stderr.read()


def test_sighup_makes_it_read_the_keywords_again(quiet_listen, store, enrolment):
    process = quiet_listen()
    Store(store).save(replace(enrolment.keyword, name="another"))
    process.send_signal(signal.SIGHUP)

    assert until(process, "reloaded").keywords == ("another", "hey snips")


def test_a_keyword_that_is_new_in_the_store_is_spotted_without_a_signal(quiet_listen, store, enrolment):
    process = quiet_listen()
    Store(store).save(replace(enrolment.keyword, name="another"))

    assert until(process, "reloaded").keywords == ("another", "hey snips")


def test_a_reload_that_fails_is_told_and_leaves_the_keywords_as_they_were(quiet_listen, store):
    process = quiet_listen()
    (store / "hey snips.kwsd").unlink()
    process.send_signal(signal.SIGHUP)
    failed = until(process, "reload-failed")
    process.send_signal(signal.SIGTERM)

    assert "no keyword is enrolled" in failed.message
    assert failed.keywords == until(process, "stopping").keywords == ("hey snips",)


def test_a_keyword_whose_file_is_damaged_stays_in_use_and_it_is_told(quiet_listen, store):
    process = quiet_listen()
    (store / "hey snips.kwsd").write_bytes(b"damaged")
    told = until(process, "reloaded")

    assert told.keywords == ("hey snips",)
    assert "hey snips.kwsd" in told.message


def feed(process):
    """A second of faint noise."""
    process.stdin.write(pcm(np.random.default_rng(0).normal(0, 1e-3, 16_000)))
    process.stdin.flush()


def test_heartbeats_come_also_while_no_audio_does(quiet_listen):
    beat = until(quiet_listen("--heartbeat", "0.1"), "heartbeat")

    assert beat.uptime > 0
    assert (beat.processed, beat.dropped, beat.level) == (0, 0, None)


def test_the_level_of_what_is_heard_is_in_the_heartbeat(quiet_listen):
    process = quiet_listen("--heartbeat", "0.1")
    feed(process)
    beat = until(process, "heartbeat")
    while not beat.level:
        beat = until(process, "heartbeat")

    assert beat.level == pytest.approx(-60, abs=1)


def test_the_service_manager_is_told(quiet_listen, ipc):
    path = Path(ipc.removeprefix("ipc://")).with_name("notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(path))
        manager.settimeout(PATIENCE)
        process = quiet_listen(env=os.environ | {"NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": "100000"})
        told = [manager.recv(100), manager.recv(100)]
        process.send_signal(signal.SIGTERM)
        while told[-1] == b"WATCHDOG=1":
            told.append(manager.recv(100))

    assert told[:2] == [b"READY=1", b"WATCHDOG=1"]
    assert told[-1] == b"STOPPING=1"


def test_it_ends_quietly_when_nobody_reads_its_lines_any_more(quiet_listen):
    process = quiet_listen("--heartbeat", "0.1")
    process.stdout.close()

    assert process.wait(timeout=PATIENCE) == 141
    assert b"Traceback" not in process.stderr.read()


def test_what_was_logged_is_searched_for_a_phrase_that_is_enrolled_later(
    kwsd, start, store, enrolment, long_recording, examples, tmp_path
):
    Store(store).save(replace(enrolment.keyword, name="another"))
    index, truth = tmp_path / "heard.index", np.genfromtxt(examples / "long.tsv", skip_header=1, usecols=0)
    process = start(
        "listen", "--stdin", "--jsonl", "--no-zmq", "--store", store, "--keyword", "another", "--log", index
    )
    process.communicate(pcm(sf.read(long_recording, dtype="float32")[0]), timeout=2 * PATIENCE)
    result = kwsd("search", "hey snips", "--index", index, "--store", store, "--jsonl", "--top", 12)
    found = [json.loads(line) for line in result.stdout.splitlines()]
    starts = np.array([hit["start"] for hit in found])

    assert process.returncode == result.exit_code == 0
    assert (abs(starts[:, None] - truth).min(axis=0) < 0.3).all()  # of these 12; near misses are among the others
    assert abs(starts[0] - truth).min() < 0.3
    assert {hit["path"] for hit in found} == {"stdin"}


@pytest.fixture
def logged(quiet_listen, tmp_path):
    """`kwsd listen --log` that has heard a second of noise, and the folder of its index."""
    index = tmp_path / "heard.index"
    process = quiet_listen("--heartbeat", "0.1", "--log", index)
    feed(process)
    while not until(process, "heartbeat").processed:
        pass
    return process, index


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_does_not_cost_the_end_of_the_log(logged, number):
    process, index = logged
    process.send_signal(number)
    process.communicate(timeout=PATIENCE)
    (entry,) = Manifest.load(LocalFolder(index)).entries

    assert process.returncode == 0
    assert segment.read(LocalFolder(index), entry).part(0).filled == pytest.approx(12.5, abs=4)


def test_a_disk_that_is_full_at_the_end_is_said_and_ends_nothing_else(logged):
    process, index = logged
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (0, 0))
    process.send_signal(signal.SIGTERM)
    messages = [from_json(line).message for line in process.stdout if b'"status"' in line]

    assert process.wait(timeout=PATIENCE) == 0
    assert "cannot be written" in messages[0]
    assert "of the log" in messages[1]
    assert messages[2:] == ["as asked"]
    assert Manifest.load(LocalFolder(index)).entries == ()


def test_two_cannot_write_one_log(kwsd, logged, store):
    options = ("--device", "no such microphone", "--no-zmq", "--store", store)

    assert "being written by another process" in complaint(kwsd("listen", "--log", logged[1], *options))


def test_a_log_of_another_model_is_refused_before_a_device_is_opened(kwsd, store, tmp_path):
    Manifest("0123456789ab", Settings()).save(LocalFolder(tmp_path / "other.index"))
    options = ("--device", "no such microphone", "--no-zmq", "--store", store)

    assert "0123456789ab" in complaint(kwsd("listen", "--log", tmp_path / "other.index", *options))


def test_without_keywords_the_command_that_enrols_one_is_named(kwsd, tmp_path):
    assert "kwsd enroll" in complaint(kwsd("listen", "--store", tmp_path / "nowhere"))


def test_damaged_keywords_are_said_and_the_others_are_spotted(kwsd, damaged, recordings):
    result = kwsd("listen", "--file", recordings[0], "--jsonl", "--no-zmq", "--store", damaged)

    assert result.exit_code == 0
    assert "broken.kwsd" in result.stderr
    assert "null.kwsd" in result.stderr
    assert '"detection"' in result.stdout


def test_a_device_that_does_not_exist_is_refused(kwsd, store, ipc):
    result = kwsd("listen", "--device", "no such microphone", "--endpoint", ipc, "--store", store)

    assert any(word in complaint(result) for word in ("does not exist", "no microphone", "PortAudio"))


TWO = """
import threading, time
from types import SimpleNamespace
import numpy
class PortAudioError(Exception): pass
class default: device = [0, -1]
_initialized = 1
def _exit_handler(): pass
def query_hostapis(): return [{"name": "ALSA"}]
def query_devices():
    facts = {"hostapi": 0, "max_input_channels": 1, "default_samplerate": 16000.0}
    return [facts | {"index": index, "name": name} for index, name in enumerate(["kitchen", "hall"])]
class InputStream:
    def __init__(self, callback, blocksize, device, **_):
        self.callback, self.size, self.on = callback, blocksize, True
    def start(self): threading.Thread(target=self.run, daemon=True).start()
    def run(self):
        rng = numpy.random.default_rng(0)
        while self.on:
            time.sleep(self.size / 16000)
            noise = rng.normal(0, 1e-3, (self.size, 1)).astype(numpy.float32)
            self.callback(noise, self.size, None, SimpleNamespace(input_overflow=False))
    def abort(self, **_): self.on = False
    def close(self, **_): self.on = False
"""


def test_two_microphones_are_two_streams_of_one_process(start, store, tmp_path):
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / "sounddevice.py").write_text(TWO)
    environ = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path / "two"), *sys.path])}
    options = ("--device", "kitchen", "--device", "hall", "--jsonl", "--no-zmq", "--heartbeat", "0.2", "--store", store)
    process = start("listen", *options, env=environ)
    beats = {}
    while len(beats) < 2 or min(beats.values()) < 0.5:
        beat = until(process, "heartbeat")
        beats[beat.stream] = beat.processed
    process.send_signal(signal.SIGTERM)
    events = [from_json(line) for line in process.stdout]

    assert set(beats) == {"kitchen", "hall"}
    assert sorted(event.stream for event in events if getattr(event, "state", "") == "stopping") == ["hall", "kitchen"]
    assert [event.sequence for event in events] == list(range(events[0].sequence, events[-1].sequence + 1))
    assert process.wait(timeout=PATIENCE) == 0


STUCK = """
import sys, time
class PortAudioError(Exception): pass
class default: device = [0, -1]
_initialized = 1
def _exit_handler(): time.sleep(1000)
def query_hostapis(): return [{"name": "ALSA"}]
def query_devices():
    facts = {"index": 0, "name": "mic", "hostapi": 0, "max_input_channels": 1, "default_samplerate": 16000.0}
    return [facts]
def InputStream(**_): print("opening", file=sys.stderr, flush=True); time.sleep(1000)
"""


@pytest.fixture
def stuck_driver(tmp_path):
    """The environment of a process whose sound driver does not return from opening."""
    (tmp_path / "stuck").mkdir()
    (tmp_path / "stuck" / "sounddevice.py").write_text(STUCK)
    return os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path / "stuck"), *sys.path])}


def test_a_sound_driver_that_does_not_return_is_said_in_a_status_and_ends_the_process(start, store, stuck_driver):
    process = start("listen", "--jsonl", "--no-zmq", "--store", store, env=stuck_driver)

    assert "does not return from opening the microphone 'mic'" in until(process, "stopping").message
    assert process.wait(timeout=PATIENCE) == 2


@pytest.fixture
def spoilt_mp3(tmp_path, speech):
    """An MP3 of which the decoder complains on standard error."""
    path = tmp_path / "spoilt.mp3"
    sf.write(path, speech, 16_000, format="MP3")
    data = bytearray(path.read_bytes())
    data[2000:4000] = bytes(2000)
    path.write_bytes(data)
    return path


def log_of(start, store, path, level):
    process = start("--log-level", level, "listen", "--file", path, "--no-zmq", "--store", store)
    return [json.loads(line) for line in process.communicate(timeout=PATIENCE)[1].splitlines()]


def test_a_decoders_notes_are_not_between_the_lines_of_the_log(start, store, spoilt_mp3):
    events = [entry["event"] for entry in log_of(start, store, spoilt_mp3, "info")]

    assert set(events) <= {"starting", "listening", "detection", "stopping"}


def test_a_decoders_notes_are_in_the_log_for_those_who_look_for_a_fault(start, store, spoilt_mp3):
    notes = [entry["note"] for entry in log_of(start, store, spoilt_mp3, "debug") if entry["level"] == "debug"]

    assert any("MPEG" in note for note in notes)


def test_a_signal_ends_it_while_the_sound_driver_does_not_return(start, store, stuck_driver):
    process = start("listen", "--no-zmq", "--store", store, env=stuck_driver)
    assert process.stderr.readline() == b"opening\n"
    process.send_signal(signal.SIGTERM)

    assert process.wait(timeout=PATIENCE) == -signal.SIGTERM


def test_a_port_in_use_is_refused(kwsd, store, recordings):
    with socket.create_server(("127.0.0.1", 0)) as other:
        endpoint = f"tcp://127.0.0.1:{other.getsockname()[1]}"
        sentence = complaint(kwsd("listen", "--file", recordings[0], "--endpoint", endpoint, "--store", store))

    assert endpoint in sentence
    assert "in use" in sentence


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--stdin", "--mic"), "more than one input"),
        (("--device", "a", "--device", "a"), "given twice"),
        (("--device", "a", "--device", "b", "--log", "heard.index"), "one stream"),
        (("--device", "a", "--device", "b", "--learn-background"), "one stream"),
        (("--stdin", "--file", "x.wav"), "more than one input"),
        (("--stdin", "--realtime"), "--realtime paces a file"),
        (("--stdin", "--rate", "4000"), "4000 Hz"),
        (("--stdin", "--stdin-channels", "0"), "0 channels"),
        (("--file", "gone.wav"), "does not exist"),
        (("--stdin", "--queue", "0"), "the queue"),
        (("--stdin", "--heartbeat", "nan"), "heartbeats"),
        (("--stdin", "--refractory", "-1"), "refractory"),
        (("--stdin", "--log", "heard.index", "--log-keep", "0"), "more than 0"),
        (("--stdin", "--log", "heard.index", "--log-keep", "inf"), "more than 0"),
        (("--stdin", "--log-keep", "3"), "--log"),
    ],
)
def test_options_that_make_no_sense_are_refused(kwsd, store, options, words):
    assert words in complaint(kwsd("listen", "--no-zmq", "--store", store, *options))


def test_the_devices_are_listed(kwsd):
    try:
        load()
    except DeviceError as error:
        pytest.skip(str(error))
    result = kwsd("devices", "--json")

    assert result.exit_code == 0
    assert all({"index", "name", "rate"} <= set(device) for device in json.loads(result.stdout))
