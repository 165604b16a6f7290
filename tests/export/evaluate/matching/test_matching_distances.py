import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs torch: pip install 'kwsd[train]'")
pytest.importorskip("export.corpus", reason="the trainer is not beside the tests")

from export.evaluate.matching.distances import MATCHINGS, compressed_of, distances, searched
from export.systems.system import Encoded
from kwsd.scorers import dtw


def encoded(tokens, rng=None, dim=6):
    z = (rng or np.random.default_rng(len(tokens))).normal(size=(len(tokens), dim))
    return Encoded((z / np.linalg.norm(z, axis=1, keepdims=True)).astype(np.float32), np.array(tokens, np.int32))


def drawn(count, seed):
    rng = np.random.default_rng(seed)
    return [encoded(rng.integers(0, 4, rng.integers(1, 12)).tolist(), rng) for _ in range(count)]


def test_dtw_is_that_of_the_product():
    queries, items = drawn(4, 1), drawn(7, 2)
    expected = [[dtw(q.z, i.z) for i in items] for q in queries]

    assert np.allclose(distances(queries, items, "dtw"), expected, atol=1e-5)


def test_compressed_dtw_is_of_the_mean_vectors_of_runs():
    queries, items = drawn(4, 1), drawn(7, 2)
    expected = [[dtw(compressed_of(q).z, compressed_of(i).z) for i in items] for q in queries]

    assert np.allclose(distances(queries, items, "dtw, compressed"), expected, atol=1e-5)


def test_edit_distance_is_a_share_of_the_longer_sequence():
    # 1 1 2 3 to 1 2 2 3 3: one is replaced and one is inserted, of five.
    assert distances([encoded([1, 1, 2, 3])], [encoded([1, 2, 2, 3, 3])], "edit") == pytest.approx(2 / 5)


def test_compressed_edit_distance_takes_a_run_once():
    items = [encoded([1, 2, 2, 3, 3]), encoded([3, 3, 3]), encoded([1, 2, 3, 1, 1])]

    # 1 2 3 to 1 2 3, to 3 and to 1 2 3 1.
    assert np.allclose(distances([encoded([1, 1, 2, 3])], items, "edit, compressed"), [[0, 2 / 3, 1 / 4]])


def test_a_run_becomes_the_unit_mean_of_its_vectors():
    found = compressed_of(Encoded(np.eye(3, dtype=np.float32), np.array([4, 4, 5], np.int32)))

    assert found.tokens.tolist() == [4, 5]
    assert np.allclose(found.z, [[0.5**0.5, 0.5**0.5, 0], [0, 0, 1]])


@pytest.mark.parametrize("matching", MATCHINGS)
def test_a_sequence_is_nothing_away_from_itself_and_nearest_to_it(matching):
    items = [encoded([0, 1, 2, 2, 3]), encoded([3, 3, 1, 0]), encoded([2, 0, 2, 0, 2, 0])]
    found = distances(items, items, matching)

    assert np.allclose(found.diagonal(), 0, atol=1e-5)
    assert found.argmin(axis=1).tolist() == [0, 1, 2]


@pytest.mark.parametrize("matching", MATCHINGS)
def test_a_timed_search_finds_the_same(matching):
    queries, items = drawn(3, 5), drawn(6, 6)
    found, seconds = searched(queries, items, matching)

    assert np.array_equal(found, distances(queries, items, matching))
    assert 0 < seconds < 1


def test_an_unknown_matching_is_refused():
    with pytest.raises(ValueError, match='no matching "cosine": choose from dtw; dtw, compressed; edit; edit, comp'):
        distances(drawn(1, 1), drawn(1, 2), "cosine")
