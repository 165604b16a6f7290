"""`kwsd test`, with real audio from a file and from a microphone, and on a terminal."""

import os
import pty
import re
import signal
import sys
import threading

import click
import pytest
import soundfile as sf
from cli_helpers import complaint, contents
from fake_portaudio import FakeSoundDevice

from kwsd.cli.gauge import distance_bar

LINE = re.compile(r" *(\d+\.\d\d) - +(\d+\.\d\d)  (hit|near miss) +(\d\.\d{3}) \((\d\.\d{3})\)")
PATIENCE = 30.0  # s until a hit that does not come is waited for no more


def lines(result):
    """(kind, start, distance, threshold) of each line about a hit or a near miss."""
    found = [match for match in map(LINE.fullmatch, result.stdout.splitlines()) if match]
    return [(one[3], float(one[1]), float(one[4]), float(one[5])) for one in found]


@pytest.fixture
def excerpt(tmp_path, speech):
    """20 s of conversation, "hey snips" twice in it, as a file."""
    sf.write(tmp_path / "excerpt.wav", speech, 16000)
    return tmp_path / "excerpt.wav"


def test_hits_are_those_of_a_scan(kwsd, store, long_recording):
    result = kwsd("test", "hey snips", "--file", long_recording, "--store", store)
    scanned = kwsd("scan", long_recording, "--store", store).stdout.splitlines()

    assert result.exit_code == 0
    assert [one[1] for one in lines(result) if one[0] == "hit"] == [float(line.split()[0]) for line in scanned]


def test_near_misses_are_above_the_threshold_and_near_to_it(kwsd, store, long_recording):
    result = kwsd("test", "hey snips", "--file", long_recording, "--store", store)
    near = [one for one in lines(result) if one[0] == "near miss"]

    assert near
    assert all(threshold < distance <= threshold + 0.1 for _, _, distance, threshold in near)
    assert f"near misses: {len(near)}, in 262 s" in result.stdout


def test_a_keyword_is_tried_with_a_microphone_until_it_is_interrupted(kwsd, store, speech, monkeypatch):
    library = FakeSoundDevice().plug("Yeti", rate=16000)
    library.default_name = "Yeti"
    library.refresh()
    monkeypatch.setitem(sys.modules, "sounddevice", library)
    said, echo = [], click.echo

    def listening(text="", **options):
        said.append(text)
        echo(text, **options)
        if "  hit  " in text:
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(click, "echo", listening)
    speaker = threading.Thread(target=library.speak, args=[speech[: 4 * 16000]])
    giving_up = threading.Timer(PATIENCE, os.kill, [os.getpid(), signal.SIGINT])
    speaker.start()
    giving_up.start()
    result = kwsd("test", "hey snips", "--store", store)
    giving_up.cancel()
    speaker.join(PATIENCE)

    assert result.exit_code == 0
    assert "listening to Yeti" in result.stderr
    assert [one[0] for one in lines(result)] == ["hit"]
    assert said[-1].startswith("hits: 1, near misses: 0, in ")


def test_a_terminal_shows_the_distance_and_the_level_while_it_listens(start, store, excerpt):
    leader, follower = pty.openpty()
    process = start("test", "hey snips", "--file", excerpt, "--store", store, stderr=follower)
    hits = process.stdout.read().decode()
    os.close(follower)
    shown = os.read(leader, 65536).decode()
    os.close(leader)

    assert "hit" in hits
    assert re.search(r"\r\x1b\[Kdistance +\d\.\d{3} \(0\.\d{3}\) \[.*\|.*\]  level \[#+ *\] +-\d+ dBFS", shown)


def test_the_bar_reaches_its_mark_where_the_distance_is_the_threshold():
    far, there, near = (distance_bar(distance, 0.5) for distance in (0.6, 0.5, 0.4))

    assert " |" in far
    assert "#| " in there
    assert "#|#" in near


def test_an_infinite_distance_is_shown_as_far():
    assert distance_bar(float("inf"), 0.5).startswith("distance    far (0.500) [ ")


def test_nothing_is_changed_in_the_store(kwsd, store, excerpt):
    before = contents(store)
    kwsd("test", "hey snips", "--file", excerpt, "--store", store)

    assert contents(store) == before


def test_mistakes_are_one_sentence_each(kwsd, store, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "sounddevice", FakeSoundDevice())
    missing = complaint(kwsd("test", "hey snips", "--file", tmp_path / "gone.wav", "--store", store))

    assert "no keyword" in complaint(kwsd("test", "hey snaps", "--store", store))
    assert "does not exist" in missing
    assert "no microphone was found" in complaint(kwsd("test", "hey snips", "--store", store))
    assert "--realtime paces a file" in complaint(kwsd("test", "hey snips", "--realtime", "--store", store))
