"""The keywords of the store, as the page shows them, and the tokenizer that learns them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kwsd.errors import KeywordError, KwsdError
from kwsd.keywords.keyword import Keyword, Template
from kwsd.keywords.store import Store, check_model
from kwsd.tokenizer.background_bank import Bank
from kwsd.tokenizer.tokenizer import Tokenizer
from kwsd.web.curve import Curve, curve_of


@dataclass(frozen=True)
class RecordingFacts:
    """A recording of a keyword.

    Attributes:
        name: of the recording.
        seconds: length of the phrase in it.
        kept: whether its audio is in the store.
        negative: whether it is of what sounds like the phrase and is something else.
    """

    name: str
    seconds: float
    kept: bool
    negative: bool


@dataclass(frozen=True)
class KeywordFacts:
    """A keyword of the store with its recordings, the negatives last; or why it cannot be read."""

    name: str
    threshold: float = 0.0
    rule: str = ""
    scorer: str = ""
    recordings: tuple[RecordingFacts, ...] = ()
    problem: str = ""


class Keywords:
    """A store of keywords, and the tokenizer of its model, which is loaded when it is first needed.

    Args:
        store: the folder.
        model: the tokenizer's file; the shipped one if None.

    Attributes:
        store: the store.
    """

    def __init__(self, store: Path, model: Path | None) -> None:
        self.store, self._model = Store(store), model
        self._lock = threading.Lock()
        self._loaded: Tokenizer | None = None
        self._curves: dict[str, tuple[object, Curve]] = {}

    @contextmanager
    def tokenizer(self) -> Iterator[Tokenizer]:
        """The tokenizer, for one thread at a time: nobody else learns meanwhile."""
        with self._lock:
            self._loaded = self._loaded or Tokenizer(self._model)
            yield self._loaded

    def facts(self) -> list[KeywordFacts]:
        """Every keyword of the store."""
        return [self._facts(name) for name in self.store.names()]

    def audio(self, name: str, place: int) -> bytes:
        """The recording at a place of a keyword, from 0, as FLAC; raises KeywordError if it was not kept."""
        audio = recording_at(self.store.load(name), place).audio
        if not audio:
            raise KeywordError("this recording was not kept: enroll it with --keep-audio, or on this page")
        return audio

    def curve(self, name: str) -> Curve:
        """What to expect of every threshold of a keyword; seconds of work where its recordings are new."""
        keyword = self.store.load(name)
        key = [(t.recording, t.start, t.end, t.offset, t.scale, t.weight) for t in keyword.templates]
        with self.tokenizer() as tokenizer:
            check_model(keyword, tokenizer)
            if name not in self._curves or self._curves[name][0] != key:
                self._curves[name] = (key, curve_of(keyword, tokenizer, Bank.shipped()))
            return self._curves[name][1]

    def _facts(self, name: str) -> KeywordFacts:
        try:
            keyword = self.store.load(name)
        except KwsdError as error:
            return KeywordFacts(name, problem=str(error))
        recordings = [_facts_of(template, False) for template in keyword.templates]
        recordings += [_facts_of(template, True) for template in keyword.negatives]
        return KeywordFacts(keyword.name, keyword.threshold, keyword.rule, keyword.scorer, tuple(recordings))


def recording_at(keyword: Keyword, place: int) -> Template:
    """The recording at a place of a keyword, from 0, the negatives last; raises KeywordError if there is none."""
    every = (*keyword.templates, *keyword.negatives)
    if not 0 <= place < len(every):
        raise KeywordError(f'"{keyword.name}" has no recording {place + 1}: it has {len(every)}')
    return every[place]


def _facts_of(template: Template, negative: bool) -> RecordingFacts:
    return RecordingFacts(template.recording, template.seconds, bool(template.audio), negative)
