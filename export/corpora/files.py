"""Files and folders of corpora: names in any letter case, required files, lines of texts, durations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import soundfile as sf

from export.corpus import CorpusError

AUDIO = (".wav", ".flac", ".ogg", ".opus", ".mp3")


def folders(root: Path) -> list[Path]:
    """The folders within `root`, sorted; hidden ones are left out, and there are none in what is no folder."""
    if not root.is_dir():
        return []
    return sorted(path for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))


def named(root: Path, name: str) -> Path | None:
    """What is called `name` within `root`, in any letter case, or None."""
    if not root.is_dir():
        return None
    return next((path for path in sorted(root.iterdir()) if path.name.lower() == name.lower()), None)


def audio(root: Path, endings: Sequence[str] = AUDIO) -> list[Path]:
    """The recordings directly within `root`, sorted."""
    return sorted(p for p in root.iterdir() if p.suffix.lower() in endings and not p.name.startswith("."))


def all_there(paths: Iterable[Path], corpus: Path) -> None:
    """Return if all files are there.

    Raises:
        CorpusError: some are missing; the first is named.
    """
    missing = [path for path in paths if not path.is_file()]
    if missing:
        others = f" and {len(missing) - 1} more are" if len(missing) > 1 else " is"
        raise CorpusError(f"{missing[0]}{others} missing: unpack {corpus} again")


def lines(path: Path) -> list[str]:
    """The lines of a text, without those that are empty.

    Raises:
        CorpusError: it cannot be read.
    """
    try:
        return [line for line in path.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusError(f"{path} cannot be read ({error}): unpack the corpus again") from error


def seconds_of(path: Path) -> float:
    """How long a recording lasts, from its header.

    Raises:
        CorpusError: it cannot be read.
    """
    try:
        return float(sf.info(path).duration)
    except (OSError, sf.LibsndfileError) as error:
        raise CorpusError(f"{path} cannot be read ({error}): unpack the corpus again") from error
