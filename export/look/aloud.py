"""Near words in running speech by hundreds of synthetic timbres: `python -m export.look.aloud`, before `pack`.

A word and those that sound almost alike are put into the same places of sentences of LibriSpeech, and said by Kokoro.
"""

from __future__ import annotations

import csv
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import astuple, dataclass
from functools import lru_cache
from pathlib import Path

import click
from tqdm import tqdm

from export import align, corpus
from export.look.kokoro import Timbres
from export.near import Phones, neighbours

NAME, READINGS = "aloud", "readings.tsv"
LEAST_PHONES = 3  # of a word
NEAR = 3  # near words of a word, at most
PLACES, SAID = 2, 2  # places of a word in sentences, and how often it is said in each
BEFORE, AFTER = 2, 2  # words around it
TIMBRES = 400
TEMPOS = (0.95, 1.45)  # of Kokoro's usual one


@dataclass(frozen=True)
class Reading:
    """What is said, and how.

    Attributes:
        path: of the recording, in the folder of all.
        timbre, tempo: see `Timbres`.
        text: a part of a sentence.
    """

    path: str
    timbre: int
    tempo: float
    text: str


def readings(said: Sequence[Sequence[align.Word]], families: int, rng: random.Random) -> Iterator[Reading]:
    """Each word of so many families of near words, in the same places.

    Args:
        said: the words of each sentence.
    """
    places = defaultdict[str, list[tuple[list[str], list[str]]]](list)
    spellings: dict[str, tuple[Phones, ...]] = {}
    for words in said:
        texts = [word.text for word in words]
        for i, word in enumerate(words):
            if len(word.phones) >= LEAST_PHONES:
                places[word.text].append((texts[max(0, i - BEFORE) : i], texts[i + 1 : i + 1 + AFTER]))
                spellings.setdefault(word.text, (tuple(name for name, _ in word.phones),))
    near = neighbours(spellings)
    for family, centre in enumerate(rng.sample(sorted(near), min(families, len(near)))):
        others = rng.sample(near[centre], min(NEAR, len(near[centre])))
        for place, (before, after) in enumerate(rng.sample(places[centre], min(PLACES, len(places[centre])))):
            for i, text in enumerate((centre, *others)):
                for again in range(SAID):
                    name = f"{family:04}-{place}-{i}-{again}.opus"
                    yield Reading(name, rng.randrange(TIMBRES), rng.uniform(*TEMPOS), " ".join([*before, text, *after]))


@lru_cache(maxsize=1)
def _timbres(voices: Path) -> Timbres:
    return Timbres(voices)


def say(job: tuple[Reading, Path, Path]) -> None:
    """Write a reading to a folder, unless it is there, with the voices of another."""
    one, folder, voices = job
    path = folder / one.path
    if not path.exists():
        corpus.write(path, _timbres(voices)(one.text, one.timbre, one.tempo))


def clips(cache: Path) -> list[corpus.Clip]:
    """What was said."""
    folder = cache / NAME
    with (folder / READINGS).open(newline="") as file:
        rows = list(csv.reader(file, delimiter="\t"))
    known = [(folder / path, f"kokoro {timbre}", text) for path, timbre, _, text in rows]
    return [corpus.Clip(path, speaker, text, "en", "train", 0.0) for path, speaker, text in known if path.exists()]


def spoken(cache: Path) -> Iterator[tuple[corpus.Clip, list[align.Word]]]:
    """What was said, with words that have times.

    Raises:
        CorpusError: nothing was said or aligned.
    """
    if not (cache / NAME / READINGS).exists():
        raise corpus.CorpusError(f"{cache / NAME} is not there: run `python -m export.look.aloud` first")
    return align.beside(clips(cache), cache / NAME, cache, NAME, "train")


@click.command()
@click.option("--shared", type=click.Path(path_type=Path), default=Path("../shared"), show_default=True)
@click.option("--voices", type=click.Path(path_type=Path), required=True, help="Folder of Kokoro's voices.")
@click.option("--families", default=400, show_default=True, help="Words that are said beside near ones.")
@click.option("--seed", default=20261130, show_default=True)
def main(shared: Path, voices: Path, families: int, seed: int) -> None:
    """Say near words, and align what was said; what was said before is kept."""
    cache = corpus.default_cache()
    folder = cache / NAME
    folder.mkdir(parents=True, exist_ok=True)
    try:
        said = [words for _, words in align.spoken(shared, cache, "librispeech", "train")]
        every = list(readings(said, families, random.Random(seed)))
        with (folder / READINGS).open("w", newline="") as file:
            csv.writer(file, delimiter="\t", lineterminator="\n").writerows(map(astuple, every))
        with ProcessPoolExecutor() as pool:
            jobs = [(one, folder, voices) for one in every]
            list(tqdm(pool.map(say, jobs, chunksize=4), total=len(jobs), desc="say"))
        align.write(align.path_of(cache, NAME, "train"), clips(cache), folder)
    except corpus.CorpusError as error:
        raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    main()
