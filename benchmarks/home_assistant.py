"""From an audio chunk to the detection message of `kwsd wyoming`: `python -m benchmarks.home_assistant`.

The server runs as a process of its own; clients send the example recording at the pace of its time.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import numpy as np
from wyoming.audio import AudioChunk, AudioStart
from wyoming.client import AsyncClient
from wyoming.wake import Detect, Detection

from kwsd.audio import RATE, read
from kwsd.enrolment.enroll import enroll
from kwsd.keywords.store import Store
from kwsd.tokenizer.tokenizer import Tokenizer

EXAMPLES = Path(__file__).parent.parent / "examples"
CHUNK = 1024  # samples, as wyoming-satellite and Home Assistant send them
TICKS = os.sysconf("SC_CLK_TCK")


@contextmanager
def server(store: Path) -> Iterator[tuple[str, int]]:
    """The address and the process number of a server."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        uri = f"tcp://127.0.0.1:{probe.getsockname()[1]}"
    command = [sys.executable, "-m", "kwsd", "wyoming", "--uri", uri, "--store", str(store)]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        process.stderr.readline()
        yield uri, process.pid
        process.terminate()


def cpu(pid: int) -> float:
    """CPU seconds of a process so far."""
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / TICKS


async def play(uri: str, audio: bytes, delay: float) -> list[float]:
    """Seconds from the sending of the chunk that made a detection to the detection's arrival."""
    sent: dict[int | None, float] = {}
    found: list[float] = []

    async def listen(client: AsyncClient) -> None:
        while event := await client.read_event():
            if Detection.is_type(event.type):
                found.append(time.perf_counter() - sent[Detection.from_event(event).timestamp])

    await asyncio.sleep(delay)
    async with AsyncClient.from_uri(uri) as client:
        await client.write_event(Detect(names=["hey snips"]).event())
        await client.write_event(AudioStart(RATE, 2, 1).event())
        listener, begin = asyncio.create_task(listen(client)), time.perf_counter()
        for at in range(0, len(audio), 2 * CHUNK):
            await asyncio.sleep(max(0.0, begin + (at / 2 + CHUNK) / RATE - time.perf_counter()))
            stamp = 1000 * at // 2 // RATE
            sent[stamp] = time.perf_counter()
            await client.write_event(AudioChunk(RATE, 2, 1, audio[at : at + 2 * CHUNK], stamp).event())
        await asyncio.sleep(1.0)
        listener.cancel()
    return found


async def play_all(uri: str, audio: bytes, clients: int) -> list[float]:
    """The latencies of all clients; they start a little after one another."""
    lags = await asyncio.gather(*(play(uri, audio, 0.013 * number) for number in range(clients)))
    return [lag for some in lags for lag in some]


@click.command()
@click.option("--clients", default=20, show_default=True, help="Clients at once.")
@click.option("--seconds", default=60.0, show_default=True, help="How much of the recording each of them sends.")
def main(clients: int, seconds: float) -> None:
    """Time the answers of a server with many clients, and its CPU time."""
    audio = (32767 * read(EXAMPLES / "long.ogg", None)[: round(seconds * RATE)]).astype("<i2").tobytes()
    with tempfile.TemporaryDirectory() as folder:
        recordings = sorted((EXAMPLES / "hey-snips").glob("*.flac"))
        Store(Path(folder)).save(enroll("hey snips", recordings, Tokenizer()).keyword)
        with server(Path(folder)) as (uri, pid):
            before = cpu(pid)
            lags = 1000 * np.array(asyncio.run(play_all(uri, audio, clients)))
            share = (cpu(pid) - before) / (clients * seconds)
    click.echo(f"{clients} clients, {len(lags)} detections: from the chunk to the message")
    click.echo(
        f"median {np.median(lags):.1f} ms, 95 % within {np.percentile(lags, 95):.1f} ms, at most {max(lags):.1f} ms"
    )
    click.echo(f"CPU: {share:.4f} s a second of audio of one client")


if __name__ == "__main__":
    main()
