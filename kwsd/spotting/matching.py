"""Frames against templates: the local costs of each scorer, and the kernels that align them.

Scorers, each a stream over all templates at once:

* `subsequence`: DTW over vectors with an open begin; of the best alignment at each frame, those count that are half to
  twice as long as the template. An unclear frame, far from its own token, may be farther from a template's.
* `dtw`: DTW over vectors in windows of 0.5T, T and 2T (Wav2Tok, eq. 19).
* `codes`: as `subsequence`, but the stream is read from codes of a few bytes, half as many as frames, and costs are
  looked up: a little less accurate, and two or three times as fast where there are thousands of templates.
* `edit`: edit distance with an open begin between a template's vectors and the stream's tokens, six a frame; costs are
  looked up, and an unclear frame may be farther.
* `levenshtein`: plain edit distance over compressed tokens in the windows of eq. 19.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kwsd.errors import ConfigError
from kwsd.scorers import (
    PackedVectors,
    SubsequenceDTW,
    SubsequenceEditDistance,
    WindowedDTW,
    WindowedEditDistance,
    compress,
    paired_products,
)
from kwsd.spotting.matches import Aligner, Matcher, Matches
from kwsd.tokenizer.codebook import MERGED, Codebook, Words, gathered, merged
from kwsd.tokenizer.frames import Frames

UNSAID = 0.8  # share of the shortest template that may still be unsaid when its match is seen to come
FARTHEST = 16  # frames that a match is seen to come beforehand, at most
WINDOWED = 4  # frames that a match of windows is seen to come beforehand
FALL = np.float32(0.2)  # by which the distance of windows falls at most while so many frames of a phrase are spoken
FREE = np.float32(0.5)  # share of a frame's distance from its own token by which it may be off at no cost
USUAL = np.float32(0.46)  # distance of a frame of speech from its token, in the mean
LEAST = FREE * USUAL  # what is free for a usual frame
MOST = np.float32(0.55)  # distance from its token that counts at most: noise is farther from every token
NEAR = np.float32(0.5)  # cosine of a template frame and a frame's tokens from which on these cost nothing
DELETION = 1.25  # times as much as tokens at a right angle
SLOWEST = 2.0  # times as fast or as slow as the template that speech may be, as the windows of eq. 19 have it

FORESEEING = (SubsequenceDTW, SubsequenceEditDistance)  # kernels that know how well the beginnings of templates end

Kernel = Callable[[NDArray[np.int32]], Aligner]


class FrameMatcher(ABC):
    """Templates frame by frame against the stream's, by a kernel; subclasses say what two frames cost."""

    _least = np.float32(0)  # distance of frames that cost nothing

    def __init__(self, phrases: Sequence[Frames], hop: float, kernel: Kernel) -> None:
        self._lengths = np.array([len(phrase) for phrase in phrases], np.int32)
        self._kernel = kernel(self._lengths)
        self._hop = hop
        self._latest: NDArray[np.float32]
        self.foresight = _foresight(self._lengths) if isinstance(self._kernel, FORESEEING) else WINDOWED
        self.reset()

    def push(self, frames: Frames) -> Matches:
        """The matches that end at each of these frames."""
        distance, span = self._kernel.push(self._costs(frames))
        distance += self._least
        distance[(span < self._lengths / SLOWEST) | (span > self._lengths * SLOWEST)] = np.inf
        self._latest = distance[-1] if len(distance) else self._latest
        return Matches(distance, frames.time[:, None] - (span - 0.5) * self._hop)

    def ahead(self) -> NDArray[np.float32]:
        """[k] about the lowest distance that each template can reach within the next `foresight` frames."""
        if isinstance(self._kernel, FORESEEING):
            return self._kernel.beginnings(self.foresight) + self._least
        return self._latest - FALL

    def reset(self) -> None:
        """Forget the stream."""
        self._latest = np.full(len(self._lengths), np.inf, np.float32)
        self._kernel.reset()

    @abstractmethod
    def _costs(self, frames: Frames) -> NDArray[np.float32]:
        """[n, k] what each of these frames costs for each template frame."""


