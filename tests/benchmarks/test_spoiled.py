"""Recordings that the benchmarks spoil."""

import numpy as np
import pytest

pytest.importorskip("scipy", reason="scipy is not installed: it comes with the trainer")
spoiled = pytest.importorskip("benchmarks.spoiled", reason="the benchmarks are not beside the tests")
Said, spoken, ways = spoiled.Said, spoiled.spoken, spoiled.ways

RATE = 16_000
ROOMS = np.eye(1, 4000, dtype=np.float16)  # one room without echo


@pytest.fixture
def said(speech):
    """ "hey" and "snips" of the example, which is spoken between 1.07 s and 1.67 s, and what is said before them."""
    return Said((speech[16_000:20_000], speech[20_000:27_500]), speech[4_000:10_000])


@pytest.mark.parametrize("name", [name for name in ways(ROOMS) if name not in ("wrong word", "pause")])
def test_a_spoiled_phrase_is_still_as_long_as_it_was(said, name):
    start, end = spoken(ways(ROOMS)[name](said, np.random.default_rng(1)), said.parts)

    assert end - start == pytest.approx(11_500 / RATE, abs=0.01)


def test_a_pause_makes_it_longer(said):
    start, end = spoken(spoiled.paused(said, np.random.default_rng(1)), said.parts)

    assert 0.4 <= end - start - 11_500 / RATE <= 0.8


def test_a_sound_beside_the_phrase_is_not_within_it(said):
    plain = spoiled.plain(said, np.random.default_rng(1))
    clicked = spoiled.clicked(said, np.random.default_rng(1))
    (first, _), (then, _) = spoken(plain, said.parts), spoken(clicked, said.parts)
    within = [samples[int(s * RATE) :][:11_500] for samples, s in ((plain, first), (clicked, then))]

    assert np.array_equal(*within)
    assert len(clicked) > len(plain)
