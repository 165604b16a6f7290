"""Times of words for corpora that have none: found by alignment once and kept below the cache.

A clip of one word is cut where it is loud. Sentences are aligned by pocketsphinx, see `export.align`, which knows
English only; what it heard before moves some times by a frame or two, so that much two runs may differ. Tables that
the trainer wrote for packed corpora are used where they are. A single word is cut the same way even where such a
table has it, since clips of other splits and languages have no alignment to be like.
"""

from __future__ import annotations

import json
import multiprocessing
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import cache as remembered
from pathlib import Path

import numpy as np
from tqdm import tqdm

from export import align
from export.corpora.utterance import Utterance, Word
from export.corpus import CorpusError

SINGLE = ("folders", "hey-snips", "mir-qbsh", "speech-commands")  # a clip holds one word, phrase or melody
SHORT = 3.0  # seconds that a clip of one word lasts at most in other corpora
BLOCK = 64  # recordings whose words are written together
Found = Mapping[tuple[str, str], tuple[Word, ...]]


def with_times(
    utterances: Sequence[Utterance], name: str, cache: Path, workers: int = 2, limit: int | None = None
) -> list[Utterance]:
    """The utterances with the times of their words, in order; those whose words cannot be found are left out.

    What was found is kept in `align/NAME.jsonl` below the cache, block by block, and an interrupted run goes on.

    Args:
        utterances: some or all of a corpus.
        name: the corpus's, see `export.corpora.registry`.
        cache: the folder that tables are kept in.
        workers: processes that listen at the same time.
        limit: look at so many utterances at most, spread evenly over all.

    Raises:
        CorpusError: a recording is missing, the aligner is not installed, or the table cannot be written.
    """
    chosen = _spread(utterances, limit)
    trained = _of_trainer(chosen, name, cache)
    unknown = [u for u in chosen if u.text and not u.words and u.path not in trained]
    table = cache / "align" / f"{name}.jsonl"
    found = _kept(table)
    _find([u for u in unknown if _key(u) not in found], name, table, workers)
    found = _kept(table)
    timed = (u if u.words else replace(u, words=trained.get(u.path) or found.get(_key(u), ())) for u in chosen)
    return [utterance for utterance in timed if utterance.words]


def single(utterance: Utterance, name: str) -> bool:
    """Whether a recording holds one word or phrase and nothing else."""
    return name in SINGLE or (len(utterance.text.split()) == 1 and utterance.seconds < SHORT)


def _spread(utterances: Sequence[Utterance], limit: int | None) -> Sequence[Utterance]:
    if limit is None or len(utterances) <= limit:
        return utterances
    return [utterances[i * len(utterances) // limit] for i in range(limit)]


def _key(utterance: Utterance) -> tuple[str, str]:
    return str(utterance.path.absolute()), utterance.text


def _of_trainer(utterances: Iterable[Utterance], name: str, cache: Path) -> dict[Path, tuple[Word, ...]]:
    """Words of the sentences of packed corpora that the trainer aligned; none where it could not."""
    found: dict[Path, tuple[Word, ...]] = {}
    trained = remembered(_trained)  # each table is read once
    for utterance in utterances:
        if utterance.words or single(utterance, name) or not utterance.path.is_relative_to(cache / "corpus"):
            continue
        inside = utterance.path.relative_to(cache / "corpus")
        table = trained(cache, inside.parts[0], utterance.split)
        if table is not None:
            found[utterance.path] = table.get(str(Path(*inside.parts[1:])), ())
    return found


def _trained(cache: Path, corpus: str, split: str) -> Mapping[str, tuple[Word, ...]] | None:
    """A table of `export.align` by the path of the clip, or None where there is none."""
    if not align.path_of(cache, corpus, split).exists():
        return None
    found: dict[str, list[Word]] = defaultdict(list)
    for path, word in align.words(cache, corpus, split):
        found[path].append(Word(word.text, word.start, round(word.end, 2)))
    return {path: tuple(words) for path, words in found.items()}


def _kept(table: Path) -> Found:
    """What was found before; a line that an interruption cut short is passed over."""
    if not table.exists():
        return {}
    found = {}
    for line in table.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            path, text, words = json.loads(line)
            found[path, text] = tuple(Word(*word) for word in words)
        except (ValueError, TypeError):
            continue
    return found


def _find(utterances: Sequence[Utterance], name: str, table: Path, workers: int) -> None:
    """Find the words of all these and append them to the table, a block at a time."""
    if not utterances:
        return
    alone = [single(utterance, name) for utterance in utterances]
    workers = min(workers, -(-len(utterances) // BLOCK))
    progress = tqdm(total=len(utterances), desc=f"words of {name}", unit="clip")
    with _pool(workers) as pool, progress:
        for first in range(0, len(utterances), BLOCK * workers):
            block = utterances[first : first + BLOCK * workers]
            tasks = (block, alone[first : first + BLOCK * workers])
            found = list(pool.map(_words, *tasks, chunksize=8) if pool else map(_words, *tasks))
            _append(table, [(*_key(u), words) for u, words in zip(block, found, strict=True)])
            progress.update(len(block))


@contextmanager
def _pool(workers: int) -> Iterator[ProcessPoolExecutor | None]:
    """Processes, or None where this one is enough; started afresh, since torch's threads do not survive a fork."""
    if workers <= 1:
        yield None
        return
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield pool


def _append(table: Path, rows: Sequence[tuple[str, str, Sequence[Word]]]) -> None:
    spelled = [json.dumps([path, text, [[w.text, w.start, w.end] for w in words]]) for path, text, words in rows]
    try:
        table.parent.mkdir(parents=True, exist_ok=True)
        with table.open("a", encoding="utf-8") as file:
            # The line break goes first, so that a line cut short does not spoil the next.
            file.write("\n" + "\n".join(spelled))
    except OSError as error:
        raise CorpusError(f"{table} cannot be written ({error}): make room and run again") from error


def _words(utterance: Utterance, alone: bool) -> list[Word]:
    """The words of one recording; none where it cannot be decoded, is silent, or its text cannot be aligned."""
    aligner = None if alone else _aligner()
    try:
        samples = utterance.samples()
    except CorpusError:
        if utterance.path.exists():
            return []
        raise
    if len(samples) < align.BLOCK or not np.any(samples):
        return []
    if aligner is None:
        start, end = align.loud_span(samples)
        return [Word(utterance.text, round(start, 2), round(end, 2))]
    text = utterance.text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    if any(c.isdigit() or (c.isalpha() and not c.isascii()) for c in text):  # which the aligner would pass over
        return []
    return [Word(word.text, round(word.start, 2), round(word.end, 2)) for word in aligner(samples, text)]


@remembered
def _aligner() -> align.Aligner:
    return align.Aligner()
