"""MIR-QBSH: melodies hummed or sung from the start of a song, with their pitch marked by hand."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from export.corpora.files import audio, folders, lines, named, seconds_of
from export.corpora.utterance import Utterance
from export.corpus import CorpusError

PITCHES = 31.25  # a second: frames of 256 samples at 8 kHz


def read(root: Path) -> list[Utterance]:
    """The recordings of all years; the text is the song's number, the speaker "YEAR/PERSON".

    Names may be in any letter case. A recording whose `.pv` is missing has no pitch.

    Raises:
        CorpusError: the folder is not MIR-QBSH, or a recording cannot be read.
    """
    persons = [person for year in _years(root) for person in folders(year)]
    found = [_utterance(wav) for person in persons for wav in audio(person, (".wav",))]
    if not found:
        raise CorpusError(f"{root} is not MIR-QBSH: no person's folder holds a .wav; unpack it again")
    return found


def pitch_of(utterance: Utterance) -> NDArray[np.float32]:
    """The pitches [t] of a melody in semitones (MIDI numbers), PITCHES a second, 0 where nothing is sung.

    Raises:
        CorpusError: it has none, or they cannot be read.
    """
    if utterance.pitch is None:
        raise CorpusError(f"{utterance.path} has no pitches: there is no .pv beside it; unpack MIR-QBSH again")
    try:
        values = np.array(" ".join(lines(utterance.pitch)).split(), np.float32)
    except ValueError as error:
        raise CorpusError(f"{utterance.pitch} is not a list of pitches ({error}): unpack MIR-QBSH again") from error
    return cast(NDArray[np.float32], np.nan_to_num(values, nan=0.0))


def _years(root: Path) -> list[Path]:
    waves = named(root, "wavefile") or root
    years = [path for path in folders(waves) if path.name.lower().startswith("year")]
    if not years:
        raise CorpusError(
            f"{root} is not MIR-QBSH: it has no waveFile with folders such as year2003; name the folder that holds it"
        )
    return years


def _utterance(wav: Path) -> Utterance:
    speaker = f"{wav.parent.parent.name}/{wav.parent.name}".lower()
    beside = next((path for ending in (".pv", ".PV") if (path := wav.with_suffix(ending)).is_file()), None)
    return Utterance(wav, speaker, wav.stem.lower(), seconds=seconds_of(wav), pitch=beside)
