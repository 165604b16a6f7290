import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs torch: pip install 'kwsd[train]'")
pytest.importorskip("export.corpus", reason="the trainer is not beside the tests")

from export.evaluate.matching.word_detection import (
    WordScores,
    best_threshold,
    figures,
    minima,
    threshold,
    track,
    word_scores,
)
from export.systems.system import Encoded
from kwsd.scorers import dtw, edit_distance
from kwsd.tokenizer.codebook import unit

RATE = 16_000
HOP = 0.02


def encoded(tokens, seed=0, dim=40):
    """A vector of its own for each token; nearly at right angles to each other."""
    vectors = np.random.default_rng(seed).normal(size=(64, dim))[tokens]
    return Encoded(unit(vectors.astype(np.float32)), np.array(tokens, np.int32))


def scores(found, hit, keyword=None):
    found = np.array(found, float)
    number = np.zeros(len(found), int) if keyword is None else np.array(keyword)
    return WordScores(found, found, np.array(hit, bool), number, np.array([0.001]))


def test_a_match_is_where_a_window_is_nearest_to_the_template():
    template, stream = encoded([1, 2, 3, 4]), encoded([9, 8, 7, 1, 2, 3, 4, 9, 8, 7, 6])
    for matching in ("dtw", "edit, compressed"):
        distance, ends = track(template, stream, matching)

        assert ends[distance.argmin()] == 7
        assert distance.min() == pytest.approx(0, abs=1e-5)
        assert np.isinf(distance[0])


def test_scores_are_the_best_of_windows_of_half_once_and_twice_the_template():
    template, stream = encoded([1, 2, 3, 4]), encoded([5, 1, 1, 2, 3, 3, 4, 4, 6, 2, 1, 2, 3, 4, 5])
    distance, _ = track(template, stream, "dtw")
    for end, score in enumerate(distance, start=1):
        windows = [stream.z[end - length : end] for length in (2, 4, 8) if length <= end]
        expected = min((dtw(template.z, window) for window in windows), default=np.inf)

        assert score == pytest.approx(expected, abs=1e-5)


def test_edit_distance_takes_runs_once_and_says_where_they_end():
    template, stream = encoded([1, 1, 2, 3]), encoded([5, 5, 1, 2, 2, 2, 3, 6, 6])
    distance, ends = track(template, stream, "edit, compressed")
    wanted, runs = np.array([1, 2, 3], np.int32), np.array([5, 1, 2, 3, 6], np.int32)
    windows = [[runs[end - length : end] for length in (2, 3, 6) if length <= end] for end in range(1, 6)]
    expected = [min((edit_distance(wanted, w) / max(3, len(w)) for w in of_end), default=np.inf) for of_end in windows]

    assert ends.tolist() == [2, 3, 6, 7, 9]
    assert np.allclose(distance, expected)


def test_of_detections_near_each_other_only_the_lowest_stays():
    distance = np.array([0.9, 0.3, 0.8, 0.2, 0.8, 0.9, 0.9, 0.4, 0.9, 0.5])

    assert minima(distance, np.arange(1, 11), 3).tolist() == [3, 7]
    assert minima(distance, np.arange(1, 11), 2).tolist() == [3, 1, 7, 9]


def test_of_equally_good_detections_the_first_stays_and_what_is_not_known_is_none():
    distance = np.array([np.inf, np.inf, 0.5, 0.5, 0.5, 0.9])

    assert minima(distance, np.arange(1, 7), 4).tolist() == [2]


def test_a_match_counts_for_the_word_during_which_it_ends():
    template = encoded([1, 2, 3] * 5)
    stream = encoded([20] * 20 + [1, 2, 3] * 5 + [21] * 25)
    until, hit = np.array([0.4, 0.7, 1.2]), np.array([False, True, False])
    found = word_scores(template, stream, "dtw", (until, hit), HOP)

    assert found.found[1] == pytest.approx(0, abs=1e-5)
    assert found.lowest.argmin() == 1
    assert min(found.lowest[0], found.lowest[2]) > 0.2


def test_an_encoder_that_listens_on_after_a_recording_is_not_late_for_it():
    template = encoded([1, 2, 3] * 5 + [4] * 15)
    stream = encoded([20] * 20 + [1, 2, 3] * 5 + [4] * 15 + [21] * 25)
    words = np.array([0.4, 0.7, 1.5]), np.array([False, True, False])
    late, in_time = (word_scores(template, stream, "dtw", words, HOP, lag) for lag in (0.0, 0.3))

    assert late.found.argmin() == 2
    assert in_time.found.argmin() == 1


def test_the_threshold_is_midway_between_the_means_of_hits_and_others_for_dtw():
    learned = scores([0.1, 0.2, 0.3, 0.7, 0.8, 0.9, np.inf], [1, 1, 1, 0, 0, 0, 0])

    assert threshold(learned, "dtw") == pytest.approx((0.2 + 0.8) / 2)


def test_the_threshold_is_midway_between_the_modes_for_edit_distance():
    learned = scores([0.2, 0.2, 0.9, 0.8, 0.8, 0.1], [1, 1, 1, 0, 0, 0])

    assert threshold(learned, "edit, compressed") == pytest.approx((0.2 + 0.8) / 2)


def test_a_system_with_one_token_for_everything_finds_nothing():
    same, words = encoded([5] * 60), (np.array([0.4, 0.8, 1.2]), np.array([True, True, False]))
    learned = word_scores(same, same, "edit, compressed", words, HOP)
    limit = threshold(learned, "edit, compressed")

    assert limit == -np.inf
    assert figures(learned, limit, seed=1)["recall"].value == 0


def test_figures_count_every_word_of_every_utterance():
    judged = scores([0.1, 0.6, 0.2, 0.3, 0.9, np.inf], [1, 1, 0, 1, 0, 0], [0, 0, 0, 1, 1, 1])
    found = {name: value.value for name, value in figures(judged, 0.3, seed=1).items()}

    assert found == pytest.approx({"accuracy": 4 / 6, "precision": 2 / 3, "recall": 2 / 3, "f1": 2 / 3})


def test_a_threshold_that_finds_nothing_has_no_precision_and_no_recall():
    found = figures(scores([0.5, 0.6], [1, 0]), 0.1, seed=1)

    assert np.isnan(found["precision"].value)
    assert found["recall"].value == found["f1"].value == 0


def test_the_best_threshold_is_that_of_trying_all():
    rng = np.random.default_rng(4)
    for _ in range(20):
        judged = scores(np.where(rng.random(40) < 0.2, np.inf, rng.integers(0, 9, 40) / 8), rng.random(40) < 0.3)
        f1 = [figures(judged, limit, seed=1)["f1"].value for limit in np.arange(9) / 8]

        assert figures(judged, best_threshold(judged), seed=1)["f1"].value == pytest.approx(max(f1))


def test_where_nothing_is_found_there_is_no_best_threshold():
    assert best_threshold(scores([np.inf, np.inf], [1, 0])) == -np.inf
