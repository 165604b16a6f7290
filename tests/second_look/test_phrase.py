"""How far a stretch is from recordings by the second look, with a second look that hears what it is told."""

import numpy as np
import pytest

from kwsd.second_look import phrase as module
from kwsd.second_look.phrase import DOUBT, FARTHER, MISHEARD, Phrase, other_words

SAMPLES = np.zeros(16_000, np.float32)


def unit(seed, frames=20, dims=16):
    vectors = np.random.default_rng(seed).standard_normal((frames, dims)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


class Told:
    """A second look that hears the vectors, and words as far behind, as it was told."""

    def __init__(self, vectors, said):
        self.heard, self.said, self.asked = vectors, said, []

    def hear(self, samples, start, end):
        return self

    def vectors(self, edge):
        return self.heard

    def behind(self, words):
        self.asked.append(words)
        return self.said


@pytest.fixture
def hears(monkeypatch):
    def told(seed, said):
        look = Told(unit(seed), said)
        monkeypatch.setattr(module, "second_look", lambda: look)
        return look

    return told


CLEAN, NOISY = 0.5, 4.0
LOOKS = [(unit(1), unit(2))] * 3  # clean, and as in noise
BEHIND = [(CLEAN, NOISY)] * 3


def far(seed, said, hears, behind=BEHIND, words="hey snips", **more):
    hears(seed, said)
    return Phrase(LOOKS, behind, words).far(SAMPLES, 0.0, 1.0, **more)


def test_the_farther_behind_the_words_the_farther_up_to_twice_as_far(hears):
    alone = far(3, 0.0, hears, [], "") / FARTHER
    heard = [(CLEAN, CLEAN)] * 3
    found = [far(3, said, hears, heard) / alone for said in (0.0, CLEAN, CLEAN + DOUBT, CLEAN + 50)]

    assert found[0] < found[1] < 1.15
    assert found[2:] == pytest.approx([1.5, 2])


def test_words_that_are_as_far_behind_as_in_recordings_are_probable():
    usual = np.array([[1.0, 3.0], [0.5, 0.0], [1.5, 0.0]])

    assert other_words(1.0, usual[:, :1], 0) == other_words(0.0, np.zeros((3, 1)), 0) < 0.15
    assert other_words(1.0, usual, 1) == other_words(1.0, usual, 0) < other_words(1.5, usual, 1)


def test_however_far_behind_words_may_be_misheard_as_they_are_in_recordings():
    usual = np.array([[0.0, 0.0, 0.0, 9.0]])

    assert other_words(1e5, usual[:, :3], 0) == 1
    assert other_words(1e5, usual, 0) == pytest.approx(1 / (1 + MISHEARD / 4))
    assert 0 <= other_words(0.0, np.full((1, 1), 500.0), 0) < 1e-9


def test_in_noise_the_words_are_expected_to_be_behind(hears):
    clean, noisy = 1, 2  # where each condition is nearest

    def other(seed):
        hears(seed, NOISY)
        return Phrase(LOOKS, BEHIND, "hey snips").compared(SAMPLES, 0.0, 1.0).other()

    assert other(noisy) < 0.15
    assert other(clean) > 0.4
    assert far(4, NOISY, hears, [(CLEAN, CLEAN)] * 3) > far(4, NOISY, hears, [(CLEAN, NOISY)] * 3)


@pytest.mark.parametrize(
    ("behind", "words"),
    [([], ""), (BEHIND, ""), ([], "hey snips"), (BEHIND[:2], "hey snips"), ([(DOUBT + 1, 0.0)] * 3, "wake 1")],
    ids=["no words", "no name", "an older file", "a recording without", "another name"],
)
def test_words_that_the_recordings_do_not_say_are_not_compared(hears, behind, words):
    look = hears(3, 50.0)
    phrase = Phrase(LOOKS, behind, words)

    assert phrase.words == ""
    assert phrase.far(SAMPLES, 0.0, 1.0) == Phrase(LOOKS).far(SAMPLES, 0.0, 1.0)
    assert look.asked == []


def test_with_words_a_stretch_may_be_farther(hears):
    said, without = far(3, 0.0, hears, [(DOUBT, DOUBT)] * 3), far(3, 0.0, hears, [], "")

    assert said == pytest.approx(without / FARTHER, rel=0.02)


def test_words_are_not_asked_for_where_the_distance_is_enough(hears):
    look = hears(3, 50.0)

    assert Phrase(LOOKS, BEHIND, "hey snips").far(SAMPLES, 0.0, 1.0, most=0.5) > 0.5
    assert look.asked == []


def test_a_recording_that_says_something_else_is_farther_from_the_others():
    looks = [(unit(seed),) for seed in (1, 2, 3)]
    first, second, third = Phrase(looks, [(0.1,), (0.2,), (5.0,)], "hey snips").of_recordings()
    alone = Phrase(looks).of_recordings()

    assert third / alone[2] > 1.5 * max(first / alone[0], second / alone[1])
    assert Phrase(looks[:1], [(0.1,)], "hey snips").of_recordings() == []
