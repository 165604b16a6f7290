"""Training and test splits: the corpus's own, or one drawn by speaker and kept in a file."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterable, Sequence
from pathlib import Path

from export.corpora.utterance import Utterance
from export.corpus import CorpusError

SHARE = 0.7  # of the speakers, for training

Halves = tuple[list[Utterance], list[Utterance]]


def split(utterances: Sequence[Utterance], seed: int, path: Path) -> Halves:
    """Recordings for training, and for testing, each in the order they came in.

    A split of the corpus's own is kept: "train" against "test", or against "dev" where it has no "test". Otherwise
    SHARE of the speakers train and the rest test, or of the recordings where fewer than two speakers are known. The
    split is written to `path`, and read from it where it is there, whatever the seed; recordings that the file does
    not name are in neither part.

    Raises:
        CorpusError: there are too few recordings, or `path` was made for other recordings or cannot be used.
    """
    root = _root(utterances)
    if path.exists():
        return _read(utterances, root, path)
    train, test = _own(utterances) or _drawn(utterances, root, seed)
    if not train or not test:
        raise CorpusError(f"{len(utterances)} recordings cannot be split in two: name a corpus that has more")
    _write(path, seed, _names(train, root), _names(test, root))
    return train, test


def _own(utterances: Iterable[Utterance]) -> Halves | None:
    parts: dict[str, list[Utterance]] = {}
    for utterance in utterances:
        parts.setdefault(utterance.split, []).append(utterance)
    train, test = parts.get("train"), parts.get("test") or parts.get("dev")
    return (train, test) if train and test else None


def _drawn(utterances: Sequence[Utterance], root: Path, seed: int) -> Halves:
    by_speaker = len({utterance.speaker for utterance in utterances} - {""}) > 1
    keys = [_name(u, root) if not (by_speaker and u.speaker) else f"speaker {u.speaker}" for u in utterances]
    order = sorted(set(keys))
    random.Random(seed).shuffle(order)
    chosen = set(order[: min(max(1, round(SHARE * len(order))), len(order) - 1)])
    pairs = list(zip(utterances, keys, strict=True))
    return [u for u, key in pairs if key in chosen], [u for u, key in pairs if key not in chosen]


def _root(utterances: Iterable[Utterance]) -> Path:
    folders = [str(utterance.path.absolute().parent) for utterance in utterances]
    if not folders:
        raise CorpusError("there are no recordings to be split: name a corpus that has some")
    return Path(os.path.commonpath(folders))


def _name(utterance: Utterance, root: Path) -> str:
    return utterance.path.absolute().relative_to(root).as_posix()


def _names(utterances: Iterable[Utterance], root: Path) -> list[str]:
    return [_name(utterance, root) for utterance in utterances]


def _write(path: Path, seed: int, train: list[str], test: list[str]) -> None:
    part = path.with_suffix(".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps({"seed": seed, "train": train, "test": test}, indent=1) + "\n", encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise CorpusError(f"{path} cannot be written ({error}): make room, or name another folder") from error


def _read(utterances: Sequence[Utterance], root: Path, path: Path) -> Halves:
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        train, test = set(kept["train"]), set(kept["test"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CorpusError(f"{path} is not a split ({error!r}): delete it to split anew") from error
    names = _names(utterances, root)
    missing = sorted((train | test) - set(names))
    if missing:
        raise CorpusError(
            f"{path} names {len(missing)} recordings that are not there, {missing[0]} first: delete it to split anew"
        )
    pairs = list(zip(utterances, names, strict=True))
    return [u for u, name in pairs if name in train], [u for u, name in pairs if name in test]
