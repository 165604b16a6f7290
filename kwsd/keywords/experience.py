"""What was learned about a keyword while kwsd listened: a small file of JSON beside the keyword's own."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from kwsd.atomic_write import replacing
from kwsd.errors import StoreError
from kwsd.keywords.keyword import Keyword

SUFFIX = ".learned"
FORMAT = 1

Hours = Annotated[float, Meta(ge=0, le=1e9)]


class Experience(msgspec.Struct):
    """What was heard at or under the threshold of a keyword.

    Attributes:
        keyword: the digest of the keyword that was listened for, see `digest`.
        hours: how long was listened in all.
        dips: for each time, in their order, the hours listened up to then and the lowest distance.
        format: of the file.
    """

    keyword: str
    hours: Hours = 0.0
    dips: list[tuple[Hours, float]] = []
    format: Annotated[int, Meta(ge=1, le=FORMAT)] = FORMAT


def digest(keyword: Keyword) -> str:
    """A digest of a keyword's recordings, scorer and threshold: experience of another does not hold for it."""
    known = hashlib.blake2b(f"{keyword.scorer} {keyword.model} {keyword.threshold!r}".encode(), digest_size=16)
    for template in keyword.templates:
        known.update(f"{template.start!r} {template.end!r} {template.offset!r} {template.scale!r}".encode())
        known.update(template.heard.vectors.tobytes())
    return known.hexdigest()


def beside(folder: Path, keyword: Keyword) -> Path:
    """The file of a keyword's experience in a store."""
    return folder / f"{keyword.name}{SUFFIX}"


def load(path: Path, keyword: Keyword) -> Experience:
    """The experience with a keyword in a file; none where the file is missing or of another keyword.

    Raises:
        StoreError: the file cannot be read or is damaged.
    """
    new = Experience(digest(keyword))
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Experience)
    except FileNotFoundError:
        return new
    except OSError as error:
        raise StoreError(f"{path} cannot be read ({error.strerror}): what was learned is not used") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise StoreError(f"{path} is damaged or of a newer kwsd: what was learned is not used") from error
    return found if found.keyword == new.keyword else new


def save(path: Path, experience: Experience) -> None:
    """Replace the file atomically.

    Raises:
        StoreError: it cannot be written.
    """
    with replacing(path) as file:
        file.write(msgspec.json.encode(experience))
