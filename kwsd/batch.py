"""Many files searched one after the other or by several processes, with their findings in the files' order."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

from kwsd.audio import FileSource
from kwsd.config import ScanConfig
from kwsd.errors import AudioError, KwsdError
from kwsd.keyword import Keyword
from kwsd.scanning import Trace, scan
from kwsd.spotter import Detection
from kwsd.tokenizer import Tokenizer

Progress = Callable[[float], None]


@dataclass(frozen=True)
class Finding:
    """One thing to say about a file.

    Attributes:
        path: the file.
        detection: a keyword that is in it, or None.
        problem: else a sentence about why it could not be searched, or not to its end.
    """

    path: Path
    detection: Detection | None = None
    problem: str = ""


class Searcher:
    """Looks for keywords in files.

    Args:
        tokenizer: is reset for each file.
        keywords: at least one, made with that tokenizer.
        refractory: seconds after a detection in which the same keyword is not detected again.
    """

    def __init__(self, tokenizer: Tokenizer, keywords: Sequence[Keyword], refractory: float = 1.0) -> None:
        self._tokenizer, self._keywords, self._refractory = tokenizer, keywords, refractory

    def one_by_one(self, paths: Sequence[Path], progress: Progress, trace: Trace | None = None) -> Iterator[Finding]:
        """The findings as they become certain; `progress` is told the files done, the next one's share included."""
        for done, path in enumerate(paths):
            yield from self.in_file(path, lambda share: progress(done + share), trace)  # noqa: B023 - used up here
            progress(done + 1)

    def in_file(self, path: Path, progress: Progress, trace: Trace | None = None) -> Iterator[Finding]:
        """The findings in one file; `progress` is told the share of it that is done."""
        try:
            source = FileSource(path)
            for detection in self._scan(source, progress, trace):
                yield Finding(path, detection)
            if source.damage:
                yield Finding(path, problem=source.damage)
        except AudioError as error:
            yield Finding(path, problem=str(error))

    def _scan(self, source: FileSource, progress: Progress, trace: Trace | None) -> Iterator[Detection]:
        done = 0.0

        def advance(seconds: float) -> None:
            nonlocal done
            done += seconds
            if source.seconds:
                progress(min(1.0, done / source.seconds))

        return scan(source, self._tokenizer, self._keywords, refractory=self._refractory, trace=trace, progress=advance)


def by_processes(
    paths: Sequence[Path], config: ScanConfig, keywords: Sequence[Keyword], progress: Progress
) -> Iterator[Finding]:
    """The findings of a `Searcher` in each of several processes, a file at a time.

    Raises:
        KwsdError: a worker was killed.
    """
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(min(config.workers, len(paths)), context, _begin, (config, keywords))
    try:
        for i, found in enumerate(pool.map(_search, paths)):
            yield from found
            progress(i + 1)
    except BrokenProcessPool as error:
        raise KwsdError("a worker process died, perhaps for want of memory: give fewer --workers") from error
    finally:
        for child in multiprocessing.active_children():
            child.terminate()  # else an interrupted run would wait for the hours of audio that they have before them
        pool.shutdown(cancel_futures=True)  # waited for: at exit the pool would complain of pipes that are gone


_searcher: list[Searcher] = []  # of this worker process


def _begin(config: ScanConfig, keywords: Sequence[Keyword]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes, and one of them answers
    _searcher.append(Searcher(Tokenizer(config.model), keywords, config.refractory))


def _search(path: Path) -> list[Finding]:
    return list(_searcher[0].in_file(path, lambda share: None))
