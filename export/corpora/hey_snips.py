"""Hey Snips: a wake phrase by many speakers, and other sentences by the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from export.corpora.files import all_there
from export.corpora.utterance import Utterance
from export.corpus import CorpusError

SPLITS = ("train", "dev", "test")
PHRASE = "hey snips"


def read(root: Path) -> list[Utterance]:
    """The recordings of the three splits; the text is "hey snips", or empty where it is another sentence.

    Raises:
        CorpusError: the folder is not Hey Snips, or recordings are missing.
    """
    tables = {split: root / f"{split}.json" for split in SPLITS}
    for table in tables.values():
        if not table.is_file():
            raise CorpusError(f"{root} is not Hey Snips: it has no {table.name}; name the folder that holds it")
    found = [utterance for split, table in tables.items() for utterance in _table(table, split)]
    if not found:
        raise CorpusError(f"{root} names no recordings: unpack Hey Snips again")
    all_there((utterance.path for utterance in found), root)
    return found


def _table(table: Path, split: str) -> list[Utterance]:
    try:
        rows = json.loads(table.read_text(encoding="utf-8"))
        return sorted((_utterance(table.parent, row, split) for row in rows), key=lambda u: u.path)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CorpusError(f"{table} is not a list of Hey Snips ({error!r}): unpack the corpus again") from error


def _utterance(root: Path, row: dict[str, Any], split: str) -> Utterance:
    text = PHRASE if int(row["is_hotword"]) else ""
    return Utterance(
        root / row["audio_file_path"], str(row["worker_id"]), text, split, seconds=float(row.get("duration") or 0)
    )
