"""Which frames are speech and not a pause, breath or noise: a linear discriminant of their vectors (Fisher 1936)."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kwsd.errors import ModelError
from kwsd.tokenizer.models import shipped


@dataclass(frozen=True)
class VoiceActivity:
    """A discriminant of speech.

    Attributes:
        weights: [m] float32.
        bias: added to the inner product of a vector and the weights; above 0 on average in speech.
        model: digest of the tokenizer whose vectors it is for.
    """

    weights: NDArray[np.float32]
    bias: float
    model: str

    def save(self, path: Path) -> None:
        """Write it as .npz."""
        with path.open("wb") as file:
            np.savez(file, weights=self.weights, bias=self.bias, model=self.model)

    @classmethod
    def load(cls, path: Path) -> VoiceActivity:
        """Read one.

        Raises:
            ModelError: the file is missing or is none.
        """
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as data:
                return cls(data["weights"].astype(np.float32), float(data["bias"]), str(data["model"]))
        except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise ModelError(f"the discriminant of speech {path} cannot be read: reinstall kwsd") from error

    @classmethod
    def for_model(cls, model: str) -> VoiceActivity | None:
        """That of the model of this digest, or None if there is none: one ships, for the model that ships."""
        found = cls.shipped()
        return found if found.model == model else None

    @classmethod
    def shipped(cls) -> VoiceActivity:
        """That of the shipped model."""
        return cls.load(shipped("voice-activity.npz"))
