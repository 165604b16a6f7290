"""What is still found on a machine that is too slow: `python -m benchmarks.overload`, see docs/reliability.md.

The daemon hears real words from a pipe, written at the pace of their time, and searches each block as slowly as asked.
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import click
import soundfile as sf

from benchmarks import options
from benchmarks.corpora import RATE
from benchmarks.latency import Spoken, play_list
from benchmarks.live_cost import write
from benchmarks.protocol import Protocol
from benchmarks.tables import table
from kwsd.audio.pcm import PcmSource
from kwsd.audio.pipe import Pipe
from kwsd.audio.source import Block, QueuedRelay, QueuedSource
from kwsd.cli import logs
from kwsd.daemon.daemon import Daemon
from kwsd.enrolment.enroll import enroll
from kwsd.events.messages import DetectionEvent, Event
from kwsd.keywords.selection import select
from kwsd.keywords.store import Store
from kwsd.tokenizer.tokenizer import Tokenizer

QUEUE = 10.0  # s, the default of `kwsd listen --queue`
NEAR = 0.5  # s between the end of a word and that of its detection


class Slowed(QueuedRelay):
    """A source whose consumer takes at least `load` seconds for each second of audio."""

    def __init__(self, inner: QueuedSource, load: float) -> None:
        super().__init__(inner)
        self._load = load

    def blocks(self) -> Iterator[Block]:
        """The blocks of the inner source."""
        for block in self._inner.blocks():
            began = time.monotonic()
            yield block
            time.sleep(max(0.0, self._load * block.seconds - (time.monotonic() - began)))


@dataclass
class Journal:
    """A publisher that keeps the detections."""

    detections: list[DetectionEvent] = field(default_factory=list)

    def publish(self, event: Event) -> None:
        """Keep the event."""
        if isinstance(event, DetectionEvent):
            self.detections.append(event)

    def close(self) -> None:
        """Nothing to do."""


@dataclass(frozen=True)
class Run:
    """What one run heard.

    Attributes:
        found: the places, in the list of spoken words, of those that were detected.
        lost: seconds of audio dropped.
        gaps: how often audio was dropped.
    """

    found: frozenset[int]
    lost: float
    gaps: int


def run(load: float, audio: Path, store: Path, spoken: list[Spoken]) -> Run:
    """Play the audio to a daemon that needs `load` seconds for a second of it."""
    logs.configure("error", sys.stderr)
    samples, _ = sf.read(audio, dtype="int16")
    reading, writing = os.pipe()
    tokenizer, journal = Tokenizer(), Journal()
    with os.fdopen(reading, "rb") as stream:
        threading.Thread(target=write, args=(samples, os.fdopen(writing, "wb")), daemon=True).start()
        source = Slowed(Pipe(PcmSource(stream, RATE), QUEUE), load)
        daemon = Daemon(source, tokenizer, select(Store(store), (), tokenizer), journal, heartbeat=0)
        daemon.run()
    found = {place for place, word in enumerate(spoken) if any(_is_of(one, word) for one in journal.detections)}
    return Run(frozenset(found), daemon.metrics.totals.lost, daemon.metrics.totals.overflows)


def _is_of(detection: DetectionEvent, word: Spoken) -> bool:
    return detection.keyword == word.keyword and abs(detection.end - word.end) < NEAR


@click.command()
@options.shared
@click.option("--clips", default=30, show_default=True, help="Test clips of each keyword.")
@click.option("--load", "loads", multiple=True, type=float, default=(0.9, 1.1, 1.3, 1.6, 2.0), show_default=True)
def main(shared: Path, clips: int, loads: tuple[float, ...]) -> None:
    """Play test clips to daemons of different loads, all at once, each in a process of its own."""
    protocol = Protocol(shared)
    with tempfile.TemporaryDirectory() as folder:
        store, audio = Path(folder) / "store", Path(folder) / "played.wav"
        tokenizer = Tokenizer()
        for name in protocol.keywords:
            Store(store).save(enroll(name, protocol.draws(name)[0], tokenizer).keyword)
        spoken = play_list(protocol, audio, clips)
        with ProcessPoolExecutor(1 + len(loads), mp_context=get_context("spawn")) as pool:
            at_ease, *runs = pool.map(partial(run, audio=audio, store=store, spoken=spoken), (0.0, *loads))
        seconds = sf.info(audio).duration
    click.echo(f"{len(spoken)} words in {seconds:.0f} s, of which {len(at_ease.found)} are found without a load.\n")
    rows = [
        (
            f"{load:g}",
            f"{len(one.found & at_ease.found) / len(at_ease.found):.0%}",
            f"{one.lost / seconds:.0%}",
            one.gaps,
        )
        for load, one in zip(loads, runs, strict=True)
    ]
    click.echo(table(("load", "found of these", "audio lost", "gaps"), rows))


if __name__ == "__main__":
    main()
