"""Whether the files of an index are what its manifest says."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace

from kwsd.archive.segments.manifest import Entry, Manifest
from kwsd.archive.storage.folder import Folder
from kwsd.errors import ArchiveError


def problems(folder: Folder, manifest: Manifest) -> Iterator[tuple[Entry, str]]:
    """Each damaged segment, and a sentence that says what is wrong with it; reads everything."""
    for entry in manifest.entries:
        files = [(entry.name, entry.bytes, entry.sha256)]
        files += [(entry.graph, entry.graph_bytes, entry.graph_sha256)] if entry.graph_bytes else []
        wrong = [sentence for file in files if (sentence := _wrong(folder, *file))]
        if wrong:
            yield entry, " ".join(wrong)


def repaired(folder: Folder, manifest: Manifest) -> Manifest:
    """The index without its damaged segments, saved; the next build hears their files anew."""
    damaged = {entry.name for entry, _ in problems(folder, manifest)}
    entries = tuple(entry for entry in manifest.entries if entry.name not in damaged)
    fresh = replace(manifest, entries=entries)
    fresh.save(folder)
    return fresh


def _wrong(folder: Folder, name: str, size: int, sha256: str) -> str | None:
    try:
        content = folder.map(name)
    except FileNotFoundError:
        return f"{folder.name}/{name} is missing"
    except ArchiveError as error:
        return str(error)
    if len(content) != size:
        return f"{folder.name}/{name} is damaged: it has {len(content)} bytes, it should have {size}"
    return None if hashlib.sha256(content).hexdigest() == sha256 else f"{folder.name}/{name} is damaged: it was changed"
