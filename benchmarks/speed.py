"""How much audio a core scans: `python -m benchmarks.speed`, see docs/benchmarks.md.

Each case runs in a process of its own, so that peak memory is that case's.
"""

from __future__ import annotations

import multiprocessing
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
import soundfile as sf

from benchmarks import corpora, options
from benchmarks.tables import header, row
from kwsd.audio.files import FileSource
from kwsd.keywords.keyword import Keyword, Template
from kwsd.spotting.matching import SCORERS
from kwsd.spotting.scan import scan
from kwsd.tokenizer.frames import Frames
from kwsd.tokenizer.tokenizer import Tokenizer

TEMPLATES = 5


@dataclass(frozen=True)
class Case:
    """One row: a scorer over so many keywords, or the tokenizer alone; of the shipped model unless another is named."""

    scorer: str
    keywords: int
    audio: Path
    model: Path | None = None


def keywords(frames: Frames, scorer: str, count: int, hop: float, model: str = "") -> list[Keyword]:
    """Keywords whose templates are stretches of real speech, 0.5 to 1 s long; none is ever detected."""
    rng = np.random.default_rng(4)

    def template() -> Template:
        first = int(rng.integers(len(frames) - 30))
        length = int(rng.integers(12, 26))
        start = frames.time[first] - hop / 2
        return Template("cut", frames.part(first, first + length), start, start + length * hop)

    return [Keyword(str(k), tuple(template() for _ in range(TEMPLATES)), -1.0, scorer, model, "") for k in range(count)]


def run(case: Case, answers: multiprocessing.SimpleQueue[tuple[float, float]]) -> None:
    """CPU seconds of one scan, start-up not counted, and peak memory in MB."""
    tokenizer = Tokenizer(case.model)
    some, _ = sf.read(case.audio, dtype="float32", stop=120 * corpora.RATE)
    frames = tokenizer.push(some)
    enrolled = keywords(frames, case.scorer, case.keywords, tokenizer.hop) if case.keywords else []
    began = time.process_time()
    if enrolled:
        list(scan(FileSource(case.audio), tokenizer, enrolled))
    else:
        tokenizer.reset()
        for block in FileSource(case.audio).blocks():
            tokenizer.push(block.samples)
    answers.put((time.process_time() - began, peak_memory()))


def peak_memory() -> float:
    """MB that this process has held at most; unlike getrusage, not what its parent held before it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def measure(case: Case, repeats: int) -> tuple[float, float]:
    """Median CPU seconds and median peak memory over repeats, each in a fresh process."""
    context = multiprocessing.get_context("spawn")
    answers: multiprocessing.SimpleQueue[tuple[float, float]] = context.SimpleQueue()
    results = []
    for _ in range(repeats):
        process = context.Process(target=run, args=(case, answers))
        process.start()
        results.append(answers.get())
        process.join()
    return statistics.median(r[0] for r in results), statistics.median(r[1] for r in results)


@click.command()
@options.shared
@click.option("--seconds", default=600.0, show_default=True, help="Length of the audio that is scanned.")
@click.option("--repeats", default=3, show_default=True)
def main(shared: Path, seconds: float, repeats: int) -> None:
    """Scan one file with 1, 10, 100 and, by some scorers, 1,000 keywords of 5 templates."""
    with tempfile.TemporaryDirectory() as folder:
        audio = Path(folder) / "speech.wav"
        sf.write(audio, corpora.read_prose(shared, seconds), corpora.RATE)
        click.echo(header(("scorer", "keywords", "s of audio per CPU s", "peak MB")))
        cases = [("tokenizer alone", 0), *((s, n) for s in SCORERS for n in (1, 10, 100))]
        cases += [(s, 1000) for s in ("subsequence", "codes", "edit")]
        for scorer, count in cases:
            cpu, memory = measure(Case(scorer, count, audio), repeats)
            click.echo(row((scorer, count or "-", f"{seconds / cpu:.0f}", f"{memory:.0f}")))


if __name__ == "__main__":
    main()
