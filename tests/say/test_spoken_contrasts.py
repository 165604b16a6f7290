"""A phrase and what sounds alike, said by the same voices."""

import numpy as np
import pytest

from kwsd.errors import SayError
from kwsd.say import contrast


def test_the_same_voices_say_the_phrase_and_every_other_text(voices, tokenizer):
    made = contrast.contrasts("hey snips", ["hey chips", "hey sniff"], "en", tokenizer, print)

    assert [one.text for one in made] == ["hey snips", "hey chips", "hey sniff"]
    assert {one.voices for one in made} == {tuple(str(voice) for voice in voices)}
    for spoken in (spoken for one in made for spoken in one.spoken):
        assert spoken.shape[1] == tokenizer.dim
        assert 0.3 < len(spoken) * tokenizer.hop < 1.5
        assert np.linalg.norm(spoken, axis=1) == pytest.approx(1, abs=1e-3)


def test_a_voice_that_cannot_say_one_of_the_texts_says_none(voices, tokenizer):
    told = []
    made = contrast.contrasts("hey snips", ["?"], "en", tokenizer, told.append)

    assert [one.voices for one in made] == [tuple(str(voice) for voice in voices[1:])] * 2
    assert told == [f"the voice {voices[0]} is left out: bedroom-alice cannot read ?"]


def test_no_more_voices_speak_than_are_needed(voices, tokenizer, monkeypatch):
    monkeypatch.setattr(contrast, "VOICES", 2)

    assert len(contrast.contrasts("hey snips", ["hey chips"], "en", tokenizer, print)[0].voices) == 2


def test_a_language_that_nobody_speaks_is_refused(voices, tokenizer):
    with pytest.raises(SayError, match="no voice on this machine"):
        contrast.contrasts("hey snips", ["hey chips"], "de", tokenizer, print)
