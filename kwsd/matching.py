"""Frames against templates: the local costs of each scorer, and the kernels that align them.

Three scorers, each a stream over all templates at once:

* `subsequence`: DTW over vectors with an open begin; of the best alignment at each frame, those count that are half to
  twice as long as the template.
* `dtw`: DTW over vectors in windows of 0.5T, T and 2T (Wav2Tok, eq. 19).
* `edit`: edit distance over compressed tokens in the same windows, substitutions priced by the codebook's geometry;
  `levenshtein` prices every substitution 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from kwsd.errors import ConfigError
from kwsd.frames import Frames
from kwsd.keyword import Template
from kwsd.scorers import SubsequenceDTW, WindowedDTW, WindowedEditDistance, compress, cosine_costs, substitution_costs

SLOWEST = 2.0  # times as fast or as slow as the template that speech may be, as the windows of eq. 19 have it


@dataclass(frozen=True)
class Matches:
    """How well each template ends at each frame.

    Attributes:
        distance: [n, k] float32, infinite where a template cannot end yet.
        start: [n, k] seconds at which the matched stretch begins.
    """

    distance: NDArray[np.float32]
    start: NDArray[np.float64]


class Matcher(Protocol):
    """A stream of frames to matches; any split gives the one-shot answer."""

    def push(self, frames: Frames) -> Matches:
        """The matches that end at each of these frames."""

    def reset(self) -> None:
        """Forget the stream."""


class Aligner(Protocol):
    """A streaming kernel over stacked templates, see `kwsd.scorers`."""

    def push(self, costs: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
        """Distances and spans [n, k] of n rows of local costs."""

    def reset(self) -> None:
        """Forget the stream."""


class VectorMatcher:
    """Templates' vectors against the stream's, by cosine distance and a DTW kernel."""

    def __init__(
        self, templates: Sequence[Template], hop: float, kernel: Callable[[NDArray[np.int32]], Aligner]
    ) -> None:
        self._stacked = np.concatenate([t.frames.vectors for t in templates])
        self._lengths = np.array([len(t.frames) for t in templates], np.int32)
        self._kernel = kernel(self._lengths)
        self._hop = hop

    def push(self, frames: Frames) -> Matches:
        """The matches that end at each of these frames."""
        distance, span = self._kernel.push(cosine_costs(frames.vectors, self._stacked))
        distance[(span < self._lengths / SLOWEST) | (span > self._lengths * SLOWEST)] = np.inf
        return Matches(distance, frames.time[:, None] - (span - 0.5) * self._hop)

    def reset(self) -> None:
        """Forget the stream."""
        self._kernel.reset()


class TokenMatcher:
    """Templates' compressed tokens against the stream's, by edit distance; a new run of tokens is one step."""

    def __init__(self, templates: Sequence[Template], hop: float, costs: NDArray[np.float32]) -> None:
        runs = [compress(t.frames.tokens)[0] for t in templates]
        self._costs = np.ascontiguousarray(costs[:, np.concatenate(runs)])
        self._kernel = WindowedEditDistance(np.array([len(r) for r in runs], np.int32))
        self._hop = hop
        self._longest = 2 * max(len(r) for r in runs) + 1
        self._count = len(runs)
        self._token: int
        self._onsets: NDArray[np.float64]
        self._last: Matches
        self.reset()

    def push(self, frames: Frames) -> Matches:
        """The matches that end at each of these frames; within a run they stay as they are."""
        fresh = frames.tokens != np.concatenate([[self._token], frames.tokens[:-1]])[: len(frames)]
        distance, span = self._kernel.push(self._costs[frames.tokens[fresh]])
        onsets = np.concatenate([self._onsets, frames.time[fresh] - self._hop / 2])
        runs = np.arange(len(self._onsets), len(onsets))[:, None]
        changed = Matches(distance, onsets[np.maximum(runs - np.maximum(span, 1) + 1, 0)])
        held = Matches(
            *(np.vstack([getattr(m, part) for m in (self._last, changed)]) for part in ("distance", "start"))
        )
        self._onsets, self._last = onsets[-self._longest :], Matches(held.distance[-1:], held.start[-1:])
        self._token = int(frames.tokens[-1]) if len(frames) else self._token
        row = np.cumsum(fresh)
        return Matches(held.distance[row], held.start[row])

    def reset(self) -> None:
        """Forget the stream."""
        self._token = -1
        self._onsets = np.zeros(0)
        self._last = Matches(np.full((1, self._count), np.inf, np.float32), np.zeros((1, self._count)))
        self._kernel.reset()


SCORERS = ("subsequence", "dtw", "edit", "levenshtein")


def matcher(scorer: str, templates: Sequence[Template], hop: float, codebook: NDArray[np.float32]) -> Matcher:
    """The matcher of a scorer's name.

    Raises:
        ConfigError: there is no such scorer.
    """
    match scorer:
        case "subsequence":
            return VectorMatcher(templates, hop, SubsequenceDTW)
        case "dtw":
            return VectorMatcher(templates, hop, WindowedDTW)
        case "edit":
            return TokenMatcher(templates, hop, substitution_costs(codebook))
        case "levenshtein":
            return TokenMatcher(templates, hop, 1 - np.eye(len(codebook), dtype=np.float32))
    raise ConfigError(f'there is no scorer "{scorer}": choose one of {", ".join(SCORERS)}')
