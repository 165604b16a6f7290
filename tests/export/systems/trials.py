"""What a run says while it learns, and how well a system finds what its label is shared by."""

import numpy as np

from export.evaluate.matching.distances import distances
from export.evaluate.metrics import reciprocal_ranks


def noted(run):
    """The parts of the loss at every step from now on, in a list that grows as the run goes on."""
    steps, advance = [], run._advance
    run._advance = lambda optimiser: steps.append(parts := advance(optimiser)) or parts
    return steps


def found(system, samples, *matchings):
    """MRR of samples among all others by each matching."""
    label = np.array([s.label for s in samples])
    said = system.encode([s.features.astype(np.float32) for s in samples])
    same, others = label[:, None] == label, ~np.eye(len(label), dtype=bool)
    return np.array([reciprocal_ranks(distances(said, said, m), same, others).mean() for m in matchings])
