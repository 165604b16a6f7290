"""Corpora packed for the trainer: `NAME.tar` of recordings with `NAME.tsv`, its table, beside it."""

from __future__ import annotations

import csv
from pathlib import Path

from export.corpora.files import all_there
from export.corpora.utterance import Utterance
from export.corpus import Clip, CorpusError, clips

COLUMNS = {"path", "speaker", "text", "language", "split", "seconds"}
SPLITS = ("train", "dev", "test")


def read(root: Path, cache: Path) -> list[Utterance]:
    """The recordings that the table `root` describes, split by split in its order, unpacked below `cache` once.

    Raises:
        CorpusError: the table is not there or is no such table, or recordings or the archive are missing.
    """
    _check(root)
    try:
        found = [clip for split in SPLITS for clip in clips(root.parent.parent, root.stem, cache, split)]
    except (ValueError, TypeError, KeyError) as error:
        raise CorpusError(f"{root} cannot be read ({error}): a row is not whole; write the table again") from error
    if not found:
        raise CorpusError(f"{root} names no recordings of the splits {', '.join(SPLITS)}; write the table again")
    utterances = [_utterance(clip) for clip in found]
    all_there((u.path for u in utterances), root.with_suffix(".tar"))
    return utterances


def _check(table: Path) -> None:
    if not table.is_file():
        raise CorpusError(f"{table} is not there; name the table of a packed corpus")
    if table.absolute().parent.name != "corpus":  # where export.corpus looks for archives
        raise CorpusError(f"{table} is not in a folder named corpus; put it and its .tar into one")
    try:
        with table.open(newline="", encoding="utf-8") as file:
            header = set(next(csv.reader(file, delimiter="\t"), []))
    except (OSError, ValueError) as error:
        raise CorpusError(f"{table} cannot be read ({error}); name the table of a packed corpus") from error
    if not header >= COLUMNS:
        missing = ", ".join(sorted(COLUMNS - header))
        raise CorpusError(f"{table} is not the table of a packed corpus: it has no columns {missing}; name another")


def _utterance(clip: Clip) -> Utterance:
    return Utterance(clip.path, clip.speaker, clip.text.lower(), clip.split, seconds=clip.seconds)
