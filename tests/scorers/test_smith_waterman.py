import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_programs import local_alignment, token_sequences

from kwsd import scorers
from kwsd.scorers import Alignment, reference

both = pytest.mark.parametrize("scorer", [scorers, reference], ids=["kernel", "twin"])

NOTHING = Alignment(0, 0, 0, 0, 0)
INT32 = st.integers(-(2**31), 2**31 - 1)


def tokens(*values):
    return np.array(values, np.int32)


def scores():
    """What matches, mismatches and gaps add, on each side of every bound."""
    return st.fixed_dictionaries(
        {"match": st.integers(1, 5), "mismatch": st.integers(-9, 0), "gap": st.integers(-9, -1)}
    ) | st.just({})


def global_score(a, b, match=2, mismatch=-1, gap=-2):
    """The best score of the whole of one with the whole of the other (Needleman & Wunsch 1970)."""
    row = [gap * j for j in range(len(b) + 1)]
    for i, wanted in enumerate(a):
        before, row = row, [gap * (i + 1)]
        for j, token in enumerate(b):
            row.append(max(before[j] + (match if wanted == token else mismatch), before[j + 1] + gap, row[j] + gap))
    return row[-1]


def positions(scorer, query, others, **options):
    """What `smith_waterman` says of each: scores, starts and ends, as lists."""
    found = [scorer.smith_waterman(query, other, **options) for other in others]
    return [[f.score for f in found], [f.start for f in found], [f.end for f in found]]


def to_each(scorer, query, others, **options):
    """The same from `smith_waterman_each`, whose types are checked."""
    found = scorer.smith_waterman_each(query, np.concatenate([tokens(), *others]), [len(b) for b in others], **options)
    assert [f.dtype for f in found] == [np.int32] * 3
    return [f.tolist() for f in found]


@both
@settings(deadline=None)
@given(query=token_sequences(7, 3), other=token_sequences(8, 3), options=scores())
def test_is_the_best_of_all_alignments_of_all_stretches(scorer, query, other, options):
    assert scorer.smith_waterman(query, other, **options) == local_alignment(query, other, **options)


@both
def test_finds_a_stretch_with_a_token_too_many_and_one_of_another_kind(scorer):
    query = tokens(1, 2, 3, 4, 5, 6)
    other = tokens(9, 9, 1, 2, 8, 3, 4, 7, 6, 9)

    found = scorer.smith_waterman(query, other)

    assert found == Alignment(score=5 * 2 - 2 - 1, query_start=0, query_end=6, start=2, end=9)


@both
@given(query=token_sequences(20, 4), other=token_sequences(40, 4), options=scores())
@settings(deadline=None)
def test_the_two_stretches_by_themselves_have_the_same_score(scorer, query, other, options):
    score, query_start, query_end, start, end = scorer.smith_waterman(query, other, **options)

    assert global_score(query[query_start:query_end], other[start:end], **options) == score
    assert (score > 0) == (start < end) == (query_start < query_end)


@both
@given(query=token_sequences(), other=token_sequences(), options=scores())
def test_the_score_is_the_same_both_ways_round(scorer, query, other, options):
    there, back = scorer.smith_waterman(query, other, **options), scorer.smith_waterman(other, query, **options)

    assert there.score == back.score


@both
@pytest.mark.parametrize(
    ("query", "other", "expected"),
    [
        ([1, 2], [1, 2, 9, 9, 1, 2], (4, 0, 2, 0, 2)),
        ([1, 9, 9, 1], [1], (2, 0, 1, 0, 1)),
        ([5, 1, 2, 6], [5, 7, 7, 1, 2], (4, 1, 3, 3, 5)),
    ],
    ids=["ends first", "first in the query", "shortest"],
)
def test_of_equally_good_alignments_one_is_chosen_by_rule(scorer, query, other, expected):
    assert scorer.smith_waterman(tokens(*query), tokens(*other)) == expected


@both
@pytest.mark.parametrize(("query", "other"), [([], []), ([], [1, 2]), ([1, 2], []), ([1, 2], [3, 4, 5])])
def test_where_nothing_matches_the_alignment_is_empty(scorer, query, other):
    assert scorer.smith_waterman(tokens(*query), tokens(*other)) == NOTHING
    assert to_each(scorer, tokens(*query), [tokens(*other)]) == [[0], [0], [0]]


@both
@given(query=token_sequences(), others=st.lists(token_sequences(), max_size=6), options=scores())
@settings(deadline=None)
def test_one_with_many_is_one_with_one_many_times(scorer, query, others, options):
    assert to_each(scorer, query, others, **options) == positions(scorer, query, others, **options)


