"""The kernels of discovery and their twins."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kwsd.archive.discovery import kernels, reference

both = pytest.mark.parametrize("kernel", [kernels, reference], ids=["kernel", "twin"])
seeds = st.integers(0, 2**32 - 1).map(np.random.default_rng)


def drawn(random, count, dimensions=7):
    return random.integers(-127, 128, (count, dimensions), np.int8)


def leaves(random, count, width, shape):
    """Windows, some of them none."""
    found = random.integers(-1, count - width + 1, shape).astype(np.int32)
    return np.where(random.random(shape) < 0.1, np.int32(-1), found)


def pairs(random, count, number):
    """Places, and the stretches around them."""
    places = random.integers(0, count, (number, 2)).astype(np.int32)
    begin = np.maximum(places - random.integers(0, 9, places.shape), 0)
    end = np.minimum(places + random.integers(1, 9, places.shape), count)
    return places, np.stack([begin[:, 0], end[:, 0], begin[:, 1], end[:, 1]], axis=1).astype(np.int32)


@both
@settings(max_examples=30, deadline=None)
@given(random=seeds, count=st.sampled_from([1, 2, 40]), size=st.sampled_from([1, 3, 50]))
def test_density_is_the_mean_of_the_highest_products(kernel, random, count, size):
    vectors, sample = drawn(random, count), drawn(random, size)
    highest = int(random.integers(1, size + 1))
    products = np.sort([[int(a.astype(int) @ b.astype(int)) for b in sample] for a in vectors], axis=1)

    assert kernel.density(vectors, sample, highest).tolist() == [
        int(row[-highest:].sum() / highest) for row in products
    ]


@both
@settings(max_examples=30, deadline=None)
@given(random=seeds, width=st.integers(1, 5))
def test_windows_are_projected_on_the_line_through_two_of_them(kernel, random, width):
    vectors = drawn(random, 30)
    windows, (first, second) = (
        leaves(random, 30, width, (3, 4)),
        random.integers(0, 31 - width, (2, 3)).astype(np.int32),
    )
    along = kernel.project(vectors, windows, first, second, width)
    for node, column in np.ndindex(3, 4):
        if windows[node, column] >= 0:
            own, one, other = (
                vectors[at : at + width].astype(int).ravel()
                for at in (windows[node, column], first[node], second[node])
            )
            assert along[node, column] == own @ one - own @ other
        else:
            assert along[node, column] == 0


@both
@settings(max_examples=30, deadline=None)
@given(random=seeds, width=st.integers(1, 5), kept=st.sampled_from([1, 3, 40]))
def test_each_window_has_those_of_its_leaves_that_are_most_like_it(kernel, random, width, kept):
    count, least = 30, 0
    vectors, level = drawn(random, count), random.integers(-9000, 9000, count).astype(np.int32)
    rows = [leaves(random, count, width, (4, 6)) for _ in range(2)]
    near, score = np.full((count, kept), -1, np.int32), np.zeros((count, kept), np.int32)
    for row in rows:
        kernel.compare(vectors, level, row, width, least, near, score)

    for one in range(count):
        beside = {int(other) for row in np.concatenate(rows) if one in row for other in row if other >= 0}
        values = sorted(
            (like(vectors, level, one, other, width) for other in beside if abs(one - other) >= width), reverse=True
        )
        best = [value for value in values if value > least][:kept]
        noted = near[one][near[one] >= 0]
        assert score[one][: len(best)].tolist() == best
        assert len(noted) == len(best) == len(set(noted.tolist()))
        assert all(like(vectors, level, one, n, width) == s for n, s in zip(noted, score[one], strict=False))


def like(vectors, level, one, other, width):
    own, its = (vectors[at : at + width].astype(int).ravel() for at in (one, other))
    return int(own @ its) - (int(level[one]) + int(level[other])) // 2


@settings(max_examples=60, deadline=None)
@given(random=seeds, reach=st.integers(0, 8), band=st.integers(0, 4), gap=st.sampled_from([0, 500, 20_000]))
def test_alignments_are_those_of_the_twin(random, reach, band, gap):
    vectors, level = drawn(random, 40, 3), random.integers(-9000, 20_000, 40).astype(np.int32)
    places, limits = pairs(random, 40, 12)
    found, bounds = kernels.align_locally(vectors, level, places, limits, reach, band, gap)
    score, expected = reference.align_locally(vectors, level, places, limits, reach, band, gap)

    assert found.tolist() == score.tolist()
    assert bounds.tolist() == expected.tolist()


@both
def test_what_is_the_same_at_two_places_is_aligned_from_its_beginning_to_its_end(kernel):
    random = np.random.default_rng(1)
    vectors = np.rint(127 * unit(random.normal(size=(60, 48)))).astype(np.int8)
    vectors[40:52] = vectors[10:22]
    level = np.full(60, 127 * 127 // 2, np.int32)
    places, limits = np.array([[15, 45]], np.int32), np.array([[0, 30, 30, 60]], np.int32)
    score, bounds = kernel.align_locally(vectors, level, places, limits, 24, 3, 1000)

    assert bounds.tolist() == [[10, 22, 40, 52]]
    assert score[0] == pytest.approx(12 * 127 * 127 / 2, rel=0.05)


@both
def test_a_slower_repetition_is_aligned_as_a_whole(kernel):
    random = np.random.default_rng(1)
    vectors = np.rint(127 * unit(random.normal(size=(60, 48)))).astype(np.int8)
    vectors[40:55] = vectors[10:22].repeat([1, 1, 2, 1, 1, 1, 2, 1, 1, 1, 2, 1], axis=0)
    level = np.full(60, 127 * 127 // 2, np.int32)
    places, limits = np.array([[10, 40]], np.int32), np.array([[0, 30, 30, 60]], np.int32)
    _, bounds = kernel.align_locally(vectors, level, places, limits, 24, 3, 1000)

    assert bounds.tolist() == [[10, 22, 40, 55]]


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@both
def test_what_lies_outside_the_archive_is_refused(kernel):
    vectors, level = np.zeros((10, 4), np.int8), np.zeros(10, np.int32)
    near = np.full((10, 2), -1, np.int32)
    outside = np.array([[8]], np.int32)
    with pytest.raises(ValueError, match="windows must begin at 0 to 6"):
        kernel.compare(vectors, level, outside, 4, 0, near, near.copy())
    with pytest.raises(ValueError, match="windows must begin at 0 to 6"):
        kernel.project(vectors, outside, outside[0], outside[0], 4)
    with pytest.raises(ValueError, match="the windows of the nodes must begin"):
        kernel.project(vectors, np.array([[3]], np.int32), outside[0], outside[0], 4)
    with pytest.raises(ValueError, match="every place must lie between its limits"):
        kernel.align_locally(
            vectors, level, np.array([[3, 10]], np.int32), np.array([[0, 5, 5, 11]], np.int32), 2, 2, 0
        )
    with pytest.raises(ValueError, match="count must be from 1 to the 10 of the sample"):
        kernel.density(vectors, vectors, 11)
    with pytest.raises(ValueError, match="int8"):
        kernel.density(vectors.astype(np.float32), vectors, 1)
