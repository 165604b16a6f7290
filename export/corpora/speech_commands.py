"""Speech Commands, versions 1 and 2: single words of a second, by many speakers."""

from __future__ import annotations

from pathlib import Path

from export.corpora.files import all_there, audio, folders, lines
from export.corpora.utterance import Utterance
from export.corpus import CorpusError

LISTS = {"dev": "validation_list.txt", "test": "testing_list.txt"}


def read(root: Path) -> list[Utterance]:
    """The clips of every word, without times; what neither list names is for training.

    Raises:
        CorpusError: the folder is not Speech Commands, or clips that its lists name are missing.
    """
    splits = _splits(root)
    clips = [clip for word in folders(root) if not word.name.startswith("_") for clip in audio(word, (".wav",))]
    if not clips:
        raise CorpusError(f"{root} is not Speech Commands: its folders hold no clips; name the folder of the words")
    all_there(splits, root)
    return [_utterance(clip, splits.get(clip, "train")) for clip in clips]


def _splits(root: Path) -> dict[Path, str]:
    """The split of every clip that is not for training."""
    for name in LISTS.values():
        if not (root / name).is_file():
            raise CorpusError(f"{root} is not Speech Commands: it has no {name}; name the folder that holds it")
    return {root / line.strip(): split for split, name in LISTS.items() for line in lines(root / name)}


def _utterance(clip: Path, split: str) -> Utterance:
    return Utterance(clip, clip.stem.split("_nohash_")[0], clip.parent.name.lower(), split)
