"""From an audio chunk to the detection message of `kwsd wyoming`: `python -m benchmarks.home_assistant`.

The server runs as a process of its own; clients send the example recording at the pace of its time. With `--core HASS`,
the program of a Home Assistant that is installed in an environment of its own, the clients are that Home Assistant:

    python3 -m venv core && core/bin/pip install homeassistant
    python -m benchmarks.home_assistant --core core/bin/hass

It also gets the events over MQTT, from Debian's mosquitto. With `--announced` it has to discover the server by itself,
for which the machine must be in a network.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click
import numpy as np
import soundfile as sf
from numpy.typing import NDArray
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


def in_core(hass: Path, store: Path, folder: Path, seconds: float, announced: bool) -> None:
    """Add kwsd to a whole Home Assistant, and print what that got and when."""
    from benchmarks.home_assistant_checks import free_port, over_mqtt, over_wyoming  # noqa: PLC0415 - need websockets
    from benchmarks.home_assistant_core import running  # noqa: PLC0415

    samples = read(EXAMPLES / "long.ogg", None)[: round(seconds * RATE)]
    sf.write(folder / "example.wav", samples, RATE)
    (folder / "core").mkdir()
    with running(hass, folder / "core", free_port()) as home:
        click.echo(f"Home Assistant {home.request('/api/config')['version']}")
        wyoming = over_wyoming(home, store, "hey snips", as_pcm(samples), announced)
        click.echo(f"wake words: {', '.join(wyoming.words)}; later: {', '.join(wyoming.later)}")
        click.echo(f"the server was {'discovered' if announced else 'added by its address'}")
        told("its voice assistant", wyoming.heard.lags)
        for word, second in zip(wyoming.heard.words, wyoming.heard.seconds, strict=True):
            click.echo(f"  {word} at {second:.2f} s")
        mqtt = over_mqtt(home, folder, store, "hey snips", folder / "example.wav")
        click.echo(f"MQTT entities: {', '.join(mqtt.entities)}")
        told(f"the entity of {mqtt.detections} detections", mqtt.lags)
        click.echo(f"unavailable after the bridge had ended: {mqtt.gone[0]}, was killed: {mqtt.gone[1]}")
        click.echo(f"an entity goes with its keyword: {mqtt.removed[0]}, while no bridge runs: {mqtt.removed[1]}")


def as_pcm(samples: NDArray[np.float32]) -> bytes:
    """16-bit samples of floats."""
    return (32767 * samples).astype("<i2").tobytes()


def told(name: str, lags: Sequence[float]) -> None:
    """Print how many answers there were, and after which times in seconds."""
    shown = f": median {1000 * np.median(lags):.1f} ms, at most {1000 * max(lags):.1f} ms" if lags else ""
    click.echo(f"{name}: {len(lags)} answers{shown}")


@click.command()
@click.option("--clients", default=20, show_default=True, help="Clients at once.")
@click.option("--seconds", default=60.0, show_default=True, help="How much of the recording each of them sends.")
@click.option("--core", type=click.Path(exists=True, path_type=Path), help="Program of a Home Assistant, hass.")
@click.option("--announced", is_flag=True, help="Let that Home Assistant discover the server.")
def main(clients: int, seconds: float, core: Path | None, announced: bool) -> None:
    """Time the answers of a server with many clients, and its CPU time; or those that a Home Assistant gets."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        recordings = sorted((EXAMPLES / "hey-snips").glob("*.flac"))
        Store(folder / "store").save(enroll("hey snips", recordings, Tokenizer()).keyword)
        if core:
            in_core(core.absolute(), folder / "store", folder, seconds, announced)
        else:
            by_clients(folder / "store", clients, seconds)


def by_clients(store: Path, clients: int, seconds: float) -> None:
    """Print the lags and the CPU time with clients of our own."""
    audio = as_pcm(read(EXAMPLES / "long.ogg", None)[: round(seconds * RATE)])
    with server(store) as (uri, pid):
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
