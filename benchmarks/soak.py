"""Hours of real speech through a daemon, as fast as it goes: `python -m benchmarks.soak`, see docs/reliability.md.

`kwsd listen` runs as a process of its own and reads a pipe. Its memory, its detections and the audio that it searched
are compared with what they should be: flat, those of a scan of the same audio, and all of it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import click
import numpy as np
from numpy.typing import NDArray

from benchmarks import corpora, options
from benchmarks.corpora import RATE, Samples
from benchmarks.live_cost import ENROLLED, keyword
from benchmarks.tables import header, row
from kwsd.audio.source import Block
from kwsd.keywords.keyword import Keyword
from kwsd.keywords.store import Store
from kwsd.spotting.scan import scan
from kwsd.tokenizer.background_bank import Bank
from kwsd.tokenizer.tokenizer import Tokenizer

DISTINCT = 10  # keywords; more are the same under other names
PIECE = 10.0  # s of audio written at once
PROSE = 2400.0  # s of speech that are repeated, each time from another place on
WARM_UP = 0.1  # share of the run after which memory should be flat
MEGABYTE = 1 << 20


class Speech:
    """A stream of read prose of any length, the same at each reading.

    Attributes:
        name: for events.
    """

    name = "prose"

    def __init__(self, prose: Samples, seconds: float) -> None:
        self._prose, self._seconds = (prose * 32767).round().astype("<i2"), seconds

    def pieces(self) -> Iterator[NDArray[np.int16]]:
        """The stream in pieces of PIECE seconds."""
        rng, step, place = np.random.default_rng(3), round(PIECE * RATE), 0
        for _ in range(round(self._seconds / PIECE)):
            if place + step > len(self._prose):
                place = int(rng.integers(step))
            yield self._prose[place : place + step]
            place += step

    def blocks(self) -> Iterator[Block]:
        """The stream as blocks, for a scan."""
        for number, piece in enumerate(self.pieces()):
            yield Block(piece.astype(np.float32) / np.float32(32768), number * PIECE)

    def close(self) -> None:
        """Nothing to do."""


@dataclass(frozen=True)
class Outcome:
    """What a daemon did with a stream.

    Attributes:
        detections: keyword, start and end of each.
        processed, dropped: seconds of audio at the last heartbeat.
        memory: [n, 2] seconds of audio and bytes of resident memory, at each heartbeat.
    """

    detections: list[tuple[str, float, float]]
    processed: float
    dropped: float
    memory: NDArray[np.float64]

    def slope(self) -> tuple[float, float]:
        """Growth of the memory after warm-up in MB for each hour of audio, and half of its 95 % interval."""
        time, size = self.memory[int(WARM_UP * len(self.memory)) :].T
        hours, megabytes = time / 3600, size / MEGABYTE
        (slope, _), covariance = np.polyfit(hours, megabytes, 1, cov=True)
        return float(slope), 1.96 * float(np.sqrt(covariance[0, 0]))


def keywords(shared: Path, count: int, tokenizer: Tokenizer) -> list[Keyword]:
    """So many keywords of the prose, of 5 templates each."""
    bank, rng = Bank.shipped(), np.random.default_rng(4)
    frames = tokenizer.push(corpora.read_prose(shared, ENROLLED))
    made = [keyword(str(number), frames, tokenizer, bank, rng) for number in range(min(count, DISTINCT))]
    return [replace(made[number % len(made)], name=str(number)) for number in range(count)]


def heard(speech: Speech, store: Path) -> Outcome:
    """What `kwsd listen` does with the speech, written into its pipe as fast as it reads."""
    command = [sys.executable, "-m", "kwsd", "listen", "--stdin", "--jsonl", "--no-zmq", "--heartbeat", "1"]
    command += ["--store", str(store)]
    with (
        tempfile.TemporaryDirectory() as runtime,
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"XDG_RUNTIME_DIR": runtime},
        ) as process,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        threading.Thread(target=feed, args=(speech, process.stdin), daemon=True).start()
        return _outcome(process.pid, map(json.loads, process.stdout))


def feed(speech: Speech, out: BinaryIO) -> None:
    """Write the speech."""
    with out:
        for piece in speech.pieces():
            out.write(piece.tobytes())


def _outcome(process: int, events: Iterator[dict[str, Any]]) -> Outcome:
    detections, memory, last = [], [], {"processed": 0.0, "dropped": 0.0}
    for event in events:
        if event["event"] == "detection":
            detections.append((event["keyword"], event["start"], event["end"]))
        elif event["event"] == "heartbeat":
            last = event
            memory.append((event["processed"], resident(process)))
    return Outcome(detections, last["processed"], last["dropped"], np.array(memory))


def resident(process: int) -> int:
    """Bytes of resident memory of a process."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def scanned(speech: Speech, tokenizer: Tokenizer, spotted: list[Keyword]) -> list[tuple[str, float, float]]:
    """What a scan detects."""
    tokenizer.reset()
    return [(one.keyword, one.start, one.end) for one in scan(speech, tokenizer, spotted)]


def same(left: list[tuple[str, float, float]], right: list[tuple[str, float, float]]) -> bool:
    """Whether the detections are the same, in any order, to a millisecond."""

    def plain(found: list[tuple[str, float, float]]) -> list[tuple[str, float, float]]:
        return sorted((name, round(start, 3), round(end, 3)) for name, start, end in found)

    return plain(left) == plain(right)


@click.command()
@options.shared
@click.option("--keywords", "counts", multiple=True, type=int, default=(1, 10, 1000), show_default=True)
@click.option("--hours", "lengths", multiple=True, type=float, default=(24.0,), show_default=True, help="Of each run.")
def main(shared: Path, counts: tuple[int, ...], lengths: tuple[float, ...]) -> None:
    """Let daemons with 1, 10 and 1,000 keywords hear hours of speech."""
    tokenizer = Tokenizer()
    prose = corpora.read_prose(shared, PROSE)  # with what the keywords are cut from
    columns = (
        "keywords",
        "audio, h",
        "memory, MB",
        "growth, MB an hour of audio",
        "detections",
        "as a scan",
        "lost, s",
    )
    click.echo(header(columns))
    for count, hours in zip(counts, lengths * (len(counts) if len(lengths) == 1 else 1), strict=True):
        spotted, speech = keywords(shared, count, tokenizer), Speech(prose, hours * 3600)
        with tempfile.TemporaryDirectory() as store:
            for one in spotted:
                Store(Path(store)).save(one)
            found = heard(speech, Path(store))
        slope, width = found.slope()
        is_same = same(found.detections, scanned(speech, tokenizer, spotted))
        cells = (f"{found.memory[-1, 1] / MEGABYTE:.0f}", f"{slope:+.2f} ± {width:.2f}", len(found.detections))
        click.echo(row((count, f"{hours:g}", *cells, "yes" if is_same else "no", f"{found.dropped:g}")))


if __name__ == "__main__":
    main()
