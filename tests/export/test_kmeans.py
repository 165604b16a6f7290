import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs torch: pip install 'kwsd[train]'")
pytest.importorskip("export.corpus", reason="the trainer is not beside the tests")

from export import codes, targets
from export.systems import codebook
from kwsd.tokenizer.codebook import nearest, unit

# --- The algorithms that the shipped weights and the recorded results were made with, written out --------------------


def targets_with_random_refill(x, tokens, rng, rounds=25):
    centroids = x[rng.choice(len(x), tokens, replace=False)]
    for _ in range(rounds):
        labels = (x @ centroids.T).argmax(axis=1)
        sums = np.zeros_like(centroids)
        np.add.at(sums, labels, x)
        empty = np.bincount(labels, minlength=tokens) == 0
        sums[empty] = x[rng.choice(len(x), int(empty.sum()))]
        centroids = unit(sums)
    return centroids


def codebook_with_farthest_refill(x, centroids, rounds):
    for _ in range(rounds):
        cosines = x @ centroids.T
        labels, closest = cosines.argmax(axis=1), cosines.max(axis=1)
        sums = np.zeros_like(centroids)
        np.add.at(sums, labels, x)
        empty = np.flatnonzero(np.bincount(labels, minlength=len(centroids)) == 0)
        sums[empty] = x[np.argsort(closest)[: len(empty)]] if len(x) >= len(empty) else centroids[empty]
        centroids = unit(sums)
    return centroids


def fitted_codebook(x, tokens, rng):
    found = []
    for _ in range(3):
        chosen = [x[rng.integers(len(x))]]
        far = np.full(len(x), np.inf)
        for _ in range(tokens - 1):
            far = np.minimum(far, np.maximum(1 - x @ chosen[-1], 1e-9))
            chosen.append(x[rng.choice(len(x), p=far / far.sum())])
        found.append(codebook_with_farthest_refill(x, np.stack(chosen), 10))
    return max(found, key=lambda centroids: float((x @ centroids.T).max(axis=1).mean()))


def quantizer_stages(vectors, seed, stages, words):
    rng, left, found = np.random.default_rng(seed), vectors, []
    for _ in range(stages):
        centres = left[rng.choice(len(left), words, replace=False)]
        for _ in range(20):
            labels = nearest(left, centres)
            sums, counts = np.zeros_like(centres), np.bincount(labels, minlength=words)
            np.add.at(sums, labels, left)
            others = left[rng.choice(len(left), words)]
            centres = np.where(counts[:, None] > 0, sums / np.maximum(counts, 1)[:, None], others)
            centres = centres.astype(np.float32)
        found.append(centres)
        left = left - found[-1][nearest(left, found[-1])]
    return np.stack(found)


# --- Against them ----------------------------------------------------------------------------------------------------


@pytest.fixture(params=range(3))
def rows(request):
    """Unit rows around few directions, many of them alike, so that clusters lose all their rows."""
    rng = np.random.default_rng(request.param)
    around = unit(rng.standard_normal((6, 16)).astype(np.float32))[rng.integers(0, 6, 300)]
    noise = 0.1 * rng.standard_normal((300, 16)).astype(np.float32) * (rng.random((300, 1)) < 0.5)
    return unit((around + noise).astype(np.float32))


@pytest.mark.parametrize("tokens", [5, 40, 150])
def test_clusters_of_the_targets_are_those_of_the_shipped_model_bit_for_bit(rows, tokens):
    one, other = np.random.default_rng(4), np.random.default_rng(4)

    assert np.array_equal(targets.clustered(rows, tokens, one), targets_with_random_refill(rows, tokens, other))
    assert one.random() == other.random()


@pytest.mark.parametrize("tokens", [5, 40, 150])
def test_codebooks_of_systems_are_those_of_the_recorded_results_bit_for_bit(rows, tokens):
    one, other = np.random.default_rng(4), np.random.default_rng(4)
    found = codebook.fitted(rows, tokens, one)

    assert np.array_equal(found, fitted_codebook(rows, tokens, other))
    assert one.random() == other.random()
    assert np.array_equal(codebook.refined(rows[::7], found), codebook_with_farthest_refill(rows[::7], found, 10))


def test_stages_of_the_quantizer_are_those_of_the_shipped_model_bit_for_bit(rows):
    vectors = rows * np.float32(0.7)

    assert np.array_equal(codes.fit(vectors, 5, stages=3, words=150), quantizer_stages(vectors, 5, 3, 150))


def test_these_rows_leave_some_clusters_empty(rows):
    first = rows[np.random.default_rng(4).choice(len(rows), 150, replace=False)]

    assert (np.bincount((rows @ first.T).argmax(axis=1), minlength=150) == 0).any()


def test_spherical_kmeans_finds_separated_clusters():
    rng = np.random.default_rng(2)
    true = unit(rng.standard_normal((5, 16)).astype(np.float32))
    x = unit(true[rng.integers(0, 5, 600)] + 0.05 * rng.standard_normal((600, 16)).astype(np.float32))
    centroids = targets.clustered(x, 5, rng)

    assert np.allclose(np.linalg.norm(centroids, axis=1), 1, atol=1e-5)
    assert (x @ centroids.T).max(axis=1).mean() > 0.9
