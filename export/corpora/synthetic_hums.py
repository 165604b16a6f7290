"""Melodies hummed by synthetic voices, for query by humming where MIR-QBSH is not at hand.

A voice is a glottal source of decaying harmonics behind the resonances of a vowel (Fant 1960). Like people in MIR-QBSH,
singers start at the melody's beginning, in a key and at a tempo of their own, somewhat out of tune and time, and stop
after 8 s at most.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.signal import lfilter, sosfilt

from export.corpora.melodies import MELODIES, Melody

RATE = 8_000
LONGEST = 8.0  # seconds, as in MIR-QBSH
CONTROL = 200  # values a second of pitch and loudness
HIGHEST = 3_800.0  # Hz, above which a harmonic would fold back
LEAD, TAIL = 0.3, 0.25  # seconds of silence before, at most, and after
RISE = 0.04  # seconds in which loudness rises and falls
UNSTEADY = 2.0  # values of pitch over which its irregularity hangs together

# Resonances of an adult voice in Hz (Peterson & Barney 1952; nasal murmur: Fujimura 1962), and their bandwidths.
VOWELS = {
    "ah": ((730, 1090, 2440), (90, 110, 170)),
    "oh": ((570, 840, 2410), (80, 100, 160)),
    "oo": ((300, 870, 2240), (70, 100, 150)),
    "mm": ((250, 1050, 2200), (60, 180, 250)),
}

Floats = NDArray[np.float64]
Samples = NDArray[np.float32]


@dataclass(frozen=True)
class Singer:
    """A voice, and how well it sings.

    Attributes:
        name: tells one from another.
        register: MIDI pitch around which melodies are put.
        vowel: one of VOWELS.
        tract: resonances are so many times an average voice's.
        tilt: harmonic h has amplitude h ** -tilt.
        tempo: how many times as fast as usual.
        vibrato, vibrato_rate: semitones and Hz.
        glide: seconds from note to note.
        dip: share of loudness lost between notes, where a consonant is.
        jitter: semitones of irregular pitch (standard deviation).
        tuning: semitones by which notes miss, each for itself (standard deviation).
        drift: semitones by which the key has strayed after 8 s (standard deviation).
        wrong: share of notes that are a step off.
        rhythm: logarithm of how far a note's length misses (standard deviation).
        breath: noise of breath, as a share of the voice's level.
        noise: dB by which the room is below the voice.
    """

    name: str
    register: float = 57.0
    vowel: str = "ah"
    tract: float = 1.0
    tilt: float = 1.2
    tempo: float = 1.0
    vibrato: float = 0.0
    vibrato_rate: float = 5.5
    glide: float = 0.05
    dip: float = 0.7
    jitter: float = 0.0
    tuning: float = 0.0
    drift: float = 0.0
    wrong: float = 0.0
    rhythm: float = 0.0
    breath: float = 0.0
    noise: float = 60.0


@dataclass(frozen=True)
class Sung:
    """One recording.

    Attributes:
        label: the melody.
        singer: whose it is.
        samples: [n] at 8 kHz.
        pitch: [c] MIDI pitch, CONTROL values a second; None where nobody knows it.
    """

    label: str
    singer: str
    samples: Samples
    pitch: Floats | None = None


def singer(name: str, rng: np.random.Generator) -> Singer:
    """Anyone, from a bass to a soprano and from fair to poor."""
    low = rng.random() < 0.5
    return Singer(
        name=name,
        register=rng.uniform(46, 54) if low else rng.uniform(56, 66),
        vowel=str(rng.choice(list(VOWELS))),
        tract=rng.uniform(0.92, 1.05) if low else rng.uniform(1.05, 1.2),
        tilt=rng.uniform(0.8, 1.6),
        tempo=float(np.exp(rng.uniform(-0.2, 0.2))),
        vibrato=rng.uniform(0, 0.35),
        vibrato_rate=rng.uniform(4.5, 6.5),
        glide=rng.uniform(0.03, 0.1),
        dip=rng.uniform(0.4, 0.95),
        jitter=rng.uniform(0.01, 0.05),
        tuning=rng.uniform(0.1, 0.4),
        drift=rng.uniform(0.1, 0.8),
        wrong=rng.uniform(0, 0.08),
        rhythm=rng.uniform(0.03, 0.12),
        breath=rng.uniform(0.005, 0.05),
        noise=rng.uniform(18, 35),
    )


def hummings(seed: int, singers: int, takes: int, melodies: Sequence[Melody] = MELODIES) -> list[Sung]:
    """Every melody by every one of so many singers, so many times each; the same for the same seed."""
    found = []
    for number, its_seed in enumerate(np.random.SeedSequence(seed).spawn(singers)):
        rng = np.random.default_rng(its_seed)
        voice = singer(f"{seed}-{number}", rng)
        found += [Sung(m.name, voice.name, *performed(m, voice, rng)) for _ in range(takes) for m in melodies]
    return found


def crowd(seed: int, singers: int, melodies: Sequence[Melody]) -> list[Sung]:
    """Every melody by so many singers who sing nothing else; the same for the same seed."""
    found = []
    for melody, its_seed in zip(melodies, np.random.SeedSequence(seed).spawn(len(melodies)), strict=True):
        rng = np.random.default_rng(its_seed)
        voices = [singer(f"{seed}-{melody.name}-{number}", rng) for number in range(singers)]
        found += [Sung(melody.name, voice.name, *performed(melody, voice, rng)) for voice in voices]
    return found


def sing(melody: Melody, singer: Singer, rng: np.random.Generator) -> Samples:
    """How a singer hums the beginning of a melody this time: [n] at 8 kHz, 8 s at most, its peak below 1."""
    return performed(melody, singer, rng)[0]


def performed(melody: Melody, singer: Singer, rng: np.random.Generator) -> tuple[Samples, Floats]:
    """The same, and its MIDI pitch [c], CONTROL values a second."""
    pitches, seconds = attempt(melody, singer, rng)
    control = curves(pitches, seconds, singer, rng)
    pitch, loudness = (to_samples(curve) for curve in control)
    voice = voiced(440 * 2 ** ((pitch - 69) / 12), singer.tilt)
    breath = singer.breath * rng.standard_normal(len(voice))
    mouth = resonate((voice + breath) * loudness, singer)
    mouth /= np.sqrt(np.mean(mouth**2))
    noisy = mouth + 10 ** (-singer.noise / 20) * room(len(mouth), rng)
    samples = cast(Samples, (noisy * (rng.uniform(0.2, 0.9) / np.abs(noisy).max())).astype(np.float32))
    return samples, control[0]


def attempt(melody: Melody, singer: Singer, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """MIDI pitches [n] and seconds [n] of the notes as this singer has them in mind."""
    pitches, seconds = melody.notes()
    key = singer.register - (np.nanmin(pitches) + np.nanmax(pitches)) / 2 + rng.uniform(-2, 2)
    steps = rng.choice([-2, -1, 1, 2], len(pitches)) * (rng.random(len(pitches)) < singer.wrong)
    missed = singer.tuning * rng.standard_normal(len(pitches))
    lengths = np.exp(singer.rhythm * rng.standard_normal(len(pitches))) / (singer.tempo * rng.uniform(0.93, 1.07))
    return pitches + key + steps + missed, seconds * lengths


def curves(pitches: Floats, seconds: Floats, singer: Singer, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """MIDI pitch and loudness (0 to about 1), both [c], CONTROL values a second."""
    lead = rng.uniform(0, LEAD)
    edges = lead + np.concatenate([[0], np.cumsum(seconds)])
    time = np.arange(int(min(LONGEST, edges[-1] + TAIL) * CONTROL)) / CONTROL
    note = np.clip(np.searchsorted(edges, time, side="right") - 1, 0, len(pitches) - 1)
    since, left = time - edges[note], edges[note + 1] - time
    steady = gaussian_filter1d(held(pitches)[note], singer.glide / 2.5 * CONTROL, mode="nearest")
    pitch = steady + ornaments(time, since, singer, rng)
    sounding = np.isfinite(pitches)[note] & (since >= 0) & (left > 0)
    level = sounding * accents(len(pitches), rng)[note] * articulation(since, left, singer.dip)
    return pitch, gaussian_filter1d(level, RISE / 4 * CONTROL, mode="nearest")


def held(pitches: Floats) -> Floats:
    """Pitches [n] where a rest keeps the pitch before it (the first note's, if there is none)."""
    sounding = np.flatnonzero(np.isfinite(pitches))
    before = np.searchsorted(sounding, np.arange(len(pitches)), side="right") - 1
    return pitches[sounding[np.maximum(before, 0)]]


def ornaments(time: Floats, since: Floats, singer: Singer, rng: np.random.Generator) -> Floats:
    """Semitones [c] away from the notes: vibrato, which sets in after a while, a key that strays, irregularity."""
    phase = 2 * np.pi * (singer.vibrato_rate * time + rng.random())
    vibrato = singer.vibrato * np.clip((since - 0.15) / 0.2, 0, 1) * np.sin(phase)
    strays = np.cumsum(rng.standard_normal(len(time))) * singer.drift / np.sqrt(LONGEST * CONTROL)
    # Smoothing over s values makes noise smaller by the root of 2 s sqrt(pi).
    level = singer.jitter * np.sqrt(2 * UNSTEADY * np.sqrt(np.pi))
    irregular = level * gaussian_filter1d(rng.standard_normal(len(time)), UNSTEADY)
    return cast(Floats, vibrato + strays + irregular)


def accents(count: int, rng: np.random.Generator) -> Floats:
    """How loud each note is, [count], within some dB."""
    return np.power(10, rng.normal(0, 1.5, count) / 20)


def articulation(since: Floats, left: Floats, dip: float) -> Floats:
    """Loudness [c] within notes: a consonant at the beginning, a slow decay, a little less at the end."""
    onset = 1 - dip * np.exp(-np.maximum(since, 0) / 0.035)
    return onset * np.exp(-0.4 * np.maximum(since, 0)) * np.clip(left / 0.05, 0.3, 1)


def to_samples(curve: Floats) -> Floats:
    """A curve [c] with a value for each sample [n]."""
    count = len(curve) * RATE // CONTROL
    return cast(Floats, np.interp(np.arange(count) * (CONTROL / RATE), np.arange(len(curve)), curve))


def voiced(frequency: Floats, tilt: float) -> Floats:
    """Harmonics [n] of a fundamental in Hz [n], each as far as it is below what the rate allows."""
    turn = np.exp(2j * np.pi * np.cumsum(frequency) / RATE).astype(np.complex64)
    harmonic, total = np.ones_like(turn), np.zeros(len(turn), np.float32)
    frequency, lowest = frequency.astype(np.float32), frequency.min()
    for h in range(1, int(HIGHEST / lowest) + 1):
        harmonic *= turn  # e^(i h phase)
        total += np.float32(h**-tilt) * harmonic.imag * (frequency * h < HIGHEST)
    return total.astype(np.float64)


def resonate(source: Floats, singer: Singer) -> Floats:
    """A source [n] behind the resonances of the singer's vowel, one pair of poles each."""
    centres, widths = VOWELS[singer.vowel]
    radius = np.exp(-np.pi * np.array(widths) / RATE)
    angle = 2 * np.pi * np.array(centres) * singer.tract / RATE
    a1, a2 = -2 * radius * np.cos(angle), radius**2
    one, none = np.ones(len(angle)), np.zeros(len(angle))
    return cast(Floats, sosfilt(np.stack([1 + a1 + a2, none, none, one, a1, a2], axis=1), source))


def room(count: int, rng: np.random.Generator) -> Floats:
    """Noise [count] of a quiet room, stronger towards low frequencies; its root mean square is 1."""
    noise = lfilter([1.0], [1.0, -0.85], rng.standard_normal(count))
    return cast(Floats, noise / np.sqrt(np.mean(noise**2)))
