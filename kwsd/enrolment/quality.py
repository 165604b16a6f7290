"""What makes a recording a poor example of its phrase: it is clipped, quiet, noisy or full of echo."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kwsd.audio.level import STEP, energy
from kwsd.audio.source import RATE
from kwsd.audio.trim import Pieces

CLIPPED = 0.01  # share of the phrase's samples at its largest magnitude; speech that is not clipped has a tenth of it
AT_THE_PEAK = 0.999  # share of the largest magnitude from which a sample counts as that large
QUIET = 0.01  # largest magnitude; a phrase below it is quiet
NOISY = 12.0  # dB from the background to the loudest part of the phrase; fewer are noisy
FALL, FALL_STEPS = 13.0, 8  # dB by which speech without echo falls within so many steps somewhere
ECHO_SHOWS = 24.0  # dB over the background from which the fall can be seen
VOICE_BAND, ABOVE_TELEPHONE = (300, 3400), (4300, 8000)  # Hz
NARROW = -54.0  # dB of the power above the band of a telephone over that of the voice; microphones have more
SHORTEST_BACKGROUND = 0.2  # seconds beside the phrase from which its level is known


def faults(samples: NDArray[np.float32], pieces: Pieces) -> list[str]:
    """Sentences without a subject, such as "is clipped: ...", on what is wrong with a recording.

    Args:
        samples: [n] float32 at 16 kHz.
        pieces: seconds at which the parts of the phrase start and end, see `kwsd.audio.trim.phrase_spans`.
    """
    start, end = pieces[0][0], pieces[-1][1]
    found = level_faults(samples, pieces)
    level = energy(samples)
    first, last = round(start * RATE / STEP), round(end * RATE / STEP)
    over = _decibels_over_background(level, first, last)
    if over < NOISY:
        found.append("is noisy: come closer to the microphone or find a quieter place")
    elif over > ECHO_SHOWS and _fastest_fall(level[first : last + FALL_STEPS]) < FALL:
        found.append("echoes: come closer to the microphone or find a room with curtains and furniture")
    if len(pieces) > 1:
        found.append("has a long pause, which is left out: if one of its parts is not of the phrase, record it again")
    return found


def level_faults(samples: NDArray[np.float32], pieces: Pieces) -> list[str]:
    """Those of `faults` that the input level is to blame for: the recording is quiet or clipped."""
    phrase = np.abs(samples[int(pieces[0][0] * RATE) : int(pieces[-1][1] * RATE)])
    peak = float(phrase.max())
    if peak < QUIET:
        return ["is quiet: raise the input level or come closer to the microphone"]
    if np.mean(phrase >= AT_THE_PEAK * peak) > CLIPPED:
        return ["is clipped: lower the input level or go farther from the microphone"]
    return []


def is_narrow(samples: NDArray[np.float32], pieces: Pieces) -> bool:
    """Whether the phrase has the band of a telephone; arguments as in `faults`."""
    phrase = samples[int(pieces[0][0] * RATE) : int(pieces[-1][1] * RATE)].astype(np.float64)
    power = np.abs(np.fft.rfft(phrase * np.hanning(len(phrase)))) ** 2
    hertz = np.fft.rfftfreq(len(phrase), 1 / RATE)
    voice, above = (power[(hertz > low) & (hertz < high)].sum() for low, high in (VOICE_BAND, ABOVE_TELEPHONE))
    return bool(above < voice * 10 ** (NARROW / 10))


def stands_out(samples: NDArray[np.float32], pieces: Pieces) -> bool:
    """Whether the phrase is so much louder than what is beside it that it is none of its noise."""
    first, last = (round(second * RATE / STEP) for second in (pieces[0][0], pieces[-1][1]))
    return _decibels_over_background(energy(samples), first, last) >= NOISY


def _decibels_over_background(level: NDArray[np.float64], first: int, last: int) -> float:
    """From the median level beside the phrase to the loudest level in it; infinite if there is nothing beside it."""
    beside = np.concatenate([level[:first], level[last:]])
    if len(beside) * STEP / RATE < SHORTEST_BACKGROUND:
        return float("inf")
    return float(level[first:last].max() - np.median(beside))


def _fastest_fall(level: NDArray[np.float64]) -> float:
    """The most dB by which the level falls within FALL_STEPS; echo fills what follows a sound."""
    return float((level[:-FALL_STEPS] - level[FALL_STEPS:]).max())
