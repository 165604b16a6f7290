"""The bank of background speech: frames of speech that holds no keyword. Audio cannot be made from them."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kwsd.errors import ModelError
from kwsd.tokenizer.frames import Frames
from kwsd.tokenizer.models import shipped

SCALE = 24  # vectors are kept as integers: a direction needs no more, and small ones take fewer bytes
STRETCH = 64  # frames handed out at a time


@dataclass(frozen=True)
class Bank:
    """Frames of other people's speech, as one stream, in which kinds of speech follow each other.

    Attributes:
        vectors: [n, m] float32 unit vectors.
        tokens: [n] int32.
        hop: seconds between frames.
        model: digest of the tokenizer that made it.
        kinds: for each kind of speech its name, and the index of the frame after its last; at least one.
    """

    vectors: NDArray[np.float32]
    tokens: NDArray[np.int32]
    hop: float
    model: str
    kinds: tuple[tuple[str, int], ...] = ()

    @property
    def hours(self) -> float:
        """Hours of speech in the bank."""
        return len(self.tokens) * self.hop / 3600

    def frames(self) -> Iterator[Frames]:
        """The bank as a stream, STRETCH frames at a time."""
        time = np.arange(len(self.tokens), dtype=np.float64) * self.hop
        for first in range(0, len(time), STRETCH):
            part = slice(first, first + STRETCH)
            yield Frames(time[part], self.vectors[part], self.tokens[part])

    def parts(self) -> dict[str, Bank]:
        """The kinds of speech by their names, each as a bank; one of the name "speech" if no kinds are known."""
        found, first = {}, 0
        for name, end in self.kinds or (("speech", len(self.tokens)),):
            found[name] = Bank(self.vectors[first:end], self.tokens[first:end], self.hop, self.model)
            first = end
        return found

    def check_model(self, model: str) -> None:
        """Raise ModelError if the bank was not made with the model of this digest."""
        if self.model != model:
            raise ModelError(f"the background bank was made with model {self.model}, this is {model}: rebuild it")

    def save(self, path: Path) -> None:
        """Write the bank as .npz, with vectors rounded to 1 / SCALE."""
        small = np.round(self.vectors * SCALE).astype(np.int8)
        names, ends = zip(*self.kinds, strict=True) if self.kinds else ((), ())
        with path.open("wb") as file:
            np.savez_compressed(
                file,
                vectors=small,
                tokens=self.tokens.astype(np.uint16),
                hop=self.hop,
                model=self.model,
                kinds=np.array(names, np.str_),
                ends=np.array(ends, np.int64),
            )

    @classmethod
    def load(cls, path: Path) -> Bank:
        """Read a bank.

        Raises:
            ModelError: the file is missing or is not a bank.
        """
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as data:
                vectors = data["vectors"].astype(np.float32)
                vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
                tokens, hop, model = data["tokens"].astype(np.int32), float(data["hop"]), str(data["model"])
                kinds = zip(data["kinds"].tolist(), data["ends"].tolist(), strict=True) if "kinds" in data else ()
                return cls(vectors, tokens, hop, model, tuple(kinds))
        except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise ModelError(f"the background bank {path} cannot be read: reinstall kwsd") from error

    @classmethod
    def shipped(cls) -> Bank:
        """The bank that belongs to the shipped model."""
        return cls.load(shipped("background.npz"))
