"""The Python interface of an index: open, build, search and discover."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from kwsd.archive.discovery.group import SHORTEST, Group
from kwsd.archive.indexing.index_writer import build
from kwsd.archive.indexing.update import Report
from kwsd.archive.search.feedback import Feedback
from kwsd.archive.search.hit import Hit
from kwsd.archive.search.methods import find
from kwsd.archive.search.probability import weights_for
from kwsd.archive.search.query import Query
from kwsd.archive.segments import index_reader
from kwsd.archive.segments.manifest import Settings
from kwsd.archive.several import alike, best_of
from kwsd.archive.storage.folder import Folder
from kwsd.archive.storage.locations import folder_at
from kwsd.keywords.keyword import Keyword
from kwsd.tokenizer.codebook import MERGED
from kwsd.tokenizer.tokenizer import Tokenizer
from kwsd.tokenizer.voice_activity import VoiceActivity


class Archive:
    """An index as it was when it was opened; later changes are seen after the next `open`.

    Attributes:
        folder: that holds it.
        tokenizer: of the model that built it.
        manifest: its settings and its segments' entries.
        segments: the readable segments.
        problems: a sentence for each unreadable segment; searches leave it out.
    """

    def __init__(self, folder: Folder, tokenizer: Tokenizer) -> None:
        self.folder, self.tokenizer = folder, tokenizer
        self.manifest, found = index_reader.open_index(folder, tokenizer.codebook)
        self.segments, self.problems = found.segments, found.problems
        self.manifest.check_model(tokenizer.digest, f"the index {folder.name}")

    @classmethod
    def open(cls, location: str | Path, tokenizer: Tokenizer) -> Archive:
        """Open an existing index.

        Args:
            location: a folder, or an fsspec address with kwsd[cluster].
            tokenizer: of the model that built it.

        Raises:
            ArchiveError: there is no index, it is damaged, or a newer kwsd wrote it.
            ModelError: it was built with another model.
        """
        return cls(folder_at(location), tokenizer)

    @classmethod
    def build(
        cls,
        location: str | Path,
        paths: Sequence[Path],
        tokenizer: Tokenizer,
        *,
        settings: Settings | None = None,
        workers: int = 1,
        progress: Callable[[float], None] = lambda share: None,
    ) -> tuple[Archive, Report]:
        """Build an index of audio files, or update it.

        Args:
            location: a folder, or an fsspec address with kwsd[cluster].
            paths: audio files, and folders whose audio files at any depth are taken.
            tokenizer: turns the audio into frames.
            settings: what is stored of the audio; if None, those of the index, or the default for a new one.
            workers: number of processes.
            progress: called with the share that is done, from 0 to 1.

        Raises:
            ArchiveError: the folder has an index of other settings, cannot be written, or another process writes it.
            AudioError: there is no recording at one of the paths.
            ModelError: another model built the index that is there.
        """
        report = build(location, paths, tokenizer, settings=settings, workers=workers, progress=progress)
        return cls.open(location, tokenizer), report

    @property
    def seconds(self) -> float:
        """Duration of the audio in the segments, dropped documents included."""
        codes = sum(len(part) for part in self.segments)
        return codes * MERGED * self.tokenizer.hop

    def search(
        self,
        what: Query | Keyword | Sequence[Path],
        *,
        method: str = "pairs",
        top: int = 20,
        at_least: float = 0.0,
        feedback: Feedback | None = None,
    ) -> list[Hit]:
        """Search for a phrase; returns the best hits, best first.

        Args:
            what: a query, an enrolled keyword, or recordings of one phrase, whose scores are averaged.
            method: one of `kwsd.archive.search.methods.METHODS`.
            top: number of hits.
            at_least: only hits that are the phrase with this probability or a higher one, from 0 to 1.
            feedback: hits of earlier searches that were right or wrong.

        Raises:
            ArchiveError: the query cannot be used, the method needs what the index lacks, probabilities are asked for
                and cannot be told, or the index does not have a hit of the feedback.
            ModelError: the keyword was enrolled with another model.
            ConfigError: there is no such method, or `top` is not positive.
        """
        return search_all([self], what, method=method, top=top, at_least=at_least, feedback=feedback)

    def discover(
        self,
        *,
        top: int = 20,
        min_seconds: float = SHORTEST,
        second_look: bool = False,
        progress: Callable[[float], None] = lambda share: None,
        report: Callable[[str], None] = lambda sentence: None,
    ) -> list[Group]:
        """Find phrases that recur, without asking for any; returns them, those with the highest score first.

        Args:
            top: number of phrases.
            min_seconds: duration that each place must have.
            second_look: whether places are heard again in their files, which tells near words apart and gives
                probabilities; phrases that cannot be heard again come last.
            progress: called with the share that is done, from 0 to 1.
            report: called with a sentence if places cannot be heard again.

        Raises:
            ConfigError: `top` or `min_seconds` is not positive.
            ModelError: the second look is not installed.
        """
        from kwsd.archive.discovery.discover import discover  # noqa: PLC0415 - its kernels serve nothing else

        tokenizer = self.tokenizer
        return discover(
            self.segments,
            tokenizer.codebook,
            tokenizer.hop,
            activity=VoiceActivity.for_model(tokenizer.digest),
            top=top,
            min_seconds=min_seconds,
            second_look=second_look,
            progress=progress,
            report=report,
        )


def search_all(
    archives: Sequence[Archive],
    what: Query | Keyword | Sequence[Path],
    *,
    method: str = "pairs",
    top: int = 20,
    at_least: float = 0.0,
    feedback: Feedback | None = None,
) -> list[Hit]:
    """Search several indexes, at least one; returns the best hits of all, best first, each with its index.

    Indexes that keep the same of the audio are searched as one that has all their segments. Others are searched apart,
    and their hits are merged by probability, or by score where that cannot be told. What several indexes have of one
    recording is found once.

    Args:
        archives: opened with the same tokenizer.
        what, method, top, at_least: see `Archive.search`.
        feedback: hits of any of the indexes that were right or wrong.

    Raises:
        ArchiveError, ModelError, ConfigError: see `Archive.search`.
    """
    query, tokenizer = query_for(archives, what, feedback), archives[0].tokenizer
    hits = []
    for group in alike([archive.manifest for archive in archives]):
        segments = [segment for number in group for segment in archives[number].segments]
        found = find(segments, query, tokenizer.codebook, tokenizer.hop, method=method, top=top)
        weights = weights_for(archives[group[0]].manifest)
        hits.append(found.probable(weights, len(query.templates), at_least))
    return best_of(hits, top)


def query_for(
    archives: Sequence[Archive], what: Query | Keyword | Sequence[Path], feedback: Feedback | None = None
) -> Query:
    """What is searched for, with what it learned from the feedback; see `search_all`."""
    tokenizer, query = archives[0].tokenizer, _query(what, archives[0].tokenizer)
    for archive in archives:
        archive.manifest.check_model(query.model, f"the index {archive.folder.name}")
    if feedback is None:
        return query
    segments = [segment for archive in archives for segment in archive.segments]
    return feedback.refine(query, segments, tokenizer.codebook, tokenizer.hop)


def _query(what: Query | Keyword | Sequence[Path], tokenizer: Tokenizer) -> Query:
    if isinstance(what, Query):
        return what
    return Query.of_keyword(what) if isinstance(what, Keyword) else Query.of_recordings(what, tokenizer)
