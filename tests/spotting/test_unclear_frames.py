"""A frame that is far from its own token may be farther from a template's frame at no cost."""

import numpy as np
import pytest

from kwsd.scorers import SubsequenceDTW
from kwsd.spotting.matching import FREE, MOST, USUAL, VectorMatcher, free
from kwsd.tokenizer.codebook import Codebook, unit
from kwsd.tokenizer.frames import Frames

TOKENS = np.eye(4, 8, dtype=np.float32)
CODEBOOK = Codebook(TOKENS, np.zeros((1, 256, 8), np.float32))
NONE = Codebook(np.zeros((0, 8), np.float32), CODEBOOK.stages)


def unclear(distance, n=1, away=7):
    """Frames so far from token 0, in a direction of their own."""
    vector = np.zeros(8, np.float32)
    vector[0], vector[away] = 1 - distance, np.sqrt(1 - (1 - distance) ** 2)
    return Frames(np.arange(n) * 0.04, np.tile(vector, (n, 1)), np.zeros(n, np.int32))


def let_off(frames, codebook=CODEBOOK):
    return free(frames.vectors, frames.tokens, codebook)


def distance_of(stream, phrase, codebook=CODEBOOK):
    """The distance of a phrase of one frame in a stream of one."""
    return float(VectorMatcher([phrase], 0.04, SubsequenceDTW, codebook).push(stream).distance[0, 0])


@pytest.mark.parametrize("distance", [0.0, 0.2, float(MOST)])
def test_half_of_the_distance_from_its_token_is_free(distance):
    assert let_off(unclear(distance)) == pytest.approx(float(FREE) * distance, abs=1e-6)


def test_noise_which_is_farther_from_every_token_is_let_off_no_more():
    assert let_off(unclear(0.9)) == let_off(unclear(float(MOST))) == FREE * MOST


def test_without_tokens_nothing_is_free():
    assert let_off(unclear(0.4, n=3), NONE).tolist() == [0.0] * 3


def test_a_frame_costs_what_is_not_free_and_a_usual_one_its_cosine_distance():
    clear, usual = unclear(0.0), unclear(float(USUAL))

    assert distance_of(usual, clear) == pytest.approx(float(USUAL), abs=1e-6)
    assert distance_of(clear, usual) == pytest.approx(float(USUAL + FREE * USUAL), abs=1e-6)
    assert distance_of(clear, clear) == distance_of(usual, usual) == pytest.approx(float(FREE * USUAL), abs=1e-6)


def test_of_two_streams_as_far_from_the_phrase_the_less_clear_one_is_nearer():
    phrase = Frames(np.zeros(1), unit(np.ones((1, 8), np.float32)), np.zeros(1, np.int32))
    clear, other = unclear(0.3), unclear(0.3, away=6)
    other.tokens[:] = 1  # it is not near to the token that is said to be its own

    assert distance_of(clear, phrase, NONE) == pytest.approx(distance_of(other, phrase, NONE), abs=1e-6)
    assert distance_of(other, phrase) < distance_of(clear, phrase) - 0.1
