"""A phrase as synthetic voices say it."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from kwsd.enrolment.enroll import enroll
from kwsd.errors import SayError
from kwsd.say import engines
from kwsd.say.takes import said


def test_every_voice_says_the_phrase_before_one_says_it_again(voices):
    takes = said("hey snips", "en", 7, print)

    assert [take.said for take in takes] == [str(voice) for voice in (*voices, *voices[:2])]


def test_the_name_of_a_take_tells_its_voice_tempo_and_room(voices):
    (take,) = said("hey snips", "en", 1, print)

    assert take.name == "example bedroom-alice, tempo 1, bedroom"


def test_the_same_voice_says_the_phrase_otherwise_each_time(voices):
    names = [take.name for take in said("hey snips", "en", 20, print)]

    assert len(set(names)) == 20


def test_the_same_text_is_the_same_recordings(voices):
    first, again = (said("hey snips", "en", 3, print) for _ in range(2))

    assert all(np.array_equal(one.samples, other.samples) for one, other in zip(first, again, strict=True))


def test_a_voice_that_fails_is_left_out_and_told(voices):
    told = []
    takes = said("?", "en", 3, told.append)

    assert [take.said for take in takes] == [str(voice) for voice in voices[1:3]]
    assert told == ["bedroom-alice cannot read ?"]


def test_a_text_that_no_voice_can_say_is_refused(voices):
    with pytest.raises(SayError, match="no voice can say"):
        said("?", "en", 1, print)


@pytest.mark.parametrize("language", ["EN", "en_US", "en-us"])
def test_a_language_may_be_written_in_every_usual_way(voices, language):
    assert said("hey snips", language, 1, print)


@pytest.mark.parametrize("language", ["de", "e", "en-u", "en-us-nyc"])
def test_a_language_that_no_voice_speaks_is_refused_with_what_to_install(voices, language):
    with pytest.raises(SayError, match=r"no voice .*kwsd\[say\].* espeak-ng"):
        said("guten Morgen", language, 1, print)


def test_a_keyword_knows_which_voices_said_its_recordings(voices, tokenizer, bank):
    keyword = enroll("hey snips", said("hey snips", "en", 2, print), tokenizer, bank=bank).keyword

    assert [template.said for template in keyword.templates] == [str(voice) for voice in voices[:2]]


def test_it_is_told_if_nothing_speaks_the_language_but_espeak(voices, monkeypatch):
    alone = [replace(voice, engine="espeak-ng") for voice in voices]
    monkeypatch.setattr(engines, "ENGINES", (SimpleNamespace(voices=lambda language: alone),))
    told = []
    said("hey snips", "de", 1, told.append)

    assert told == ['only eSpeak NG speaks "de" here, and it is little like people: add recordings of theirs']
