"""Small segments made into large ones, and what was dropped left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from kwsd.archive.segments import segment
from kwsd.archive.segments.manifest import Entry, Manifest
from kwsd.archive.segments.quantizer import Codes
from kwsd.archive.storage.folder import Folder

LARGEST = 5_000_000  # codes of a segment: 111 hours
MUCH = 4  # times the codes behind it that a segment may have and still be written anew with them
WORN = 0.3  # share of its documents that a segment loses before it is written anew


def compact(folder: Folder, manifest: Manifest, *, thorough: bool = False, since: int = 0) -> Manifest:
    """Join neighbouring segments up to LARGEST codes, and rewrite those that lost much; readers notice nothing.

    Args:
        folder: of the index, which is being written.
        manifest: what is there.
        thorough: leave out all that was dropped, however little.
        since: leave so many of the first segments as they are.
    """
    fresh, entries = manifest, list(manifest.entries[:since])
    for group in _groups(manifest.entries[since:], thorough):
        if len(group) == 1 and not _is_worn(group[0], thorough):
            entries += group
            continue
        entry = join(folder, fresh.name(), group)
        fresh = replace(fresh, made=fresh.made + 1)
        entries += [entry] if entry else []
    fresh = replace(fresh, entries=tuple(entries))
    if fresh != manifest:
        fresh.save(folder)
    for entry in {*manifest.entries} - {*fresh.entries}:
        folder.remove(entry.name)
        folder.remove(entry.graph)
    return fresh


def _groups(entries: Sequence[Entry], thorough: bool) -> list[list[Entry]]:
    """Runs of neighbours that become one: a segment is written anew only for what is not much smaller than it."""
    groups: list[list[Entry]] = []
    for entry in reversed(entries):
        behind = sum(one.frames for one in groups[0]) if groups else 0
        if groups and entry.frames + behind <= LARGEST and (thorough or entry.frames <= MUCH * behind):
            groups[0].insert(0, entry)
        else:
            groups.insert(0, [entry])
    return groups


def _is_worn(entry: Entry, thorough: bool) -> bool:
    return len(entry.dropped) > (0 if thorough else WORN * entry.documents)


def join(folder: Folder, name: str, entries: Sequence[Entry]) -> Entry | None:
    """One segment of what is left of several; None if nothing is."""
    parts = [segment.needed(folder, entry) for entry in entries]
    kept = [(part, int(index)) for part in parts for index in np.flatnonzero(part.alive)]
    if not kept:
        return None
    documents = [part.documents[index] for part, index in kept]
    return segment.write(folder, name, documents, Codes.join(part.part(index) for part, index in kept))
