"""How an English transcript writes words: numbers in digits, titles in short, "okay" in capitals."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

_ONES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
_TEENS = ["ten", "eleven", "twelve", *(f"{one}teen" for one in ("thir", "four", "fif", "six", "seven", "eigh", "nine"))]
_TENS = [f"{one}ty" for one in ("twen", "thir", "for", "fif", "six", "seven", "eigh", "nine")]
NUMBERS = {
    **{word: i for i, word in enumerate(_ONES + _TEENS)},
    **{word: 10 * i for i, word in enumerate(_TENS, start=2)},
}
SHORT = {"mister": "Mr.", "missus": "Mrs.", "doctor": "Dr.", "saint": "St.", "okay": "OK"}


def written(words: str) -> str:
    """Words as a transcript may write them, the same where it writes them in full.

    "call doctor nine one one" is "call Dr. 911", "route sixty six" is "route 66".

    Args:
        words: in small letters, between single spaces.
    """
    runs = groupby(words.split(), key=lambda word: word in NUMBERS)
    return " ".join(
        _digits(run) if is_number else " ".join(SHORT.get(word, word) for word in run) for is_number, run in runs
    )


def _digits(numbers: Iterable[str]) -> str:
    """The digits of number words in a row; of a ten and what is less than ten they are those of the sum."""
    digits, ten = "", 0
    for value in (NUMBERS[word] for word in numbers):
        if ten and 0 < value < 10:
            digits = f"{digits[:-2]}{ten + value}"
        else:
            digits += str(value)
        ten = value if value >= 20 else 0
    return digits
