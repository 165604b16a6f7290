"""Check the size and SHA-256 of an index's files against its manifest, and drop damaged segments."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace

from kwsd.archive.segments.manifest import Entry, Manifest
from kwsd.archive.storage.folder import Folder
from kwsd.errors import ArchiveError


def damaged_segments(folder: Folder, manifest: Manifest) -> Iterator[tuple[Entry, str]]:
    """Yield each damaged segment with a sentence that names the damage; every file is read completely."""
    for entry in manifest.entries:
        files = [(entry.name, entry.bytes, entry.sha256)]
        files += [(entry.graph, entry.graph_bytes, entry.graph_sha256)] if entry.graph_bytes else []
        sentences = [sentence for file in files if (sentence := mismatch(folder, *file))]
        if sentences:
            yield entry, " ".join(sentences)


def repair(folder: Folder, manifest: Manifest) -> Manifest:
    """Save a manifest without the damaged segments, and return it; the next build processes their files again."""
    damaged = {entry.name for entry, _ in damaged_segments(folder, manifest)}
    entries = tuple(entry for entry in manifest.entries if entry.name not in damaged)
    fresh = replace(manifest, entries=entries)
    fresh.save(folder)
    return fresh


def mismatch(folder: Folder, name: str, size: int, sha256: str) -> str | None:
    """A sentence if a file is missing or its content has another size or hash, else None; it is read completely."""
    try:
        content = folder.map(name)
    except FileNotFoundError:
        return f"{folder.name}/{name} is missing"
    except ArchiveError as error:
        return str(error)
    if len(content) != size:
        return f"{folder.name}/{name} is damaged: it has {len(content)} bytes, it should have {size}"
    return None if hashlib.sha256(content).hexdigest() == sha256 else f"{folder.name}/{name} is damaged: it was changed"
