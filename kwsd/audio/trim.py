"""Endpoint detection: where in a short recording the phrase may be, without silence, clicks and breath."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kwsd.audio.level import STEP, Run, band_energy, energy, joined, loudness, sounds
from kwsd.audio.source import RATE
from kwsd.audio.voicing import speech_like
from kwsd.errors import AudioError

SHORTEST_BURST = 3  # steps; shorter sounds are clicks
WITHIN_BURST = 3  # steps of a pause within one sound
SHORTEST_SOUND = 5  # steps of a sound together with what is near
WITHIN_WORD = 10  # steps of a pause within one word
LONGEST_PAUSE = 30  # steps within one phrase; longer pauses are cut out
WIDEST_PAUSE = 100  # steps between parts of one phrase
AS_LOUD = 10.0  # dB between the loudest steps of such parts, at most
MOST_SOUNDS = 6  # the loudest ones, of which candidates are made
QUIET = 10  # percentile of the level that is the background's
MARGIN = 3  # steps kept before and after the phrase
SHORTEST, LONGEST = 0.2, 5.0  # seconds of speech in a template

Pieces = tuple[
    tuple[float, float], ...
]  # seconds between which a phrase is spoken; long pauses between them are no part


def speech_span(samples: NDArray[np.float32]) -> tuple[float, float]:
    """Start and end, in seconds, of the likeliest phrase in a short recording; as `phrase_spans`."""
    pieces = phrase_spans(samples)[0]
    return pieces[0][0], pieces[-1][1]


def phrase_spans(samples: NDArray[np.float32]) -> list[Pieces]:
    """The stretches of a short recording [n] float32 at 16 kHz that may be the phrase, the likeliest first.

    Each is made of neighbouring sounds, with the pauses between them, or without those that are long.

    Raises:
        AudioError: the recording is empty, silent, or holds too little or too much speech.
    """
    if not len(samples):
        raise AudioError("it is empty: record the phrase again")
    levels = energy(samples), band_energy(samples)
    heard = [_bursts(level) for level in levels]
    _check(heard[0] or heard[1])
    speech = [_words(_speech(runs, level, samples)) for runs, level in zip(heard, levels, strict=True)]
    likeliest = [_likeliest(runs, level) for runs, level in zip(speech, levels, strict=True) if runs]
    found = [*filter(_is_long_enough, likeliest), *likeliest][:1]
    for runs, level in zip([*speech, *map(_words, heard)], levels * 2, strict=True):
        found += _combinations(runs, level)
    usable = [pieces for pieces in dict.fromkeys(found) if _is_long_enough(pieces)]
    if not usable:
        seconds = max((_steps(pieces) for pieces in found), default=0) * STEP / RATE
        raise AudioError(f"it holds {seconds:.2f} s of speech, a keyword needs {SHORTEST} s: say a longer phrase")
    return [_seconds(pieces, len(levels[0])) for pieces in usable]


def _check(runs: list[Run]) -> None:
    if not runs:
        raise AudioError("it holds no speech: record the phrase again, closer to the microphone")
    spoken = sum(last - first for first, last in runs) * STEP / RATE
    if spoken > LONGEST:
        raise AudioError(
            f"it holds {spoken:.1f} s of speech, a keyword has at most {LONGEST:.0f} s: cut the phrase out"
        )


def _bursts(level: NDArray[np.float64]) -> list[Run]:
    return joined(sounds(level, SHORTEST_BURST), WITHIN_BURST)


def _speech(runs: list[Run], level: NDArray[np.float64], samples: NDArray[np.float32]) -> list[Run]:
    """The runs that are like speech, found anew without the others, whose level may have hidden quieter speech."""
    speech = speech_like(runs, samples)
    if len(speech) == len(runs):
        return speech
    cleared = level.copy()
    for first, last in set(runs) - set(speech):
        cleared[first:last] = np.percentile(level, QUIET)
    return speech_like(_bursts(cleared), samples)


def _words(runs: list[Run]) -> list[Run]:
    return [run for run in joined(runs, WITHIN_WORD) if run[1] - run[0] >= SHORTEST_SOUND]


def _likeliest(words: list[Run], level: NDArray[np.float64]) -> tuple[Run, ...]:
    """The phrase of most energy: words with short pauses, and all as loud as these that are not far."""
    loudest = max(float(level[first:last].max()) for first, last in words)
    parts = [run for run in joined(words, LONGEST_PAUSE) if level[run[0] : run[1]].max() > loudest - AS_LOUD]
    near = joined(parts, WIDEST_PAUSE)
    phrase = max(near, key=lambda run: sum(loudness(part, level) for part in parts if run[0] <= part[0] < run[1]))
    return tuple(part for part in parts if phrase[0] <= part[0] < phrase[1])


def _combinations(words: list[Run], level: NDArray[np.float64]) -> list[tuple[Run, ...]]:
    """Neighbouring words as one run with their pauses, and in parts without the long ones."""
    chosen = sorted(sorted(words, key=lambda run: loudness(run, level))[-MOST_SOUNDS:])
    found: list[tuple[Run, ...]] = []
    for first in range(len(chosen)):
        for last in range(first, len(chosen)):
            some = chosen[first : last + 1]
            if len(joined(some, WIDEST_PAUSE)) == 1 and some[-1][1] - some[0][0] <= LONGEST * RATE / STEP:
                found += [((some[0][0], some[-1][1]),), tuple(joined(some, LONGEST_PAUSE))]
    return found


def _steps(pieces: tuple[Run, ...]) -> int:
    return sum(last - first for first, last in pieces)


def _is_long_enough(pieces: tuple[Run, ...]) -> bool:
    return _steps(pieces) * STEP >= SHORTEST * RATE


def _seconds(pieces: tuple[Run, ...], steps: int) -> Pieces:
    kept = ((max(0, first - MARGIN), min(steps, last + MARGIN)) for first, last in pieces)
    return tuple((first * STEP / RATE, last * STEP / RATE) for first, last in kept)
