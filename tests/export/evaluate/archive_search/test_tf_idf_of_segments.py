import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs torch: pip install 'kwsd[train]'")
pytest.importorskip("export.corpus", reason="the trainer is not beside the tests")

from export.evaluate.archive_search.methods import best
from export.evaluate.archive_search.segments import whole
from export.evaluate.archive_search.tf_idf import TfIdf, lengths
from export.systems.system import Encoded
from kwsd.archive.search.tfidf import frequencies
from kwsd.scorers import compress


@pytest.fixture(params=range(3))
def terms(request):
    rng = np.random.default_rng(request.param)
    sizes = rng.integers(1, 30, 80)
    said = [np.repeat(rng.integers(0, 40, n), rng.integers(1, 4, n)).astype(np.int32) for n in sizes]
    return TfIdf(whole([Encoded(np.zeros((len(tokens), 2), np.float32), tokens) for tokens in said]))


def test_a_query_has_the_frequencies_that_it_had_before_they_were_shared_bit_for_bit(terms):
    query = compress(np.random.default_rng(9).integers(0, 60, 25).astype(np.int32))[0]
    known = query[query < len(terms.rarity)]
    before = (np.bincount(known, minlength=len(terms.rarity)) / max(1, len(query))).astype(np.float32)

    assert len(known) < len(query)
    assert np.array_equal(terms.share_of(query), before)
    assert np.array_equal(terms.weight_of(query), before * terms.rarity)


def test_a_segment_is_weighed_as_a_query_of_the_same_tokens(terms):
    for row, tokens in zip(terms.shares.toarray(), terms.tokens, strict=True):
        assert np.allclose(row, frequencies(tokens, len(terms.rarity)), atol=1e-6)


def test_rows_of_nothing_have_length_one(terms):
    rows = terms.weights.toarray()
    rows[3] = 0
    norms = np.sqrt((rows * rows).sum(axis=1))

    assert np.allclose(lengths(type(terms.weights)(rows)), np.where(norms > 0, norms, 1))


def test_of_equal_scores_the_first_are_the_best_and_others_are_left_out():
    scores = np.array([1.0, 3.0, -np.inf, 3.0, 2.0, 3.0])
    allowed = np.array([True, True, True, True, True, False])

    assert best(scores, 2).segments.tolist() == [1, 3]
    assert best(scores, 9).segments.tolist() == [1, 3, 5, 4, 0]
    assert best(scores, 9, allowed).segments.tolist() == [1, 3, 4, 0]
