"""The statistics of an index, as lines for people or as JSON."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from kwsd.archive.statistics import Info


def print_size(index: str, found: Info) -> None:
    """Print the hours, the size and the segments of an index on one line."""
    segments = count(len(found.manifest.entries), "segment")
    click.echo(f"{index}: {duration(found.seconds)} of audio in {_sizes(found)}, {segments}")


def print_info(found: Info, files: bool) -> None:
    """Print the statistics of an index, and its files if `files`."""
    settings, widths = found.manifest.settings, " and ".join(map(str, found.code_bytes))
    parts = ", ".join(f"{name} {size_of(size)}" for name, size in found.bytes.items() if size and name != "all")
    kept = [f"{widths} bytes a code", *(name for name in ("vectors", "graph", "small") if getattr(settings, name))]
    click.echo(f"model {found.manifest.model}, {', '.join(kept)}")
    click.echo(f"{count(len(found.documents), 'file')}, {duration(found.seconds)} of audio")
    click.echo(f"{_sizes(found)}{f' ({parts})' if parts else ''}")
    click.echo(f"{count(len(found.manifest.entries), 'segment')}, {100 * found.dropped:.0f} % dropped")
    for one in found.documents if files else ():
        click.echo(f"  {one.seconds:10.2f} s  {_shown(one.path)}")


def facts(found: Info, files: bool) -> dict[str, Any]:
    """The same for JSON; `began` is the Unix time at which a live stream began, null for a file."""
    manifest = found.manifest
    known: dict[str, Any] = {
        "model": manifest.model,
        "format": manifest.format,
        "settings": vars(manifest.settings),
        "files": len(found.documents),
        "seconds": found.seconds,
        "bytes": found.bytes,
        "segments": len(manifest.entries),
        "dropped": found.dropped,
        "problems": list(found.problems),
    }
    listed = [
        {"path": _shown(one.path), "seconds": one.seconds, "began": None if math.isnan(one.began) else one.began}
        for one in found.documents
    ]
    return known | ({"documents": listed} if files else {})


def count(number: int, what: str) -> str:
    """A number with its noun, as "1 file" or "3 files"."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def duration(seconds: float) -> str:
    """A time in the unit that suits it."""
    for unit, length in (("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"


def size_of(size: float) -> str:
    """Bytes in the unit that suits them, to three digits."""
    for unit, length in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= length:
            return f"{size / length:.3g} {unit}" if size < 999.5 * length else f"{size / length:.0f} {unit}"
    return f"{size:.0f} bytes"


def _sizes(found: Info) -> str:
    rate = f", {size_of(found.bytes['all'] / found.seconds * 3600)} an hour" if found.seconds else ""
    return size_of(found.bytes["all"]) + rate


def _shown(path: str) -> str:
    from kwsd.audio.opening import shown

    return shown(Path(path))
