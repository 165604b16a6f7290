"""How probable it is that words are said in a stretch of audio, by the decoder of Whisper tiny.en."""

from __future__ import annotations

import re
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kwsd.errors import ModelError
from kwsd.second_look.encoder import MISSING, Encoder
from kwsd.second_look.written import written

BEFORE = 3  # words of the transcript that the words may follow, at most
TOKENS = 6  # of the transcript that are looked at
LEAST = 1e-8  # probability of a token
PROMPT = "<|startoftranscript|><|notimestamps|>"
SPACE = "\u0120"  # what a token that begins a word begins with
Tokens = tuple[int, ...]


class Decoder:
    """Whisper's decoder over what its encoder has heard.

    Args:
        encoder: of the same model.

    Attributes:
        tokenizer: of its words.

    Raises:
        ModelError: the extra is not installed as a whole.
    """

    def __init__(self, encoder: Encoder) -> None:
        try:
            import tokenizers  # noqa: PLC0415 - an extra
        except ImportError as error:
            raise ModelError(MISSING) from error
        self.tokenizer = tokenizers.Tokenizer.from_file(str(encoder.folder / "tokenizer.json"))
        self._encoder = encoder

    def __call__(self, states: NDArray[np.float32], words: str) -> float:
        """The log-probability of words where they are most probable in the transcript.

        They may follow the first words of the likeliest transcript, none to BEFORE, and anything may follow them. The
        logarithm is the sum over their tokens.

        Args:
            states: [m, WIDTH] of the stretch, see `Encoder.states`.
            words: in small letters, see `plain`.
        """
        rows = [(before, way) for before in self._beginnings(states) for way in self._ways(words, not before)]
        heard = self._encoder.view(np.repeat(states[None], len(rows), axis=0))
        texts = [[*before, *way] for before, way in rows]
        aligned = self._encoder.model.align(heard, self.prompt[:1], texts, len(states))
        return max(
            float(np.log(np.maximum(one.text_token_probs[len(before) :][: len(way)], LEAST)).sum())
            for (before, way), one in zip(rows, aligned, strict=True)
        )

    @cached_property
    def prompt(self) -> list[int]:
        """The tokens that ask for a transcript without times."""
        prompt: list[int] = self.tokenizer.encode(PROMPT, add_special_tokens=False).ids
        return prompt

    def _beginnings(self, states: NDArray[np.float32]) -> list[Tokens]:
        """The whole words with which the likeliest transcript begins: none, the first, the first two, and so on."""
        heard, most = self._encoder.view(states[None]), len(self.prompt) + TOKENS
        found = self._encoder.model.generate(heard, [self.prompt], beam_size=1, max_length=most)
        tokens = tuple(found[0].sequences_ids[0][:TOKENS])
        names = [self.tokenizer.id_to_token(token) or "" for token in tokens]
        starts = [i for i, name in enumerate(names) if name.startswith(SPACE)]
        return [tokens[:i] for i in sorted({0, *starts, len(tokens)})[: BEFORE + 1]]

    def _ways(self, words: str, first: bool) -> list[Tokens]:
        """The tokens of words as they are written, at the beginning of a transcript or within it.

        At the beginning "hey snips", "Hey snips", "Hey Snips" and "Hey, Snips", later the first and the third; the same
        with numbers in digits and titles in short, if there are any.
        """
        ways = set()
        for text in (words, written(words)):
            greeting, _, name = text.partition(" ")
            ways |= {text, _capital(text)}
            if first:
                ways |= {text[:1].upper() + text[1:], _capital(f"{greeting}, {name}" if name else text)}
        return [tuple(self.tokenizer.encode(f" {way}", add_special_tokens=False).ids) for way in sorted(ways)]


def _capital(words: str) -> str:
    """Words, each with a capital letter."""
    return " ".join(word[:1].upper() + word[1:] for word in words.split(" "))


def plain(name: str) -> str:
    """The words of a keyword's name, as they are said: small letters, digits and apostrophes between single spaces."""
    return " ".join(re.findall(r"[\w']+", name.lower().replace("_", " ")))
