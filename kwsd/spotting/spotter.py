"""Keyword spotting in a stream of frames: score track, then detections."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kwsd.keywords.keyword import Keyword
from kwsd.spotting.contrast import EDGE, penalty, usual_excess
from kwsd.spotting.detection import PATIENCE, Detection, Detector, OnRefused, Refuses, ignored, nothing
from kwsd.spotting.recent import Recent, recent_with
from kwsd.spotting.score_track import KeywordScorer, ScoreTrack
from kwsd.tokenizer.codebook import Codebook
from kwsd.tokenizer.frames import Frames

LONGEST_MATCH = 2.0  # times the length of a recording that a match may have
AFTER = 1.0  # s after a match in which it is decided on
NEAR = 0.1  # a keyword that is not seen to come so near to its threshold is not detected in the next frames


class Spotter:
    """A stream of frames to detections of keywords.

    Args:
        keywords: at least one; each brings its own scorer and threshold.
        hop: seconds between frames, `Tokenizer.hop`.
        codebook: `Tokenizer.codebook`.
        refractory: seconds after a detection in which the same keyword is not detected again.
        refuses: whether a detection is none after all; asked where the contrasts of its keyword refuse nothing.
        on_refused: called with each detection that is refused.
    """

    def __init__(
        self,
        keywords: Sequence[Keyword],
        hop: float,
        codebook: Codebook,
        refractory: float = 1.0,
        refuses: Refuses = nothing,
        on_refused: OnRefused = ignored,
    ) -> None:
        kinds = sorted({keyword.scorer for keyword in keywords})
        groups = [[k for k, keyword in enumerate(keywords) if keyword.scorer == kind] for kind in kinds]
        self._scorers = [
            KeywordScorer(kind, [keywords[k] for k in group], hop, codebook)
            for kind, group in zip(kinds, groups, strict=True)
        ]
        self._groups = groups
        self._order = np.argsort([k for group in groups for k in group])
        self._refuses_also, self._on_refused = refuses, on_refused
        self._detector = Detector(keywords, hop, refractory, self._refuses_now)
        self._contrasts = {k: (one.contrasts, usual_excess(one)) for k, one in enumerate(keywords) if one.contrasts}
        contrasted = [t.seconds for keyword in keywords if keyword.contrasts for t in keyword.templates]
        self._memory = LONGEST_MATCH * max(contrasted) + EDGE + AFTER if contrasted else 0.0  # s
        self._recent: Recent = ()  # if any keyword has contrasts

    def push(self, frames: Frames) -> list[Detection]:
        """The detections that are certain with these frames, in the order of their ends."""
        return self.decide(self.track(frames))

    def track(self, frames: Frames) -> ScoreTrack:
        """The score track at these frames; use either `push`, or `track` and then `decide`, for the same frames."""
        if self._contrasts:
            self._recent = recent_with(self._recent, frames, self._memory)
        tracks = [scorer.push(frames) for scorer in self._scorers]
        return ScoreTrack(
            frames.time,
            *(np.hstack([getattr(t, part) for t in tracks])[:, self._order] for part in ("distance", "start", "end")),
        )

    def decide(self, track: ScoreTrack) -> list[Detection]:
        """The detections that are certain with this part of the score track, in the order of their ends."""
        return sorted(self._detector.push(track), key=lambda detection: detection.end)

    def use_thresholds(self, thresholds: Sequence[float]) -> None:
        """Detect the keywords, in their order, by these thresholds from the next frame on."""
        changed = np.array(thresholds)
        self._detector.threshold = changed
        for scorer, group in zip(self._scorers, self._groups, strict=True):
            scorer.use_thresholds(changed[group])

    @property
    def due(self) -> int:
        """Frames that may be pushed at once without making a detection later."""
        if self._detector.is_waiting:
            return 1
        if any(scorer.is_near(NEAR) for scorer in self._scorers):
            return 1 + PATIENCE  # the first frame under the threshold makes no detection yet
        return max(1 + PATIENCE, min(scorer.foresight for scorer in self._scorers))

    def flush(self) -> list[Detection]:
        """The detections that are certain at the end of the stream; then a new stream begins."""
        found = sorted(self._detector.flush(), key=lambda detection: detection.end)
        self.reset()
        return found

    def refuses(self, k: int, detection: Detection) -> bool:
        """Whether a detection of keyword k in the last seconds is none after all."""
        return self._is_nearer_to_another(k, detection) or self._refuses_also(k, detection)

    def _refuses_now(self, k: int, detection: Detection) -> bool:
        refused = self.refuses(k, detection)
        if refused:
            self._detector.reconsider(k, detection.distance)
            self._on_refused(detection)
        return refused

    def _is_nearer_to_another(self, k: int, detection: Detection) -> bool:
        """Whether its distance is above the threshold because a text that sounds alike is nearer than the phrase."""
        if k not in self._contrasts:
            return False
        contrasts, usual = self._contrasts[k]
        # No earlier than what is remembered for any split of the stream.
        start = max(detection.start - EDGE, detection.end - self._memory + AFTER)
        around = Frames.join(self._recent).between(start, detection.end)
        if not len(around):
            return False
        return detection.distance + penalty(around.vectors, contrasts, usual) > detection.threshold

    def reset(self) -> None:
        """Discard the stream and start a new one."""
        self._detector.reset()
        self._recent = ()
        for scorer in self._scorers:
            scorer.reset()
