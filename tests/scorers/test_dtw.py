import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plain_programs import cost_matrices, warping

from kwsd import scorers
from kwsd.scorers import cosine_costs, reference

both = pytest.mark.parametrize("scorer", [scorers, reference], ids=["kernel", "twin"])


def unit_vectors(n, m=5, seed=0):
    vectors = np.random.default_rng(seed).standard_normal((n, m)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@both
@given(costs=cost_matrices())
def test_equals_the_plain_dynamic_program_to_the_last_bit(scorer, costs):
    assert scorer.dtw_costs(costs) == warping(costs)


@both
@given(costs=cost_matrices())
def test_is_the_same_both_ways_round(scorer, costs):
    assert scorer.dtw_costs(costs) == scorer.dtw_costs(costs.T)


@both
@given(costs=cost_matrices(), band=st.integers(0, 10))
def test_a_band_keeps_the_path_near_the_way_from_corner_to_corner(scorer, costs, band):
    tilt = costs.shape[1] - costs.shape[0]

    def allowed(i, j):
        return min(0, tilt) - band <= j - i <= max(0, tilt) + band

    assert scorer.dtw_costs(costs, band=band) == warping(costs, allowed)


@both
@given(costs=cost_matrices())
def test_a_band_wider_than_both_sequences_changes_nothing(scorer, costs):
    assert scorer.dtw_costs(costs, band=max(costs.shape)) == scorer.dtw_costs(costs)


@both
def test_a_band_of_no_frames_leaves_the_diagonal_of_a_square(scorer):
    costs = np.array([[1, 0, 0], [0, 2, 0], [0, 0, 3]], np.float32)

    assert scorer.dtw_costs(costs, band=0) == 2


@both
@given(costs=cost_matrices(), cutoff=st.floats(0, 2))
def test_a_score_above_the_cutoff_is_infinite_and_any_other_is_told(scorer, costs, cutoff):
    score = warping(costs)

    assert scorer.dtw_costs(costs, score_cutoff=cutoff) == (score if score <= cutoff else math.inf)


@both
@given(costs=cost_matrices())
def test_a_cutoff_at_the_score_itself_keeps_it(scorer, costs):
    score = scorer.dtw_costs(costs)

    assert scorer.dtw_costs(costs, score_cutoff=score) == score


@both
def test_a_dear_first_frame_does_not_abandon_a_path_that_becomes_cheap_by_length(scorer):
    costs = np.zeros((1, 10), np.float32)
    costs[0, 0] = 1

    assert scorer.dtw_costs(costs, score_cutoff=0.125) == pytest.approx(0.1)


@both
def test_of_equally_cheap_paths_the_shortest_counts(scorer):
    costs = np.array([[1, 0], [0, 1]], np.float32)

    assert scorer.dtw_costs(costs) == 1


@both
def test_a_sequence_is_at_no_distance_from_itself_even_if_some_frames_last_longer(scorer):
    vectors = unit_vectors(6)

    assert scorer.dtw(vectors, vectors.repeat([1, 3, 1, 2, 1, 4], axis=0)) == pytest.approx(0, abs=1e-6)


@both
def test_vectors_are_compared_by_cosine_distance(scorer):
    a, b = unit_vectors(7, seed=1), unit_vectors(9, seed=2)

    assert scorer.dtw(a, b, band=2, score_cutoff=2) == scorer.dtw_costs(1 - a @ b.T, band=2)


@both
def test_costs_a_rounding_below_zero_count_as_zero(scorer):
    assert scorer.dtw_costs(np.array([[-1e-7, -0.0], [1, -1e-7]], np.float32)) == 0


@both
@pytest.mark.parametrize(
    ("costs", "complaint"),
    [
        (np.zeros(3), r"must be a matrix \[n, k\], not \[3\]"),
        (np.zeros((0, 3)), "at least one frame"),
        (np.zeros((3, 0)), "at least one frame"),
        ([[0.5, math.nan]], "finite"),
        ([[0.5, math.inf]], "finite"),
        ([[0.5, -0.5]], "not below zero"),
    ],
)
def test_costs_that_are_none_are_refused(scorer, costs, complaint):
    with pytest.raises(ValueError, match=complaint):
        scorer.dtw_costs(costs)


@both
def test_a_band_below_zero_and_a_cutoff_that_is_no_number_are_refused(scorer):
    with pytest.raises(ValueError, match="band must be 0 frames or more"):
        scorer.dtw_costs([[0.0]], band=-1)
    with pytest.raises(ValueError, match="score_cutoff must be a number"):
        scorer.dtw_costs([[0.0]], score_cutoff=math.nan)


@both
def test_vectors_that_do_not_fit_each_other_are_refused(scorer):
    with pytest.raises(ValueError, match="vectors have 5 dimensions, but the template's have 4"):
        scorer.dtw(unit_vectors(3, 5), unit_vectors(3, 4))


@both
def test_vectors_that_are_not_finite_or_not_of_unit_length_are_refused(scorer):
    vectors = unit_vectors(3)

    for broken in (vectors * np.float32(np.nan), vectors * np.float32(np.inf), vectors * np.float32(3)):
        with pytest.raises(ValueError, match="are the vectors finite and of unit length"):
            scorer.dtw(vectors, broken)


@given(costs=cost_matrices())
def test_costs_in_another_layout_or_precision_give_the_same(costs):
    expected = scorers.dtw_costs(costs)

    assert scorers.dtw_costs(np.asfortranarray(costs)) == expected
    assert scorers.dtw_costs(costs.astype(np.float64).tolist()) == expected


def test_cosine_costs_have_a_row_a_stream_frame_and_a_column_a_template_frame():
    stream, template = unit_vectors(4, seed=1), unit_vectors(3, seed=2)

    costs = cosine_costs(stream, template)

    assert costs.dtype == np.float32
    assert costs == pytest.approx(1 - np.einsum("im,jm->ij", stream, template), abs=1e-6)
