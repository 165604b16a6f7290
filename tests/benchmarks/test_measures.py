import numpy as np
import pytest

from kwsd.spotting.score_track import KeywordScorer
from kwsd.tokenizer.frames import Frames
from kwsd.tokenizer.tokenizer import Tokenizer

measures = pytest.importorskip("benchmarks.measures", reason="the benchmarks are not beside the tests")


def test_an_average_of_alike_words_is_certain():
    found = measures.averaged([[1.0, 3.0], [2.0, 2.0], [3.0, 1.0]])

    assert (found.mean, found.low, found.high) == (2.0, 2.0, 2.0)


def test_words_are_resampled_whole():
    found = measures.averaged([[0.0, 0.0], [10.0, 10.0]])

    assert (found.mean, found.low, found.high) == (5.0, 0.0, 10.0)


def test_more_words_make_an_average_more_certain():
    random = np.random.default_rng(2)
    few, many = (measures.averaged(random.normal(5, 1, (words, 3))) for words in (5, 80))

    assert few.low < many.low < 5 < many.high < few.high


def test_a_ratio_weighs_words_by_what_they_were_searched_for():
    assert measures.ratio([3, 0], [1, 5]).mean == 0.5


@pytest.mark.parametrize(("mean", "interval"), [(0.5, (0, 2)), (10.0, (4, 17)), (100.0, (81, 120))])
def test_the_poisson_interval_is_that_of_the_tables(mean, interval):
    assert measures.poisson_interval(mean) == interval


def test_misses_are_counted_where_the_others_are_just_refused():
    others = np.arange(100) / 100
    hits = np.array([-1.0, 0.0, 0.005, 0.01, 0.5])

    assert measures.misses_at(0.01, hits, others) == pytest.approx(2 / 5)
    assert measures.misses_at(0.0, hits, others) == pytest.approx(4 / 5)


def test_separate_distances_have_no_equal_error():
    assert measures.equal_error(np.array([0.1, 0.2]), np.array([0.3, 0.4])) == 0.0


def test_dips_keep_the_refractory_time_apart():
    distance = np.ones(200)
    distance[[50, 60, 150]] = 0.1, 0.2, 0.3

    assert measures.dips(distance, hop=0.04, count=2).tolist() == [0.1, 0.3]


@pytest.mark.bits
def test_a_track_in_stretches_is_the_track_in_one(enrolment, shared_tokenizer: Tokenizer, bank):
    keyword, n = enrolment.keyword, 2500
    frames = Frames(np.arange(n) * bank.hop, bank.vectors[:n], bank.tokens[:n])
    scorer = KeywordScorer(keyword.scorer, [keyword], bank.hop, shared_tokenizer.codebook)
    whole = scorer.push(frames)

    stretches = measures.tracked(scorer, frames)

    np.testing.assert_array_equal(stretches.distance, whole.distance)
    np.testing.assert_array_equal(stretches.start, whole.start)


def test_figures_of_a_keyword_are_those_of_its_own_clips_at_each_threshold():
    clean, noisy = np.array([0.1, 0.6, 0.9, 0.9]), np.array([0.3, 0.5, 0.9, 0.9])
    track = np.ones(400)
    track[[50, 300]] = 0.4, 0.55
    found = measures.figures(clean, noisy, np.array([0.7, 0.8]), track, np.array([True, True, False, False]), 0.5, 9.0)

    assert (found.miss_at_0, found.miss_at_1, found.noisy_at_0, found.noisy_at_1) == (50, 50, 50, 0)
    assert (found.equal_error, found.own_miss, found.own_alarms_per_hour) == (0, 50, 1)
