"""A take at a microphone: the phrase is found by itself in live audio, and the take ends when it is quiet again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass

import numpy as np

from kwsd.audio.source import RATE, Samples, Source
from kwsd.audio.trim import Pieces, phrase_spans
from kwsd.enrolment.quality import faults, level_faults, stands_out
from kwsd.errors import AudioError

LOOK = 0.2  # s of audio between two looks for the phrase
AFTER = 0.8  # s of quiet after the phrase with which the take ends; a pause within a phrase is shorter
LONGEST = 10.0  # s of audio in which the phrase must be said
GONE = 5.0  # s without audio after which the microphone is given up


@dataclass(frozen=True)
class LiveTake:
    """A take that can be used.

    Attributes:
        samples: [n] float32 at 16 kHz.
        pieces: seconds at which the parts of the phrase start and end, see `kwsd.audio.trim.phrase_spans`.
        faults: sentences without a subject on what is wrong with it all the same.
    """

    samples: Samples
    pieces: Pieces
    faults: tuple[str, ...]

    @property
    def phrase(self) -> Samples:
        """The samples from the start to the end of the phrase."""
        return self.samples[int(self.pieces[0][0] * RATE) : int(self.pieces[-1][1] * RATE)]


def take_live(source: Source, heard: Callable[[Samples], None]) -> LiveTake:
    """Listen until the phrase was said once.

    Args:
        source: is closed.
        heard: called with the samples as they come, for a level meter.

    Raises:
        AudioError: the take is silent, clipped or quiet, no phrase was said, audio was lost, or none comes.
    """
    samples = _from_first_sound(_until_said(_audio(source), heard))
    if not len(samples):
        raise AudioError("it is silent: check that the microphone is not muted")
    pieces = phrase_spans(samples)[0]
    for fault in level_faults(samples, pieces):
        raise AudioError(f"it {fault}")
    return LiveTake(samples, pieces, tuple(faults(samples, pieces)))


def _until_said(parts: Iterator[Samples], heard: Callable[[Samples], None]) -> Samples:
    samples: Samples = np.zeros(0, np.float32)
    looked = 0
    for part in parts:
        heard(part)
        samples = np.concatenate([samples, part])
        if len(samples) >= LONGEST * RATE:
            break
        if len(samples) - looked >= LOOK * RATE:
            looked = len(samples)
            if _is_said(_from_first_sound(samples)):
                break
    return samples


def _audio(source: Source) -> Iterator[Samples]:
    """The samples of a source as they come."""
    last = time.monotonic()
    with closing(source):
        for block in source.blocks():
            if block.lost:
                raise AudioError("audio was lost in the middle of it: say it again")
            if block.seconds:
                last = time.monotonic()
                yield block.samples
            elif time.monotonic() - last > GONE:
                raise AudioError("the microphone gives no audio: check that it is plugged in")


def _from_first_sound(samples: Samples) -> Samples:
    # A driver may give zeros before the microphone; the room after them would pass for speech.
    return np.trim_zeros(samples, "f")


def _is_said(samples: Samples) -> bool:
    try:
        pieces = phrase_spans(samples)[0]
    except AudioError:  # not yet, or too much so far
        return False
    return pieces[-1][1] <= len(samples) / RATE - AFTER and stands_out(samples, pieces)
