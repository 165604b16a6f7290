import hashlib
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwsd import scorers
from kwsd.scorers import PackedVectors, reference
from kwsd.scorers._costs import WIDTHS

pytestmark = pytest.mark.bits

DIGEST = "1a0a55c4030dc718882f504aa3e277747c47a6c608b409d723a77e97ab8bbb81"

both = pytest.mark.parametrize("scorer", [scorers, reference], ids=["kernel", "twin"])
each_width = pytest.mark.parametrize("width", WIDTHS)


def fractions(rows, dims, step):
    """Quotients of integers, which every processor rounds alike."""
    integers = np.arange(rows * dims, dtype=np.int64) * step % 2003 - 1001
    return (integers.astype(np.float32) / np.float32(2003)).reshape(rows, dims)


@st.composite
def pairs(draw):
    """Vectors and others of any small shape."""
    n, k, dims = draw(st.integers(0, 21)), draw(st.integers(1, 150)), draw(st.integers(1, 13) | st.just(96))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return tuple(random.standard_normal((rows, dims)).astype(np.float32) for rows in (n, k))


@each_width
@given(pair=pairs())
def test_every_width_of_register_has_the_bits_of_the_twin(width, pair):
    vectors, others = pair
    packed = PackedVectors(others, width=width)

    assert np.array_equal(packed.inner_products(vectors), reference.inner_products(vectors, others))
    assert np.array_equal(packed.cosine_costs(vectors), reference.cosine_costs(vectors, others))


@each_width
def test_the_bits_are_the_same_on_every_processor(width):
    vectors, others = fractions(77, 96, 7919), fractions(133, 96, 104_729)

    costs = PackedVectors(others, width=width).cosine_costs(vectors)

    assert hashlib.sha256(costs.astype("<f4").tobytes()).hexdigest() == DIGEST


@each_width
@given(pair=pairs(), size=st.integers(1, 21))
def test_a_row_has_the_same_bits_in_any_block(width, pair, size):
    vectors, others = pair
    packed = PackedVectors(others, width=width)
    blocks = [packed.cosine_costs(vectors[first : first + size]) for first in range(0, len(vectors), size)]

    whole = packed.cosine_costs(vectors)

    assert np.array_equal(np.concatenate([whole[:0], *blocks]), whole)


@given(pair=pairs())
def test_a_column_has_the_same_bits_beside_any_others(pair):
    vectors, others = pair
    whole = scorers.inner_products(vectors, others)

    for column in {0, len(others) // 2, len(others) - 1}:
        assert np.array_equal(scorers.inner_products(vectors, others[[column]])[:, 0], whole[:, column])


@both
def test_products_are_about_those_of_exact_arithmetic(scorer):
    vectors, others = fractions(9, 40, 7919), fractions(5, 40, 104_729)

    products = scorer.inner_products(vectors, others)

    assert products.dtype == np.float32
    assert products == pytest.approx(vectors.astype(np.float64) @ others.T.astype(np.float64), abs=1e-5)
    assert np.array_equal(scorer.cosine_costs(vectors, others), np.float32(1) - products)


@both
def test_what_is_not_a_number_is_passed_on_for_the_aligners_to_refuse(scorer):
    vectors = np.array([[1, 0], [np.nan, 0], [np.inf, 0]], np.float32)

    costs = scorer.cosine_costs(vectors, [[1, 0]])

    assert np.isfinite(costs[:, 0]).tolist() == [True, False, False]


@both
def test_no_vectors_have_no_products(scorer):
    assert scorer.inner_products(np.empty((0, 3), np.float32), np.ones((4, 3))).shape == (0, 4)


@both
@pytest.mark.parametrize(
    ("vectors", "others", "complaint"),
    [
        (np.ones((2, 3)), np.ones((2, 4)), "vectors have 3 dimensions, but the template's have 4"),
        (np.ones((2, 3)), np.ones((0, 3)), "template needs at least one frame"),
        (np.ones(3), np.ones((2, 3)), r"vectors must be a matrix \[n, m\], not \[3\]"),
    ],
    ids=["dimensions", "empty", "vector"],
)
def test_shapes_that_do_not_fit_are_refused(scorer, vectors, others, complaint):
    with pytest.raises(ValueError, match=complaint):
        scorer.inner_products(vectors, others)


def test_registers_that_no_processor_has_are_refused():
    with pytest.raises(ValueError, match="no registers of 48 bytes"):
        PackedVectors(np.ones((2, 3)), width=48)


def test_packed_vectors_can_be_unpacked_and_sent_to_another_process():
    vectors = fractions(37, 10, 7919)

    sent = pickle.loads(pickle.dumps(PackedVectors(vectors)))

    assert np.array_equal(sent.unpacked(), vectors)
    assert (sent.columns, sent.dims) == (37, 10)


@given(pair=pairs())
def test_products_of_pairs_are_those_of_all_with_all_where_both_have_the_same_row(pair):
    vectors, others = (rows[: min(map(len, pair))] for rows in pair)
    every = scorers.inner_products(vectors, pair[1])

    products = scorers.paired_products(vectors, others)

    assert np.array_equal(products, every[np.arange(len(vectors)), np.arange(len(vectors))])
    assert np.array_equal(products, reference.paired_products(vectors, others))


@both
@pytest.mark.parametrize("shapes", [((3, 4), (2, 4)), ((3, 4), (3, 5)), ((3,), (3, 4))], ids=str)
def test_vectors_that_are_no_pairs_are_refused(scorer, shapes):
    with pytest.raises(ValueError, match=r"not pairs|dimensions|must be a matrix"):
        scorer.paired_products(*(np.zeros(shape, np.float32) for shape in shapes))
