"""Text from file names, devices and other people's files as a terminal and a log can show it."""

from __future__ import annotations

import unicodedata

_ESCAPED = {"Cc", "Cs", "Zl", "Zp"}  # control characters, halves of a character, and separators of lines


def printable(text: str) -> str:
    """The text on one line; control characters and bytes that are not UTF-8 become escapes such as "\\x1b"."""
    return "".join(ascii(letter)[1:-1] if unicodedata.category(letter) in _ESCAPED else letter for letter in text)
