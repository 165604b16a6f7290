"""The files that ship: the tokenizer, its model card, and the bank of background speech made with it."""

from pathlib import Path


def shipped(name: str) -> Path:
    """The path of a shipped file, which may be missing."""
    return Path(__file__).parent / name
