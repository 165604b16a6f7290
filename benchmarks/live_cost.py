"""What listening costs in real time: `python -m benchmarks.live_cost`, see docs/benchmarks.md.

The daemon itself runs, as a process of its own, and its heartbeats say how much CPU time it took; start-up not counted.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import click
import numpy as np
import soundfile as sf

from benchmarks import corpora, options
from benchmarks.corpora import RATE, Samples
from benchmarks.tables import header, row
from kwsd.enrolment.calibration import calibrated
from kwsd.enrolment.false_alarms import false_alarm_model
from kwsd.enrolment.threshold import ALARMS
from kwsd.events.messages import HeartbeatEvent
from kwsd.events.subscriber import subscribe
from kwsd.keywords.keyword import Keyword, Template
from kwsd.keywords.store import Store
from kwsd.tokenizer.background_bank import Bank
from kwsd.tokenizer.codebook import unit
from kwsd.tokenizer.frames import Frames
from kwsd.tokenizer.tokenizer import Tokenizer

HEARTBEAT = 5.0  # s; the first one is left out, because it counts the start
PERIOD = 0.02  # s of audio that the writer of a pipe gives at once
QUIET = 10 ** (-60 / 20)  # amplitude of the noise of a quiet room, -60 dBFS
COUNTS = (1, 10, 100)
ENROLLED = 120.0  # s of prose that keywords are cut from; what follows is heard
TEMPLATES = 5
UNLIKE = 0.85  # cosine of a template's vectors with those of the stretch that it is made from


@dataclass(frozen=True)
class Case:
    """One figure: the audio, how it comes, and the keywords to spot."""

    audio: Path
    is_pipe: bool
    store: Path


def recordings(shared: Path, seconds: float, folder: Path) -> dict[str, Path]:
    """Files of read prose and of a quiet room, so many seconds long."""
    samples = int(seconds * RATE)
    noise = np.random.default_rng(2).standard_normal(samples).astype(np.float32)
    prose = corpora.read_prose(shared, ENROLLED + seconds)[int(ENROLLED * RATE) :]
    made = {"speech": prose, "quiet room": noise * np.float32(QUIET)}
    for name, audio in made.items():
        sf.write(folder / f"{name}.wav", audio, RATE, subtype="PCM_16")
    return {name: folder / f"{name}.wav" for name in made}


def keyword(name: str, frames: Frames, tokenizer: Tokenizer, bank: Bank, rng: np.random.Generator) -> Keyword:
    """A keyword of a stretch of speech, 0.5 to 1 s long, as unlike sayings have it, with a learned threshold."""
    first, length = int(rng.integers(len(frames) - 30)), int(rng.integers(12, 26))
    stretch = frames.part(first, first + length)
    start = max(0.0, stretch.time[0] - tokenizer.hop / 2)

    def said() -> Template:
        noise = unit(rng.standard_normal(stretch.vectors.shape).astype(np.float32))
        vectors = unit(UNLIKE * stretch.vectors + np.float32(np.sqrt(1 - UNLIKE**2)) * noise)
        return Template("cut", replace(stretch, vectors=vectors), start, start + length * tokenizer.hop)

    templates = calibrated([said() for _ in range(TEMPLATES)], "subsequence", bank, tokenizer.codebook)
    draft = Keyword(name, tuple(templates), 0.0, "subsequence", tokenizer.digest, "")
    return replace(draft, threshold=false_alarm_model(draft, bank, tokenizer).threshold(ALARMS))


def stores(shared: Path, folder: Path) -> dict[int, Path]:
    """Stores with 1, 10 and 100 keywords."""
    tokenizer, bank, rng = Tokenizer(), Bank.shipped(), np.random.default_rng(4)
    frames = tokenizer.push(corpora.read_prose(shared, ENROLLED))
    made = [keyword(str(number), frames, tokenizer, bank, rng) for number in range(max(COUNTS))]
    for count in COUNTS:
        for one in made[:count]:
            Store(folder / f"{count}").save(one)
    return {count: folder / f"{count}" for count in COUNTS}


@contextmanager
def listening(case: Case, endpoint: str) -> Iterator[None]:
    """A running daemon; a pipe is written as a sound card would, a file is paced by the daemon."""
    how = ["--stdin"] if case.is_pipe else ["--file", str(case.audio), "--realtime"]
    options = ["--store", str(case.store), "--heartbeat", str(HEARTBEAT), "--endpoint", endpoint]
    command = [sys.executable, "-m", "kwsd", "listen", *how, *options]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdin is not None
        if case.is_pipe:
            samples, _ = sf.read(case.audio, dtype="int16")
            threading.Thread(target=write, args=(samples, process.stdin), daemon=True).start()
        yield


def write(samples: Samples, out: BinaryIO) -> None:
    """Write samples at the pace of their time, PERIOD seconds at once."""
    began, step = time.monotonic(), round(PERIOD * RATE)
    with out:
        for first in range(0, len(samples), step):
            time.sleep(max(0.0, began + (first + step) / RATE - time.monotonic()))
            out.write(samples[first : first + step].tobytes())
            out.flush()


def load(case: Case) -> float:
    """CPU seconds per second of audio."""
    with tempfile.TemporaryDirectory() as folder:
        endpoint = f"ipc://{folder}/events.ipc"
        with subscribe(endpoint) as events, listening(case, endpoint):
            beats: list[float] = []
            for event in events:
                if isinstance(event, HeartbeatEvent):
                    beats.append(event.load)
                if getattr(event, "state", None) == "stopping":
                    return statistics.fmean(beats[1:])
    raise click.ClickException("the daemon ended before its first heartbeats")


@click.command()
@options.shared
@click.option("--seconds", default=31.0, show_default=True, help="Audio of each turn, played in real time.")
@click.option("--turns", default=3, show_default=True, help="Turns, of which the median counts.")
def main(shared: Path, seconds: float, turns: int) -> None:
    """Listen to speech and to a quiet room, from a file and a pipe, with 1, 10 and 100 keywords of 5 templates."""
    with tempfile.TemporaryDirectory() as name:
        audio, enrolled = recordings(shared, seconds, Path(name)), stores(shared, Path(name))
        click.echo(header(("input", "audio", *(f"{count} keywords, % of a core" for count in enrolled))))
        for is_pipe in (False, True):
            for sound, path in audio.items():
                cases = [Case(path, is_pipe, store) for store in enrolled.values()]
                costs = [statistics.median(load(case) for _ in range(turns)) for case in cases]
                click.echo(row(("pipe" if is_pipe else "file", sound, *(f"{100 * cost:.2f}" for cost in costs))))


if __name__ == "__main__":
    main()
