"""Many files searched one after the other or by several processes, with their findings in the files' order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from kwsd.audio import FileSource
from kwsd.config import ScanConfig
from kwsd.errors import AudioError
from kwsd.keywords.keyword import Keyword
from kwsd.parallel.processes import in_processes
from kwsd.spotting.detection import Detection
from kwsd.spotting.scan import scan
from kwsd.spotting.trace import Trace
from kwsd.tokenizer.tokenizer import Tokenizer

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


class FileScanner:
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
    for done, found in enumerate(in_processes(config.workers, _searcher, (config, keywords), paths)):
        yield from found
        progress(done + 1)


def by_cluster(
    address: str, paths: Sequence[Path], config: ScanConfig, keywords: Sequence[Keyword], progress: Progress
) -> Iterator[Finding]:
    """The findings of a `Searcher` on each core of a cluster, a file at a time; all nodes have the files.

    Args:
        address: see `kwsd.parallel.ray_cluster.on_ray`.

    Raises:
        KwsdError: the cluster cannot be reached, its nodes have another kwsd, or a file ends every worker.
    """
    from kwsd.parallel.ray_cluster import on_ray  # noqa: PLC0415 - rarely needed

    model = config.model and config.model.absolute()
    arguments = (replace(config, model=model), keywords)
    files = [path.absolute() for path in paths]  # a worker has another working directory
    for done, (path, found) in enumerate(zip(paths, on_ray(address, _checked, arguments, files), strict=True)):
        yield from (replace(finding, path=path) for finding in found)
        progress(done + 1)


def _checked(config: ScanConfig, keywords: Sequence[Keyword]) -> Callable[[Path], list[Finding]]:
    from kwsd.tokenizer.same_model import same_model  # noqa: PLC0415 - rarely needed

    same_model(config.model, keywords[0].model)
    return _searcher(config, keywords)


def _searcher(config: ScanConfig, keywords: Sequence[Keyword]) -> Callable[[Path], list[Finding]]:
    searcher = FileScanner(Tokenizer(config.model), keywords, config.refractory)
    return lambda path: list(searcher.in_file(path, lambda share: None))
