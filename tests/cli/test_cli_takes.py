"""`kwsd enroll --mic`, with real speech from a microphone that the tests speak into."""

import sys
import threading
from dataclasses import replace

import numpy as np
import pytest
import soundfile as sf
from cli_helpers import complaint, contents
from fake_portaudio import FakeSoundDevice

from kwsd.cli.gauge import Gauge
from kwsd.cli.takes import advice
from kwsd.enrolment.miss_rate import Misses
from kwsd.keywords.store import Store

CHUNK = 1600  # samples that arrive at once
PATIENCE = 30.0  # s
KEEP = SAVE = "\n"


@pytest.fixture
def library(monkeypatch):
    fake = FakeSoundDevice().plug("Yeti", rate=16000)
    fake.default_name, fake.output_rate = "Yeti", 48000
    fake.refresh()
    monkeypatch.setitem(sys.modules, "sounddevice", fake)
    return fake


@pytest.fixture
def spoken(recordings):
    """[n] samples of each recording of "hey snips"."""
    return [sf.read(path, dtype="float32")[0] for path in recordings]


@pytest.fixture
def enrolled(kwsd, library, tmp_path):
    """Runs `kwsd enroll "hey snips" --mic`; each of the takes is said as soon as the microphone listens."""

    def run(takes, answers, *options):
        def speak():
            for take in takes:
                if not library.started.acquire(timeout=PATIENCE):
                    return
                for first in range(0, len(take), CHUNK):
                    library.stream.hear(take[first : first + CHUNK], overflow=False)

        speaker = threading.Thread(target=speak)
        speaker.start()
        result = kwsd("enroll", "hey snips", "--mic", "--store", tmp_path / "store", *options, input=answers)
        for _ in takes:
            library.started.release()
        speaker.join(PATIENCE)
        return result

    return run


def takes_of(folder):
    return len(Store(folder / "store").load("hey snips").templates)


def test_three_takes_become_a_keyword_with_their_audio(enrolled, spoken, tmp_path):
    result = enrolled(spoken[:3], 3 * KEEP + SAVE)
    keyword = Store(tmp_path / "store").load("hey snips")

    assert result.exit_code == 0, result.output
    assert len(keyword.templates) == 3
    assert all(template.audio for template in keyword.templates)
    assert result.stdout.splitlines()[-1].startswith("saved as ")


def test_after_three_takes_the_agreement_misses_and_false_alarms_are_told(enrolled, spoken):
    result = enrolled(spoken[:3], 3 * KEEP + SAVE)

    assert '"hey snips", 3 recordings, each with its distance from the others:' in result.stdout
    assert "false alarms an hour" in result.stdout
    assert "% misses: 0 of 3 recordings" in result.stdout
    assert "one more recording would avoid about 15 % of the misses" in result.stdout
    assert "advice: one more take" in result.stderr


def test_more_takes_are_recorded_until_they_bring_little(enrolled, spoken, tmp_path):
    result = enrolled(spoken, 3 * KEEP + "m\n" + KEEP + "m\n" + KEEP + SAVE)

    assert result.exit_code == 0, result.output
    assert takes_of(tmp_path) == 5
    assert "advice: save" in result.stderr


def test_a_longer_phrase_is_advised_where_many_takes_still_miss_some(enrolment):
    missed = replace(enrolment, misses=Misses(2, 5, 0.4))

    assert "enrol a longer phrase" in advice(missed, is_odd=False)
    assert advice(enrolment, is_odd=False) == "advice: save"


def test_silent_and_clipped_takes_are_refused_with_what_to_change(enrolled, spoken, tmp_path):
    clipped = np.clip(30 * spoken[0], -1, 1)
    silent = np.zeros(160_000, np.float32)
    result = enrolled([silent, clipped, *spoken[:3]], "\n\n" + 3 * KEEP + SAVE)

    assert "error: this take is not used: it is silent: check that the microphone is not muted" in result.stderr
    assert "error: this take is not used: it is clipped: lower the input level" in result.stderr
    assert takes_of(tmp_path) == 3


