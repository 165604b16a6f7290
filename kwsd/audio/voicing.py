"""Where a recording is voiced: the vowels of speech repeat themselves, clicks and breath do not."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from kwsd.audio.level import STEP, Run
from kwsd.audio.source import RATE

WINDOW = 640  # samples over which repetition is looked for, 40 ms
PITCH = (70, 400)  # Hz of voices
BAND = (120, 1200)  # Hz in which it is looked for
VOICED = 0.6  # normalized autocorrelation from which a step is voiced
STEPS = 5  # voiced steps that a run with a vowel has, at least
LONGEST_BURST, LONGEST_CLOSURE = 12, 12  # steps of a final consonant such as "t", and of the silence before it


def speech_like(runs: list[Run], samples: NDArray[np.float32]) -> list[Run]:
    """The runs with a vowel, and those that may be a consonant beside one; all if none has a vowel, as in a whisper.

    Args:
        runs: of a recording.
        samples: [n] float32 at 16 kHz, the recording.
    """
    vowels = [run for run in runs if _voiced_steps(samples, run) >= STEPS]
    short = [run for run in runs if run[1] - run[0] <= LONGEST_BURST]
    near = [run for run in short if any(_apart(run, vowel) <= LONGEST_CLOSURE for vowel in vowels)]
    return sorted({*vowels, *near}) or runs


def _apart(one: Run, other: Run) -> int:
    return max(one[0] - other[1], other[0] - one[1])


def _voiced_steps(samples: NDArray[np.float32], run: Run) -> int:
    """The number of steps of a run whose surrounding window repeats itself at a pitch of voices."""
    around = np.pad(samples, (WINDOW // 2, WINDOW // 2 + STEP))[run[0] * STEP : (run[1] - 1) * STEP + WINDOW]
    windows = sliding_window_view(around, WINDOW)[::STEP]
    power = np.abs(np.fft.rfft(windows, 2 * WINDOW, axis=1)) ** 2
    hertz = np.fft.rfftfreq(2 * WINDOW, 1 / RATE)
    power *= np.where((hertz >= BAND[0]) & (hertz <= BAND[1]), hertz**2, 0)  # pre-emphasis attenuates hum
    correlation = np.fft.irfft(power, axis=1)[:, :WINDOW] / (1 - np.arange(WINDOW) / WINDOW)
    lags = slice(RATE // PITCH[1], RATE // PITCH[0])
    periodic = correlation[:, lags].max(axis=1) > VOICED * correlation[:, 0]
    return int(np.sum(periodic))
