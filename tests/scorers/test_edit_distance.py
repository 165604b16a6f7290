import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_programs import TOKENS, levenshtein, substitutions, token_sequences

from kwsd import scorers
from kwsd.scorers import reference

both = pytest.mark.parametrize("scorer", [scorers, reference], ids=["kernel", "twin"])


def tokens(*values):
    return np.array(values, np.int32)


@both
@given(a=token_sequences(), b=token_sequences())
def test_equals_the_plain_dynamic_program(scorer, a, b):
    assert scorer.edit_distance(a, b) == levenshtein(a, b)


@both
@settings(max_examples=30)
@given(
    n=st.sampled_from([0, 1, 63, 64, 65, 128, 129, 150]),
    m=st.sampled_from([1, 63, 64, 65, 127, 128, 140]),
    tokens_in_use=st.sampled_from([2, 5, 300]),
    seed=st.integers(0, 1000),
)
def test_equals_it_across_the_edges_of_machine_words(scorer, n, m, tokens_in_use, seed):
    random = np.random.default_rng(seed)
    a = random.integers(0, tokens_in_use, n, dtype=np.int32)
    b = np.resize(np.delete(a, slice(1, None, 7)), m) if n else random.integers(0, tokens_in_use, m, dtype=np.int32)

    assert scorer.edit_distance(a, b) == levenshtein(a, b)


@both
@given(
    a=st.lists(st.integers(-(2**31), 2**31 - 1), max_size=80),
    cuts=st.lists(st.integers(0, 79), max_size=5),
)
def test_any_token_numbers_will_do(scorer, a, cuts):
    a = np.array(a, np.int32)
    b = np.delete(a, [c for c in cuts if c < len(a)])

    assert scorer.edit_distance(a, b) == levenshtein(a, b)


@both
@pytest.mark.parametrize("step", [1, 128, 256, 8192])
def test_tokens_that_share_a_place_in_a_table_are_told_apart(scorer, step):
    apart = np.arange(70, dtype=np.int32) * step

    assert scorer.edit_distance(apart[:60], apart[10:]) == 20
    assert scorer.edit_distance(apart, apart[::-1]) == levenshtein(apart, apart[::-1])
    assert scorer.edit_distances(apart[:60], apart[10:], [0, 60, 0]).tolist() == [60, 20, 60]


@both
@given(a=token_sequences(), b=token_sequences(), substitution=substitutions())
def test_with_substitution_costs_equals_the_plain_dynamic_program(scorer, a, b, substitution):
    assert scorer.edit_distance(a, b, substitution) == levenshtein(a, b, substitution)


@given(a=token_sequences(), b=token_sequences(), seed=st.integers(0, 1000))
def test_kernel_and_twin_add_costs_to_the_same_bits(a, b, seed):
    costs = np.random.default_rng(seed).random((TOKENS, TOKENS), np.float32)

    assert scorers.edit_distance(a, b, costs) == reference.edit_distance(a, b, costs)


@both
@given(a=token_sequences(), b=token_sequences(), c=token_sequences())
def test_is_a_metric(scorer, a, b, c):
    distance = scorer.edit_distance

    assert distance(a, a) == 0
    assert distance(a, b) == distance(b, a)
    assert distance(a, c) <= distance(a, b) + distance(b, c)


@both
@given(a=token_sequences(), b=token_sequences(), substitution=substitutions())
def test_with_symmetric_costs_is_the_same_both_ways_round(scorer, a, b, substitution):
    assert scorer.edit_distance(a, b, substitution) == scorer.edit_distance(b, a, substitution)


@both
@given(
    a=token_sequences(90, 3),
    b=token_sequences(90, 3),
    substitution=st.none() | substitutions(),
    cutoff=st.floats(-1, 95),
)
@settings(max_examples=50)
def test_a_distance_above_the_cutoff_is_infinite_and_any_other_is_told(scorer, a, b, substitution, cutoff):
    distance = levenshtein(a, b, substitution)
    told = scorer.edit_distance(a, b, substitution, score_cutoff=cutoff)

    assert told == (distance if distance <= cutoff else math.inf)
    assert scorer.edit_distance(a, b, substitution, score_cutoff=distance) == distance


