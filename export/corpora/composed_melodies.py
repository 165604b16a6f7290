"""Melodies composed at random, as many as are wanted, so that systems learn from others than they are tested on.

They are like simple songs: bars of common rhythms, a walk through a scale mostly by steps, phrases that come back.
"""

from __future__ import annotations

import numpy as np

from export.corpora.melodies import Melody

LETTERS = "CDEFGAB"
TONICS = "CCCAAD"  # of which C is a major key, A a minor one, D the mode between, without signatures
RHYTHMS = {  # units of a bar, by its beats
    4: ("1 1 1 1", "1 1 2", "2 1 1", "2 2", "3/2 1/2 1 1", "3/2 1/2 2", "1/2 1/2 1 1 1", "1 1/2 1/2 2", "3 1", "4"),
    3: ("1 1 1", "2 1", "1 2", "3/2 1/2 1", "1/2 1/2 1 1", "1 1/2 1/2 1", "3"),
}
FORMS = ("AABA", "ABAC", "AABB", "ABCA", "ABCB", "ABCD")
BARS = 2  # of a phrase
LEAPS = (0, 1, 2, 3, 4, 5)  # steps of the scale from one note to the next
SHARES = (0.17, 0.45, 0.2, 0.1, 0.05, 0.03)
LOWEST, HIGHEST = -4, 8  # steps from the tonic


def composed(count: int, seed: int) -> tuple[Melody, ...]:
    """So many melodies, the same for the same seed; those of another seed have other names and other notes."""
    rng = np.random.default_rng(seed)
    return tuple(_melody(f"composed {seed}-{number}", rng) for number in range(count))


def _melody(name: str, rng: np.random.Generator) -> Melody:
    tonic = LETTERS.index(str(rng.choice(list(TONICS))))
    beats, form = int(rng.choice([4, 4, 3])), str(rng.choice(FORMS))
    phrases = {part: _phrase(tonic, beats, rng) for part in sorted(set(form))}
    unit = round(float(rng.uniform(0.26, 0.5)), 3)
    return Melody(name, "C", unit, " | ".join(phrases[part] for part in form))


def _phrase(tonic: int, beats: int, rng: np.random.Generator) -> str:
    """The notes of BARS bars, in the notation of `Melody`."""
    step, bars = int(rng.choice([-3, 0, 0, 2, 4, 7])), []
    for rhythm in rng.choice(RHYTHMS[beats], BARS):
        notes = []
        for units in rhythm.split():
            notes.append(_note(tonic + step, units))
            step = _next(step, rng)
        bars.append(" ".join(notes))
    return " | ".join(bars)


def _next(step: int, rng: np.random.Generator) -> int:
    """A step of the scale to go on with: near, and rather towards the middle than away from it."""
    upwards = rng.random() < 0.5 - 0.06 * (step - (LOWEST + HIGHEST) / 2)
    following = step + int(rng.choice(LEAPS, p=SHARES)) * (1 if upwards else -1)
    return int(np.clip(following, LOWEST, HIGHEST))


def _note(degree: int, units: str) -> str:
    """A note of the scale without signs, 0 being middle C."""
    octave, letter = divmod(degree, len(LETTERS))
    name = LETTERS[letter] + "," * -octave if octave < 1 else LETTERS[letter].lower() + "'" * (octave - 1)
    return f"{name}{units}"
