"""The same model on every machine of a cluster."""

from __future__ import annotations

import socket
from pathlib import Path

from kwsd.errors import ModelError
from kwsd.tokenizer.models import shipped
from kwsd.tokenizer.tokenizer import Tokenizer


def model_of(tokenizer: Tokenizer) -> tuple[Path | None, str]:
    """Arguments for `same_model`: a model's file, None for the shipped one wherever a node has it, and its digest."""
    return None if tokenizer.path == shipped("base.onnx") else tokenizer.path.absolute(), tokenizer.digest


def same_model(path: Path | None, digest: str) -> Tokenizer:
    """A node's tokenizer; ModelError if it is not the one that was meant."""
    tokenizer = Tokenizer(path)
    if tokenizer.digest != digest:
        raise ModelError(
            f"{socket.gethostname()} has model {tokenizer.digest}, not {digest}: install the same everywhere"
        )
    return tokenizer
