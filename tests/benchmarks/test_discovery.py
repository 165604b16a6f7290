from pathlib import Path

import numpy as np
import pytest

from kwsd.archive import Hit
from kwsd.archive.discovery.trees import neighbours

discovered = pytest.importorskip("export.discovered", reason="the training is not beside the tests")
discovery = pytest.importorskip("benchmarks.discovery")
align = pytest.importorskip("export.align")
corpora = pytest.importorskip("benchmarks.corpora")


def word(text, start, *phones):
    return align.Word(text, start, tuple((name, 0.1) for name in phones))


def clip(name, speaker):
    return corpora.Clip(Path(name), speaker, "", "en", "dev", 2.0)


@pytest.fixture
def truth():
    """Two speakers who say "the cat sat" and "a cat sits"."""
    one = [word("the", 0.0, "DH", "AH"), word("cat", 0.2, "K", "AE", "T"), word("sat", 0.5, "S", "AE", "T")]
    other = [word("a", 0.0, "AH"), word("cat", 0.1, "K", "AE", "T"), word("sits", 0.4, "S", "IH", "T", "S")]
    return discovered.Transcripts([(clip("one", "x"), one), (clip("other", "y"), other)])


def hit(path, start, end):
    return Hit(path, start, end, 1.0)


def test_places_with_the_same_word_say_the_same(truth):
    assert truth.same_words(hit("one", 0.2, 0.5), hit("other", 0.1, 0.4))
    assert not truth.same_words(hit("one", 0.2, 0.5), hit("other", 0.4, 0.8))


def test_a_word_that_fills_less_than_half_of_a_place_is_not_enough(truth):
    assert not truth.same_words(hit("one", 0.2, 1.0), hit("other", 0.1, 0.4))


def test_the_distance_is_of_phones_and_from_0_to_1(truth):
    assert truth.distance(hit("one", 0.2, 0.5), hit("other", 0.1, 0.4)) == 0
    assert truth.distance(hit("one", 0.5, 0.8), hit("other", 0.4, 0.8)) == pytest.approx(2 / 4)
    assert truth.distance(hit("one", 0.2, 0.5), hit("other", 1.5, 1.9)) == 1


def test_coverage_counts_each_phone_once(truth):
    places = [hit("one", 0.2, 0.5), hit("one", 0.2, 0.5), hit("other", 0.1, 0.4)]

    assert truth.phone_count == 16
    assert truth.coverage(places) == pytest.approx(6 / 16)


def test_speakers_are_told_apart(truth):
    assert truth.across(hit("one", 0, 1), hit("other", 0, 1))
    assert not truth.across(hit("one", 0, 1), hit("one", 1, 2))


def test_trees_find_nearly_all_that_comparing_all_windows_finds():
    random = np.random.default_rng(3)
    vectors = random.normal(size=(3000, 32))
    for begin in range(100, 1100, 50):
        vectors[begin + 1500 : begin + 1510] = vectors[begin : begin + 10] + 0.5 * random.normal(size=(10, 32))
    vectors = np.rint(127 * vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.int8)
    level, windows = np.full(3000, 6 * 127 * 127 * 6 // 10, np.int32), np.arange(2995, dtype=np.int32)
    found, every = (find(vectors, level, windows, 6, 0) for find in (neighbours, discovery.all_with_all))
    pairs, all_pairs = (
        {(int(one), int(other)): int(score) for one, other, score in zip(n.one, n.other, n.score, strict=True)}
        for n in (found, every)
    )

    assert len(all_pairs) >= 90
    assert pairs.items() <= all_pairs.items()
    assert len(pairs) >= 0.9 * len(all_pairs)
