"""The engines that are on this machine: they speak, at the tempo that is asked for."""

import shutil
import subprocess
from importlib.util import find_spec
from types import SimpleNamespace

import numpy as np
import pytest

from kwsd.audio.trim import speech_span
from kwsd.errors import SayError
from kwsd.say import engines, espeak, flite, hibari, kokoro, pico, piper
from kwsd.say.program import spoken
from kwsd.say.voice import Voice, speaks

ENGINES = {"espeak-ng": espeak, "flite": flite, "hibari": hibari, "kokoro": kokoro, "pico": pico, "piper": piper}


@pytest.fixture(params=ENGINES)
def engine(request):
    """An engine that has an English voice here."""
    if not ENGINES[request.param].voices("en"):
        pytest.skip(f"{request.param} has no English voice on this machine")
    return ENGINES[request.param]


def seconds(samples):
    start, end = speech_span(np.pad(samples, 8_000))
    return end - start


def test_a_voice_says_a_text_faster_at_a_higher_tempo(engine):
    voice = engine.voices("en")[0]
    slow, fast = (voice.speak("open the window", tempo) for tempo in (0.8, 1.25))

    assert slow.dtype == np.float32
    assert 0.4 < seconds(fast) < 0.85 * seconds(slow) < 2.5


def test_a_longer_text_takes_longer(engine):
    voice = engine.voices("en")[0]

    assert seconds(voice.speak("hey", 1.0)) < seconds(voice.speak("hey computer, open the window", 1.0)) / 2


@pytest.mark.parametrize("text", ["-h", "--version", "<break/>", "a & b < c", "$(reboot)"])
def test_a_text_is_never_an_option_or_a_command(engine, text):
    voice = engine.voices("en")[0]

    assert np.abs(voice.speak(f"{text} hello", 1.0)).max() > 0.01


def test_no_engine_has_a_voice_of_a_language_that_nobody_speaks():
    assert [name for name, engine in ENGINES.items() if engine.voices("xx")] == []


@pytest.mark.parametrize("name", ["flite", "pico2wave", "espeak-ng"])
def test_without_its_program_an_engine_has_no_voices(monkeypatch, name):
    monkeypatch.setattr(shutil, "which", lambda program: None)

    assert {"flite": flite, "pico2wave": pico, "espeak-ng": espeak}[name].voices("en") == []


def test_without_their_packages_networks_have_no_voices():
    if find_spec("hibari"):
        pytest.skip("hibari-tts is installed")

    assert [hibari.voices("en"), kokoro.voices("en")] == [[], []]


def test_a_program_that_fails_is_named_with_what_it_printed():
    with pytest.raises(SayError, match=r'ls did not say "hello": .*no-such-option'):
        spoken("hello", lambda source, wav: ["ls", "--no-such-option"])


def test_a_program_that_writes_nothing_is_named():
    with pytest.raises(SayError, match='true did not say "hello"'):
        spoken("hello", lambda source, wav: ["true"])


def test_a_program_that_does_not_end_is_stopped(monkeypatch):
    monkeypatch.setattr("kwsd.say.program.LONGEST", 0.2)
    with pytest.raises(SayError, match="sleep did not say"):
        spoken("hello", lambda source, wav: ["sleep", "30"])


def test_espeak_speaks_more_than_a_hundred_languages():
    if not shutil.which("espeak-ng"):
        pytest.skip("espeak-ng is not installed")
    listed = subprocess.run(["espeak-ng", "--voices"], capture_output=True, text=True, check=True).stdout.splitlines()

    assert len(listed) > 100
    assert espeak.voices("de") and espeak.voices("cmn")


@pytest.mark.parametrize(
    ("spoken_one", "wanted", "is_same"),
    [("en-us", "en", True), ("en_US", "en-us", True), ("en", "en-us", False), ("eng", "en", False)],
)
def test_a_dialect_is_a_language_and_not_the_reverse(spoken_one, wanted, is_same):
    assert speaks(spoken_one, wanted) == is_same


def test_engines_take_turns_and_the_last_one_speaks_where_others_are_few(monkeypatch):
    def engine(name, count):
        return SimpleNamespace(voices=lambda language: [Voice(name, str(i), None) for i in range(count)])

    monkeypatch.setattr(engines, "LAST", engine("last", 2))
    monkeypatch.setattr(engines, "ENGINES", (engine("one", 2), engine("other", 1)))
    few = [str(voice) for voice in engines.voices_of("en")]
    monkeypatch.setattr(engines, "ENGINES", (engine("one", 3), engine("other", 1)))
    enough = [str(voice) for voice in engines.voices_of("en")]

    assert few == ["one 0", "other 0", "one 1", "last 0", "last 1"]
    assert enough == ["one 0", "other 0", "one 1", "one 2"]
