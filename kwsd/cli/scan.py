"""`kwsd scan`: finds keywords in files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from kwsd.cli.group import FAILED, complain
from kwsd.cli.options import PATH, on_option, setting, spotting_options, workers_option
from kwsd.cli.progress import Bar
from kwsd.cli.stdin import RECORDING, stdin_options, with_stdin
from kwsd.settings.inputs import Width
from kwsd.settings.spotting import ScanConfig

if TYPE_CHECKING:
    from kwsd.cli.detections import Printer
    from kwsd.keywords.keyword import Keyword
    from kwsd.spotting.batch import Finding, Progress
    from kwsd.spotting.detection import Detection
    from kwsd.spotting.trace import Trace
    from kwsd.tokenizer.tokenizer import Tokenizer


@click.command(short_help="Find the keywords in files.")
@click.argument("files", nargs=-1, type=RECORDING, metavar="FILE...")
@click.option("--recursive", is_flag=True, help="Search the recordings in folders and the folders below them.")
@click.option("--jsonl", is_flag=True, help="Print one JSON object a line for each detection, as `kwsd listen` does.")
@click.option(
    "--trace",
    type=PATH,
    metavar="OUT.npz",
    help="Write the distance of every keyword at every frame of one file; 4 MB an hour with 10 keywords.",
)
@click.option(
    "--plot",
    type=PATH,
    metavar="OUT.png",
    help="Draw these distances, with detections and near misses, as PNG, SVG or PDF; needs kwsd[plot].",
)
@setting(ScanConfig, "channels")
@stdin_options
@workers_option
@on_option
@spotting_options
@click.pass_context
def scan(
    ctx: click.Context,
    files: tuple[Path, ...],
    recursive: bool,
    jsonl: bool,
    trace: Path | None,
    plot: Path | None,
    channels: Literal["mix", "split"],
    stdin: bool,
    rate: int,
    width: Width,
    stdin_channels: int,
    workers: int,
    on: str | None,
    keyword: tuple[str, ...],
    refractory: float,
    store: Path,
    model: Path | None,
) -> None:
    """Find keywords in audio files: WAV, FLAC, OGG, Opus, MP3, of any rate, length and number of channels.

    With kwsd[media] also in m4a, AAC, WebM, AMR, Speex and video files. A FILE of "-" is a file of any of these formats
    on standard input: in a WAV file keywords are found while it is written, any other is copied to a temporary file.

    A line for each detection says its start and end in seconds, the keyword, its distance and the threshold. The exit
    status is 2 if a file could not be searched to its end; the others are searched all the same.

    \b
    Examples:
      kwsd scan meeting.ogg
      kwsd scan --recursive archive --workers 4 --jsonl > found.jsonl
      kwsd scan --channels split call.wav
      curl -s https://example.org/talk.mp3 | kwsd scan -
    """
    from kwsd.audio import audio_files

    config = ScanConfig(
        store=store,
        model=model,
        keywords=keyword,
        refractory=refractory,
        workers=workers,
        on=on,
        channels=channels,
    )
    paths = audio_files(with_stdin(files, stdin, rate, width, stdin_channels), recursive)
    _check_inputs(config, paths)
    _check_outputs(config, paths, trace, plot)
    if _run(config, paths, jsonl, trace, plot):
        ctx.exit(FAILED)


def _run(config: ScanConfig, paths: list[Path], jsonl: bool, trace: Path | None, plot: Path | None) -> bool:
    """Whether an error occurred; it is printed."""
    from kwsd.cli.detections import Printer
    from kwsd.keywords.selection import select
    from kwsd.keywords.store import Store
    from kwsd.spotting.trace import Trace
    from kwsd.tokenizer.tokenizer import Tokenizer

    tokenizer = Tokenizer(config.model)
    selection = select(Store(config.store), config.keywords, tokenizer)
    for problem in selection.problems:
        complain(problem)
    track = Trace() if trace or plot else None
    with Bar(len(paths)) as bar:
        findings = _findings(config, paths, tokenizer, selection.keywords, bar.move, track)
        found, failed = _say(findings, Printer(jsonl, tokenizer.digest), bar)
    if track:
        _write(track, found, selection.keywords, trace, plot)
    return failed or bool(selection.problems)


def _findings(
    config: ScanConfig,
    paths: list[Path],
    tokenizer: Tokenizer,
    keywords: Sequence[Keyword],
    progress: Progress,
    track: Trace | None,
) -> Iterator[Finding]:
    from kwsd.spotting.batch import FileScanner, scan_in_processes, scan_on_cluster

    if config.on:
        return scan_on_cluster(config.on, paths, config, keywords, progress)
    if min(config.workers, len(paths)) > 1:
        return scan_in_processes(paths, config, keywords, progress)
    scanner = FileScanner(tokenizer, keywords, config.refractory, config.channels == "split")
    return scanner.scan_files(paths, progress, track)


def _say(findings: Iterator[Finding], printer: Printer, bar: Bar) -> tuple[list[Detection], bool]:
    """The detections of the last file, and whether a file had a problem."""
    found: list[Detection] = []
    failed, path = False, None
    for finding in findings:
        if finding.path != path:
            found, path = [], finding.path
        with bar.aside():
            if finding.detection:
                found.append(finding.detection)
                printer.print(finding.path, finding.detection, finding.channel)
            else:
                failed = True
                complain(finding.problem)
    return found, failed


def _check_inputs(config: ScanConfig, paths: list[Path]) -> None:
    from kwsd.audio.opening import STDIN
    from kwsd.errors import ConfigError

    if not paths:
        raise ConfigError("there is nothing to scan: name files or folders, or - for standard input")
    if STDIN in paths and (config.on or config.workers > 1):
        raise ConfigError("standard input is read by one process: leave out --workers and --on, or scan it by itself")


def _check_outputs(config: ScanConfig, paths: list[Path], trace: Path | None, plot: Path | None) -> None:
    from kwsd.errors import ConfigError
    from kwsd.spotting.trace import check_writable

    outputs = [out for out in (trace, plot) if out]
    if outputs and len(paths) != 1:
        raise ConfigError(f"--trace and --plot are of one file, these are {len(paths)}: scan them one by one")
    if outputs and config.channels == "split":
        raise ConfigError("--trace and --plot are of one channel: leave out --channels split")
    if outputs and config.on:
        raise ConfigError("--trace and --plot are made on this machine: leave out --on")
    if plot:
        from kwsd.spotting.plot import load

        load()
    for out in outputs:
        check_writable(out)


def _write(
    track: Trace, found: list[Detection], keywords: Sequence[Keyword], trace: Path | None, plot: Path | None
) -> None:
    from kwsd.spotting.trace import save

    if trace:
        save(trace, track, keywords)
    if plot:
        from kwsd.spotting.plot import plot as draw

        draw(plot, track.time, track.distance, keywords, found)
