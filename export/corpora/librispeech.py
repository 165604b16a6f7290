"""LibriSpeech: audio books read by volunteers, cut into sentences."""

from __future__ import annotations

from pathlib import Path

from export.corpora.files import all_there, folders, lines, named, seconds_of
from export.corpora.utterance import Utterance
from export.corpus import CorpusError

SPLITS = ("train", "dev", "test")


def read(root: Path) -> list[Utterance]:
    """The utterances of every split that is there, without times; `dev-clean` and `dev-other` are both "dev".

    The folder of a single split, or the one that the archives unpack to, can be named as well.

    Raises:
        CorpusError: the folder is not LibriSpeech, or files are missing or cannot be read.
    """
    chapters = [(split, path) for split, part in _parts(root) for path in sorted(part.glob("*/*/*.trans.txt"))]
    said = [(split, path, *line.partition(" ")[::2]) for split, path in chapters for line in lines(path)]
    if not said:
        raise CorpusError(f"{root} is not LibriSpeech: no chapter has a .trans.txt; unpack it again")
    all_there((path.with_name(f"{name}.flac") for _, path, name, _ in said), root)
    return [_utterance(split, path.with_name(f"{name}.flac"), text) for split, path, name, text in said]


def _parts(root: Path) -> list[tuple[str, Path]]:
    below = named(root, "librispeech")
    for among in (folders(root), folders(below) if below else [], [root.absolute()]):
        found = [(part.name.partition("-")[0], part) for part in among if "-" in part.name]
        parts = [(split, part) for split, part in found if split in SPLITS]
        if parts:
            return parts
    raise CorpusError(
        f"{root} is not LibriSpeech: it has no folders such as train-clean-100; name the folder that holds them"
    )


def _utterance(split: str, path: Path, text: str) -> Utterance:
    return Utterance(path, path.name.split("-")[0], text.strip().lower(), split, seconds=seconds_of(path))
