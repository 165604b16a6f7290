import importlib
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kwsd.archive.search import kernels, reference
from kwsd.archive.segments.alternation import BESIDE, OWN, bytes_between, width_of
from kwsd.archive.segments.quantizer import packed
from kwsd.errors import KwsdError
from kwsd.scorers import subsequence_dtw

both = pytest.mark.parametrize("kernel", [kernels, reference], ids=["kernel", "twin"])
seeds = st.integers(0, 2**32 - 1).map(np.random.default_rng)
lengths = st.sampled_from([1, 2, 5, 7, 8, 9, 16, 17, 20])
archives = given(
    random=seeds,
    length=lengths,
    stages=st.integers(1, 6),
    frames=st.integers(1, 400),
    coarse=st.booleans(),
    alternate=st.booleans(),
)


def posting_lists(random, frames, count, longest):
    """Ascending places of some lists, one after another, and the lists' bounds."""
    found = [np.flatnonzero(random.random(frames) < random.random() * longest / frames) for _ in range(count)]
    last = np.cumsum([len(f) for f in found])
    return np.concatenate(found).astype(np.int32), last - [len(f) for f in found], last


def counted(places, first, last, shift, weight, frames):
    """The score of every window."""
    moved = [np.clip(places[a:b] + s, 0, frames - 1) for a, b, s in zip(first, last, shift, strict=True)]
    blocks = np.bincount(
        np.concatenate(moved) // kernels.BLOCK,
        np.repeat(weight, last - first),
        minlength=-(-frames // kernels.BLOCK) + 1,
    )
    return blocks[:-1] + blocks[1:]


def archive(random, frames, stages, length, *, coarse=False, alternate=False):
    """Codes, norms, gains, and a template's tables; coarse ones have many paths of equal cost.

    Where every other code is coded between its neighbours, an odd number of frames is one more.
    """
    frames += frames % 2 if alternate else 0
    shape = (frames // 2, width_of(stages)) if alternate else (frames, stages)
    codes = random.integers(0, 256, shape, np.uint8)
    tables = random.normal(0, 0.4, (stages, 256, length))
    gains = np.ones(256) if coarse else random.uniform(0.7, 1.3, 256)
    tables = np.round(tables * 2) / 2 if coarse else tables
    return codes, random.integers(0, 256, frames, np.uint8), gains.astype(np.float32), tables.astype(np.float32)


def regions(random, frames, count):
    begin = random.integers(0, frames, count)
    return begin, np.minimum(begin + random.integers(1, 90, count), frames)


@both
@settings(max_examples=40, deadline=None)
@given(
    random=seeds,
    frames=st.sampled_from([1, 7, 8, 9, 100, 16_384, 65_537, 300_000]),
    lists=st.integers(1, 12),
    count=st.sampled_from([1, 5, 2000]),
)
def test_votes_are_the_sums_of_the_weights_and_the_best_windows_come_first(kernel, random, frames, lists, count):
    places, first, last = posting_lists(random, frames, lists, longest=random.choice([2, 50, 3000]))
    shift = random.integers(-40, 41, lists, np.int32)
    weight = random.integers(1, random.choice([3, 60_000]), lists, np.int32)

    window, score = kernel.vote(places, first, last, shift, weight, frames, count)

    scores = counted(places, first, last, shift, weight, frames)
    best = np.argsort(-scores, kind="stable")[: min(count, np.count_nonzero(scores))]
    assert window.dtype == score.dtype == np.int32
    assert np.array_equal(window, best)
    assert np.array_equal(score, scores[best])


@both
def test_places_that_a_shift_moves_out_of_the_archive_count_at_its_ends(kernel):
    places = np.array([0, 3, 50, 95, 99], np.int32)
    first, last = np.array([0, 0]), np.array([5, 5])
    shift, weight = np.array([-10, 4], np.int32), np.array([1, 100], np.int32)

    window, score = kernel.vote(places, first, last, shift, weight, 100, 100)

    scores = dict(zip(window.tolist(), score.tolist(), strict=True))
    assert scores[0] == 2 + 200  # frames 0, 0, 4 and 7
    assert scores[24] == 200  # frames 99 and 99


@both
def test_a_vote_without_places_finds_nothing(kernel):
    places, no_bounds, bound = np.zeros(0, np.int32), np.zeros(0, np.int64), np.zeros(1, np.int64)

    without_lists = kernel.vote(places, no_bounds, no_bounds, places, places, 10, 5)
    with_an_empty_list = kernel.vote(places, bound, bound, np.zeros(1, np.int32), np.ones(1, np.int32), 10, 5)

    assert [len(found) for found in (*without_lists, *with_an_empty_list)] == [0, 0, 0, 0]


@both
def test_votes_read_a_memory_map(kernel, tmp_path):
    (tmp_path / "places").write_bytes(np.array([5, 20, 21], np.int32).tobytes())
    places = np.memmap(tmp_path / "places", np.int32, "r")

    window, score = kernel.vote(
        places, np.array([0]), np.array([3]), np.zeros(1, np.int32), np.full(1, 7, np.int32), 64, 2
    )

    assert window.tolist() == [4, 5]
    assert score.tolist() == [14, 14]


def test_weights_that_could_exceed_32_bits_are_refused():
    places = np.tile(np.arange(16, dtype=np.int32), 4200)
    last = np.arange(1, 4201) * 16
    shift, weight = np.zeros(4200, np.int32), np.full(4200, 65_535, np.int32)

    with pytest.raises(ValueError, match="the weights are too large for so many lists"):
        kernels.vote(places, last - 16, last, shift, weight, 100, 5)


def test_places_in_no_order_do_no_harm():
    random = np.random.default_rng(0)
    places = random.integers(-(2**31), 2**31, 20_000).astype(np.int32)
    last = np.arange(1, 101) * 200

    window, score = kernels.vote(
        places, last - 200, last, random.integers(-99, 99, 100, np.int32), np.ones(100, np.int32), 10**6, 50
    )

    assert len(window) == len(score) <= 50


@both
@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"places": np.zeros(4)}, "places must be a contiguous int32 vector, not float64"),
        ({"places": np.zeros(8, np.int32)[::2]}, "places must be a contiguous int32 vector"),
        ({"last": np.array([2, 5])}, "lists must lie within the 4 places"),
        ({"first": np.array([-1, 0])}, "lists must lie within the 4 places"),
        ({"first": np.array([3, 0])}, "none may end before it begins"),
        ({"shift": np.zeros(1, np.int32)}, "one number for each list"),
        ({"weight": np.array([1, 0], np.int32)}, "weights must be from 1 to 65535"),
        ({"weight": np.array([1, 65536], np.int32)}, "weights must be from 1 to 65535"),
        ({"frames": 0}, "frames must be from 1"),
        ({"count": 0}, "count must be 1 or more"),
    ],
)
def test_votes_that_make_no_sense_are_refused(kernel, changed, complaint):
    vote = {"places": np.arange(4, dtype=np.int32), "first": np.array([0, 2]), "last": np.array([2, 4])}
    vote |= {"shift": np.zeros(2, np.int32), "weight": np.ones(2, np.int32), "frames": 50, "count": 5}

    with pytest.raises(ValueError, match=complaint):
        kernel.vote(**(vote | changed))