def test_the_phrase_alone_is_played_on_request(enrolled, library, spoken):
    result = enrolled(spoken[:3], "p\n" + 3 * KEEP + SAVE)
    (played,) = library.played

    assert "the phrase lasts 1.04 s" in result.stderr
    (sounding,) = np.nonzero(abs(played[:, 0]) > 0)
    assert len(played) > sounding[-1] + 0.3 * 48000, "the device still holds the end when all is written"
    assert sounding[-1] == pytest.approx(1.04 * 48000, abs=480)


def test_a_take_that_cannot_be_played_can_still_be_kept(enrolled, library, spoken, tmp_path):
    library.output_rate = None
    result = enrolled(spoken[:3], "p\n" + 3 * KEEP + SAVE)

    assert "error: nothing can be played: " in result.stderr
    assert takes_of(tmp_path) == 3


def test_a_take_can_be_said_again(enrolled, spoken, tmp_path):
    result = enrolled(spoken[:4], "a\n" + 3 * KEEP + SAVE)

    assert result.stderr.count("take 1: say") == 2
    assert takes_of(tmp_path) == 3


def test_the_odd_one_out_can_be_said_again(enrolled, examples, spoken, tmp_path):
    odd = sf.read(examples / "odd" / "odd-one-out.flac", dtype="float32")[0]
    result = enrolled([*spoken[:2], odd, spoken[2]], 3 * KEEP + "o\n" + KEEP + SAVE)

    assert "advice: say the odd one out again" in result.stderr
    assert result.stdout.count("<- the odd one out") == 1
    assert takes_of(tmp_path) == 3


def test_takes_are_added_to_what_is_enrolled(enrolled, kwsd, recordings, spoken, tmp_path):
    kwsd("enroll", "hey snips", *recordings[3:], "--store", tmp_path / "store")
    enrolled(spoken[:3], 3 * KEEP + SAVE)

    assert takes_of(tmp_path) == 5


def test_who_quits_changes_nothing(enrolled, kwsd, recordings, spoken, tmp_path):
    kwsd("enroll", "hey snips", *recordings[3:], "--store", tmp_path / "store")
    before = contents(tmp_path / "store")
    result = enrolled(spoken[:3], 3 * KEEP + "q\n", "--replace")

    assert result.exit_code == 130
    assert "nothing was saved" in result.stderr
    assert contents(tmp_path / "store") == before


def test_the_level_is_shown_while_it_listens(enrolled, spoken, monkeypatch):
    shown = []
    monkeypatch.setattr(Gauge, "show", lambda self, text: shown.append(text))
    enrolled(spoken[:1], "q\n")

    assert all(text.startswith("level [") and text.endswith(" dBFS") for text in shown)
    assert any("[#######" in text for text in shown)


def test_the_end_of_standard_input_is_a_sentence(enrolled, spoken):
    result = enrolled(spoken[:1], "")

    assert result.exit_code == 2
    assert "error: standard input has ended: --mic asks its questions there" in result.stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["hey snips", "--device", "Yeti"], "--device names the microphone of --mic"),
        (["hey snips", "--mic", "--json"], "leave out --json"),
        (["hey snips", "--mic", "-"], "leave out --json and standard input"),
        (["hey/snips", "--mic"], "a keyword's name cannot hold"),
    ],
)
def test_mistakes_are_told_before_anything_is_recorded(kwsd, library, tmp_path, words, sentence):
    assert sentence in complaint(kwsd("enroll", *words, "--store", tmp_path))
    assert library.streams == []


def test_a_missing_microphone_is_a_sentence(kwsd, library, tmp_path):
    library.unplug("Yeti")
    library.refresh()
    result = kwsd("enroll", "hey snips", "--mic", "--store", tmp_path)

    assert result.exit_code == 2
    assert "error: no microphone was found" in result.stderr
