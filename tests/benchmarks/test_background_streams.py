import numpy as np
import pytest

from kwsd.spotting.score_track import ScoreTrack
from kwsd.tokenizer.tokenizer import Tokenizer

streams = pytest.importorskip("benchmarks.background_streams", reason="the benchmarks are not beside the tests")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("AND NO ONE CAME", "no"),
        ("WHO KNOWS WHERE", "no"),
        ("HE HAD GONE", "go"),
        ("THEY WENT DOWNSTAIRS", "down"),
        ("SHE STOPPED THERE", "stop"),
        ("a view glass here", "view glass"),
    ],
)
def test_a_text_that_has_the_word_in_any_form_holds_it(text, word):
    assert streams.holds(text, word)


@pytest.mark.parametrize(
    ("text", "word"),
    [("NOTHING OF NOTE", "no"), ("GOOD GOLD", "go"), ("AN OFFER", "off"), ("a glass, a view", "view glass")],
)
def test_a_text_that_only_begins_like_it_does_not(text, word):
    assert not streams.holds(text, word)


@pytest.fixture
def noise(tokenizer: Tokenizer):
    """Three pieces of two seconds of noise."""
    samples = np.random.default_rng(1).standard_normal((3, 32_000)).astype(np.float32) * 0.01
    return streams.stream("noise", tokenizer, zip(["all is quiet", "please stop here", "again"], samples, strict=True))


def test_pieces_lie_where_they_were_heard(noise):
    assert noise.pieces == [("all is quiet", 0.0, 2.0), ("please stop here", 2.0, 4.0), ("again", 4.0, 6.0)]


def test_the_piece_with_the_word_and_a_moment_after_it_are_not_searched(noise):
    left_out = noise.frames.time[~noise.counted("stop")]

    assert left_out[0] == pytest.approx(2.0, abs=noise.hop)
    assert left_out[-1] == pytest.approx(4.0 + streams.AFTER, abs=noise.hop)


def test_what_is_not_searched_is_not_in_the_hours(noise):
    assert noise.hours("stop") == pytest.approx((6 - 2 - streams.AFTER) / 3600, rel=0.1)
    assert noise.hours("yes") > noise.hours("stop")


def test_nothing_can_be_detected_where_the_word_may_be(noise):
    flat = np.zeros((len(noise.frames), 2))

    distance = noise.without("stop", ScoreTrack(noise.frames.time, flat, flat, flat)).distance

    assert np.isinf(distance[~noise.counted("stop")]).all()
    assert (distance[noise.counted("stop")] == 0).all()
