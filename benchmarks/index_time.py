"""Where the time of `kwsd index build` goes, by stage, in processor time: `python -m benchmarks.index_time`."""

from __future__ import annotations

import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest.mock import patch

import click

from benchmarks import corpora, options
from benchmarks.tables import table
from kwsd.archive.indexing import compaction, segment_builder
from kwsd.archive.indexing.index_writer import build
from kwsd.archive.segments import segment
from kwsd.archive.segments.quantizer import Quantizer
from kwsd.audio import FileSource
from kwsd.tokenizer.tokenizer import Tokenizer

STAGES: dict[str, tuple[tuple[Any, str], ...]] = {
    "decoding the files": ((FileSource, "blocks"),),
    "tokenizer": ((Tokenizer, "push"), (Tokenizer, "flush")),
    "codes": ((Quantizer, "push"), (Quantizer, "flush")),
    "hashes of the files": ((segment_builder, "file_identity"),),
    "writing segments, with posting lists": ((segment, "write"),),
    "joining segments, without writing them": ((compaction, "compact"),),
}
REST = "all else"


@click.command()
@options.shared
@click.option("--files", default=400, show_default=True, help="How many files of read prose are heard.")
def main(shared: Path, files: int) -> None:
    """Build an index and say what took how long."""
    paths = [clip.path for clip in corpora.clips(shared, "librispeech")[:files]]
    tokenizer, spent = Tokenizer(), defaultdict[str, float](float)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as patches:
        for stage, places in STAGES.items():
            for owner, name in places:
                patches.enter_context(patch.object(owner, name, _timed(getattr(owner, name), stage, spent)))
        began = time.process_time()
        report = build(Path(folder) / "index", paths, tokenizer)
        took = time.process_time() - began
    spent[REST] = took - sum(spent.values())
    hours = report.seconds / 3600
    rows = [
        (stage, f"{spent[stage] / hours:.2f}", f"{100 * spent[stage] / took:.1f}") for stage in (*STAGES, "all else")
    ]
    click.echo(f"{hours:.2f} h in {len(paths)} files, {took / hours:.2f} s of processor time an hour\n")
    click.echo(table(("stage", "s an hour", "% of the time"), rows))


def _timed(act: Callable[..., Any], stage: str, spent: dict[str, float]) -> Callable[..., Any]:
    """The same, which adds the processor time that it takes to its stage, and takes it from the stage around it."""

    def timed(*args: Any, **options: Any) -> Any:
        began, before = time.process_time(), sum(spent.values())
        found = act(*args, **options)
        if isinstance(found, Iterator):
            spent[stage] += time.process_time() - began
            return _each(found, stage, spent)
        spent[stage] += time.process_time() - began - (sum(spent.values()) - before)
        return found

    return timed


def _each(found: Iterator[Any], stage: str, spent: dict[str, float]) -> Iterator[Any]:
    while True:
        began = time.process_time()
        try:
            one = next(found)
        except StopIteration:
            return
        finally:
            spent[stage] += time.process_time() - began
        yield one


if __name__ == "__main__":
    main()
