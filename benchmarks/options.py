"""Options that benchmarks share, and the file of figures that `--out` writes."""

from __future__ import annotations

import json
from dataclasses import asdict, is_dataclass
from pathlib import Path

import click
import numpy as np

FILE = click.Path(path_type=Path)

shared = click.option("--shared", type=FILE, default=Path("../shared"), show_default=True)
model = click.option("--model", type=FILE, default=None, help="ONNX file; the shipped model if not given.")
bank = click.option("--bank", type=FILE, default=None, help="Background bank of that model.")
out = click.option("--out", type=FILE, default=None, help="Write the figures as JSON.")


def write(figures: object, path: Path | None) -> None:
    """Write figures, in which data classes, arrays and paths may stand, as JSON if a file is named."""
    if path:
        path.write_text(json.dumps(figures, indent=1, default=_plain))


def _plain(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{value!r} has no place in JSON")
