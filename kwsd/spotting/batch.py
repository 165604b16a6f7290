"""Scanning many files: one after the other, in worker processes or on a Ray cluster, with results in file order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from kwsd.audio import FileSource
from kwsd.audio.opening import is_read_once, shown
from kwsd.errors import AudioError
from kwsd.keywords.keyword import Keyword
from kwsd.parallel.processes import in_processes
from kwsd.settings.spotting import ScanConfig
from kwsd.spotting.detection import Detection
from kwsd.spotting.scan import scan
from kwsd.spotting.trace import Trace
from kwsd.tokenizer.tokenizer import Tokenizer

Progress = Callable[[float], None]


@dataclass(frozen=True)
class Finding:
    """A detection or a problem in a file.

    Attributes:
        path: the file.
        detection: a detection, None if this is a problem.
        channel: the channel of the detection, from 1; None if the channels were mixed.
        problem: a sentence that says why the file, or its end, could not be scanned; empty if this is a detection.
    """

    path: Path
    detection: Detection | None = None
    channel: int | None = None
    problem: str = ""


class FileScanner:
    """Scans files for keywords.

    Args:
        tokenizer: is reset for each file.
        keywords: at least one, made with that tokenizer.
        refractory: seconds after a detection in which the same keyword is not detected again.
        split: scan each channel by itself, instead of the mean of all.
    """

    def __init__(
        self, tokenizer: Tokenizer, keywords: Sequence[Keyword], refractory: float = 1.0, split: bool = False
    ) -> None:
        self._tokenizer, self._keywords, self._refractory, self._split = tokenizer, keywords, refractory, split

    def scan_files(self, paths: Sequence[Path], progress: Progress, trace: Trace | None = None) -> Iterator[Finding]:
        """The findings in the order of the files; `progress` is called with the number of files done, a fraction."""
        for done, path in enumerate(paths):
            yield from self.scan_file(path, lambda share: progress(done + share), trace)  # noqa: B023 - called only in this iteration
            progress(done + 1)

    def scan_file(self, path: Path, progress: Progress, trace: Trace | None = None) -> Iterator[Finding]:
        """The findings in one file; `progress` is called with the share that is done, 0 to 1."""
        try:
            damage = None
            for channel, source in self._channels(path):
                for detection in self._scan(source, _part(progress, channel, source), trace):
                    yield Finding(path, detection, None if channel is None else channel + 1)
                damage = source.damage
            if damage:
                yield Finding(path, problem=damage)
        except AudioError as error:
            yield Finding(path, problem=str(error))

    def _channels(self, path: Path) -> Iterator[tuple[int | None, FileSource]]:
        """The file as sources that are scanned one after the other: the mean of its channels, or each of them."""
        if not self._split:
            yield None, FileSource(path)
            return
        if is_read_once(path):
            raise AudioError(f"{shown(path)} can be read only once: save it to a file to scan it by channel")
        source = FileSource(path, channel=0)
        yield 0, source
        for channel in range(1, source.channels):
            yield channel, FileSource(path, channel=channel)

    def _scan(self, source: FileSource, progress: Progress, trace: Trace | None) -> Iterator[Detection]:
        done = 0.0

        def advance(seconds: float) -> None:
            nonlocal done
            done += seconds
            if source.seconds:
                progress(min(1.0, done / source.seconds))

        return scan(source, self._tokenizer, self._keywords, refractory=self._refractory, trace=trace, progress=advance)


def _part(progress: Progress, channel: int | None, source: FileSource) -> Progress:
    """The progress of a file, from that of one of its channels."""
    return progress if channel is None else lambda share: progress((channel + share) / source.channels)


def scan_in_processes(
    paths: Sequence[Path], config: ScanConfig, keywords: Sequence[Keyword], progress: Progress
) -> Iterator[Finding]:
    """The findings of `FileScanner.scan_files`, by `config.workers` worker processes, one file at a time each.

    Raises:
        KwsdError: a worker process was killed.
    """
    for done, found in enumerate(in_processes(config.workers, _worker, (config, keywords), paths)):
        yield from found
        progress(done + 1)


def scan_on_cluster(
    address: str, paths: Sequence[Path], config: ScanConfig, keywords: Sequence[Keyword], progress: Progress
) -> Iterator[Finding]:
    """The findings of `FileScanner.scan_files`, by a worker on each core of a Ray cluster, one file at a time each.

    Args:
        address: see `kwsd.parallel.ray_cluster.on_ray`.
        paths: the files; each node must have them at the same absolute paths.
        config: the settings of the scan.
        keywords: at least one.
        progress: called with the number of files done.

    Raises:
        KwsdError: the cluster cannot be reached, its nodes have another version of kwsd, or a file ends every worker.
    """
    from kwsd.parallel.ray_cluster import on_ray  # noqa: PLC0415 - rarely needed

    model = config.model and config.model.absolute()
    arguments = (msgspec.structs.replace(config, model=model), keywords)
    files = [path.absolute() for path in paths]  # workers have another working directory
    for done, (path, found) in enumerate(zip(paths, on_ray(address, _checked_worker, arguments, files), strict=True)):
        yield from (replace(finding, path=path) for finding in found)
        progress(done + 1)


def _checked_worker(config: ScanConfig, keywords: Sequence[Keyword]) -> Callable[[Path], list[Finding]]:
    from kwsd.tokenizer.same_model import same_model  # noqa: PLC0415 - rarely needed

    same_model(config.model, keywords[0].model)
    return _worker(config, keywords)


def _worker(config: ScanConfig, keywords: Sequence[Keyword]) -> Callable[[Path], list[Finding]]:
    scanner = FileScanner(Tokenizer(config.model), keywords, config.refractory, config.channels == "split")
    return lambda path: list(scanner.scan_file(path, lambda share: None))
