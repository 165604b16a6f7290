"""Searches of indexes for a keyword, and the audio of what they found."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kwsd.archive import Archive, Feedback, Query, clips, search_all
from kwsd.archive.confirmed import expectation, keyword_of
from kwsd.archive.search.hit import Hit
from kwsd.archive.second_look import phrase_of, searched_again
from kwsd.audio.opening import shown
from kwsd.errors import ArchiveError
from kwsd.keywords.keyword import Keyword
from kwsd.web.keywords import Keywords

TOP = 20  # hits of a search
KEPT = 1000  # hits of the last searches that can be played


@dataclass(frozen=True)
class Found:
    """A hit as the page shows it.

    Attributes:
        number: by which it is played.
        file: name of the recording, without its folders.
        start, end: seconds in it.
        score: higher is better.
        probability: that it is the phrase; None where that cannot be told.
        heard: Unix time at which it began; None for a file.
        right: whether it was called right.
    """

    number: int
    file: str
    start: float
    end: float
    score: float
    probability: float | None
    heard: float | None
    right: bool


class Searches:
    """Indexes that are searched for the keywords of a store; the page names hits by number, and never a path.

    Args:
        indexes: each a folder, or an fsspec address; nothing can be searched if there is none.
        keywords: of the store.

    Attributes:
        indexes: the indexes.
    """

    def __init__(self, indexes: Sequence[str], keywords: Keywords) -> None:
        self.indexes, self._keywords = list(dict.fromkeys(indexes)), keywords
        self._hits: dict[int, Hit] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def find(self, name: str, right: Sequence[int] = (), wrong: Sequence[int] = ()) -> list[Found]:
        """The best hits of a keyword, best first.

        Args:
            name: of the keyword.
            right, wrong: numbers of earlier hits that the search learns from.

        Raises:
            KwsdError: there is no index, no such keyword or no such hit, or they are of different models.
        """
        if not self.indexes:
            raise ArchiveError("there is no index to search: start `kwsd monitor` with --index")
        with self._keywords.tokenizer() as tokenizer:
            (keyword,) = self._keywords.store.load_all([name], tokenizer)
            known = Feedback(tuple(map(self._hit, right)), tuple(map(self._hit, wrong)))
            archives = [Archive.open(index, tokenizer) for index in self.indexes]
            if keyword.looks:
                hits = self._heard_again(archives, keyword, known)
            else:
                hits = search_all(archives, keyword, top=TOP, feedback=known)
        return [self._found(hit, any(hit.overlaps(one) for one in known.right)) for hit in hits]

    def learn(self, name: str, right: Sequence[int], wrong: Sequence[int] = ()) -> str:
        """Add right hits to a keyword, and wrong ones as its negatives; says in a sentence what it has now.

        Args:
            name: of the keyword.
            right, wrong: numbers of hits.

        Raises:
            KwsdError: there is no such keyword or no such hit, or a hit cannot be cut out of its file or not be used.
        """
        known = Feedback(tuple(map(self._hit, right)), tuple(map(self._hit, wrong)))
        with self._keywords.tokenizer() as tokenizer:
            store = self._keywords.store
            (keyword,) = store.load_all([name], tokenizer)
            others = store.others(name, tokenizer)
            made = keyword_of(name, (), known, tokenizer, adding_to=keyword, others=others)
            store.save(made.keyword)
        counts = f"recordings: {len(made.keyword.templates)}, negatives: {len(made.keyword.negatives)}"
        change = f"threshold {made.keyword.threshold:.3f}, before {keyword.threshold:.3f}"
        return " ".join([f'"{name}": {change}, {counts}.', expectation(made), *made.refused, *made.warnings])

    def clip(self, number: int) -> bytes:
        """The audio of a hit as FLAC, with half a second before and after it.

        Raises:
            ArchiveError: there is no such hit.
            AudioError: it was heard live, or its file cannot be read any more.
        """
        hit = self._hit(number)
        return clips.to_flac(clips.cut(hit), Path(hit.path))

    def _heard_again(self, archives: Sequence[Archive], keyword: Keyword, known: Feedback) -> list[Hit]:
        query = Query.of_keyword(keyword)
        phrase = phrase_of(query, known)
        hits, _ = searched_again(lambda top: search_all(archives, query, top=top, feedback=known), phrase, top=TOP)
        return hits

    def _hit(self, number: int) -> Hit:
        hit = self._hits.get(number)
        if hit is None:
            raise ArchiveError("that hit is of an old search: search again")
        return hit

    def _found(self, hit: Hit, right: bool) -> Found:
        with self._lock:
            number = next(self._numbers)
            self._hits[number] = hit
            self._hits.pop(number - KEPT, None)
        name = shown(Path(Path(hit.path).name))
        return Found(number, name, hit.start, hit.end, hit.score, hit.probability, hit.heard, right)
