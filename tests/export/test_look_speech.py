"""More speech for the second look: what callers say, and near words by synthetic timbres in the same sentences."""
# ruff: noqa: RUF001 - letters of the International Phonetic Alphabet

import random
from itertools import groupby

import numpy as np
import pytest

pytest.importorskip("scipy", reason="speech is spoiled with scipy: make trainer")
pytest.importorskip("tokenizers", reason="transcripts need kwsd[second-look]")
pytest.importorskip("export.corpus", reason="the trainer is not beside the tests")

from export.align import Word
from export.corpus import CorpusError
from export.look import kokoro
from export.look.aloud import AFTER, BEFORE, NEAR, PLACES, SAID, readings
from export.look.transcribed import once


@pytest.mark.parametrize(
    ("heard", "said"),
    [
        ("public transit public transit public transit public", "public transit"),
        ("yes yes yes yes", "yes"),
        ("i want to take the bus i want to", "i want to take the bus i want to"),
        ("the bus to the airport", "the bus to the airport"),
        ("hello", "hello"),
        ("", ""),
    ],
)
def test_what_whisper_repeats_is_said_once(heard, said):
    assert once(heard.split()) == said


def sentence(*spelled):
    """Words from 'text:P H O N E S'."""
    return [
        Word(text, 0.0, tuple((p, 0.1) for p in phones.split())) for text, phones in (one.split(":") for one in spelled)
    ]


SENTENCES = [
    sentence("please:P L IY Z", "see:S IY", "the:DH AH", "position:P AH Z IH SH AH N", "of:AH V", "it:IH T"),
    sentence("he:HH IY", "pleased:P L IY Z D", "the:DH AH", "physician:F AH Z IH SH AH N", "there:DH EH R"),
]


def test_near_words_are_said_in_the_same_places_by_several_timbres():
    every = list(readings(SENTENCES, 10, random.Random(3)))

    families = {name: list(ones) for name, ones in groupby(every, key=lambda one: one.path[:4])}
    said = {frozenset(one.text for one in ones) for ones in families.values()}
    assert frozenset({"see the position of it", "see the physician of it"}) in said
    assert frozenset({"he pleased the physician", "he please the physician"}) in said
    assert len({one.path for one in every}) == len(every)
    for ones in families.values():
        assert len(ones) == 2 * SAID, "both words, in the only place of the first, by each timbre"
        assert len({one.timbre for one in ones}) > 1


def test_few_words_around_and_few_near_ones_are_taken():
    near = [sentence(f"w{i}:W AA {p}") for i, p in enumerate("TDKGBP")]
    long = sentence(*(f"a{i}:AH" for i in range(5)), "wot:W AA TH", *(f"b{i}:AH" for i in range(5)))

    family = [one for one in readings([long, *near], 99, random.Random(1)) if "a4" in one.text.split()]

    assert {len(one.text.split()) for one in family} == {BEFORE + 1 + AFTER}
    assert len(family) == (NEAR + 1) * SAID and PLACES > 1


def test_a_timbre_is_a_mean_of_voices_one_of_them_english(tmp_path, monkeypatch):
    for name, value in {"af_one": 1.0, "zf_two": 3.0, "zm_three": 5.0}.items():
        np.full((510, 256), value, np.float32).tofile(tmp_path / f"{name}.bin")
    monkeypatch.setattr(kokoro.kokoro, "voices", lambda language: [language])
    monkeypatch.setattr(kokoro.kokoro, "said", lambda text, style, tempo: style)
    timbres = kokoro.Timbres(tmp_path)

    styles = np.stack([timbres("any", number, 1.0) for number in range(60)])

    assert styles.shape == (60, 510, 256)
    sound, prosody = styles[:, 0, 0], styles[:, 0, -1]
    np.testing.assert_allclose(styles[:, :, :128], np.broadcast_to(sound[:, None, None], (60, 510, 128)), rtol=1e-6)
    np.testing.assert_allclose(styles[:, :, 128:], np.broadcast_to(prosody[:, None, None], (60, 510, 128)), rtol=1e-6)
    assert sound.min() >= 1 - 1e-6 and sound.max() < 5, "no timbre without the English voice"
    assert np.abs(sound - prosody).max() > 1, "weights of their own"
    np.testing.assert_array_equal(timbres("any", 7, 1.0), styles[7])


def test_without_voices_a_sentence_says_which(tmp_path):
    with pytest.raises(CorpusError, match="kokoro-js"):
        kokoro.Timbres(tmp_path)


def test_phones_are_spelled_as_kokoro_knows_them():
    pytest.importorskip("hibari", reason="phones are spelled by hibari-tts")
    spelled = kokoro.kokoro._reader()

    assert spelled("the judge") == "ðə ʤˈʌʤ"
    assert spelled("cheap toys") == "ʧˈip tˈYz"
    assert spelled("church") == "ʧˈɜɹʧ"
