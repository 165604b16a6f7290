import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plain_programs import token_sequences

from kwsd.scorers import compress, edit_distance, mean_vectors, substitution_costs


def codebook(centroids=20, m=8, seed=0):
    return np.random.default_rng(seed).standard_normal((centroids, m)).astype(np.float32)


def test_compression_keeps_each_run_once_with_its_frames():
    tokens, onset, offset = compress(np.array([7, 7, 3, 3, 3, 7], np.int32))

    assert tokens.tolist() == [7, 3, 7]
    assert onset.tolist() == [0, 2, 5]
    assert offset.tolist() == [2, 5, 6]


@given(tokens=token_sequences(30, 3))
def test_compressed_runs_spell_out_the_tokens_again(tokens):
    runs, onset, offset = compress(tokens)

    assert runs.repeat(offset - onset).tolist() == tokens.tolist()
    assert (np.diff(runs) != 0).all()
    assert runs.dtype == np.int32


def test_mean_vectors_are_unit_means_of_their_runs():
    vectors = np.array([[1, 0], [0, 1], [0, 1], [0, -1]], np.float32)

    means = mean_vectors(vectors, np.array([0, 2]), np.array([2, 3]))

    assert means.dtype == np.float32
    assert means == pytest.approx(np.array([[0.5**0.5, 0.5**0.5], [0, 1]]))


def test_a_run_whose_vectors_cancel_out_has_no_direction():
    vectors = np.array([[0, 1], [0, -1]], np.float32)

    assert mean_vectors(vectors, np.array([0]), np.array([2])).tolist() == [[0, 0]]


def test_no_runs_have_no_means():
    assert mean_vectors(np.ones((3, 2), np.float32), np.empty(0, int), np.empty(0, int)).shape == (0, 2)


@pytest.mark.parametrize(("onset", "offset"), [([1], [1]), ([-1], [1]), ([0], [4]), ([0, 1], [1])])
def test_runs_that_the_vectors_do_not_have_are_refused(onset, offset):
    with pytest.raises(ValueError, match="within the 3 vectors"):
        mean_vectors(np.ones((3, 2), np.float32), np.array(onset), np.array(offset))


@given(seed=st.integers(0, 200), centroids=st.integers(2, 30))
def test_substitution_costs_average_one_and_follow_the_angle(seed, centroids):
    book = codebook(centroids, seed=seed)

    costs = substitution_costs(book)

    different = costs[~np.eye(centroids, dtype=bool)]
    assert costs.dtype == np.float32
    assert (costs == costs.T).all()
    assert (costs.diagonal() == 0).all()
    assert ((costs >= 0) & (costs <= 2)).all()
    assert different.mean() <= 1 + 1e-6
    if (costs < 2).all():
        assert different.mean() == pytest.approx(1, abs=1e-5)


@given(seed=st.integers(0, 200))
def test_substitution_costs_obey_the_triangle_inequality(seed):
    costs = substitution_costs(codebook(12, seed=seed)).astype(float)

    assert (costs[:, None, :] <= costs[:, :, None] + costs[None, :, :] + 1e-5).all()


def test_nearer_centroids_cost_less():
    book = np.array([[1, 0], [1, 0.1], [0, 1], [-1, 0]], np.float32)

    costs = substitution_costs(book)

    assert costs[0, 1] < costs[0, 2] < costs[0, 3]


def test_only_the_directions_of_centroids_count():
    book = codebook()

    assert substitution_costs(book * np.float32(7)) == pytest.approx(substitution_costs(book), abs=1e-5)


def test_a_codebook_of_one_centroid_or_of_equal_ones_costs_nothing():
    assert substitution_costs(np.ones((1, 3), np.float32)).tolist() == [[0]]
    assert substitution_costs(np.array([[1, 0], [2, 0]], np.float32)).tolist() == [[0, 0], [0, 0]]


def test_substitution_costs_are_accepted_by_the_edit_distance():
    costs = substitution_costs(codebook(5))

    assert edit_distance(np.array([0, 1], np.int32), np.array([0, 2], np.int32), costs) == min(costs[1, 2], 2)


@pytest.mark.parametrize("book", [np.zeros((2, 3)), [[1.0, np.nan], [1.0, 0.0]], np.ones(3), np.ones((0, 3))])
def test_a_codebook_without_directions_is_refused(book):
    with pytest.raises(ValueError, match="codebook"):
        substitution_costs(book)


@pytest.mark.parametrize("tokens", [[1, 2], np.zeros((2, 2), np.int32), np.zeros(3)])
def test_only_token_vectors_are_compressed(tokens):
    with pytest.raises(ValueError, match="int32 vector"):
        compress(tokens)