@both
@given(
    a=token_sequences(),
    others=st.lists(token_sequences(), max_size=6),
    substitution=st.none() | substitutions(),
    cutoff=st.none() | st.integers(0, 12),
)
def test_one_to_many_is_one_to_one_many_times(scorer, a, others, substitution, cutoff):
    together = np.concatenate([tokens(), *others])

    distances = scorer.edit_distances(a, together, [len(b) for b in others], substitution, score_cutoff=cutoff)

    assert distances.dtype == np.float32
    assert distances.tolist() == [scorer.edit_distance(a, b, substitution, score_cutoff=cutoff) for b in others]


@both
def test_one_long_sequence_to_many(scorer):
    random = np.random.default_rng(0)
    query = random.integers(0, 4, 100, dtype=np.int32)
    others = [random.integers(0, 4, n, dtype=np.int32) for n in (0, 30, 64, 99, 130)]

    distances = scorer.edit_distances(query, np.concatenate(others), [len(b) for b in others])

    assert distances.tolist() == [levenshtein(query, b) for b in others]


@both
def test_substituting_never_costs_more_than_deleting_and_inserting(scorer):
    dear = np.array([[0, 2], [2, 0]], np.float32)

    assert scorer.edit_distance(tokens(0, 0), tokens(1, 1), dear) == 4
    assert scorer.edit_distance(tokens(0, 1), tokens(1, 0), dear) == 2


@both
@pytest.mark.parametrize(
    "wrong",
    [[1, 2, 3], "abc", None, np.zeros(3), np.zeros(3, np.int64), np.zeros((2, 2), np.int32), np.float32([1, 2])],
    ids=["list", "text", "None", "float64", "int64", "matrix", "float32"],
)
def test_what_is_not_an_int32_vector_is_refused(scorer, wrong):
    for pair in ((wrong, tokens(1)), (tokens(1), wrong)):
        with pytest.raises(ValueError, match="tokens must be an int32 vector"):
            scorer.edit_distance(*pair)


@both
@pytest.mark.parametrize(
    ("substitution", "complaint"),
    [
        (np.zeros((2, 3)), "square"),
        (np.zeros(4), r"must be a matrix \[K, K\]"),
        (np.zeros((1, 1)), "tokens must be from 0 to 0"),
        ([[0, math.nan], [1, 0]], r"must lie in \[0, 2\]"),
        ([[0, 3], [1, 0]], r"must lie in \[0, 2\]"),
        ([[0, -1], [1, 0]], r"must lie in \[0, 2\]"),
    ],
)
def test_substitution_costs_that_are_no_use_are_refused(scorer, substitution, complaint):
    with pytest.raises(ValueError, match=complaint):
        scorer.edit_distance(tokens(0), tokens(1), substitution)
    with pytest.raises(ValueError, match=complaint):
        scorer.edit_distances(tokens(0), tokens(1), [1], substitution)


@both
def test_a_negative_token_has_no_row_in_a_matrix(scorer):
    with pytest.raises(ValueError, match="tokens must be from 0 to 1"):
        scorer.edit_distance(tokens(0), tokens(-1), np.zeros((2, 2), np.float32))


@both
@pytest.mark.parametrize("lengths", [[1], [2, 2], [4, -1], [1.5, 1.5], [[3]]])
def test_lengths_that_do_not_cut_up_the_tokens_are_refused(scorer, lengths):
    with pytest.raises(ValueError, match="lengths must"):
        scorer.edit_distances(tokens(1), tokens(1, 2, 3), lengths)


@both
def test_a_cutoff_that_is_no_number_is_refused(scorer):
    with pytest.raises(ValueError, match="score_cutoff must be a number"):
        scorer.edit_distance(tokens(1), tokens(2), score_cutoff=math.nan)
