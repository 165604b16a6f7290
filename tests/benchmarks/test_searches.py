from pathlib import Path

import numpy as np
import pytest

from kwsd.archive import Hit
from kwsd.tokenizer.codebook import unit

search = pytest.importorskip("benchmarks.search", reason="the benchmarks are not beside the tests")
hours = pytest.importorskip("benchmarks.thousand_hours")
phrases = pytest.importorskip("export.spoken_queries")


def said(label, speaker, start, path="a.flac"):
    return phrases.Said(label, Path(path), speaker, start, start + 1)


def hit(start, path="a.flac"):
    return Hit(path, start, start + 1, 0.5)


def test_a_perfect_answer_is_perfect():
    answer = search.judged([hit(1), hit(5)], [said("word", "b", 1.2), said("word", "c", 5)])

    assert (answer.first, answer.five, answer.precision, answer.found) == (1, 1, 1, 1)


def test_average_precision_counts_what_was_not_found():
    answer = search.judged([hit(9), hit(1)], [said("word", "b", 1), said("word", "c", 5)])

    assert answer.first == 0
    assert answer.precision == pytest.approx(1 / 2 / 2)
    assert answer.found == 1 / 2


def test_a_second_hit_at_the_same_place_is_wrong():
    answer = search.judged([hit(1), hit(1.1), hit(5)], [said("word", "b", 1), said("word", "c", 5)])

    assert answer.precision == pytest.approx((1 + 2 / 3) / 2)


def test_a_hit_must_overlap_by_half():
    assert search.judged([hit(1.6)], [said("word", "b", 1)]).found == 0
    assert search.judged([hit(1.4)], [said("word", "b", 1)]).found == 1


def test_queries_are_those_that_somebody_else_answers():
    truth = phrases.Truth({"word": [said("word", "a", 1), said("word", "b", 2)], "alone": [said("alone", "a", 3)]})

    queries = truth.queries(10, {"a"})

    assert [query[0] for query in queries] == [said("word", "a", 1)]
    assert truth.relevant("word", {"a"}) == [said("word", "b", 2)]


def test_a_query_of_several_voices_has_each_voice_once():
    voices = [said("word", speaker, start) for start, speaker in enumerate("aabcd")]

    (first, *_) = phrases.Truth({"word": voices}).queries(10, {"a", "b", "c"}, voices=3)

    assert sorted(one.speaker for one in first) == ["a", "b", "c"]


def test_another_take_is_like_the_first_but_not_the_same():
    random = np.random.default_rng(7)
    steady = np.repeat(unit(random.standard_normal((1, 96)).astype(np.float32)), 500, axis=0)

    take = hours.perturbed(steady, random)

    assert 0.85 * 500 <= len(take) <= 500 / 0.85 + 1
    assert np.mean(take @ steady[0]) == pytest.approx(0.85, abs=0.02)


def test_recall_is_the_share_of_exact_hits_that_overlap_a_found_one():
    assert hours.recall([[hit(1.5), hit(9)]], [[hit(1), hit(5)]]) == 50
