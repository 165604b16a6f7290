"""Keywords on disk: one file each, replaced atomically, which is also the form in which they are exchanged."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from kwsd.errors import KeywordError, ModelError, StoreError
from kwsd.frames import Frames
from kwsd.keyword import Keyword, Template, check_name
from kwsd.writing import replacing

FORMAT = 1
SUFFIX = ".kwsd"
TEMPLATE_FACTS = ("recording", "start", "end", "offset", "scale")


def default_folder() -> Path:
    """Where keywords live unless said otherwise: `$XDG_DATA_HOME/kwsd/keywords`."""
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data) / "kwsd" / "keywords"


class Store:
    """A folder of keyword files.

    Raises (all methods):
        StoreError: the folder or a file cannot be read or written, or was written by a newer kwsd.
        KeywordError: there is no such keyword, or there is one already.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def names(self) -> list[str]:
        """The keywords' names in alphabetical order; none if the folder does not exist."""
        if self.folder.exists() and not self.folder.is_dir():
            raise StoreError(f"the keyword store {self.folder} is not a folder: name another with --store")
        try:
            return sorted(path.stem for path in self.folder.glob(f"*{SUFFIX}"))
        except OSError as error:
            raise StoreError(f"the keyword store {self.folder} cannot be read: {error.strerror}") from error

    def load(self, name: str) -> Keyword:
        """One keyword."""
        path = self._path(name)
        if not path.exists():
            known = ", ".join(f'"{n}"' for n in self.names()) or "none yet"
            raise KeywordError(f'there is no keyword "{name}" in {self.folder} (there: {known}): enroll it first')
        return read(path)

    def load_all(self, names: Iterable[str], model: str) -> list[Keyword]:
        """The named keywords, or all if none is named, each made with the model of that digest.

        Raises:
            ModelError: a keyword was made with another model; the message holds the command that makes it anew.
        """
        keywords = [self.load(name) for name in (tuple(names) or self.names())]
        for keyword in keywords:
            check_model(keyword, model)
        return keywords

    def save(self, keyword: Keyword) -> Path:
        """Write or replace a keyword; a reader sees the old file or the new one, never half of one."""
        path = self._path(keyword.name)
        with replacing(path) as file:
            file.write(to_bytes(keyword))
        return path

    def remove(self, name: str) -> None:
        """Delete a keyword, even one that cannot be read."""
        if name not in self.names():
            self.load(name)
        self._path(name).unlink()

    def export(self, name: str, out: Path) -> None:
        """Copy a keyword to a file that `import_file` reads on another machine."""
        keyword = self.load(name)
        with replacing(out) as file:
            file.write(to_bytes(keyword))

    def import_file(self, path: Path, *, replace: bool = False) -> Keyword:
        """Add a keyword from an exported file."""
        keyword = read(path)
        if not replace and self._path(keyword.name).exists():
            raise KeywordError(f'there is a keyword "{keyword.name}" already: pass --replace to overwrite it')
        self.save(keyword)
        return keyword

    def _path(self, name: str) -> Path:
        return self.folder / f"{check_name(name)}{SUFFIX}"


def check_model(keyword: Keyword, model: str) -> None:
    """Refuse a keyword that was made with another model, with the command that makes it anew."""
    if keyword.model == model:
        return
    kept = all(template.audio for template in keyword.templates)
    command = f'kwsd enroll "{keyword.name}" --replace' + ("" if kept else " RECORDINGS...")
    raise ModelError(f'"{keyword.name}" was enrolled with model {keyword.model}, this is {model}: run `{command}`')


def to_bytes(keyword: Keyword) -> bytes:
    """The content of a keyword's file."""
    arrays: dict[str, Any] = {}
    for i, template in enumerate(keyword.templates):
        arrays[f"time_{i}"] = template.heard.time
        arrays[f"vectors_{i}"] = template.heard.vectors
        arrays[f"tokens_{i}"] = template.heard.tokens
        if template.audio is not None:
            arrays[f"audio_{i}"] = np.frombuffer(template.audio, np.uint8)
    facts = {
        "format": FORMAT,
        "name": keyword.name,
        "threshold": keyword.threshold,
        "scorer": keyword.scorer,
        "model": keyword.model,
        "rule": keyword.rule,
        "templates": [{name: getattr(t, name) for name in TEMPLATE_FACTS} for t in keyword.templates],
    }
    buffer = io.BytesIO()
    np.savez(buffer, keyword=np.array(json.dumps(facts)), **arrays)
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
    facts = json.loads(str(data["keyword"]))
    if facts["format"] > FORMAT:
        raise StoreError(f"{path} is of format {facts['format']}, written by a newer kwsd: upgrade this one to read it")
    templates = tuple(
        Template(
            heard=Frames(data[f"time_{i}"], data[f"vectors_{i}"], data[f"tokens_{i}"]),
            audio=data[f"audio_{i}"].tobytes() if f"audio_{i}" in data else None,
            **{name: t[name] for name in TEMPLATE_FACTS},
        )
        for i, t in enumerate(facts["templates"])
    )
    return Keyword(
        check_name(facts["name"]), templates, facts["threshold"], facts["scorer"], facts["model"], facts["rule"]
    )
