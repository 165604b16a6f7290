"""Wake phrases and their near ones, spoken by the free voices of flite and eSpeak NG."""

from __future__ import annotations

import shutil
import subprocess
import zlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile as sf
from tqdm import tqdm

from benchmarks import corpora
from benchmarks.corpora import RATE, CorpusError
from benchmarks.near_phrases import PHRASES
from benchmarks.near_trials import Trial
from export.spoken_queries import Said
from kwsd.audio.trim import speech_span

NEEDED = {"flite": "flite", "espeak-ng": "espeak-ng"}  # programs, and Debian's packages of them
QUIET = 10 ** (-60 / 20)  # amplitude of the noise around a phrase, RMS
AROUND = 1.0  # seconds of it on each side
WORDS_A_MINUTE = 165  # of eSpeak NG at tempo 1


@dataclass(frozen=True)
class Voice:
    """A voice at a tempo.

    Attributes:
        program: "flite" or "espeak-ng".
        name: as the program calls it.
        tempo: 1 is the program's usual one, 1.2 a fifth faster.
    """

    program: str
    name: str
    tempo: float = 1.0

    @property
    def speaker(self) -> str:
        """A name of its own, also as a folder."""
        return f"{self.program} {self.name} {self.tempo:g}"

    def command(self, text: str, out: Path) -> list[str]:
        """The command that writes a WAV file."""
        if self.program == "flite":
            stretch = f"duration_stretch={1 / self.tempo}"
            return ["flite", "-voice", self.name, "--setf", stretch, "-t", text, "-o", str(out)]
        return ["espeak-ng", "-v", self.name, "-s", str(round(WORDS_A_MINUTE * self.tempo)), "-w", str(out), text]


ENROLLED = (
    Voice("flite", "slt"),
    Voice("flite", "rms", 1.1),
    Voice("flite", "awb"),
    Voice("espeak-ng", "en-us+f2"),
    Voice("espeak-ng", "en-gb+m3", 0.9),
)
TESTED = (
    Voice("flite", "kal16", 0.9),
    Voice("flite", "slt", 0.85),
    Voice("flite", "slt", 1.2),
    Voice("flite", "rms", 0.9),
    Voice("flite", "awb", 1.2),
    Voice("espeak-ng", "en-us+m1"),
    Voice("espeak-ng", "en-us+f5", 1.15),
    Voice("espeak-ng", "en-us+m4", 0.9),
    Voice("espeak-ng", "en-gb+f4", 0.85),
    Voice("espeak-ng", "en-gb-x-rp+m7"),
    Voice("espeak-ng", "en-us-nyc+f1"),
    Voice("espeak-ng", "en-gb-scotland+m5", 1.1),
)


def voices() -> list[Trial]:
    """Each wake phrase enrolled by five voices and tried on others and on other tempos.

    What was spoken before is kept below the cache.

    Raises:
        CorpusError: a program that speaks is not installed.
    """
    missing = [package for program, package in NEEDED.items() if not shutil.which(program)]
    if missing:
        raise CorpusError(f"the voices are not all installed: apt-get install {' '.join(missing)}")
    texts = [text for phrase, near in PHRASES.items() for text in (phrase, *near)]
    wanted = [(voice, text) for text in texts for voice in (*ENROLLED, *TESTED)]
    with ThreadPoolExecutor() as pool:
        list(tqdm(pool.map(lambda pair: _file(*pair), wanted), desc="speak", total=len(wanted), unit="phrase"))
    return [
        Trial(phrase, _said(ENROLLED, phrase), _said(TESTED, phrase), tuple(s for t in near for s in _said(TESTED, t)))
        for phrase, near in PHRASES.items()
    ]


def _said(chosen: Sequence[Voice], text: str) -> tuple[Said, ...]:
    paths = [_file(voice, text) for voice in chosen]
    spans = [speech_span(corpora.read(path)) for path in paths]
    return tuple(Said(text, path, voice.speaker, *span) for voice, path, span in zip(chosen, paths, spans, strict=True))


def _file(voice: Voice, text: str) -> Path:
    """The recording of a text by a voice, between faint noise; spoken now if it was not before."""
    path = corpora.default_cache() / "near" / voice.speaker / f"{text}.flac"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        spoken = path.with_suffix(".wav")
        subprocess.run(voice.command(text, spoken), check=True, capture_output=True)
        rng = np.random.default_rng(zlib.crc32(path.name.encode()))
        samples, part = np.pad(corpora.read(spoken), round(AROUND * RATE)), path.with_suffix(".part")
        sf.write(part, samples + QUIET * rng.standard_normal(len(samples)), RATE, format="FLAC")
        part.replace(path)
        spoken.unlink()
    return path
