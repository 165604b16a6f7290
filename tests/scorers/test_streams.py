import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_programs import cost_matrices, edits, open_begin, split, streams, warping, windows

from kwsd import scorers
from kwsd.scorers import reference

WINDOWED = ["WindowedDTW", "WindowedEditDistance"]
SUBSEQUENCE = ["SubsequenceDTW", "SubsequenceEditDistance"]
NAMES = [*SUBSEQUENCE, *WINDOWED]

both = pytest.mark.parametrize("scorer", [scorers, reference], ids=["kernel", "twin"])
every = pytest.mark.parametrize("name", NAMES)


def pushed(stream, parts):
    """What a scorer says to parts pushed one after the other, as one."""
    distances, spans = zip(*(stream.push(part) for part in parts), strict=True)
    return np.concatenate(distances), np.concatenate(spans)


@pytest.mark.bits
@every
@settings(max_examples=40, deadline=None)
@given(stream=streams())
def test_the_kernel_equals_recomputing_every_window_to_the_last_bit(name, stream):
    lengths, costs = stream

    distance, span = getattr(scorers, name)(lengths).push(costs)
    recomputed, recomputed_span = getattr(reference, name)(lengths).push(costs)

    assert distance.dtype == recomputed.dtype == np.float32
    assert span.dtype == recomputed_span.dtype == np.int32
    assert np.array_equal(distance, recomputed)
    assert np.array_equal(span, recomputed_span)


@pytest.mark.bits
@every
@given(stream=streams(), cuts=st.lists(st.integers(0, 100), max_size=6))
def test_pushing_in_any_parts_is_pushing_at_once(name, stream, cuts):
    lengths, costs = stream
    kernel = getattr(scorers, name)

    distance, span = pushed(kernel(lengths), split(costs, cuts))

    once, once_span = kernel(lengths).push(costs)
    assert np.array_equal(distance, once)
    assert np.array_equal(span, once_span)


@every
def test_the_twin_may_be_pushed_in_parts_too(name):
    costs = np.random.default_rng(0).random((20, 5), np.float32)
    twin = getattr(reference, name)

    distance, span = pushed(twin([2, 3]), split(costs, [0, 3, 3, 11]))

    once, once_span = twin([2, 3]).push(costs)
    assert np.array_equal(distance, once)
    assert np.array_equal(span, once_span)


@pytest.mark.bits
@pytest.mark.parametrize("name", SUBSEQUENCE)
@settings(max_examples=40, deadline=None)
@given(stream=streams(), lacking=st.integers(0, 9), cut=st.integers(0, 100))
def test_beginnings_of_templates_are_scored_as_templates_without_their_last_frames(name, stream, lacking, cut):
    lengths, costs = stream
    kernel, twin = getattr(scorers, name)(lengths), getattr(reference, name)(lengths)
    for part in split(costs, [cut]):
        kernel.push(part)
        twin.push(part)

    assert np.array_equal(kernel.beginnings(lacking), twin.beginnings(lacking))


@both
@pytest.mark.parametrize("name", SUBSEQUENCE)
def test_before_a_stream_begins_no_template_does(scorer, name):
    assert getattr(scorer, name)([2, 3]).beginnings(1).tolist() == [math.inf, math.inf]


@both
@pytest.mark.parametrize("name", SUBSEQUENCE)
def test_a_negative_number_of_lacking_frames_is_refused(scorer, name):
    with pytest.raises(ValueError, match="lacking is -1 frames"):
        getattr(scorer, name)([2, 3]).beginnings(-1)


@pytest.mark.bits
@every
@given(stream=streams(longest=60))
def test_each_template_is_scored_as_if_alone(name, stream):
    lengths, costs = stream
    kernel = getattr(scorers, name)

    distance, span = kernel(lengths).push(costs)

    alone = np.split(costs, np.cumsum(lengths)[:-1], axis=1)
    for k, (length, own) in enumerate(zip(lengths, alone, strict=True)):
        own_distance, own_span = kernel([length]).push(own)
        assert np.array_equal(distance[:, k], own_distance[:, 0])
        assert np.array_equal(span[:, k], own_span[:, 0])


@both
@given(costs=cost_matrices(most_rows=15, most_columns=6))
def test_an_open_begin_equals_the_plain_dynamic_program(scorer, costs):
    distance, span = scorer.subsequence_dtw(costs)

    expected, expected_span = open_begin(costs)
    assert distance.tolist() == expected
    assert span.tolist() == expected_span


@both
def test_an_open_begin_finds_a_template_in_the_midst_of_a_stream(scorer):
    template, other = np.eye(4, dtype=np.float32)[:3], np.eye(4, dtype=np.float32)[[3]]
    stream = np.concatenate([other.repeat(5, axis=0), template.repeat(2, axis=0), other.repeat(4, axis=0)])

    distance, span = scorer.subsequence_dtw(1 - stream @ template.T)

    assert distance.argmin() == 9
    assert distance[9] == 0
    assert span[9] == 4  # from the later of the two first frames: of equally cheap paths the shortest


@both
@pytest.mark.parametrize("deletion", [1.0, 0.3, 0.0])
@given(costs=cost_matrices(most_rows=15, most_columns=6))
def test_an_edit_distance_with_an_open_begin_equals_the_plain_dynamic_program(scorer, deletion, costs):
    distance, span = scorer.SubsequenceEditDistance([costs.shape[1]], deletion).push(costs)

    expected, expected_span = edits(costs, np.float32(deletion))
    assert distance[:, 0].tolist() == expected
    assert span[:, 0].tolist() == expected_span


