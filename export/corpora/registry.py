"""The corpora that can be read, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from export.corpora import (
    class_folders,
    common_voice,
    hey_snips,
    librispeech,
    mir_qbsh,
    packed,
    speech_commands,
    timit,
)
from export.corpora.utterance import Utterance
from export.corpus import CorpusError

READERS: Mapping[str, Callable[[Path], list[Utterance]]] = {
    "common-voice": common_voice.read,
    "folders": class_folders.read,
    "hey-snips": hey_snips.read,
    "librispeech": librispeech.read,
    "mir-qbsh": mir_qbsh.read,
    "speech-commands": speech_commands.read,
    "timit": timit.read,
}
NAMES = tuple(READERS)


def read(name: str, path: Path, cache: Path) -> list[Utterance]:
    """The recordings of a corpus, in an order that does not change.

    Args:
        name: one of NAMES; any name where `path` is the table of a packed corpus.
        path: the corpus's folder, or the `.tsv` of a packed corpus.
        cache: the folder that packed corpora are unpacked to.

    Raises:
        CorpusError: the name is unknown, or the corpus is not there, is another one, or is incomplete.
    """
    if path.suffix.lower() == ".tsv":
        return packed.read(path, cache)
    if name not in READERS:
        raise CorpusError(f"no corpus is called {name}: name one of {', '.join(NAMES)}, or a table that ends in .tsv")
    if not path.is_dir():
        raise CorpusError(f"{path} is not there or is no folder: name the folder that holds {name}")
    return READERS[name](path)