@settings(max_examples=120, deadline=None)
@archives
def test_the_aligning_kernel_equals_its_twin_to_the_last_bit(random, length, stages, frames, coarse, alternate):
    template = archive(random, frames, stages, length, coarse=coarse, alternate=alternate)
    begin, end = regions(random, len(template[1]), random.integers(0, 8))

    distance, span = kernels.align(*template, begin, end)

    expected, expected_span = reference.align(*template, begin, end)
    assert distance.dtype == expected.dtype == np.float32
    assert span.dtype == expected_span.dtype == np.int32
    assert np.array_equal(distance, expected)
    assert np.array_equal(span, expected_span)


@both
@settings(max_examples=40, deadline=None)
@given(random=seeds, length=lengths, frames=st.integers(1, 200))
def test_norms_of_half_a_byte_stand_for_the_gains_that_whole_ones_do(kernel, random, length, frames):
    codes, norms, gains, tables = archive(random, frames, 3, length)
    begin, end = regions(random, frames, 5)

    found = [
        align(codes, packed(norms % 16), gains[:16], tables, begin, end) for align in (kernel.align, kernel.nearest)
    ]

    expected = [align(codes, norms % 16, gains, tables, begin, end) for align in (kernel.align, kernel.nearest)]
    for arrays, others in zip(found, expected, strict=True):
        assert all(np.array_equal(array, other) for array, other in zip(arrays, others, strict=True))


