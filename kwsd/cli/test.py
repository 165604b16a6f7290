"""`kwsd test`: tries a keyword, with its live distance, its hits and its near misses."""

from __future__ import annotations

import signal
import sys
from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kwsd.cli.gauge import Gauge, distance_bar, level_bar
from kwsd.cli.group import warn
from kwsd.cli.options import device_option, model_option, setting, store_option
from kwsd.settings.inputs import FileInput, MicrophoneInput, choose_inputs
from kwsd.settings.spotting import SpottingConfig, TrialConfig

if TYPE_CHECKING:
    from kwsd.audio.source import Source
    from kwsd.keywords.keyword import Keyword
    from kwsd.spotting.detection import Detection
    from kwsd.spotting.near_misses import NearMiss
    from kwsd.tokenizer.tokenizer import Tokenizer

QUEUE = 10.0  # s of live audio that may wait


@click.command(short_help="Try a keyword: its live distance, hits and near misses.")
@click.argument("name")
@device_option
@setting(FileInput, "path", "--file", metavar="FILE")
@setting(FileInput, "realtime")
@setting(SpottingConfig, "refractory", metavar="SECONDS")
@store_option
@model_option
def test(
    name: str,
    device: str | None,
    file: Path | None,
    realtime: bool,
    refractory: float,
    store: Path,
    model: Path | None,
) -> None:
    """Listen for the keyword NAME and show how near what is heard comes to it, until Ctrl-C or the end of the file.

    On a terminal, a line shows the distance now, the threshold in brackets, and the level of the input. The bar reaches
    its mark where the distance is the threshold. Each hit has a line, and so has each near miss, whose distance is at
    most 0.1 above the threshold. What was near enough and is refused, by --unlike or --second-look of `kwsd enroll`,
    has one, too. Nothing is published or kept.

    \b
    Examples:
      kwsd test "hey snips"
      kwsd test "hey snips" --file meeting.ogg
    """
    from kwsd.daemon.source import open_source
    from kwsd.keywords.store import Store
    from kwsd.tokenizer.tokenizer import Tokenizer

    microphones = [] if device is None else [MicrophoneInput(device)]
    (wanted,) = choose_inputs(file, None, microphones, realtime)
    config = TrialConfig(store=store, model=model, keywords=(name,), refractory=refractory, input=wanted)
    tokenizer = Tokenizer(config.model)
    (keyword,) = Store(config.store).load_all(config.keywords, tokenizer)
    source = open_source(config.input, sys.stdin.buffer, QUEUE, _report)
    _try(source, tokenizer, keyword, config.refractory)


def _try(source: Source, tokenizer: Tokenizer, keyword: Keyword, refractory: float) -> None:
    from kwsd.daemon.signals import handling
    from kwsd.spotting.near_misses import NearMisses
    from kwsd.spotting.scan import AudioSpotter

    near = NearMisses(keyword.threshold)
    lines = _Lines(keyword.threshold)
    refused = partial(lines.add, "refused")
    spotter = AudioSpotter(tokenizer, [keyword], refractory=refractory, traces=[near], on_refused=refused)
    click.echo(f'listening to {source.name} for "{keyword.name}"; Ctrl-C ends it', err=True)
    with handling({signal.SIGINT: source.close, signal.SIGTERM: source.close}):
        for block in source.blocks():
            lines.add("hit", *spotter.push(block))
            lines.add("near miss", *near.take())
            lines.seconds += block.seconds
            if block.seconds:
                lines.gauge.show(f"{distance_bar(near.distance, keyword.threshold)}  {level_bar(block.samples)}")
    lines.add("hit", *spotter.flush())
    lines.add("near miss", *near.flush())
    lines.end()


class _Lines:
    """What is written about hits, near misses and what was refused, around the gauge."""

    def __init__(self, threshold: float) -> None:
        self.gauge = Gauge()
        self.seconds = 0.0
        self._threshold = threshold
        self._counts: Counter[str] = Counter()

    def add(self, kind: str, *found: Detection | NearMiss) -> None:
        """Write a line for each."""
        self._counts[kind] += len(found)
        for one in found:
            self.gauge.clear()
            click.echo(f"{one.start:9.2f} - {one.end:9.2f}  {kind:9}  {one.distance:.3f} ({self._threshold:.3f})")

    def end(self) -> None:
        """Write how many there were."""
        self.gauge.clear()
        refused = f", refused: {self._counts['refused']}" if self._counts["refused"] else ""
        hits, misses = self._counts["hit"], self._counts["near miss"]
        click.echo(f"hits: {hits}, near misses: {misses}{refused}, in {self.seconds:.0f} s")
        if misses:
            click.echo("if the phrase was said at a near miss, add a recording of it, said in the same way", err=True)


def _report(status: str, **facts: Any) -> None:
    reason = f": {facts['reason']}" if "reason" in facts else ""
    warn(f"{facts.get('device', '')}: {status}{reason}")
