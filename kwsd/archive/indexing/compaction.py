"""Compaction: join small segments and leave out dropped documents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from kwsd.archive.segments import segment
from kwsd.archive.segments.manifest import PLAIN, Entry, Manifest
from kwsd.archive.segments.quantizer import Codes
from kwsd.archive.storage.folder import Folder
from kwsd.errors import ArchiveError

MAX_CODES = 5_000_000  # codes of a segment: 111 hours
MAX_RATIO = 4  # a segment is joined with later ones if it has at most so many times their codes
MAX_DROPPED = 0.3  # a segment is rewritten when a larger share of its documents was dropped


def compact(
    folder: Folder, manifest: Manifest, *, thorough: bool = False, anew: bool = False, since: int = 0
) -> Manifest:
    """Join neighbouring segments up to MAX_CODES codes, and rewrite those with many dropped documents.

    Readers that have the old segments open can read on.

    Args:
        folder: of the index; the caller holds the writer lock.
        manifest: the current one.
        thorough: leave out every dropped document, join all segments up to the limit, and write anew what an older
            kwsd wrote. Its codes stay what they are, so that they are not joined with today's.
        anew: write every segment anew, for settings that changed.
        since: number of first segments that are not touched.
    """
    fresh, entries = manifest, list(manifest.entries[:since])
    for group in _groups(manifest.entries[since:], thorough):
        is_old = thorough and group[0].format < PLAIN
        if len(group) == 1 and not (anew or is_old or _has_many_dropped(group[0], thorough)):
            entries += group
            continue
        entry = join(folder, fresh, group)
        fresh = replace(fresh, made=fresh.made + 1)
        entries += [entry] if entry else []
    fresh = replace(fresh, entries=tuple(entries))
    if anew or fresh != manifest:
        fresh.save(folder)
    for entry in {*manifest.entries} - {*fresh.entries}:
        folder.remove(entry.name)
        folder.remove(entry.graph)
    return fresh


def _groups(entries: Sequence[Entry], thorough: bool) -> list[list[Entry]]:
    """Runs of neighbouring segments to join; a segment is not rewritten for much smaller ones."""
    groups: list[list[Entry]] = []
    for entry in reversed(entries):
        behind = sum(one.frames for one in groups[0]) if groups else 0
        alike = bool(groups) and can_join(entry, groups[0][0])
        if alike and entry.frames + behind <= MAX_CODES and (thorough or entry.frames <= MAX_RATIO * behind):
            groups[0].insert(0, entry)
        else:
            groups.insert(0, [entry])
    return groups


def can_join(one: Entry, other: Entry) -> bool:
    """Whether the codes of two segments are of one kind: whole ones only, or as they are today."""
    return (one.format > PLAIN) == (other.format > PLAIN)


def _has_many_dropped(entry: Entry, thorough: bool) -> bool:
    return len(entry.dropped) > (0 if thorough else MAX_DROPPED * entry.documents)


def join(folder: Folder, manifest: Manifest, entries: Sequence[Entry]) -> Entry | None:
    """Write the manifest's next segment, with the remaining documents of several; None if there are none."""
    parts = [segment.read_existing(folder, entry) for entry in entries]
    kept = [(part, int(index)) for part in parts for index in np.flatnonzero(part.alive)]
    if not kept:
        return None
    if len({(part.rows.shape[1], part.vectors.shape[1]) for part, _ in kept}) > 1:
        raise ArchiveError(f"segments of {folder.name} do not store the same of the audio: build the index anew")
    documents = [part.documents[index] for part, index in kept]
    codes = Codes.join(part.part(index) for part, index in kept)
    return segment.write(folder, manifest.name(), documents, codes, small=manifest.settings.small)
