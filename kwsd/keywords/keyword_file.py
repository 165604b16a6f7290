"""The file format of a keyword: an .npz archive with a JSON header and the arrays of each template."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from kwsd.errors import StoreError
from kwsd.keywords.keyword import Keyword, Template, check_name
from kwsd.tokenizer.frames import Frames

FORMAT = 1
TEMPLATE_FIELDS = ("recording", "start", "end", "offset", "scale")


def to_bytes(keyword: Keyword) -> bytes:
    """The content of a keyword's file."""
    arrays: dict[str, Any] = {}
    for i, template in enumerate(keyword.templates):
        arrays[f"time_{i}"] = template.heard.time
        arrays[f"vectors_{i}"] = template.heard.vectors
        arrays[f"tokens_{i}"] = template.heard.tokens
        if template.audio is not None:
            arrays[f"audio_{i}"] = np.frombuffer(template.audio, np.uint8)
    header = {
        "format": FORMAT,
        "name": keyword.name,
        "threshold": keyword.threshold,
        "scorer": keyword.scorer,
        "model": keyword.model,
        "rule": keyword.rule,
        "templates": [{name: getattr(t, name) for name in TEMPLATE_FIELDS} for t in keyword.templates],
    }
    buffer = io.BytesIO()
    np.savez(buffer, keyword=np.array(json.dumps(header)), **arrays)
    return buffer.getvalue()


def read(path: Path) -> Keyword:
    """The keyword in a file.

    Raises:
        StoreError: the file is missing, damaged, not a keyword, or of a newer format.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as data:
            return _from_arrays(data, path)
    except OSError as error:
        raise StoreError(f"the keyword file {path} cannot be read: {error.strerror or error}") from error
    except (KeyError, TypeError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise StoreError(f"{path} is not a keyword file or is damaged: enroll the keyword again") from error


def _from_arrays(data: Any, path: Path) -> Keyword:
    header = json.loads(str(data["keyword"]))
    if header["format"] > FORMAT:
        raise StoreError(
            f"{path} is of format {header['format']}, written by a newer kwsd: upgrade this one to read it"
        )
    templates = tuple(
        Template(
            heard=Frames(data[f"time_{i}"], data[f"vectors_{i}"], data[f"tokens_{i}"]),
            audio=data[f"audio_{i}"].tobytes() if f"audio_{i}" in data else None,
            **{name: t[name] for name in TEMPLATE_FIELDS},
        )
        for i, t in enumerate(header["templates"])
    )
    return Keyword(
        check_name(header["name"]), templates, header["threshold"], header["scorer"], header["model"], header["rule"]
    )
