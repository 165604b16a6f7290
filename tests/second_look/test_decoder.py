import sys

import numpy as np
import pytest
import soundfile as sf

from kwsd.errors import ModelError
from kwsd.say import flite
from kwsd.second_look.decoder import Decoder, plain
from kwsd.second_look.encoder import Encoder

RATE = 16_000


@pytest.fixture(scope="module")
def phrases(examples):
    """Five recordings of "hey snips", each with silence after it."""
    pause = np.zeros(RATE, np.float32)
    return [np.append(sf.read(p, dtype="float32")[0], pause) for p in sorted((examples / "hey-snips").glob("*.flac"))]


@pytest.fixture(scope="module")
def decoder(look):
    encoder = Encoder()
    heard = Decoder(encoder)
    return lambda samples, words: heard(encoder.states(samples), words)


def test_words_that_are_said_are_hardly_behind_and_others_far(decoder, phrases):
    said, near, other = (
        [decoder(samples, words) for samples in phrases] for words in ("hey snips", "hey chips", "good morning")
    )

    assert len(said) == 5
    assert max(said) < 1
    assert all(one < another - 5 for one, another in zip(said, near, strict=True))
    assert np.mean(near) < np.mean(other)


def test_words_are_found_after_others_and_before_others(decoder, phrases):
    alone = phrases[1][:-RATE]
    within = np.concatenate([phrases[3][:-RATE], phrases[1]])
    later = np.concatenate([alone, phrases[3]])

    assert decoder(within, "hey snips hey snips") < decoder(within, "hey chips hey chips")
    assert decoder(later, "hey snips") < 1


def test_words_are_the_same_however_they_are_written(decoder, phrases):
    assert plain("  Hey,  SNIPS! ") == "hey snips"
    assert plain("it's_on") == "it's on"
    assert plain("你好") == "你好"
    assert plain("--- !") == ""
    assert np.isfinite(decoder(phrases[0], "你好"))


@pytest.fixture(scope="module")
def voice():
    found = next(iter(flite.voices("en-us")), None)
    return found or pytest.skip("flite is not installed")


def test_words_that_the_transcript_holds_after_many_others_are_not_behind(decoder, voice):
    said = voice.speak("the lamp in the kitchen window is on", 1.0)

    assert decoder(said, "window") == decoder(said, "kitchen window") == 0
    assert decoder(said, "winter") > 5


def test_numbers_and_titles_may_be_written_in_short(decoder, voice, monkeypatch):
    texts = ["channel seven", "mister smith", "nine one one"]
    said = {text: voice.speak(text, 1.0) for text in texts}
    either = [decoder(samples, text) for text, samples in said.items()]
    monkeypatch.setattr("kwsd.second_look.decoder.written", lambda words: words)
    in_full = [decoder(samples, text) for text, samples in said.items()]

    assert max(either) < 1
    assert all(one < another - 1 for one, another in zip(either, in_full, strict=True))


def test_nothing_is_said_in_silence(decoder):
    assert decoder(np.zeros(RATE, np.float32), "hey snips") > 10


def test_without_its_part_of_the_extra_a_sentence_says_how_to_get_it(decoder, monkeypatch):
    encoder = Encoder()
    monkeypatch.setitem(sys.modules, "tokenizers", None)

    with pytest.raises(ModelError, match=r'pip install "kwsd\[second-look\]"'):
        Decoder(encoder)
