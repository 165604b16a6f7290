"""Words of made sounds to learn from, and how well a system finds them."""

import numpy as np

from export.evaluate.matching.distances import distances
from export.evaluate.metrics import reciprocal_ranks


def made_words(count=20, takes=4, seed=1):
    """Words of six sounds in half of the bins, each take warped and noisy; the other bins wander by chance."""
    sounds = np.random.default_rng(99).standard_normal((8, 8))
    rng = np.random.default_rng(seed)

    def take(word):
        t = int(rng.integers(18, 28))
        at = np.sort(0.3 * rng.uniform(0, 5, t) + 0.7 * np.linspace(0, 5, t))
        said = np.stack([np.interp(at, range(6), bin_) for bin_ in word.T], axis=1)
        chance = np.stack([np.interp(np.linspace(0, 5, t), range(6), b) for b in rng.standard_normal((8, 6))], axis=1)
        return (np.hstack([said, 2 * chance]) + 0.3 * rng.standard_normal((t, 16))).astype(np.float32)

    return [[take(word) for _ in range(takes)] for word in sounds[rng.integers(8, size=(count, 6))]]


def mrr(system, words):
    """How well the first take of each word finds the others."""
    queries, items = system.encode([w[0] for w in words]), system.encode([take for w in words for take in w[1:]])
    relevant = np.arange(len(words))[:, None] == np.arange(len(items)) // (len(words[0]) - 1)
    return reciprocal_ranks(distances(queries, items, "dtw"), relevant, np.ones_like(relevant)).mean()
