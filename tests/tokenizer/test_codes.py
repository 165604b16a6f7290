from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from kwsd.scorers import SubsequenceDTW, SubsequenceEditDistance, cosine_costs
from kwsd.spotting.matching import DELETION, FREE, MOST, NEAR, USUAL, CodeMatcher, matcher
from kwsd.tokenizer.codebook import Codebook, gathered, merged, unit
from kwsd.tokenizer.frames import Frames


@pytest.fixture(scope="module")
def codebook():
    """Two stages over eight dimensions; the second corrects the first."""
    rng = np.random.default_rng(3)
    coarse = unit(rng.standard_normal((256, 8)).astype(np.float32))
    return Codebook(coarse[::2], np.stack([coarse, 0.3 * coarse[::-1]]))


def frames(count, seed=0):
    rng = np.random.default_rng(seed)
    vectors = unit(np.cumsum(rng.standard_normal((count, 8)), axis=0).astype(np.float32))
    return Frames(np.arange(count) * 0.04 + 0.02, vectors, np.zeros(count, np.int32))


def test_a_code_is_a_byte_a_stage_and_a_second_stage_comes_nearer(codebook):
    vectors = frames(200).vectors
    first = Codebook(codebook.centroids, codebook.stages[:1])
    one, two = (book.decode(book.encode(vectors)) for book in (first, codebook))

    assert codebook.encode(vectors).shape == (200, 2)
    assert codebook.encode(vectors).dtype == np.uint8
    assert (two * vectors).sum(axis=1).mean() > (one * vectors).sum(axis=1).mean() > 0.8


def test_the_code_of_what_a_code_stands_for_is_that_code(codebook):
    codes = codebook.encode(codebook.stages[0][:50])

    assert np.array_equal(codes[:, 0], np.arange(50))


def test_the_shipped_model_keeps_most_of_a_vector_in_six_bytes(tokenizer, speech):
    vectors = merged(tokenizer.push(speech).vectors)[20:]
    codebook = tokenizer.codebook

    assert codebook.encode(vectors).shape[1] == 6
    assert (codebook.decode(codebook.encode(vectors)) * vectors).sum(axis=1).mean() > 0.75


def test_each_token_that_refines_a_token_comes_nearer(tokenizer, speech):
    heard, codebook = tokenizer.push(speech), tokenizer.codebook
    refined = codebook.refined(heard.vectors, heard.tokens)
    nearness = [
        (unit(gathered(codebook.books[:count], refined[:, :count])) * heard.vectors).sum(axis=1).mean()
        for count in range(1, 7)
    ]

    assert refined.shape == (len(heard), 6)
    assert np.array_equal(refined[:, 0], heard.tokens)
    assert nearness == sorted(nearness)
    assert nearness[5] > nearness[2] > nearness[0] + 0.1


def test_refined_tokens_do_not_depend_on_the_frames_beside_them(tokenizer, speech):
    heard, codebook = tokenizer.push(speech), tokenizer.codebook
    alone = codebook.refined(heard.vectors[7:8], heard.tokens[7:8])

    assert np.array_equal(codebook.refined(heard.vectors, heard.tokens)[7:8], alone)


def test_two_frames_become_one_and_a_last_odd_one_stays():
    vectors = frames(5).vectors
    pairs = merged(vectors)

    assert np.allclose(pairs[0], unit(vectors[:2].sum(axis=0, keepdims=True))[0])
    assert np.allclose(pairs[2], vectors[4])
    assert merged(vectors[:0]).shape == (0, 8)


def test_costs_looked_up_are_those_of_the_vectors_that_the_codes_stand_for(codebook):
    stream = frames(120, seed=4)
    known = stream.part(40, 60)
    looked_up = CodeMatcher([known], 0.04, codebook).push(stream)

    heard = codebook.decode(codebook.encode(merged(stream.vectors)))
    own = 1 - (heard @ codebook.centroids.T).max(axis=1, keepdims=True)
    costs = np.maximum(cosine_costs(heard, merged(known.vectors)) - FREE * np.minimum(own, MOST), 0)
    distance, span = SubsequenceDTW([10]).push(costs)
    distance += FREE * USUAL
    distance[(span < 5) | (span > 20)] = np.inf
    middle = stream.time.reshape(-1, 2).mean(axis=1)

    assert np.allclose(looked_up.distance[1::2], distance, atol=1e-5)
    assert np.allclose(looked_up.start[1::2], middle[:, None] - (span - 0.5) * 0.08)


def test_what_was_said_is_found_where_it_was_said(codebook):
    words = np.random.default_rng(5).permutation(75)
    stream = replace(frames(150), vectors=np.repeat(codebook.stages[0][words], 2, axis=0))
    matches = CodeMatcher([stream.part(60, 80)], 0.04, codebook).push(stream)
    best = int(matches.distance[:, 0].argmin())

    assert best == pytest.approx(79.5, abs=2)
    assert matches.start[best, 0] == pytest.approx(stream.time[60], abs=0.09)


def test_tokens_cost_what_the_words_they_stand_for_are_away_from_the_template(tokenizer, speech):
    heard, codebook = tokenizer.push(speech), tokenizer.codebook
    known = heard.part(40, 60)
    looked_up = matcher("edit", [known], 0.04, codebook).push(heard)

    words = unit(gathered(codebook.books, codebook.refined(heard.vectors, heard.tokens)))
    own = 1 - (words * codebook.centroids[heard.tokens]).sum(axis=1, keepdims=True)
    cosines = words @ known.vectors.T + FREE * (np.minimum(own, MOST) - USUAL)
    costs = np.maximum(1 - cosines / NEAR, 0)
    computed, span = SubsequenceEditDistance([20], DELETION).push(costs)
    long_enough = (span[:, 0] >= 10) & (span[:, 0] <= 40)
    assert np.allclose(looked_up.distance[long_enough], computed[long_enough], atol=1e-4)
    assert np.isinf(looked_up.distance[~long_enough]).all()
    assert looked_up.distance[:, 0].argmin() == pytest.approx(59, abs=1)


@pytest.mark.bits
@pytest.mark.parametrize("seed", range(5))
def test_any_split_of_the_stream_gives_the_same_matches(codebook, seed):
    rng = np.random.default_rng(seed)
    stream = frames(101, seed=6)
    whole = matcher("codes", [stream.part(10, 30), stream.part(50, 63)], 0.04, codebook)
    expected = whole.push(stream)
    whole.reset()
    cuts = [0, *sorted(rng.integers(0, 102, 12).tolist()), 101]
    parts = [whole.push(stream.part(a, b)) for a, b in pairwise(cuts)]

    assert np.array_equal(np.vstack([p.distance for p in parts]), expected.distance)
    assert np.array_equal(np.vstack([p.start for p in parts]), expected.start)
