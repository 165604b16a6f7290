"""`kwsd index`: makes and changes indexes of speech, which `kwsd search` searches."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kwsd.cli.discover import discover
from kwsd.cli.group import FAILED, Verbs, complain
from kwsd.cli.index_statistics import count, duration, facts, print_info, print_size
from kwsd.cli.options import LOCATION, PATH, model_option, on_option, setting, workers_option
from kwsd.cli.progress import Bar
from kwsd.settings.archive import IndexConfig

if TYPE_CHECKING:
    from kwsd.archive import Report
    from kwsd.archive.indexing.segment_builder import BatchRunner
    from kwsd.tokenizer.tokenizer import Tokenizer

index_argument = click.argument("index", type=LOCATION)
paths_argument = click.argument("paths", nargs=-1, required=True, type=PATH, metavar="PATH...")


@click.group(cls=Verbs, short_help="Index an archive of speech for search.")
def index() -> None:
    """Index recordings: keep codes of them, 0.3 MB an hour, for `kwsd search`.

    \b
    Example:
      kwsd index build archive.index recordings/
    """


index.add_command(discover)


@index.command()
@index_argument
@paths_argument
@setting(IndexConfig, "stages", metavar="1-6", show_default="5")
@setting(IndexConfig, "vectors")
@setting(IndexConfig, "graph")
@setting(IndexConfig, "small")
@workers_option
@on_option
@model_option
@click.pass_context
def build(
    ctx: click.Context,
    index: str,
    paths: tuple[Path, ...],
    stages: int | None,
    vectors: bool | None,
    graph: bool | None,
    small: bool | None,
    workers: int,
    on: str | None,
    model: Path | None,
) -> None:
    """Make INDEX of files and folders, or update it to them.

    Folders are read with all that is below them. What is new or changed is heard, what is gone is dropped; an
    interrupted build goes on where it was. An index keeps the settings that it was made with.

    The exit status is 2 if a file could not be read to its end; the others are in the index all the same.

    \b
    Examples:
      kwsd index build archive.index recordings/ --workers 4
      kwsd index build s3://bucket/index /shared/recordings --on ray://head:10001
    """
    from kwsd.archive.indexing import index_writer
    from kwsd.archive.statistics import build_settings
    from kwsd.tokenizer.tokenizer import Tokenizer

    config = IndexConfig(
        index=index,
        paths=paths,
        model=model,
        workers=workers,
        on=on,
        stages=stages,
        vectors=vectors,
        graph=graph,
        small=small,
    )
    tokenizer, began = Tokenizer(config.model), time.monotonic()
    with Bar(1) as bar:
        report = index_writer.build(
            config.index,
            config.paths,
            tokenizer,
            settings=build_settings(config.index, _given(config)),
            workers=config.workers,
            engine=_engine(config, tokenizer),
            progress=bar.move,
        )
    _conclude(ctx, config.index, report, time.monotonic() - began)


@index.command(short_help="Add files and folders to INDEX, and drop nothing.")
@index_argument
@paths_argument
@workers_option
@on_option
@model_option
@click.pass_context
def add(
    ctx: click.Context, index: str, paths: tuple[Path, ...], workers: int, on: str | None, model: Path | None
) -> None:
    """Add files and folders to INDEX; as `build`, but nothing is dropped.

    \b
    Example:
      kwsd index add archive.index yesterday.flac
    """
    from kwsd.archive.indexing import index_writer
    from kwsd.tokenizer.tokenizer import Tokenizer

    config = IndexConfig(index=index, paths=paths, model=model, workers=workers, on=on)
    tokenizer, began = Tokenizer(config.model), time.monotonic()
    with Bar(1) as bar:
        report = index_writer.add(
            config.index,
            config.paths,
            tokenizer,
            workers=config.workers,
            engine=_engine(config, tokenizer),
            progress=bar.move,
        )
    _conclude(ctx, config.index, report, time.monotonic() - began)


@index.command(short_help="Drop files and folders from INDEX; they themselves stay.")
@index_argument
@paths_argument
def remove(index: str, paths: tuple[Path, ...]) -> None:
    """Drop files, or all files below folders, from INDEX; the files themselves stay.

    \b
    Example:
      kwsd index remove archive.index recordings/private
    """
    from kwsd.archive.indexing import index_writer

    click.echo(f"{count(index_writer.remove(index, paths), 'file')} dropped")


@index.command("info")
@index_argument
@click.option("--files", is_flag=True, help="List the files of the index.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object instead of lines.")
@click.pass_context
def show(ctx: click.Context, index: str, files: bool, as_json: bool) -> None:
    """Show the content and the size of INDEX.

    The exit status is 2 if a part of it cannot be read; the others are shown all the same.

    \b
    Example:
      kwsd index info archive.index --files
    """
    from kwsd.archive.statistics import info

    found = info(index)
    if as_json:
        click.echo(json.dumps(facts(found, files)))
    else:
        print_info(found, files)
    for problem in found.problems:
        complain(problem)
    if found.problems:
        ctx.exit(FAILED)


@index.command()
@index_argument
@click.option(
    "--repair", is_flag=True, help="Leave damaged segments out; the next `build` processes their files again."
)
@click.pass_context
def verify(ctx: click.Context, index: str, repair: bool) -> None:
    """Check every byte of INDEX.

    The exit status is 2 if a part is damaged, and 0 if it was left out with --repair.

    \b
    Example:
      kwsd index verify archive.index --repair
    """
    from kwsd.archive.indexing import index_writer
    from kwsd.archive.statistics import damaged

    manifest, found = damaged(index)
    if repair and found:
        index_writer.repair(index)
    for entry, sentence in found:
        files = count(entry.documents - len(entry.dropped), "file")
        if repair:
            click.echo(f"{sentence}; left out with {files}, which the next `kwsd index build` hears anew")
        else:
            complain(f"{sentence}; {files} cannot be searched: run `kwsd index verify --repair`")
    if not found:
        whole = len(manifest.entries)
        click.echo(f"{count(whole, 'segment')} {'is' if whole == 1 else 'are'} whole")
    elif not repair:
        ctx.exit(FAILED)


@index.command(short_help="Join the segments of INDEX into large ones.")
@index_argument
@setting(IndexConfig, "small", "--small/--no-small")
def compact(index: str, small: bool | None) -> None:
    """Join the segments of INDEX into large ones, without the dropped recordings.

    \b
    Examples:
      kwsd index compact archive.index
      kwsd index compact archive.index --small
    """
    from kwsd.archive.indexing import index_writer
    from kwsd.archive.statistics import info

    index_writer.compact(index, small=small)
    print_size(index, info(index))


def _engine(config: IndexConfig, tokenizer: Tokenizer) -> BatchRunner | None:
    """The batch runner of a cluster, or None for this machine."""
    if config.on is None:
        return None

    from kwsd.archive.distributed import ray_batch_runner

    return ray_batch_runner(config.on, config.index, tokenizer)


def _given(config: IndexConfig) -> dict[str, Any]:
    """The settings that the options give."""
    asked = {key: getattr(config, key) for key in ("stages", "vectors", "graph", "small")}
    return {key: value for key, value in asked.items() if value is not None}


def _conclude(ctx: click.Context, index: str, report: Report, took: float) -> None:
    """Print the report of an update, and the size of the index."""
    from kwsd.archive.statistics import info

    heard = f"{count(report.added, 'file')} added, {report.unchanged} unchanged, {report.dropped} dropped"
    if report.seconds:
        speed = f"{report.seconds / max(took, 1e-3):.0f} times real time"
        heard += f": {duration(report.seconds)} of audio in {duration(took)} ({speed})"
    click.echo(heard)
    print_size(index, info(index))
    for problem in report.problems:
        complain(problem)
    if report.problems:
        ctx.exit(FAILED)
