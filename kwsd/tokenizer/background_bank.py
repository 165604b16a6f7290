"""The bank of background speech: frames of speech that holds no keyword. Audio cannot be made from them."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kwsd.errors import ModelError
from kwsd.tokenizer.codebook import Codebook
from kwsd.tokenizer.frames import Frames
from kwsd.tokenizer.models import shipped

STRETCH = 512  # frames handed out at a time


@dataclass(frozen=True)
class Bank:
    """Frames of other people's speech, as one stream, in which kinds of speech follow each other.

    Attributes:
        codes: [n, s] uint8, the vectors as `Codebook.encode` rounds them, each frame by itself.
        stages: [s, 256, m] float32 code words.
        tokens: [n] int32.
        hop: seconds between frames.
        model: digest of the tokenizer that made it.
        kinds: for each kind of speech its name, and the index of the frame after its last; at least one.
    """

    codes: NDArray[np.uint8]
    stages: NDArray[np.float32]
    tokens: NDArray[np.int32]
    hop: float
    model: str
    kinds: tuple[tuple[str, int], ...] = ()

    @classmethod
    def of(
        cls, frames: Frames, codebook: Codebook, hop: float, model: str, kinds: tuple[tuple[str, int], ...] = ()
    ) -> Bank:
        """The bank of these frames; what else it has, see above."""
        return cls(codebook.encode(frames.vectors), codebook.stages, frames.tokens, hop, model, kinds)

    @property
    def vectors(self) -> NDArray[np.float32]:
        """[n, m] the unit vectors that codes stand for, made anew each time: they take 64 times the memory."""
        return self._codebook.decode(self.codes)

    @cached_property
    def _codebook(self) -> Codebook:
        """The code words, without tokens."""
        return Codebook(np.zeros((0, self.stages.shape[2]), np.float32), self.stages)

    @property
    def hours(self) -> float:
        """Hours of speech in the bank."""
        return len(self.tokens) * self.hop / 3600

    def frames(self) -> Iterator[Frames]:
        """The bank as a stream, STRETCH frames at a time."""
        time = np.arange(len(self.tokens), dtype=np.float64) * self.hop
        for first in range(0, len(time), STRETCH):
            part = slice(first, first + STRETCH)
            yield Frames(time[part], self._codebook.decode(self.codes[part]), self.tokens[part])

    def parts(self) -> dict[str, Bank]:
        """The kinds of speech by their names, each as a bank; one of the name "speech" if no kinds are known."""
        found, first = {}, 0
        for name, end in self.kinds or (("speech", len(self.tokens)),):
            found[name] = self._between(slice(first, end))
            first = end
        return found

    def _between(self, part: slice) -> Bank:
        return replace(self, codes=self.codes[part], tokens=self.tokens[part], kinds=())

    def beginning(self, hours: float) -> Bank:
        """The first hours of each kind."""
        count = round(hours * 3600 / self.hop)
        begun = {name: part._between(slice(count)) for name, part in self.parts().items()}
        codes, tokens = (np.concatenate([getattr(one, name) for one in begun.values()]) for name in ("codes", "tokens"))
        ends = np.cumsum([len(one.tokens) for one in begun.values()]).tolist()
        return replace(self, codes=codes, tokens=tokens, kinds=tuple(zip(begun, ends, strict=True)))

    def kept(self, frames: Frames) -> Frames:
        """Frames as they would be in the bank: with what their codes stand for in the place of their vectors."""
        return replace(frames, vectors=self._codebook.decode(self._codebook.encode(frames.vectors)))

    def check_model(self, model: str) -> None:
        """Raise ModelError if the bank was not made with the model of this digest."""
        if self.model != model:
            raise ModelError(f"the background bank was made with model {self.model}, this is {model}: rebuild it")

    def save(self, path: Path) -> None:
        """Write the bank as .npz, with code words in float16."""
        names, ends = zip(*self.kinds, strict=True) if self.kinds else ((), ())
        with path.open("wb") as file:
            np.savez_compressed(
                file,
                codes=self.codes,
                stages=self.stages.astype(np.float16),
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
                codes, stages = data["codes"].astype(np.uint8), data["stages"].astype(np.float32)
                tokens, hop, model = data["tokens"].astype(np.int32), float(data["hop"]), str(data["model"])
                kinds = zip(data["kinds"].tolist(), data["ends"].tolist(), strict=True)
                return cls(codes, stages, tokens, hop, model, tuple(kinds))
        except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise ModelError(f"the background bank {path} cannot be read: reinstall kwsd") from error

    @classmethod
    def shipped(cls) -> Bank:
        """The bank that belongs to the shipped model."""
        return cls.load(shipped("background.npz"))
