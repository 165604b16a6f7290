from pathlib import Path

import numpy as np
import pytest

words = pytest.importorskip("benchmarks.words", reason="the benchmarks are not beside the tests")
corpus = pytest.importorskip("export.corpus")

# Two words, four clips: one of each word, the first word said badly, and another word.
MARGIN = np.array([[-0.2, 0.3], [0.4, -0.1], [0.1, 0.2], [0.3, 0.25]])
TRUTH = np.array([0, 1, 0, -1])


@pytest.fixture
def draw():
    return words.Draw(MARGIN, np.ones(4, bool))


def test_a_clip_goes_to_the_nearest_keyword_under_its_threshold(draw):
    assert words.right(draw, TRUTH, 0.0).tolist() == [True, True, False, True]


def test_without_rejection_other_words_are_never_right(draw):
    assert words.right(draw, TRUTH, np.inf).tolist() == [True, True, True, False]


def test_the_best_shift_lets_the_bad_clip_in_and_keeps_the_other_word_out(draw):
    shift = words.best_shift([draw], TRUTH)

    assert 0.1 <= shift < 0.25
    assert words.right(draw, TRUTH, shift).all()


def test_clips_that_are_not_tested_do_not_move_the_shift(draw):
    untested = words.Draw(np.array([[9.0, 9.0]] * 4), np.zeros(4, bool))

    assert words.right(draw, TRUTH, words.best_shift([draw, untested], TRUTH)).all()


def clip(speaker: str, word: str) -> corpus.Clip:
    return corpus.Clip(Path("x"), speaker, word, "", "train", 1.0)


def test_all_speakers_that_were_held_out_are_tried_and_a_few_others():
    held_out = sorted(words.HELD_OUT_SPEAKERS)

    chosen = words.some_speakers([clip(speaker, "word") for speaker in [*held_out, *map(str, range(20))]])

    assert chosen[: len(held_out)] == held_out
    assert len(set(chosen)) == len(held_out) + words.OTHERS


def test_as_many_takes_of_each_word_by_each_speaker_are_tested():
    clips = [clip(speaker, word) for speaker in "ab" for word in "xy" for _ in range(words.TAKES + 3)]

    assert len(words.few_takes(clips)) == 4 * words.TAKES


def test_figures_are_averages_over_keywords():
    rows = [words.Row("a", "zh", who, True, misses, 1.0) for who, misses in (("x", 2.0), ("x", 4.0), ("y", 6.0))]

    misses, error = words.figures(rows)

    assert misses.mean == 4.0
    assert (misses.low, misses.high) == (3.0, 6.0)
    assert error.mean == 1.0