@settings(max_examples=120, deadline=None)
@archives
def test_the_nearest_place_of_each_region_is_its_lowest_distance(random, length, stages, frames, coarse, alternate):
    template = archive(random, frames, stages, length, coarse=coarse, alternate=alternate)
    begin, end = regions(random, len(template[1]), random.integers(0, 40))

    found = kernels.nearest(*template, begin, end)

    for array, expected in zip(found, reference.nearest(*template, begin, end), strict=True):
        assert array.dtype == expected.dtype
        assert np.array_equal(array, expected)


@both
@settings(max_examples=60, deadline=None)
@given(random=seeds, reach=st.integers(0, 30), lengths=st.lists(st.integers(0, 40), min_size=1, max_size=12))
def test_regions_lie_around_windows_with_more_votes_than_their_neighbours(kernel, random, reach, lengths):
    bounds = np.concatenate([[0], np.cumsum(lengths)])
    there = np.flatnonzero(random.random(-(-bounds[-1] // kernels.BLOCK)) < 0.5).astype(np.int32)
    score, alive = random.integers(1, 4, len(there), np.int32), random.random(len(lengths)) < 0.7

    begin, end = kernel.around(there, score, reach, bounds, alive)

    votes = dict(zip(there.tolist(), score.tolist(), strict=True))
    expected = [
        (max(first, 4 * w - reach, 0), min(last, 4 * w + 8 + reach))
        for w, own in votes.items()
        if own > votes.get(w - 1, 0) and own >= votes.get(w + 1, 0)
        for first, last, searched in zip(bounds[:-1].tolist(), bounds[1:].tolist(), alive, strict=True)
        if searched and max(first, 4 * w - reach, 0) < min(last, 4 * w + 8 + reach)
    ]
    assert list(zip(begin.tolist(), end.tolist(), strict=True)) == expected


@both
@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"window": np.zeros(2)}, "window must be a contiguous int32 vector"),
        ({"window": np.array([1, 1], np.int32)}, "windows must ascend"),
        ({"window": np.array([-1, 1], np.int32)}, "within the documents"),
        ({"window": np.array([1, 5], np.int32)}, "within the documents"),
        ({"score": np.ones(3, np.int32)}, "as many numbers as score"),
        ({"bounds": np.array([0, 20])}, "one more than alive"),
        ({"alive": np.ones(2, np.uint8)}, "alive must be a contiguous bool vector"),
        ({"reach": -1}, "reach must be from 0"),
    ],
)
def test_windows_that_make_no_sense_have_no_regions(kernel, changed, complaint):
    around = {"window": np.array([1, 4], np.int32), "score": np.ones(2, np.int32), "reach": 3}
    around |= {"bounds": np.array([0, 12, 20]), "alive": np.ones(2, bool)}

    with pytest.raises(ValueError, match=complaint):
        kernel.around(**(around | changed))


