"""Codes by beam search: the kernel and its twin."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kwsd.archive.segments import beam, reference
from kwsd.tokenizer.codebook import Codebook, gathered

both = pytest.mark.parametrize("kernel", [beam, reference], ids=["kernel", "twin"])
seeds = st.integers(0, 2**32 - 1).map(np.random.default_rng)


def codebook(random, stages):
    """Words of 6 dimensions, each stage's shorter than those before."""
    words = random.normal(0, 1, (stages, 256, 6)) * 0.6 ** np.arange(stages)[:, None, None]
    return Codebook(words[0].astype(np.float32), words.astype(np.float32))


def coded(kernel, known, vectors, width, first=1):
    return kernel.nearest_sums(*known.sum_tables(vectors), known.crosses, width, first)


@both
def test_with_one_sum_each_stage_takes_the_nearest_word(kernel):
    random = np.random.default_rng(1)
    known, vectors = codebook(random, 4), random.normal(0, 1, (200, 6)).astype(np.float32)

    assert np.array_equal(coded(kernel, known, vectors, 1), known.encode(vectors))


@both
def test_with_more_sums_the_codes_come_nearer(kernel):
    random = np.random.default_rng(2)
    known, vectors = codebook(random, 4), random.normal(0, 1, (200, 6)).astype(np.float32)

    far = [((gathered(known.stages, coded(kernel, known, vectors, w)) - vectors) ** 2).sum() for w in (1, 4, 16)]

    assert far[0] > 1.1 * far[1]
    assert far[1] > far[2]


@both
def test_the_first_word_is_the_nearest_and_of_all_sums_with_it_the_nearest_is_found(kernel):
    random = np.random.default_rng(3)
    known, vectors = codebook(random, 3), random.normal(0, 1, (20, 6)).astype(np.float32)
    crosses = known.crosses

    codes = coded(kernel, known, vectors, 64)
    found = gathered(known.stages, codes)

    sums = (known.stages[1][:, None] + known.stages[2]).reshape(-1, 6)
    left = vectors - known.stages[0][codes[:, 0]]
    best = ((sums - left[:, None]) ** 2).sum(axis=2).min(axis=1)
    assert np.array_equal(codes[:, 0], known.encode(vectors)[:, 0])
    assert ((found - vectors) ** 2).sum(axis=1) == pytest.approx(best, abs=1e-4)
    assert crosses[0, 1, 3, 5] == pytest.approx(known.stages[0, 3] @ known.stages[1, 5], abs=1e-5)


@both
def test_with_more_first_words_a_sum_may_begin_with_another_than_the_nearest(kernel):
    random = np.random.default_rng(6)
    known, vectors = codebook(random, 2), random.normal(0, 1, (100, 6)).astype(np.float32)
    sums = (known.stages[0][:, None] + known.stages[1]).reshape(-1, 6)

    far = [
        ((gathered(known.stages, coded(kernel, known, vectors, 64, first)) - vectors) ** 2).sum(axis=1)
        for first in (1, 8, 64)
    ]

    best = ((sums - vectors[:, None]) ** 2).sum(axis=2).min(axis=1)
    assert far[0].mean() > far[1].mean() >= far[2].mean()
    assert (far[2] < best + 1e-4).mean() > 0.95


@settings(max_examples=20, deadline=None)
@given(
    random=seeds,
    stages=st.integers(1, 5),
    width=st.sampled_from([1, 2, 8, 64]),
    tables=st.integers(0, 1),
    first=st.sampled_from([1, 8]),
)
def test_kernel_and_twin_give_the_same_codes(random, stages, width, tables, first):
    whole = codebook(random, stages + tables)
    known = Codebook(whole.centroids, whole.stages[:stages])
    vectors = np.round(random.normal(0, 1, (30, 6)), 1).astype(np.float32)
    given_tables = (*known.sum_tables(vectors), whole.crosses)

    expected = reference.nearest_sums(*given_tables, width, first)
    assert np.array_equal(beam.nearest_sums(*given_tables, width, first), expected)


@both
@pytest.mark.parametrize("width", [0, 65])
def test_a_width_that_there_is_no_room_for_is_refused(kernel, width):
    known = codebook(np.random.default_rng(4), 2)

    for both_widths in ((width, 1), (1, width)):
        with pytest.raises(ValueError, match="width must be from 1 to 64"):
            coded(kernel, known, np.ones((1, 6), np.float32), *both_widths)


@both
def test_tables_that_do_not_fit_are_refused(kernel):
    known = codebook(np.random.default_rng(5), 2)
    products, halves = known.sum_tables(np.ones((1, 6), np.float32))

    for wrong in (
        (products[:, :1], halves, known.crosses),
        (products, halves, known.crosses[:1, :1]),
        (products.astype(np.float64), halves, known.crosses),
    ):
        with pytest.raises(ValueError, match="must be"):
            kernel.nearest_sums(*wrong, 8)
