"""Keywords in a stream of frames: templates vote, a dip under the threshold is a detection."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kwsd.keywords.keyword import Keyword
from kwsd.spotting.detection import Detection, Detector
from kwsd.spotting.score_track import KeywordScorer, ScoreTrack
from kwsd.tokenizer.codebook import Codebook
from kwsd.tokenizer.frames import Frames


class Spotter:
    """A stream of frames to detections of keywords.

    Args:
        keywords: at least one; each brings its own scorer and threshold.
        hop: seconds between frames, `Tokenizer.hop`.
        codebook: `Tokenizer.codebook`.
        refractory: seconds after a detection in which the same keyword is not detected again.
    """

    def __init__(self, keywords: Sequence[Keyword], hop: float, codebook: Codebook, refractory: float = 1.0) -> None:
        kinds = sorted({keyword.scorer for keyword in keywords})
        groups = [[k for k, keyword in enumerate(keywords) if keyword.scorer == kind] for kind in kinds]
        self._scorers = [
            KeywordScorer(kind, [keywords[k] for k in group], hop, codebook)
            for kind, group in zip(kinds, groups, strict=True)
        ]
        self._order = np.argsort([k for group in groups for k in group])
        self._decider = Detector(keywords, hop, refractory)

    def push(self, frames: Frames) -> list[Detection]:
        """The detections that became certain with these frames, in the order of their ends."""
        return self.decide(self.track(frames))

    def track(self, frames: Frames) -> ScoreTrack:
        """The score track at these frames, keywords in the order given; a frame is pushed here or with `push`, once."""
        tracks = [scorer.push(frames) for scorer in self._scorers]
        return ScoreTrack(
            frames.time,
            *(np.hstack([getattr(t, part) for t in tracks])[:, self._order] for part in ("distance", "start", "end")),
        )

    def decide(self, track: ScoreTrack) -> list[Detection]:
        """The detections that a track brings."""
        return sorted(self._decider.push(track), key=lambda detection: detection.end)

    def flush(self) -> list[Detection]:
        """The detections still waited for when the stream ends; then the spotter starts anew."""
        found = sorted(self._decider.flush(), key=lambda detection: detection.end)
        self.reset()
        return found

    def reset(self) -> None:
        """Forget the stream."""
        self._decider.reset()
        for scorer in self._scorers:
            scorer.reset()
