"""What subscribers can do to a running daemon: `python -m benchmarks.subscribers`, see docs/reliability.md.

`kwsd listen` runs as a process of its own and hears a phrase twelve times. A witness reads its events while other
clients misbehave; then SIGTERM ends the daemon, with all of them still there.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import click
import numpy as np
import soundfile as sf
import zmq

from benchmarks.tables import header, row
from kwsd.enrolment.enroll import enroll
from kwsd.events.messages import DetectionEvent, Event
from kwsd.events.subscriber import subscribe
from kwsd.keywords.store import Store
from kwsd.tokenizer.tokenizer import Tokenizer

EXAMPLES = Path(__file__).parent.parent / "examples"
BEFORE, AFTER = 2.0, 1.4  # s around each phrase that are heard
GREETING = b"\xff" + bytes(8) + b"\x7f\3\0" + b"NULL".ljust(20, b"\0") + bytes(32)
READY = b"\4\x19\5READY\x0bSocket-Type" + struct.pack(">I", 3) + b"SUB"  # https://rfc.zeromq.org/spec/23/


@dataclass
class Figures:
    """What the witness saw, and what the daemon took.

    Attributes:
        late: seconds from the end of each phrase to the arrival of its event.
        lost: events that the witness has missed.
        last: state of the last event.
        memory: bytes that the daemon had at most.
        cpu: seconds of CPU time.
        ending: seconds from SIGTERM to the end of the process.
    """

    late: list[float] = field(default_factory=list)
    lost: int = 0
    last: str = ""
    memory: int = 0
    cpu: float = 0.0
    ending: float = 0.0


def nobody(endpoint: str) -> None:
    """No other client."""


def never_reads(endpoint: str, count: int = 1) -> None:
    """Subscribers to everything that do not read."""
    with zmq.Context() as context:
        sockets = [context.socket(zmq.SUB) for _ in range(count)]
        for one in sockets:
            one.rcvhwm, one.linger = 1, 0
            one.subscribe(b"")
            one.connect(endpoint)
        time.sleep(3600)


def hundred(endpoint: str) -> None:
    """A hundred subscribers that do not read."""
    never_reads(endpoint, 100)


def reads(endpoint: str) -> None:
    """A subscriber that reads until it is killed."""
    with subscribe(endpoint) as events:
        for _ in events:
            pass


def hostile(endpoint: str) -> None:
    """A client that sends topics of a megabyte, then many short ones, and comes back whenever it is cut off."""
    long = b"\2" + struct.pack(">Q", 1_000_001) + b"\1" + bytes(1_000_000)
    short = b"".join(b"\0\x0b\1%010d" % number for number in range(20_000))
    floods = [long * 100, short]
    while True:
        for flood in floods:
            with suppress(OSError), socket.socket(socket.AF_UNIX) as client:
                client.connect(endpoint.removeprefix("ipc://"))
                client.sendall(GREETING + READY)
                heard = b""
                while b"READY" not in heard and (more := client.recv(256)):
                    heard += more
                client.sendall(flood)
                client.recv(1 << 20)


@contextmanager
def misbehaving(client: Callable[[str], None], endpoint: str, wait: float, life: float | None) -> Iterator[None]:
    """Run the client in a process, from `wait` seconds on and for `life` seconds."""
    process = multiprocessing.get_context("spawn").Process(target=client, args=(endpoint,), daemon=True)
    timers = [threading.Timer(wait, process.start)]
    if life is not None:
        timers.append(threading.Timer(wait + life, process.kill))
    for timer in timers:
        timer.start()
    try:
        yield
    finally:
        for timer in timers:
            timer.cancel()
        if process.pid is not None:
            process.kill()


def audio(path: Path) -> int:
    """Write the phrases of the long example with what is around them, one after the other; returns their number."""
    samples, rate = sf.read(EXAMPLES / "long.ogg", dtype="float32")
    places = np.genfromtxt(EXAMPLES / "long.tsv", skip_header=1, usecols=(0, 1))
    parts = [samples[round((start - BEFORE) * rate) : round((end + AFTER) * rate)] for start, end in places]
    sf.write(path, np.concatenate([*parts, np.zeros(3600 * rate // 60, np.float32)]), rate)
    return len(places)


def measure(folder: Path, client: Callable[[str], None], wait: float, life: float | None, phrases: int) -> Figures:
    """The figures of one daemon."""
    endpoint, figures = f"ipc://{folder}/events.ipc", Figures()
    command = [sys.executable, "-m", "kwsd", "listen", "--file", str(folder / "heard.wav"), "--realtime"]
    command += ["--store", str(folder / "store"), "--heartbeat", "0.1", "--endpoint", endpoint]
    with subscribe(endpoint, timeout=30) as events, subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        with misbehaving(client, endpoint, wait, life):
            for event in events:
                note(figures, event)
                if len(figures.late) == phrases and not figures.ending:
                    end(process, figures)
                if figures.last == "stopping":
                    break
            process.wait()
            figures.ending = time.monotonic() - figures.ending
        figures.lost = events.lost or 0
    return figures


def note(figures: Figures, event: Event) -> None:
    """Add an event to the figures."""
    figures.last = getattr(event, "state", event.kind)
    if isinstance(event, DetectionEvent) and event.heard is not None:
        figures.late.append(time.time() - event.heard)


def end(process: subprocess.Popen[bytes], figures: Figures) -> None:
    """Note what the daemon has taken, and end it."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    figures.memory = int(status.partition("VmHWM:")[2].split()[0]) * 1024
    ticks = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    figures.cpu = sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")
    figures.ending = time.monotonic()
    process.send_signal(signal.SIGTERM)


CASES: dict[str, tuple[Callable[[str], None], float, float | None]] = {
    "nobody else": (nobody, 0.0, None),
    "one that never reads": (never_reads, 1.0, None),
    "one that comes late": (reads, 20.0, None),
    "one that is killed": (reads, 1.0, 20.0),
    "a hundred that do not read": (hundred, 1.0, None),
    "a hostile one": (hostile, 1.0, None),
}


@click.command()
def main() -> None:
    """Listen to twelve phrases with each kind of client."""
    columns = ("other clients", "median s", "worst s", "lost", "CPU s", "peak MB", "last state", "s until its end")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tokenizer, recordings = Tokenizer(), sorted((EXAMPLES / "hey-snips").glob("*.flac"))
        Store(folder / "store").save(enroll("hey snips", recordings, tokenizer).keyword)
        phrases = audio(folder / "heard.wav")
        click.echo(header(columns))
        for case, (client, wait, life) in CASES.items():
            seen = measure(folder, client, wait, life, phrases)
            late = (f"{statistics.median(seen.late):.3f}", f"{max(seen.late):.3f}")
            took = (f"{seen.cpu:.1f}", f"{seen.memory / 1e6:.0f}", seen.last, f"{seen.ending:.2f}")
            click.echo(row((case, *late, seen.lost, *took)))


if __name__ == "__main__":
    main()
