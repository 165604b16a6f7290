"""The obvious dynamic programs, with no thought of speed, and inputs for them."""

import math
from itertools import product

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as stn

TOKENS = 6


def levenshtein(a, b, substitution=None):
    """Over whole prefixes; costs are multiples of 1/8, which float32 adds without rounding."""
    table = {(i, 0): i for i in range(len(a) + 1)} | {(0, j): j for j in range(len(b) + 1)}
    for i, j in product(range(len(a)), range(len(b))):
        price = float(a[i] != b[j]) if substitution is None else float(substitution[a[i], b[j]])
        table[i + 1, j + 1] = min(table[i, j] + price, table[i, j + 1] + 1, table[i + 1, j] + 1)
    return float(table[len(a), len(b)])


def local_alignment(a, b, match=2, mismatch=-1, gap=-2):
    """The best alignment of every stretch with every stretch, and of these the first in the order asked for."""
    found = [(0, 0, 0, 0, 0)]
    for first, other_first in product(range(len(a)), range(len(b))):
        table = {(i, first - 1): gap * (i - other_first + 1) for i in range(other_first - 1, len(b))}
        table |= {(other_first - 1, j): gap * (j - first + 1) for j in range(first - 1, len(a))}
        for i, j in product(range(other_first, len(b)), range(first, len(a))):
            pair = match if a[j] == b[i] else mismatch
            table[i, j] = max(table[i - 1, j - 1] + pair, table[i - 1, j] + gap, table[i, j - 1] + gap)
            found.append((table[i, j], first, j + 1, other_first, i + 1))
    return max(found, key=lambda f: (f[0], -f[4], f[3], f[1] - f[2], -f[2]))


def warping(costs, allowed=lambda _i, _j: True):
    """Score of the cheapest, then shortest path from corner to corner."""
    table = {}
    for i, j in product(*map(range, costs.shape)):
        before = [table[p] for p in ((i - 1, j), (i, j - 1), (i - 1, j - 1)) if p in table]
        if allowed(i, j) and (before or i == j == 0):
            cost, cells = min(before, default=(np.float32(0), 0))
            table[i, j] = (cost + costs[i, j], cells + 1)
    cost, cells = table[costs.shape[0] - 1, costs.shape[1] - 1]
    return float(cost / np.float32(cells))


def open_begin(costs):
    """At each frame the cheapest, then shortest, then latest of the paths that begin anywhere."""
    table = {}
    for i, j in product(*map(range, costs.shape)):
        before = [(np.float32(0), 0, -i)] if j == 0 else []
        before += [table[p] for p in ((i - 1, j), (i, j - 1), (i - 1, j - 1)) if p in table]
        cost, cells, start = min(before)
        table[i, j] = (cost + costs[i, j], cells + 1, start)
    ends = [table[i, costs.shape[1] - 1] for i in range(len(costs))]
    return [float(c / np.float32(n)) for c, n, _ in ends], [i + s + 1 for i, (_, _, s) in enumerate(ends)]


def edits(costs, deletion):
    """At each token the cheapest, then shortest of the ways to make a template of any stretch that ends there."""
    rows, columns = costs.shape
    table = {(i, -1): (np.float32(0), 0) for i in range(-1, rows)}
    for j in range(columns):
        table[-1, j] = (table[-1, j - 1][0] + deletion, 0)
    for i, j in product(range(rows), range(columns)):
        (a, p), (b, q), (c, r) = table[i - 1, j - 1], table[i - 1, j], table[i, j - 1]
        table[i, j] = min((a + costs[i, j], p + 1), (b + costs[i, j], q + 1), (c + deletion, r))
    ends = [table[i, columns - 1] for i in range(rows)]
    return [float(c / np.float32(columns)) for c, _ in ends], [span for _, span in ends]


def windows(frames):
    return math.ceil(frames / 2), frames, 2 * frames


def token_sequences(longest=12, tokens=TOKENS):
    return st.lists(st.integers(0, tokens - 1), max_size=longest).map(lambda t: np.array(t, np.int32))


def substitutions():
    """Symmetric, 0 on the diagonal, multiples of 1/8 up to 2."""
    return stn.arrays(np.int32, (TOKENS, TOKENS), elements=st.integers(0, 16)).map(_symmetric)


def _symmetric(eighths):
    upper = np.triu(eighths, 1) / 8
    return (upper + upper.T).astype(np.float32)


def cost_matrices(most_rows=9, most_columns=9):
    """Coarse costs, so that paths of equal cost are common, and fine ones, so that rounding is."""
    shape = st.tuples(st.integers(1, most_rows), st.integers(1, most_columns))
    coarse = st.sampled_from([0.0, 0.25, 0.5, 1.0])
    fine = st.floats(0, 2, width=32, allow_subnormal=False)
    return shape.flatmap(
        lambda s: stn.arrays(np.float32, s, elements=coarse) | stn.arrays(np.float32, s, elements=fine)
    )


@st.composite
def streams(draw, longest=40):
    """Template lengths, and costs of a stream that some of them match somewhere."""
    lengths = np.array(draw(st.lists(st.integers(1, 7), min_size=1, max_size=4)), np.int32)
    frames = draw(st.integers(0, longest))
    seed = draw(st.integers(0, 2**32 - 1))
    random = np.random.default_rng(seed)
    costs = random.choice([0, 0.25, 0.5, 1], (frames, lengths.sum())) if draw(st.booleans()) else None
    return lengths, np.asarray(random.random((frames, lengths.sum())) * 2 if costs is None else costs, np.float32)


def split(costs, cuts):
    """The rows in consecutive parts, some of which may be empty."""
    return np.split(costs, sorted(c % (len(costs) + 1) for c in cuts))
