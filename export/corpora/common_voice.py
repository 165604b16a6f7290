"""Common Voice: sentences read by volunteers, one language a folder."""

from __future__ import annotations

import csv
from pathlib import Path

from export.corpora.files import all_there
from export.corpora.utterance import Utterance
from export.corpus import CorpusError

SPLITS = ("train", "dev", "test")
DURATIONS = "clip_durations.tsv"


def read(root: Path) -> list[Utterance]:
    """The utterances of the three splits, without times; how long they last only where `clip_durations.tsv` is there.

    Raises:
        CorpusError: the folder is not that of a language of Common Voice, or clips are missing.
    """
    tables = {split: root / f"{split}.tsv" for split in SPLITS if (root / f"{split}.tsv").is_file()}
    if not tables or not (root / "clips").is_dir():
        raise CorpusError(f"{root} is not Common Voice: it has no clips with train.tsv; name the folder of a language")
    lasting = _durations(root)
    found = [_utterance(root, row, split, lasting) for split, table in tables.items() for row in _rows(table)]
    if not found:
        raise CorpusError(f"{root} names no clips in {', '.join(t.name for t in tables.values())}: unpack it again")
    all_there((utterance.path for utterance in found), root)
    return found


def _rows(table: Path) -> list[dict[str, str]]:
    """The rows by their path; quotation marks in sentences are only that."""
    needed = {"client_id", "path", "sentence"}
    try:
        with table.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    except (OSError, ValueError) as error:
        raise CorpusError(f"{table} cannot be read ({error}): unpack Common Voice again") from error
    if any(row.get(column) is None for row in rows for column in needed):
        raise CorpusError(f"{table} is not of Common Voice: a row has no client_id, path or sentence; unpack it again")
    return sorted(rows, key=lambda row: row["path"])


def _durations(root: Path) -> dict[str, float]:
    """Seconds by the name of the clip, as later releases have them."""
    table = root / DURATIONS
    if not table.is_file():
        return {}
    try:
        with table.open(newline="", encoding="utf-8") as file:
            rows = list(csv.reader(file, delimiter="\t"))[1:]
        return {name: float(milliseconds) / 1000 for name, milliseconds in rows}
    except (OSError, ValueError) as error:
        raise CorpusError(f"{table} cannot be read ({error}): unpack Common Voice again, or delete it") from error


def _utterance(root: Path, row: dict[str, str], split: str, lasting: dict[str, float]) -> Utterance:
    path = root / "clips" / row["path"]
    if not path.suffix:  # the first releases left the ending out
        path = path.with_suffix(".mp3")
    text = row["sentence"].strip().lower()
    return Utterance(path, row["client_id"], text, split, seconds=lasting.get(path.name, 0.0))