class VectorMatcher(FrameMatcher):
    """Templates' vectors against the stream's, by cosine distance less what is free.

    Where speech is unclear, a frame is far from every token, and from the template frame that it belongs to, too. So a
    share of its distance from its own token is free. What is free for a usual frame is added to a match's distance,
    which so keeps the scale of cosine distances.
    """

    _least = LEAST

    def __init__(self, phrases: Sequence[Frames], hop: float, kernel: Kernel, codebook: Codebook) -> None:
        self._stacked = PackedVectors(np.concatenate([phrase.vectors for phrase in phrases]))
        self._codebook = codebook
        super().__init__(phrases, hop, kernel)

    def _costs(self, frames: Frames) -> NDArray[np.float32]:
        costs = self._stacked.cosine_costs(frames.vectors)
        costs -= free(frames.vectors, frames.tokens, self._codebook)[:, None]
        return np.maximum(costs, np.float32(0), out=costs)


class TokenMatcher(FrameMatcher):
    """Templates' vectors against the stream's tokens, by an edit distance with an open begin.

    The cosine of a template frame and what a frame's tokens stand for together is the sum of what is looked up for each
    token, over the length of that. Tokens cost 0 where the cosine is NEAR or more, and a usual frame costs 1 at a right
    angle; an unclear one costs less, as in `VectorMatcher`. To delete a template frame costs DELETION.
    """

    def __init__(self, phrases: Sequence[Frames], hop: float, codebook: Codebook) -> None:
        vectors = PackedVectors(np.concatenate([phrase.vectors for phrase in phrases]))
        self._scaled = [vectors.inner_products(words) / NEAR for words in codebook.books]
        self._codebook = codebook
        super().__init__(phrases, hop, lambda lengths: SubsequenceEditDistance(lengths, DELETION))

    def _costs(self, frames: Frames) -> NDArray[np.float32]:
        refined = self._codebook.refined(frames.vectors, frames.tokens)
        said, lengths = _stood_for(self._codebook.books, refined)
        unusual = free(said, frames.tokens, self._codebook) - LEAST
        costs = gathered(self._scaled, refined)
        costs /= lengths
        np.subtract((np.float32(1) - unusual / NEAR)[:, None], costs, out=costs)
        return np.maximum(costs, np.float32(0), out=costs)


