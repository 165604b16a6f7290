"""Lists of ascending numbers: the kernels and their twins."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kwsd.archive.segments import elias_fano, reference

both = pytest.mark.parametrize("kernel", [elias_fano, reference], ids=["kernel", "twin"])
seeds = st.integers(0, 2**32 - 1).map(np.random.default_rng)
universes = st.sampled_from([1, 7, 8, 100, 5_000, 300_000, 2**31 - 1])


def lists(random, universe):
    """Some ascending lists, one after another, and how many numbers each has."""
    longest = [min(universe, int(random.choice([0, 1, 3, 70, 900]))) for _ in range(random.integers(1, 12))]
    found = [np.unique(random.integers(0, universe, count)) for count in longest]
    return np.concatenate(found).astype(np.int32), np.array([len(one) for one in found])


@both
@settings(max_examples=60, deadline=None)
@given(random=seeds, universe=universes)
def test_lists_are_read_as_they_were_written_in_any_order(kernel, random, universe):
    values, counts = lists(random, universe)

    stream, begin = kernel.encode(values, counts, universe), elias_fano.begins(counts, universe)

    order = random.permutation(len(counts))
    expected = [np.split(values, np.cumsum(counts))[index] for index in order]
    assert len(stream) == elias_fano.room(counts, universe)
    assert np.array_equal(kernel.decode(stream, begin[order], counts[order], universe), np.concatenate(expected))


@settings(max_examples=60, deadline=None)
@given(random=seeds, universe=universes)
def test_kernel_and_twin_agree_on_any_bits(random, universe):
    values, counts = lists(random, universe)
    stream, begin = elias_fano.encode(values, counts, universe), elias_fano.begins(counts, universe)
    assert np.array_equal(stream, reference.encode(values, counts, universe))
    some = random.random(len(stream)) < 0.2
    stream[some] = random.integers(0, 256, some.sum())

    found = []
    for kernel in (elias_fano, reference):
        try:
            found.append(kernel.decode(stream, begin, counts, universe).tolist())
        except ValueError as error:
            found.append(str(error))
    assert found[0] == found[1]


@both
@pytest.mark.parametrize(
    ("values", "counts", "universe", "message"),
    [
        ([3, 3], [2], 9, "ascend"),
        ([3, 9], [2], 9, "from 0 to 8"),
        ([-1, 3], [2], 9, "from 0 to 8"),
        ([1, 2], [3], 9, "add up to the 2 values"),
        ([1, 2], [3, -1], 9, "counts must be from 0"),
        ([1], [1], 2**31, "universe must be"),
    ],
)
def test_what_is_no_list_is_refused(kernel, values, counts, universe, message):
    with pytest.raises(ValueError, match=message):
        kernel.encode(np.array(values, np.int32), np.array(counts), universe)


@both
@pytest.mark.parametrize("begin", [-1, 9, 2**62])
def test_a_list_beyond_the_stream_is_refused(kernel, begin):
    stream = elias_fano.encode(np.array([5, 7], np.int32), np.array([2]), 9)

    with pytest.raises(ValueError, match="beyond the stream"):
        kernel.decode(stream, np.array([begin]), np.array([2]), 9)
