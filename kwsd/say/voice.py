"""A synthetic voice, and the languages that it speaks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import TypeVar

from kwsd.audio.source import Samples

T = TypeVar("T")

Speak = Callable[[str, float], Samples]
"""A text and a tempo, of which 1 is the voice's usual one and 1.2 a fifth faster, to samples [n] at 16 kHz."""


@dataclass(frozen=True)
class Voice:
    """A synthetic voice.

    Attributes:
        engine: what synthesises it, such as "flite".
        name: as the engine calls it.
        speak: what makes it say a text; it raises SayError.
    """

    engine: str
    name: str
    speak: Speak

    def __str__(self) -> str:
        return f"{self.engine} {self.name}"


def speaks(spoken: str, wanted: str) -> bool:
    """Whether a language that a voice speaks ("en-us") is the wanted one ("en", "en-US", "en_US")."""
    known, asked = (language.lower().replace("_", "-") for language in (spoken, wanted))
    return known == asked or known.startswith(f"{asked}-")


def in_turn(groups: Sequence[Sequence[T]]) -> list[T]:
    """The first of each group, then the second of each that has one, and so on."""
    return [one for one in chain.from_iterable(zip_longest(*groups)) if one is not None]
