"""Results that have the same bits for every split of the stream and for every kernel of numpy and its BLAS library."""

import hashlib
from itertools import pairwise

import numpy as np
import pytest

from kwsd.archive.segments.quantizer import Codes, Quantizer
from kwsd.spotting.matching import SCORERS
from kwsd.spotting.score_track import KeywordScorer
from kwsd.tokenizer.codebook import Words, merged, nearest, unit
from kwsd.tokenizer.frames import Frames

pytestmark = pytest.mark.bits

FRAMES = 700
SIZES = (1, 2, 3, 7, 25, 64, 333)
DIGESTS = ["67900498c824", "94039eae30a2", "4acfa637e395", "8a1badd7f34c"]


@pytest.fixture(scope="module")
def stream(bank):
    bank = bank.beginning(FRAMES * bank.hop / 3600)
    return Frames(np.arange(FRAMES) * bank.hop, bank.vectors[:FRAMES], bank.tokens[:FRAMES])


def parts(count, sizes, seed=0):
    """Consecutive slices of random sizes."""
    edges = [0]
    random = np.random.default_rng(seed)
    while edges[-1] < count:
        edges.append(min(count, edges[-1] + int(random.choice(sizes))))
    return [slice(a, b) for a, b in pairwise(edges)]


@pytest.mark.parametrize("sizes", [[size] for size in SIZES] + [list(SIZES)], ids=str)
@pytest.mark.parametrize("scorer", SCORERS)
def test_a_stream_in_parts_has_the_track_of_the_stream_at_once(scorer, sizes, enrolment, tokenizer, bank, stream):
    at_once = KeywordScorer(scorer, [enrolment.keyword], bank.hop, tokenizer.codebook).push(stream)

    in_parts = KeywordScorer(scorer, [enrolment.keyword], bank.hop, tokenizer.codebook)
    tracks = [in_parts.push(stream.part(p.start, p.stop)) for p in parts(FRAMES, sizes)]

    for name in ("distance", "start", "end"):
        assert np.array_equal(np.concatenate([getattr(t, name) for t in tracks]), getattr(at_once, name)), name


@pytest.mark.parametrize("scorer", SCORERS)
def test_a_keyword_has_the_same_distance_beside_others(scorer, enrolment, tokenizer, bank, stream):
    keyword = enrolment.keyword
    alone = KeywordScorer(scorer, [keyword], bank.hop, tokenizer.codebook).push(stream)
    beside = KeywordScorer(scorer, [keyword] * 7, bank.hop, tokenizer.codebook).push(stream)

    assert np.array_equal(beside.distance, np.repeat(alone.distance, 7, axis=1))


def test_codes_of_a_stream_in_parts_are_those_of_the_stream_at_once(tokenizer, stream):
    coder = Quantizer(tokenizer.codebook, 6, vectors=True)
    at_once = Codes.join([coder.push(stream), coder.flush()])

    for size in SIZES:
        pushed = [coder.push(stream.part(p.start, p.stop)) for p in parts(FRAMES, [size])]
        split = Codes.join([*pushed, coder.flush()])
        for name in ("rows", "norms", "vectors"):
            assert np.array_equal(getattr(split, name), getattr(at_once, name)), (size, name)


@pytest.mark.parametrize("size", SIZES)
def test_unit_vectors_and_nearest_words_of_rows_are_those_of_the_rows_together(size, tokenizer, stream):
    words = tokenizer.codebook.stages[0]
    rows = merged(stream.vectors) * np.float32(1.7)
    blocks = [rows[p] for p in parts(len(rows), [size])]

    assert np.array_equal(np.concatenate([unit(block) for block in blocks]), unit(rows))
    assert np.array_equal(np.concatenate([Words(words).nearest(block) for block in blocks]), nearest(rows, words))


def test_codes_and_tables_have_the_same_bits_with_any_kernels(tokenizer, stream):
    codebook, rows = tokenizer.codebook, merged(stream.vectors)
    codes = codebook.encode(rows)
    made = (rows, codes, codebook.decode(codes), codebook.products(rows[:40]))

    assert [hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()[:12] for array in made] == DIGESTS