class CodeMatcher:
    """Templates' vectors against the stream's codes; between two codes the matches stay as they are.

    An unclear code costs less, as an unclear frame does in `VectorMatcher`; its token is that of what it stands for.
    """

    def __init__(self, phrases: Sequence[Frames], hop: float, codebook: Codebook) -> None:
        vectors = [merged(phrase.vectors) for phrase in phrases]
        self._codebook = codebook
        self._cosines = codebook.products(np.concatenate(vectors))  # no template is multiplied in the stream
        self._tokens = Words(codebook.centroids)
        self._lengths = np.array([len(v) for v in vectors], np.int32)
        self._kernel = SubsequenceDTW(self._lengths)
        self._hop = hop * MERGED
        self.foresight = _foresight(self._lengths * MERGED)
        self._waiting: Frames
        self._last: Matches
        self.reset()

    def push(self, frames: Frames) -> Matches:
        """The matches that end at each of these frames."""
        joined = Frames.join([self._waiting, frames])
        whole = len(joined) // MERGED * MERGED
        time = joined.time[:whole].reshape(-1, MERGED).mean(axis=1)
        distance, span = self._kernel.push(self._costs(merged(joined.vectors[:whole])))
        distance += LEAST
        distance[(span < self._lengths / SLOWEST) | (span > self._lengths * SLOWEST)] = np.inf
        held = self._last.then(Matches(distance, time[:, None] - (span - 0.5) * self._hop))
        row = (len(self._waiting) + 1 + np.arange(len(frames))) // MERGED
        self._waiting, self._last = joined.part(whole, len(joined)), held.at(slice(-1, None))
        return held.at(row)

    def ahead(self) -> NDArray[np.float32]:
        """[k] about the lowest distance that each template can reach within the next `foresight` frames."""
        return self._kernel.beginnings(self.foresight // MERGED) + LEAST

    def reset(self) -> None:
        """Forget the stream."""
        self._waiting = Frames.none(self._codebook.stages.shape[2])
        self._last = Matches.none(len(self._lengths))
        self._kernel.reset()

    def _costs(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """[n, k] what the vectors' codes cost for every template vector."""
        codes = self._codebook.encode(vectors)
        said, lengths = _stood_for(self._codebook.stages, codes)
        costs: NDArray[np.float32] = np.float32(1) - gathered(self._cosines, codes) / lengths
        costs -= free(said, self._tokens.nearest(said), self._codebook)[:, None]
        return np.maximum(costs, np.float32(0), out=costs)


class RunMatcher:
    """Templates' compressed tokens against the stream's, by plain edit distance; a new run of tokens is one step."""

    def __init__(self, phrases: Sequence[Frames], hop: float, tokens: int) -> None:
        runs = [compress(phrase.tokens)[0] for phrase in phrases]
        self._costs = (np.arange(tokens)[:, None] != np.concatenate(runs)).astype(np.float32)
        self._kernel = WindowedEditDistance(np.array([len(r) for r in runs], np.int32))
        self._hop = hop
        self._longest = 2 * max(len(r) for r in runs) + 1
        self._count = len(runs)
        self.foresight = WINDOWED
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
        held = self._last.then(changed)
        self._onsets, self._last = onsets[-self._longest :], held.at(slice(-1, None))
        self._token = int(frames.tokens[-1]) if len(frames) else self._token
        return held.at(np.cumsum(fresh))

    def ahead(self) -> NDArray[np.float32]:
        """[k] about the lowest distance that each template can reach within the next `foresight` frames."""
        latest: NDArray[np.float32] = self._last.distance[0] - FALL
        return latest

    def reset(self) -> None:
        """Forget the stream."""
        self._token = -1
        self._onsets = np.zeros(0)
        self._last = Matches.none(self._count)
        self._kernel.reset()


def free(vectors: NDArray[np.float32], tokens: NDArray[np.integer[Any]], codebook: Codebook) -> NDArray[np.float32]:
    """[n] by how much frames may be off at no cost: FREE times the distance of each from its own token, at most MOST.

    Args:
        vectors: [n, m] of length 1.
        tokens: [n] of each.
        codebook: of the model; nothing is free where it has no tokens.
    """
    if not len(codebook):
        return np.zeros(len(vectors), np.float32)
    own: NDArray[np.float32] = 1 - paired_products(vectors, codebook.centroids[tokens])
    return np.minimum(own, MOST, out=own) * FREE


SCORERS = ("subsequence", "dtw", "codes", "edit", "levenshtein")


def matcher(scorer: str, phrases: Sequence[Frames], hop: float, codebook: Codebook) -> Matcher:
    """The matcher of a scorer's name.

    Raises:
        ConfigError: there is no such scorer.
    """
    match scorer:
        case "subsequence":
            return VectorMatcher(phrases, hop, SubsequenceDTW, codebook)
        case "dtw":
            return VectorMatcher(phrases, hop, WindowedDTW, codebook)
        case "codes":
            return CodeMatcher(phrases, hop, codebook)
        case "edit":
            return TokenMatcher(phrases, hop, codebook)
        case "levenshtein":
            return RunMatcher(phrases, hop, len(codebook))
    raise ConfigError(f'there is no scorer "{scorer}": choose one of {", ".join(SCORERS)}')


def _stood_for(
    books: Sequence[NDArray[np.float32]] | NDArray[np.float32], codes: NDArray[Any]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The unit vectors [n, m] that codes [n, s] stand for, and the lengths [n, 1] of the sums of their words."""
    words = gathered(books, codes)
    lengths = np.maximum(np.linalg.norm(words, axis=1, keepdims=True), np.float32(1e-9))
    words /= lengths
    return words, lengths


def _foresight(lengths: NDArray[np.int32]) -> int:
    return max(1, min(FARTHEST, int(UNSAID * lengths.min())))