@both
@settings(max_examples=40, deadline=None)
@given(random=seeds, length=lengths, coarse=st.booleans())
def test_each_region_is_a_stream_of_its_own(kernel, random, length, coarse):
    frames = random.integers(1, 50, 4)
    costs = random.random((frames.sum(), length), np.float32)
    costs = np.round(costs * 2) / 2 if coarse else costs

    distance, span = kernel.align_costs(costs, frames)

    cuts = np.cumsum(frames)[:-1]
    for costs_there, here, spanned in zip(*(np.split(a, cuts) for a in (costs, distance, span)), strict=True):
        expected, expected_span = subsequence_dtw(costs_there)
        fits = (expected_span >= length / 2) & (expected_span <= 2 * length)
        assert np.array_equal(here, np.where(fits, expected, np.inf))
        assert np.array_equal(spanned, np.where(fits, expected_span, 0))


@both
def test_local_costs_are_one_less_the_product_with_what_the_codes_stand_for(kernel):
    random = np.random.default_rng(1)
    words, template = random.normal(0, 0.3, (3, 256, 8)), random.normal(0, 0.3, (5, 8))
    codes, norms, gains, _ = archive(random, 60, 3, 5)
    vectors = sum(words[stage][codes[:, stage]] for stage in range(3)) * gains[norms][:, None]
    tables = (words @ template.T).astype(np.float32)

    distance, span = kernel.align(codes, norms, gains, tables, np.array([10]), np.array([60]))

    expected, expected_span = kernel.align_costs(np.maximum(1 - vectors[10:] @ template.T, 0), np.array([50]))
    assert distance == pytest.approx(expected, abs=1e-5)
    assert np.array_equal(span, expected_span)


@both
@pytest.mark.parametrize("stages", [1, 2, 3, 5])
def test_every_other_code_has_a_share_of_its_neighbours(kernel, stages):
    random = np.random.default_rng(2)
    words, template = random.normal(0, 0.3, (stages, 256, 8)), random.normal(0, 0.3, (5, 8))
    rows, norms, gains, _ = archive(random, 60, stages, 5, alternate=True)
    whole = sum(words[stage][rows[:, stage]] for stage in range(stages))
    own = rows[:, stages:]
    between = OWN * words[0][own[:, 0]] + BESIDE * (whole + np.append(whole[1:], np.zeros((1, 8)), axis=0))
    between += sum(words[stage][own[:, stage]] for stage in range(1, bytes_between(stages)))
    vectors = np.stack([whole, between], axis=1).reshape(60, 8) * gains[norms][:, None]
    tables = (words @ template.T).astype(np.float32)

    for begin, end in ((10, 60), (11, 58), (0, 60), (7, 8)):
        distance, span = kernel.align(rows, norms, gains, tables, np.array([begin]), np.array([end]))

        costs = np.maximum(1 - vectors[begin:end] @ template.T, 0)
        expected, expected_span = kernel.align_costs(costs, np.array([end - begin]))
        assert distance == pytest.approx(expected, abs=1e-5)
        assert np.array_equal(span, expected_span)


def test_a_long_region_equals_the_plain_stream():
    costs = np.random.default_rng(3).random((50_000, 8), np.float32)
    costs[20_000:30_000, 3] = 0  # a path may stay here for as long as it likes

    distance, span = kernels.align_costs(costs, np.array([50_000]))

    expected, expected_span = subsequence_dtw(costs)
    fits = (expected_span >= 4) & (expected_span <= 16)
    assert np.array_equal(distance, np.where(fits, expected, np.inf))
    assert np.array_equal(span, np.where(fits, expected_span, 0))


