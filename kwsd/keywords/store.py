"""The keyword store: a folder with one file per keyword, each replaced atomically."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from kwsd.atomic_write import replacing
from kwsd.errors import KeywordError, ModelError, StoreError
from kwsd.keywords import experience
from kwsd.keywords.keyword import Keyword, Template, check_name
from kwsd.keywords.keyword_file import read, to_bytes
from kwsd.tokenizer.tokenizer import Tokenizer

SUFFIX = ".kwsd"


def default_folder() -> Path:
    """The folder of the default store: `$XDG_DATA_HOME/kwsd/keywords`, or `~/.local/share/kwsd/keywords`."""
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
        """The names of the keywords in alphabetical order; an empty list if the folder does not exist."""
        try:
            if self.folder.exists() and not self.folder.is_dir():
                raise StoreError(f"the keyword store {self.folder} is not a folder: name another with --store")
            return sorted(path.stem for path in self.folder.glob(f"*{SUFFIX}"))
        except OSError as error:
            raise StoreError(f"the keyword store {self.folder} cannot be read: {error.strerror}") from error

    def version(self, suffixes: tuple[str, ...] = (SUFFIX,)) -> object:
        """A value that is equal to that of another call as long as no keyword was added, changed or removed.

        Args:
            suffixes: of the files that count; with `experience.SUFFIX` also what was learned.
        """
        try:
            with os.scandir(self.folder) as entries:
                found = [(entry.name, entry.stat()) for entry in entries if entry.name.endswith(suffixes)]
        except OSError:
            return None
        return frozenset((name, status.st_ino, status.st_size, status.st_mtime_ns) for name, status in found)

    def load(self, name: str) -> Keyword:
        """Read a keyword."""
        path = self._path(name)
        if not path.exists():
            known = ", ".join(f'"{n}"' for n in self.names()) or "none yet"
            raise KeywordError(f'there is no keyword "{name}" in {self.folder} (there: {known}): enroll it first')
        keyword = read(path)
        if keyword.name != check_name(name):
            raise StoreError(f'{path} holds the keyword "{keyword.name}": move it away and import it')
        return keyword

    def load_all(self, names: Iterable[str], tokenizer: Tokenizer) -> list[Keyword]:
        """Read the named keywords, or all if there are no names.

        Raises:
            ModelError: a keyword was not made with the tokenizer's model; the message has the command to run.
        """
        keywords = [self.load(name) for name in (tuple(names) or self.names())]
        for keyword in keywords:
            check_model(keyword, tokenizer)
        return keywords

    def others(self, name: str, tokenizer: Tokenizer) -> list[Keyword]:
        """The keywords of other names; those that cannot be read or are of another model are left out."""
        found = []
        for other in self.names():
            if other != name:
                with suppress(KeywordError, ModelError, StoreError):
                    found += self.load_all([other], tokenizer)
        return found

    def save(self, keyword: Keyword) -> Path:
        """Write or replace a keyword atomically: a reader sees the old file or the new one. Returns its path."""
        self.check_spelling(keyword.name)
        path, content = self._path(keyword.name), to_bytes(keyword)
        with replacing(path) as file:
            file.write(content)
        return path

    def check_spelling(self, name: str) -> None:
        """Raise KeywordError if another keyword differs from this name by capitals or by the code of a letter only.

        Such names are one file on macOS and Windows.
        """
        normal = check_name(name)
        for other in self.names():
            if _folded(other) == _folded(normal) and check_name(other) != normal:
                raise KeywordError(
                    f'there is a keyword "{other}", which is the same name as "{normal}" on other systems: '
                    "use that spelling, or remove it first"
                )

    def remove(self, name: str) -> None:
        """Delete a keyword, even one that cannot be read, and what was learned about it."""
        if name not in self.names():
            self.load(name)
        path = self._path(name)
        try:
            path.unlink()
            path.with_suffix(experience.SUFFIX).unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(f'the keyword "{name}" in {self.folder} cannot be removed: {error.strerror}') from error

    def export(self, name: str, out: Path) -> None:
        """Copy a keyword to a file that `import_file` reads on another machine."""
        content = to_bytes(self.load(name))
        with replacing(out) as file:
            file.write(content)

    def import_file(self, path: Path, *, replace: bool = False) -> Keyword:
        """Add a keyword from an exported file."""
        keyword = read(path)
        if not replace and self._path(keyword.name).exists():
            raise KeywordError(f'there is a keyword "{keyword.name}" already: pass --replace to overwrite it')
        self.save(keyword)
        return keyword

    def _path(self, name: str) -> Path:
        """The keyword's file; one that another system named with other codes for the same letters is found, too."""
        normal = check_name(name)
        path = self.folder / f"{normal}{SUFFIX}"
        if path.exists():
            return path
        same = (other for other in self.names() if unicodedata.normalize("NFC", other) == normal)
        return self.folder / f"{next(same, normal)}{SUFFIX}"


def check_model(keyword: Keyword, tokenizer: Tokenizer) -> None:
    """Check that a keyword was made with the model of this tokenizer, and that its frames fit the model.

    Raises:
        ModelError: it was made with another model; the message has the command that enrols it again.
    """
    if keyword.model != tokenizer.digest:
        problem = f'"{keyword.name}" was enrolled with model {keyword.model}, this is {tokenizer.digest}'
    elif not all(_fits(template, tokenizer) for template in (*keyword.templates, *keyword.negatives)):
        problem = f'the frames of "{keyword.name}" are not those of model {tokenizer.digest}'
    else:
        return
    kept = all(template.audio for template in (*keyword.templates, *keyword.negatives))
    command = f'kwsd enroll "{keyword.name}" --replace' + ("" if kept else " RECORDINGS...")
    raise ModelError(f"{problem}: run `{command}`")


def _fits(template: Template, tokenizer: Tokenizer) -> bool:
    heard = template.heard
    return heard.vectors.shape[1] == tokenizer.dim and bool((heard.tokens < len(tokenizer.codebook)).all())


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
