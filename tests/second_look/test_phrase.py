"""How far a stretch is from recordings by the second look, with a second look that hears what it is told."""

import numpy as np
import pytest

from kwsd.second_look import phrase as module
from kwsd.second_look.phrase import FARTHER, HEARD, MOST, WEIGHT, Phrase

SAMPLES = np.zeros(16_000, np.float32)


def unit(seed, frames=20, dims=16):
    vectors = np.random.default_rng(seed).standard_normal((frames, dims)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


class Told:
    """A second look that hears the vectors and the log-probability that it was told."""

    def __init__(self, vectors, said):
        self.heard, self.said, self.asked = vectors, said, []

    def hear(self, samples, start, end):
        return self

    def vectors(self, edge):
        return self.heard

    def spoken(self, words):
        self.asked.append(words)
        return self.said


@pytest.fixture
def hears(monkeypatch):
    def told(seed, said):
        look = Told(unit(seed), said)
        monkeypatch.setattr(module, "second_look", lambda: look)
        return look

    return told


CLEAN, NOISY = -0.1, -6.0
LOOKS = [(unit(1), unit(2))] * 3  # clean, and as in noise
SPOKEN = [(CLEAN, NOISY)] * 3


def far(seed, said, hears, spoken=SPOKEN, words="hey snips", **more):
    hears(seed, said)
    return Phrase(LOOKS, spoken, words).far(SAMPLES, 0.0, 1.0, **more)


def test_the_less_probable_the_words_the_farther(hears):
    found = [far(1, said, hears) for said in (CLEAN, -2.0, -4.0)]

    assert found == sorted(found)
    assert found[0] == pytest.approx(0, abs=1e-3)
    assert found[2] - found[1] == pytest.approx(found[1] * 2 / 1.9, rel=0.01)


def test_words_that_are_more_probable_than_in_the_recordings_change_nothing(hears):
    assert far(1, 0.0, hears) == far(1, CLEAN, hears)


def test_however_improbable_the_words_they_count_so_much_at_most(hears):
    assert far(1, -1e3, hears) == far(1, -1e2, hears) < WEIGHT * MOST


def test_in_noise_the_words_are_expected_to_be_less_probable(hears):
    assert far(2, NOISY, hears) == pytest.approx(0, abs=1e-3)
    assert far(1, NOISY, hears) > 0.5


def test_recordings_that_do_not_agree_on_the_words_let_them_count_less(hears):
    unlike = [(0.0, 0.0), (-2.0, -2.0), (-4.0, -4.0)]
    alike = [(-2.0, -2.0)] * 3

    assert far(1, -6.0, hears, unlike) < far(1, -6.0, hears, alike)


@pytest.mark.parametrize(
    ("spoken", "words"),
    [([], ""), (SPOKEN, ""), ([], "hey snips"), (SPOKEN[:2], "hey snips"), ([(HEARD - 1, 0.0)] * 3, "wake 1")],
    ids=["no words", "no name", "an older file", "a recording without", "another name"],
)
def test_words_that_the_recordings_do_not_say_are_not_compared(hears, spoken, words):
    look = hears(3, -50.0)
    phrase = Phrase(LOOKS, spoken, words)

    assert phrase.words == ""
    assert phrase.far(SAMPLES, 0.0, 1.0) == Phrase(LOOKS).far(SAMPLES, 0.0, 1.0)
    assert look.asked == []


def test_with_words_a_stretch_may_be_farther(hears):
    with_words, without = far(3, 0.0, hears), far(3, 0.0, hears, [], "")

    assert with_words == pytest.approx(without / FARTHER)


def test_words_are_not_asked_for_where_the_distance_is_enough(hears):
    look = hears(3, -50.0)

    assert Phrase(LOOKS, SPOKEN, "hey snips").far(SAMPLES, 0.0, 1.0, most=0.5) > 0.5
    assert look.asked == []


def test_a_recording_that_says_something_else_is_far_from_the_others():
    spoken = [(-0.1,), (-0.2,), (-7.0,)]
    looks = [(unit(1),)] * 3
    first, second, third = Phrase(looks, spoken, "hey snips").of_recordings()

    assert third > max(first, second) + 0.5
    assert Phrase(looks[:1], spoken[:1], "hey snips").of_recordings() == []