@settings(max_examples=60, deadline=None)
@given(
    n=st.sampled_from([1, 5, 40, 63, 64, 90]),
    k=st.sampled_from([1, 31, 32, 33, 70]),
    longest=st.sampled_from([1, 20, 255, 256, 257, 600]),
    in_use=st.sampled_from([2, 30, 200_000]),
    options=scores() | st.just({"match": 300}) | st.just({"match": 2**24, "mismatch": -(2**40), "gap": -1}),
    seed=st.integers(0, 1000),
)
def test_many_side_by_side_are_aligned_as_if_alone(n, k, longest, in_use, options, seed):
    random = np.random.default_rng(seed)
    query = random.integers(0, in_use, n, dtype=np.int32)
    others = [random.integers(0, in_use, random.integers(longest + 1), dtype=np.int32) for _ in range(k)]
    for other in others[::2]:
        stretch = np.delete(query, slice(2, None, 7))[: len(other)]
        other[: len(stretch)] = stretch

    assert to_each(scorers, query, others, **options) == positions(scorers, query, others, **options)


@given(query=token_sequences(30, 3), other=token_sequences(50, 3), options=scores())
@settings(deadline=None)
def test_kernel_and_twin_say_the_same(query, other, options):
    assert scorers.smith_waterman(query, other, **options) == reference.smith_waterman(query, other, **options)


@given(query=st.lists(INT32, max_size=30), others=st.lists(st.lists(INT32, max_size=30), max_size=4))
@settings(deadline=None)
def test_any_token_numbers_will_do(query, others):
    query, others = tokens(*query), [np.concatenate([tokens(*b), tokens(*query[3:])]) for b in others]

    assert to_each(scorers, query, others) == to_each(reference, query, others)


@both
@pytest.mark.parametrize("apart", [256, 2**15, 2**16])
def test_tokens_alike_in_their_lower_bits_are_told_apart(scorer, apart):
    query = tokens(1, 2, 3)

    assert to_each(scorer, query, [query + np.int32(apart), query]) == [[0, 6], [0, 0], [0, 3]]


@both
def test_tokens_after_the_end_of_a_shorter_sequence_match_nothing(scorer):
    query = tokens(0, -1, 1, 2, 32767)

    assert to_each(scorer, query, [tokens(2), np.resize(query, 300), tokens(0)]) == [[2, 10, 2], [0, 0, 0], [1, 5, 1]]


def test_a_stretch_far_into_a_long_sequence_is_found():
    query = np.arange(20, dtype=np.int32)
    far = np.concatenate([np.full(40_000, 99, np.int32), query, np.full(10, 99, np.int32)])

    assert to_each(scorers, query, [query, far]) == [[40, 40], [0, 40_000], [20, 40_020]]
    assert scorers.smith_waterman(query, far) == Alignment(40, 0, 20, 40_000, 40_020)


@both
def test_no_sequences_have_no_alignments(scorer):
    assert to_each(scorer, tokens(1, 2), []) == [[], [], []]


@both
@pytest.mark.parametrize(
    "options",
    [{"match": 0}, {"match": -1}, {"mismatch": 1}, {"gap": 0}, {"gap": 2}, {"match": 1.5}, {"gap": None}],
)
def test_scores_that_make_no_sense_are_refused(scorer, options):
    complaint = "match above 0, mismatch 0 or less and gap below 0"

    with pytest.raises(ValueError, match=complaint):
        scorer.smith_waterman(tokens(1), tokens(1), **options)
    with pytest.raises(ValueError, match=complaint):
        scorer.smith_waterman_each(tokens(1), tokens(1), [1], **options)


@both
@pytest.mark.parametrize("match", [2**30, 2**62, 10**30])
def test_a_match_that_could_overflow_is_refused(scorer, match):
    pair = tokens(1, 2)

    with pytest.raises(ValueError, match="too large for sequences of 2 and 2 tokens"):
        scorer.smith_waterman(pair, pair, match=match)
    with pytest.raises(ValueError, match="too large for sequences of 2 and 2 tokens"):
        scorer.smith_waterman_each(pair, pair, [2], match=match)


@both
def test_the_largest_match_there_may_be_is_scored(scorer):
    most = 2**31 - 1

    assert scorer.smith_waterman(tokens(1), tokens(3, 1), match=most) == Alignment(most, 0, 1, 1, 2)
    assert to_each(scorer, tokens(1), [tokens(3, 1)], match=most, gap=-(10**30)) == [[most], [1], [2]]


@both
@pytest.mark.parametrize("wrong", [[1, 2], "abc", None, np.zeros(3), np.zeros(3, np.int64), np.zeros((2, 2), np.int32)])
def test_what_is_not_an_int32_vector_is_refused(scorer, wrong):
    for pair in ((wrong, tokens(1)), (tokens(1), wrong)):
        with pytest.raises(ValueError, match="tokens must be an int32 vector"):
            scorer.smith_waterman(*pair)
        with pytest.raises(ValueError, match="tokens must be an int32 vector"):
            scorer.smith_waterman_each(*pair, [1])


@both
@pytest.mark.parametrize("lengths", [[1], [2, 2], [4, -1], [1.5, 1.5], [[3]]])
def test_lengths_that_do_not_cut_up_the_tokens_are_refused(scorer, lengths):
    with pytest.raises(ValueError, match="lengths must"):
        scorer.smith_waterman_each(tokens(1), tokens(1, 2, 3), lengths)
