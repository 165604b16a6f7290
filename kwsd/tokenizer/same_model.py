"""Checks that every machine of a cluster runs the same model."""

from __future__ import annotations

import socket
from pathlib import Path

from kwsd.errors import ModelError
from kwsd.tokenizer.models import shipped
from kwsd.tokenizer.tokenizer import Tokenizer


def model_of(tokenizer: Tokenizer) -> tuple[Path | None, str]:
    """The arguments of `same_model`: the model's file, None for the shipped one of each machine, and its digest."""
    return None if tokenizer.path == shipped("base.onnx") else tokenizer.path.absolute(), tokenizer.digest


def same_model(path: Path | None, digest: str) -> Tokenizer:
    """The tokenizer of this machine.

    Raises:
        ModelError: the file is missing, or its digest is another.
    """
    tokenizer = Tokenizer(path)
    if tokenizer.digest != digest:
        raise ModelError(
            f"{socket.gethostname()} has model {tokenizer.digest}, not {digest}: install the same everywhere"
        )
    return tokenizer