@both
def test_an_edit_distance_counts_what_a_stretch_lacks_and_what_it_has_too_many(scorer):
    template, stream = np.array([0, 1, 2, 3]), np.array([9, 9, 0, 1, 7, 2, 3, 9, 0, 2, 3, 9])
    costs = (stream[:, None] != template).astype(np.float32)

    distance, span = scorer.SubsequenceEditDistance([4], 1.5).push(costs)

    assert (distance[6, 0], span[6, 0]) == (0.25, 5)  # 7 is inserted
    assert (distance[10, 0], span[10, 0]) == (0.375, 3)  # 1 is deleted


@both
@pytest.mark.parametrize("deletion", [-0.1, np.nan, np.inf])
def test_a_deletion_that_costs_less_than_nothing_or_no_number_is_refused(scorer, deletion):
    with pytest.raises(ValueError, match="costs to delete a token must be a number from 0 on"):
        scorer.SubsequenceEditDistance([3], deletion)


@both
@settings(max_examples=40, deadline=None)
@given(costs=cost_matrices(most_rows=16, most_columns=6))
def test_a_windowed_score_is_the_best_closed_score_of_the_windows_that_fit(scorer, costs):
    frames = costs.shape[1]

    distance, span = scorer.WindowedDTW([frames]).push(costs)

    for end in range(1, len(costs) + 1):
        fitting = [w for w in windows(frames) if w <= end]
        scores = {w: warping(costs[end - w : end]) for w in fitting}
        best = min(scores.values(), default=math.inf)
        assert distance[end - 1, 0] == best
        assert span[end - 1, 0] == next((w for w in fitting if scores[w] == best), 0)


@both
def test_windowed_edit_distance_is_the_edit_distance_over_the_longer_side(scorer):
    random = np.random.default_rng(3)
    substitution = scorers.substitution_costs(random.standard_normal((5, 8)))
    template, stream = random.integers(0, 5, 6, dtype=np.int32), random.integers(0, 5, 30, dtype=np.int32)

    distance, span = scorer.WindowedEditDistance([6]).push(substitution[stream][:, template])

    for end in range(12, 31):
        scores = {
            w: np.float32(scorer.edit_distance(stream[end - w : end], template, substitution)) / np.float32(max(6, w))
            for w in windows(6)
        }
        assert distance[end - 1, 0] == min(scores.values())
        assert scores[span[end - 1, 0]] == distance[end - 1, 0]


@both
@pytest.mark.parametrize("name", WINDOWED)
def test_there_is_no_score_until_half_a_template_has_been_heard(scorer, name):
    distance, span = getattr(scorer, name)([5, 1]).push(np.ones((4, 6), np.float32))

    assert np.isinf(distance[:, 0]).tolist() == [True, True, False, False]
    assert span[:, 0].tolist()[:3] == [0, 0, 3]
    assert np.isfinite(distance[:, 1]).all()


@both
@every
def test_reset_forgets_the_stream(scorer, name):
    costs = np.random.default_rng(1).random((15, 7), np.float32)
    stream = getattr(scorer, name)([3, 4])
    first = stream.push(costs)

    stream.reset()
    second = stream.push(costs)

    assert np.array_equal(first[0], second[0])
    assert np.array_equal(first[1], second[1])


@both
@every
def test_no_new_frames_give_no_new_scores(scorer, name):
    distance, span = getattr(scorer, name)([3, 4]).push(np.empty((0, 7), np.float32))

    assert distance.shape == span.shape == (0, 2)


@both
@every
@pytest.mark.parametrize(
    ("costs", "complaint"),
    [
        (np.ones((2, 6)), "costs must have 7 columns, one per template frame, not 6"),
        (np.ones(7), r"costs must be a matrix \[n, 7\], not \[7\]"),
        (np.full((2, 7), np.nan), "finite"),
        (np.full((2, 7), -1.0), "not below zero"),
    ],
    ids=["columns", "vector", "nan", "negative"],
)
def test_refused_costs_leave_the_stream_as_it_was(scorer, name, costs, complaint):
    before, after = np.random.default_rng(2).random((2, 8, 7), np.float32)
    stream, undisturbed = getattr(scorer, name)([3, 4]), getattr(scorer, name)([3, 4])
    stream.push(before)
    undisturbed.push(before)

    with pytest.raises(ValueError, match=complaint):
        stream.push(costs)

    assert np.array_equal(stream.push(after)[0], undisturbed.push(after)[0])


@both
@every
@pytest.mark.parametrize("lengths", [[], [0], [3, -1], [[1, 2]], [1.5], None])
def test_templates_without_frames_are_refused(scorer, name, lengths):
    with pytest.raises(ValueError, match="lengths must"):
        getattr(scorer, name)(lengths)


@both
@every
def test_columns_say_how_many_costs_a_frame_has(scorer, name):
    assert getattr(scorer, name)(np.array([2, 3, 4], np.int32)).columns == 9


@every
def test_a_long_stream_still_scores_as_a_short_one(name):
    costs = np.tile(np.random.default_rng(4).random((50, 9), np.float32), (40, 1))
    kernel = getattr(scorers, name)

    distance, span = kernel([4, 5]).push(costs)

    late, late_span = kernel([4, 5]).push(costs[1900:])
    assert np.array_equal(distance[1950:], late[50:])
    assert np.array_equal(span[1950:], late_span[50:])
