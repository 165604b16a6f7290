"""Inner products and cosine distances of vectors, each summed from the first component to the last.

A matrix product of a BLAS library adds in an order that depends on the processor and on how many rows come at once, so
that the last bit of a distance did too. These are the same bits on every processor, for any number of rows, and in the
readable twin.
"""

from libc.stdlib cimport free, malloc

import numpy as np

from kwsd.scorers import checks


cdef extern from "products.h":
    enum:
        PANEL "KWSD_PANEL"

    ctypedef void Products "kwsd_products"(const float *vectors, Py_ssize_t n, const float *panels,
                                           Py_ssize_t columns, Py_ssize_t dims, bint cosine, float *out) noexcept nogil
    Products *products_for "kwsd_products_for"(int width) noexcept nogil
    Py_ssize_t packed "kwsd_packed"(Py_ssize_t columns, Py_ssize_t dims) noexcept nogil
    void pack "kwsd_pack"(const float *vectors, Py_ssize_t columns, Py_ssize_t dims, float *panels) noexcept nogil


WIDTHS = tuple(width for width in (64, 32, 16, 4) if products_for(width) is not NULL)


def cosine_costs(vectors, template):
    """The cosine distances 1 - z.w of every vector [n, m] to every template vector [k, m], both of unit length: [n, k].

    Raises:
        ValueError: the shapes do not fit each other, or the template is empty.
    """
    return PackedVectors(template).cosine_costs(vectors)


def inner_products(vectors, others):
    """The inner products z.w of every vector [n, m] with every other one [k, m]: float32 [n, k].

    Raises:
        ValueError: the shapes do not fit each other, or there are no others.
    """
    return PackedVectors(others).inner_products(vectors)


def paired_products(vectors, others):
    """The inner product z.w of each vector [n, m] with the other one of its row [n, m]: float32 [n]; n may be 0.

    Raises:
        ValueError: the shapes are not the same, or not those of matrices.
    """
    cdef const float[:, ::1] a = checks.vectors(vectors, "vectors", may_be_empty=True)
    cdef const float[:, ::1] b = checks.vector_rows(others, a.shape[1])
    cdef Py_ssize_t i, m
    cdef float total
    if a.shape[0] != b.shape[0]:
        raise ValueError(f"{a.shape[0]} vectors and {b.shape[0]} others are not pairs")
    products = np.empty(a.shape[0], dtype=np.float32)
    cdef float[::1] out = products
    with nogil:
        for i in range(a.shape[0]):
            total = 0
            for m in range(a.shape[1]):
                total = total + a[i, m] * b[i, m]
            out[i] = total
    return products


cdef class PackedVectors:
    """Vectors that many others are multiplied with, laid out once as the kernel reads them.

    Args:
        vectors: float32 [k, m].
        width: bytes of the registers to use, one of WIDTHS; the widest if None. All give the same bits.

    Attributes:
        columns: k.
        dims: m.

    Raises:
        ValueError: vectors are not a matrix or are empty, or the processor has no such registers.
    """

    cdef float *panels
    cdef Products *products
    cdef readonly Py_ssize_t columns
    cdef readonly Py_ssize_t dims

    def __cinit__(self, vectors, *, width=None):
        cdef const float[:, ::1] given = checks.vectors(vectors, "template")
        self.products = products_for(WIDTHS[0] if width is None else width)
        if self.products is NULL:
            raise ValueError(f"this processor has no registers of {width} bytes: choose one of {WIDTHS}")
        self.columns, self.dims = given.shape[0], given.shape[1]
        self.panels = <float *>malloc(packed(self.columns, self.dims) * sizeof(float))
        if self.panels is NULL:
            raise MemoryError
        with nogil:
            pack(&given[0, 0], self.columns, self.dims, self.panels)

    def __dealloc__(self):
        free(self.panels)

    def __reduce__(self):
        return PackedVectors, (self.unpacked(),)

    def unpacked(self):
        """The vectors float32 [k, m] as they were given."""
        panels = np.asarray(<float[:packed(self.columns, self.dims)]>self.panels)
        turned = panels.reshape(-1, self.dims, PANEL).transpose(0, 2, 1)
        return np.array(turned.reshape(-1, self.dims)[: self.columns])

    def cosine_costs(self, vectors):
        """1 less each of `inner_products`."""
        return self._multiplied(vectors, True)

    def inner_products(self, vectors):
        """The inner products float32 [n, k] of vectors [n, m], n may be 0, with the packed ones.

        Raises:
            ValueError: vectors are not a matrix or have another number of dimensions.
        """
        return self._multiplied(vectors, False)

    cdef _multiplied(self, vectors, bint cosine):
        cdef const float[:, ::1] given = checks.vector_rows(vectors, self.dims)
        products = np.empty((given.shape[0], self.columns), dtype=np.float32)
        cdef float[:, ::1] out = products
        if given.shape[0]:
            with nogil:
                self.products(&given[0, 0], given.shape[0], self.panels, self.columns, self.dims, cosine, &out[0, 0])
        return products
