"""Pairs of codes without posting lists: the kernel and its twin find what posting lists hold."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kwsd.archive.segments import pairs, reference
from kwsd.archive.segments.alternation import first_words, width_of
from kwsd.archive.segments.posting_lists import GAP, TERMS, WORDS, CodesInTurn, PostingLists

both = pytest.mark.parametrize("kernel", [pairs, reference], ids=["kernel", "twin"])
seeds = st.integers(0, 2**32 - 1).map(np.random.default_rng)


def codes_of(random, stages, alternate, words=6):
    """Rows of documents of random lengths, whose bytes are few, and the documents' bounds."""
    lengths = random.choice([0, 2, 4, 30, 200], random.integers(0, 6)) if alternate else random.integers(0, 60, 6)
    bounds = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    count = int(bounds[-1])
    shape = (count // 2, width_of(stages)) if alternate else (count, stages)
    return random.integers(0, words, shape).astype(np.uint8), bounds


@both
@settings(max_examples=60, deadline=None)
@given(random=seeds, stages=st.integers(1, 6), alternate=st.booleans())
def test_the_places_of_some_pairs_are_found_list_after_list(kernel, random, stages, alternate):
    rows, bounds = codes_of(random, stages, alternate)
    alternate = rows.shape[1] > stages
    words = (first_words(rows) if alternate else rows[:, 0]).astype(int)
    terms = np.unique(random.integers(0, 6, 9) * WORDS + random.integers(0, 6, 9))

    counts, places = kernel.find(rows, stages, bounds, terms)

    inside = [place for first, last in itertools.pairwise(bounds) for place in range(first, last - GAP)]
    lists = [[place for place in inside if words[place] * WORDS + words[place + GAP] == term] for term in terms]
    assert counts.tolist() == list(map(len, lists))
    assert places.tolist() == list(itertools.chain(*lists))
    assert (counts.dtype, places.dtype) == (np.int64, np.int32)


@pytest.mark.parametrize("alternate", [True, False])
def test_codes_in_turn_say_what_posting_lists_say(alternate):
    random = np.random.default_rng(3)
    frames = 200_000  # so that the kernel's room for places has to grow
    rows = random.integers(0, 3, (frames // 2, 8) if alternate else (frames, 5)).astype(np.uint8)
    bounds = np.array([0, 30, 30, 99_998, frames])
    arrays = PostingLists.arrays(first_words(rows) if alternate else rows[:, 0], bounds)
    stored, in_turn = PostingLists(arrays, frames, "it"), CodesInTurn(rows, 5, bounds)

    every = np.arange(TERMS)
    one, other = stored.lists(every), in_turn.lists(every)
    assert np.array_equal(one.counts, other.counts)
    assert np.array_equal(one.places, other.places)
    assert len(one.places) == frames - 3 * GAP
    assert np.array_equal(stored.starting_with(2), in_turn.starting_with(2))


ROWS, BOUNDS, TERM = np.zeros((4, 8), np.uint8), np.array([0, 8]), np.array([0])


@both
@pytest.mark.parametrize(
    ("rows", "stages", "bounds", "terms", "message"),
    [
        (ROWS.astype(np.int8), 5, BOUNDS, TERM, "rows must be a contiguous uint8 matrix"),
        (ROWS, 4, BOUNDS, TERM, "codes of 4 bytes cannot have 8"),
        (ROWS, 0, BOUNDS, TERM, "codes of 0 bytes cannot have 8"),
        (ROWS, 5, np.array([0, 9]), TERM, "bounds must ascend from 0 to at most 8"),
        (ROWS, 8, np.array([0, 5]), TERM, "bounds must ascend from 0 to at most 4"),
        (ROWS, 5, np.array([1, 8]), TERM, "bounds must ascend"),
        (ROWS, 5, np.array([0, 6, 4]), TERM, "bounds must ascend"),
        (ROWS, 5, np.array([], int), TERM, "bounds must ascend"),
        (ROWS, 5, BOUNDS, np.array([3, 3]), "terms must ascend from 0 to at most 65535"),
        (ROWS, 5, BOUNDS, np.array([-1]), "terms must ascend"),
        (ROWS, 5, BOUNDS, np.array([TERMS]), "terms must ascend"),
        (ROWS, 5, BOUNDS, TERM.astype(np.int32), "terms must be a contiguous int64 vector"),
    ],
)
def test_what_cannot_be_read_is_refused(kernel, rows, stages, bounds, terms, message):
    with pytest.raises(ValueError, match=message):
        kernel.find(rows, stages, bounds, terms)