@both
@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"codes": np.zeros((9, 2))}, "codes must be a contiguous uint8 matrix"),
        ({"codes": np.zeros((9, 4), np.uint8)[:, ::2]}, "codes must be a contiguous uint8 matrix"),
        ({"norms": np.zeros(8, np.uint8)}, "norms must have one byte for each of the 9 frames of codes, not 8"),
        ({"norms": np.zeros(9, np.uint8), "gains": np.ones(16, np.float32)}, "half a byte for each of the 9 frames"),
        ({"gains": np.ones(255, np.float32)}, "gains must be 256 or 16 finite numbers"),
        ({"gains": np.full(256, np.nan, np.float32)}, "gains must be 256 or 16 finite numbers"),
        ({"tables": np.zeros((3, 256, 4), np.float32)}, "tables of 3 stages do not fit codes of 2 bytes a row"),
        ({"tables": np.zeros((2, 255, 4), np.float32)}, r"tables must be float32 \[s, 256, L\]"),
        ({"tables": np.zeros((0, 256, 4), np.float32)}, "tables of 0 stages do not fit"),
        ({"tables": np.zeros((2, 256, 0), np.float32)}, "a template must have from 1 to 1024 frames, not 0"),
        ({"tables": np.full((2, 256, 3), np.inf, np.float32)}, "tables must be finite inner products"),
        ({"tables": np.full((2, 256, 3), np.nan, np.float32)}, "tables must be finite inner products"),
        ({"begin": np.array([4])}, "regions of one frame or more within the 9 frames"),
        ({"end": np.array([10])}, "regions of one frame or more within the 9 frames"),
        ({"end": np.array([4, 9])}, "regions of one frame or more"),
    ],
)
def test_alignments_that_make_no_sense_are_refused(kernel, changed, complaint):
    codes, norms, gains, tables = archive(np.random.default_rng(0), 9, 2, 3)
    align = {"codes": codes, "norms": norms, "gains": gains, "tables": tables}
    align |= {"begin": np.array([2]), "end": np.array([4])}

    with pytest.raises(ValueError, match=complaint):
        kernel.align(**(align | changed))


@both
@pytest.mark.parametrize(
    ("costs", "frames", "complaint"),
    [
        (np.zeros(3), [3], r"costs must be a matrix \[n, L\], not \[3\]"),
        (np.zeros((3, 2)), [2], "lengths must be 1 or more and add up to the 3 rows of costs"),
        (np.zeros((3, 2)), [3, 0], "lengths must be 1 or more"),
        (np.full((3, 2), -1.0), [3], "not below zero"),
        (np.full((3, 2), np.nan), [3], "finite"),
    ],
)
def test_costs_that_are_none_are_refused(kernel, costs, frames, complaint):
    with pytest.raises(ValueError, match=complaint):
        kernel.align_costs(costs, np.array(frames, np.int64))


@both
def test_windows_that_do_not_exceed_a_score_are_left_out(kernel):
    places, first, last = posting_lists(np.random.default_rng(3), 500, 9, 60)
    shift, weight = np.zeros(9, np.int32), np.arange(1, 10, dtype=np.int32)
    every, score = kernel.vote(places, first, last, shift, weight, 500, 100)

    window, _ = kernel.vote(places, first, last, shift, weight, 500, 100, above=int(score[5]))

    assert window.tolist() == every[score > score[5]].tolist()


@both
@given(regions=st.lists(st.lists(st.sampled_from([0.0, 0.25, 0.5, np.inf]), min_size=1, max_size=5), max_size=6))
def test_the_lowest_distance_of_a_region_is_the_first_of_equals(kernel, regions):
    distance = np.array([one for region in regions for one in region], np.float32)
    lengths = np.array([len(region) for region in regions], np.int64)

    index = kernel.lowest(distance, lengths)

    firsts = np.cumsum(lengths) - lengths
    assert index.tolist() == [f + region.index(min(region)) for f, region in zip(firsts, regions, strict=True)]


@both
def test_regions_that_are_longer_than_their_distances_are_refused(kernel):
    with pytest.raises(ValueError, match="add up to the 3 rows"):
        kernel.lowest(np.zeros(3, np.float32), np.array([4]))


def test_both_agree_on_how_many_frames_share_a_sum():
    assert kernels.BLOCK == reference.BLOCK


def test_without_the_compiled_kernels_the_archive_says_how_to_build_them(monkeypatch):
    monkeypatch.delitem(sys.modules, "kwsd.archive.search.kernels")
    monkeypatch.setitem(sys.modules, "kwsd.archive.search._kernels", None)

    with pytest.raises(KwsdError, match=r"python setup\.py build_ext --inplace"):
        importlib.import_module("kwsd.archive.search.kernels")
