"""How far words are behind what is likeliest said in a stretch of audio, by the decoder of Whisper tiny.en."""

from __future__ import annotations

import re
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kwsd.errors import ModelError
from kwsd.second_look.encoder import MISSING, Encoder
from kwsd.second_look.written import written

BEFORE = 3  # words of the transcript that the words may follow, at most
TOKENS = 14  # of the transcript that are looked at
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
        """By how much words are less probable than as many words of the likeliest transcript in the same place.

        They may follow the first words of the transcript, none to BEFORE, and anything may follow them; where they are
        least behind counts. The difference is of log-probabilities, each the sum over tokens; 0 where the transcript
        holds the words, anywhere, and where they are the likelier ones.

        Args:
            states: [m, WIDTH] of the stretch, see `Encoder.states`.
            words: in small letters, see `plain`.
        """
        transcript, begin = self._transcript(states)
        if _holds(plain(self.tokenizer.decode(transcript)), words):
            return 0.0
        count = words.count(" ") + 1
        rows = [(k, way) for k in range(min(BEFORE + 1, len(begin))) for way in self._ways(words, not k)]
        said, *others = self._probable(states, [transcript, *(transcript[: begin[k]] + way for k, way in rows)])
        behind = min(
            float(said[begin[k] : begin[min(k + count, len(begin) - 1)]].sum() - other[begin[k] :][: len(way)].sum())
            for (k, way), other in zip(rows, others, strict=True)
        )
        return max(0.0, behind)

    @cached_property
    def prompt(self) -> list[int]:
        """The tokens that ask for a transcript without times."""
        prompt: list[int] = self.tokenizer.encode(PROMPT, add_special_tokens=False).ids
        return prompt

    def _transcript(self, states: NDArray[np.float32]) -> tuple[Tokens, list[int]]:
        """The likeliest transcript, and at which of its tokens words begin; last the number of its tokens."""
        heard, most = self._encoder.view(states[None]), len(self.prompt) + TOKENS
        found = self._encoder.model.generate(heard, [self.prompt], beam_size=1, max_length=most)
        tokens = tuple(found[0].sequences_ids[0][:TOKENS])
        names = [self.tokenizer.id_to_token(token) or "" for token in tokens]
        return tokens, sorted({0, *(i for i, name in enumerate(names) if name.startswith(SPACE)), len(tokens)})

    def _probable(self, states: NDArray[np.float32], texts: list[Tokens]) -> list[NDArray[np.float64]]:
        """The log-probability of each token of each text after those before it."""
        heard = self._encoder.view(np.repeat(states[None], len(texts), axis=0))
        aligned = self._encoder.model.align(heard, self.prompt[:1], [list(text) for text in texts], len(states))
        return [np.log(np.maximum(one.text_token_probs, LEAST)) for one in aligned]

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


def _holds(transcript: str, words: str) -> bool:
    """Whether a transcript holds words, as they are said or written."""
    return any(f" {plain(way)} " in f" {transcript} " for way in (words, written(words)))


def _capital(words: str) -> str:
    """Words, each with a capital letter."""
    return " ".join(word[:1].upper() + word[1:] for word in words.split(" "))


def plain(name: str) -> str:
    """The words of a keyword's name, as they are said: small letters, digits and apostrophes between single spaces."""
    return " ".join(re.findall(r"[\w']+", name.lower().replace("_", " ")))
