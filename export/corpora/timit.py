"""TIMIT: sentences read by speakers of American English, with words and phones marked by hand."""

from __future__ import annotations

from pathlib import Path

from export.corpora.files import all_there, folders, lines, named, seconds_of
from export.corpora.utterance import Utterance, Word
from export.corpus import CorpusError

RATE = 16_000  # of the sample indices in .WRD files


def read(root: Path) -> list[Utterance]:
    """The utterances of TRAIN and TEST with their words, without the SA sentences, which every speaker reads.

    Names may be in any letter case; `SENT.WAV.wav`, as some copies have beside the NIST file, is read where it is.

    Raises:
        CorpusError: the folder is not TIMIT, or files are missing or cannot be read.
    """
    parts = _parts(root)
    speakers = [(split, speaker) for split, part in parts for region in folders(part) for speaker in folders(region)]
    sentences = [(split, *each) for split, speaker in speakers for each in _sentences(speaker)]
    if not sentences:
        raise CorpusError(f"{root} is not TIMIT: no speaker's folder holds recordings; name the folder of TRAIN, TEST")
    all_there((path for *_, files in sentences for path in files), root)
    return [_utterance(split, speaker, *files) for split, speaker, files in sentences]


def _parts(root: Path) -> list[tuple[str, Path]]:
    for below in (root, named(root, "timit"), named(root, "data")):
        train, test = (named(below, name) if below else None for name in ("train", "test"))
        if train and test:
            return [("train", train), ("test", test)]
    raise CorpusError(f"{root} is not TIMIT: it has no TRAIN and TEST folders; name the folder that holds them")


def _sentences(speaker: Path) -> list[tuple[str, tuple[Path, Path, Path]]]:
    """The speaker's name with the audio, text and words of each sentence, whether they are there or not."""
    by_name = {path.name.lower(): path for path in sorted(speaker.iterdir()) if path.is_file()}
    stems = sorted({name.split(".")[0] for name in by_name if not name.startswith(("sa", "."))})
    return [(speaker.name.lower(), _files(speaker, by_name, stem)) for stem in stems]


def _files(speaker: Path, by_name: dict[str, Path], stem: str) -> tuple[Path, Path, Path]:
    expected = {ending: by_name.get(stem + ending, speaker / (stem + ending).upper()) for ending in (".txt", ".wrd")}
    wav = by_name.get(f"{stem}.wav.wav") or by_name.get(f"{stem}.wav", speaker / f"{stem}.wav".upper())
    return wav, expected[".txt"], expected[".wrd"]


def _utterance(split: str, speaker: str, wav: Path, txt: Path, wrd: Path) -> Utterance:
    try:
        text = " ".join(" ".join(lines(txt)).split()[2:]).lower()
        words = tuple(_word(line) for line in lines(wrd))
    except (ValueError, IndexError) as error:
        raise CorpusError(f"{wrd} cannot be read ({error}): unpack TIMIT again") from error
    return Utterance(wav, speaker, text, split, words, seconds_of(wav))


def _word(line: str) -> Word:
    first, after, text = line.split()
    return Word(text.lower(), int(first) / RATE, int(after) / RATE)
