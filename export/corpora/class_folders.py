"""A corpus of one folder per class: recordings of a word, phrase or melody in the folder named after it."""

from __future__ import annotations

from pathlib import Path

from export.corpora import files
from export.corpora.utterance import Utterance
from export.corpus import CorpusError


def read(root: Path) -> list[Utterance]:
    """The recordings `CLASS/*.wav`, `.flac`, `.ogg`, `.opus` or `.mp3`, class by class.

    The text is the folder's name in lower case, with spaces for underscores. The speaker is what a file's name has
    before its first "_" (`anna_03.wav` is by anna); a name without one says nothing of the speaker. Folders whose
    names begin with "_" or "." are left out.

    Raises:
        CorpusError: no folder holds recordings, or one of them cannot be read.
    """
    classes = [path for path in files.folders(root) if not path.name.startswith("_")]
    found = [_utterance(path) for folder in classes for path in files.audio(folder)]
    if not found:
        raise CorpusError(f"{root} holds no folders of recordings: make one for each class, such as {root / 'lights'}")
    return found


def _utterance(path: Path) -> Utterance:
    speaker = path.stem.split("_")[0] if "_" in path.stem else ""
    label = path.parent.name.lower().replace("_", " ").strip()
    return Utterance(path, speaker, label, seconds=files.seconds_of(path))
