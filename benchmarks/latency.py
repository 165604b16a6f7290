"""From the end of a spoken keyword to the event at a subscriber: `python -m benchmarks.latency`.

The daemon itself runs, as a process of its own, on a file played in real time.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
import soundfile as sf

from benchmarks import options
from benchmarks.corpora import RATE
from benchmarks.protocol import Protocol
from kwsd.enrolment.enroll import enroll
from kwsd.events.messages import DetectionEvent
from kwsd.events.subscriber import subscribe
from kwsd.keywords.store import Store
from kwsd.tokenizer.tokenizer import Tokenizer


@dataclass(frozen=True)
class Spoken:
    """A keyword in the played file: its name and where it ends, in seconds."""

    keyword: str
    end: float


def play_list(protocol: Protocol, out: Path, per_keyword: int) -> list[Spoken]:
    """Write test clips of all keywords one after the other, with silence between, and say where the words end."""
    parts: list[np.ndarray] = [np.zeros(RATE, np.float32)]
    spoken: list[Spoken] = []
    seen = dict.fromkeys(protocol.keywords, 0)
    for clip in protocol.clips():
        if seen[clip.keyword] == per_keyword:
            continue
        seen[clip.keyword] += 1
        spoken.append(Spoken(clip.keyword, sum(map(len, parts)) / RATE + clip.end))
        parts += [clip.samples, np.zeros(RATE // 2, np.float32)]
    sf.write(out, np.concatenate(parts), RATE)
    return spoken


def lags(spoken: list[Spoken], store: Path, audio: Path, endpoint: str) -> list[float]:
    """Seconds from the end of each detected word to its event's arrival here."""
    command = ["listen", "--store", str(store), "--file", str(audio), "--realtime", "--endpoint", endpoint]
    found = []
    with subscribe(endpoint) as events:
        process = subprocess.Popen([sys.executable, "-m", "kwsd", *command], stderr=subprocess.DEVNULL)
        for event in events:
            now = time.time()
            if isinstance(event, DetectionEvent) and event.heard is not None:
                began = event.heard - event.end
                near = [s for s in spoken if s.keyword == event.keyword and abs(s.end - event.end) < 0.5]
                found += [now - (began + s.end) for s in near[:1]]
            if getattr(event, "state", None) == "stopping":
                break
        process.wait(timeout=10)
    return found


@click.command()
@options.shared
@click.option("--clips", default=100, show_default=True, help="Test clips of each keyword.")
def main(shared: Path, clips: int) -> None:
    """Play test clips to `kwsd listen` and time its events."""
    protocol = Protocol(shared)
    with tempfile.TemporaryDirectory() as folder:
        store, audio = Path(folder) / "store", Path(folder) / "played.wav"
        tokenizer = Tokenizer()
        for name in protocol.keywords:
            Store(store).save(enroll(name, protocol.draws(name)[0], tokenizer).keyword)
        spoken = play_list(protocol, audio, clips)
        found = lags(spoken, store, audio, f"ipc://{folder}/events.ipc")
    median, late = np.percentile(found, (50, 99))
    click.echo(f"{len(found)} of {len(spoken)} words detected: median {median:.2f} s, 99th percentile {late:.2f} s")


if __name__ == "__main__":
    main()
