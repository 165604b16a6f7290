"""What a whole Home Assistant gets from kwsd, over Wyoming and over MQTT, for `benchmarks.home_assistant --core`."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from wyoming.asr import Transcript
from wyoming.audio import AudioStop
from wyoming.event import Event
from wyoming.info import AsrModel, AsrProgram, Attribution, Describe, Info
from wyoming.server import AsyncEventHandler, AsyncServer

from benchmarks.home_assistant_core import CoreError, Heard, HomeAssistant, assist, socket_of, until
from kwsd.keywords.store import Store

PATIENCE = 30.0  # s until Home Assistant shows what it was told
ENGINE, SPEECH_TO_TEXT, STATE = "wake_word.kwsd", "stt.silent", "sensor.kwsd_state"
SECOND = "another phrase"


class Silent(AsyncEventHandler):
    """A speech-to-text that understands the same always: a voice assistant has to have one."""

    async def handle_event(self, event: Event) -> bool:
        """Say what it is, or that something was said."""
        if Describe.is_type(event.type):
            nobody = Attribution("nobody", "")
            model = AsrModel("silent", nobody, True, None, None, languages=["en"])
            await self.write_event(Info(asr=[AsrProgram("silent", nobody, True, None, None, [model])]).event())
        elif AudioStop.is_type(event.type):
            await self.write_event(Transcript("something").event())
        return True


@contextmanager
def speech_to_text() -> Iterator[int]:
    """The port of a speech-to-text server, which runs in a thread."""
    port, loop = free_port(), asyncio.new_event_loop()
    server = AsyncServer.from_uri(f"tcp://127.0.0.1:{port}")
    loop.run_until_complete(server.start(Silent))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield port
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


def free_port() -> int:
    """A port of the loopback address that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def program(*command: str | Path, stdout: int = subprocess.DEVNULL) -> Iterator[subprocess.Popen[str]]:
    """A program that is ended with the context; its standard error can be read."""
    with subprocess.Popen(command, stdout=stdout, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.terminate()
            process.communicate()


def kwsd(*words: str | Path) -> Sequence[str | Path]:
    """The command line of kwsd."""
    return sys.executable, "-m", "kwsd", *words


@dataclass
class WyomingReport:
    """What Home Assistant got from `kwsd wyoming`.

    Attributes:
        words: the wake words that it offers.
        later: the same after another keyword was enrolled.
        discovered: whether it found the server by itself.
        heard: what a voice assistant detected.
    """

    words: list[str]
    later: list[str]
    discovered: bool
    heard: Heard


def over_wyoming(home: HomeAssistant, store: Path, word: str, audio: bytes, announced: bool) -> WyomingReport:
    """Serve the keywords, add the server to Home Assistant, and let a voice assistant hear 16 kHz PCM.

    Args:
        home: where.
        store: with one keyword.
        word: its name.
        audio: 16-bit samples, sent at the pace of their time.
        announced: announce the server, and add it as the device that Home Assistant discovers.
    """
    port, host, flags = free_port(), "127.0.0.1", list[str]()
    if announced:
        host, flags = "0.0.0.0", ["--zeroconf"]
    with program(*kwsd("wyoming", "--uri", f"tcp://{host}:{port}", "--store", store, *flags)) as server:
        assert server.stderr is not None
        server.stderr.readline()
        if announced:
            step = until(lambda: asyncio.run(_discovered(home)), "the server is discovered", PATIENCE)
            home.go_on({"flow_id": step["flow_id"]}, {})
        else:
            home.add("wyoming", {"host": host, "port": port})
        until(lambda: ENGINE in home.states(), "the wake-word engine appears", PATIENCE)
        words = asyncio.run(_words(home))
        with speech_to_text() as engine:
            home.add("wyoming", {"host": "127.0.0.1", "port": engine})
            until(lambda: SPEECH_TO_TEXT in home.states(), "the speech-to-text appears", PATIENCE)
            heard = asyncio.run(assist(home, ENGINE, word, SPEECH_TO_TEXT, audio))
        Store(store).save(replace(Store(store).load(word), name=SECOND))
        later = asyncio.run(_words(home))
        Store(store).remove(SECOND)
    return WyomingReport(words, later, announced, heard)


async def _words(home: HomeAssistant) -> list[str]:
    async with socket_of(home) as web:
        found = await web.command("wake_word/info", entity_id=ENGINE)
    return [one["id"] for one in found["wake_words"]]


async def _discovered(home: HomeAssistant) -> Any:
    async with socket_of(home) as web:
        flows = await web.command("config_entries/flow/progress")
    return next((one for one in flows if one["handler"] == "wyoming"), None)


@dataclass
class MqttReport:
    """What Home Assistant got from `kwsd bridge mqtt`.

    Attributes:
        entities: the names of the entities while two keywords were enrolled.
        detections: of the file, as kwsd wrote them.
        lags: seconds from the making of each event to the change of the entity's state at a WebSocket.
        gone: whether the entities were unavailable after the bridge had ended, and after it was killed.
        removed: whether a keyword's entity went while the bridge ran, and at the start of one that was away meanwhile.
    """

    entities: list[str] = field(default_factory=list)
    detections: int = 0
    lags: list[float] = field(default_factory=list)
    gone: tuple[bool, bool] = (False, False)
    removed: tuple[bool, bool] = (False, False)


def over_mqtt(home: HomeAssistant, folder: Path, store: Path, word: str, recording: Path) -> MqttReport:
    """Bridge the detections of a recording to a broker that Home Assistant is connected to.

    Args:
        home: where.
        folder: an empty one, for sockets.
        store: with one keyword.
        word: its name.
        recording: is played at the pace of its time.
    """
    broker, endpoint, report = free_port(), f"ipc://{folder}/events", MqttReport()
    config = folder / "mosquitto.conf"
    config.write_text(f"listener {broker} 127.0.0.1\nallow_anonymous true\n")
    mosquitto = shutil.which("mosquitto", path=f"/usr/sbin{os.pathsep}{os.environ['PATH']}")
    if mosquitto is None:
        raise CoreError("there is no mosquitto: apt-get install mosquitto")
    bridge = kwsd("bridge", "mqtt", "--broker", f"mqtt://127.0.0.1:{broker}", "--discovery", "homeassistant",
                  "--endpoint", endpoint)  # fmt: skip
    listen = kwsd("listen", "--store", store, "--endpoint", endpoint, "--control", f"ipc://{folder}/control")
    silence = [*listen, "--stdin", "--heartbeat", "1"]
    entity = f"event.kwsd_{word.replace(' ', '_')}"
    second = f"event.kwsd_{SECOND.replace(' ', '_')}"
    Store(store).save(replace(Store(store).load(word), name=SECOND, threshold=0.01))
    with program(mosquitto, "-c", config):
        home.add("mqtt", {"broker": "127.0.0.1", "port": broker})
        with program(*bridge) as process:
            played = [*listen, "--file", recording, "--realtime", "--jsonl"]
            report.lags, report.detections = _play(home, played, entity)
            report.entities = sorted(name for name in home.states() if ".kwsd_" in name)
            with _fed(silence):
                until(lambda: home.states()[STATE]["state"] == "listening", "kwsd listens", PATIENCE)
                Store(store).remove(SECOND)
                removed = _within(lambda: second not in home.states())
                Store(store).save(replace(Store(store).load(word), name=SECOND, threshold=0.01))
                until(lambda: second in home.states(), "the entity comes back", PATIENCE)
            process.terminate()
            ended = _within(lambda: home.states()[entity]["state"] == "unavailable")
        Store(store).remove(SECOND)
        with program(*bridge) as process, _fed(silence):
            until(lambda: home.states()[entity]["state"] != "unavailable", "the bridge is back", PATIENCE)
            report.removed = removed, _within(lambda: second not in home.states())
            process.send_signal(signal.SIGKILL)
            report.gone = ended, _within(lambda: home.states()[entity]["state"] == "unavailable")
    return report


def _play(home: HomeAssistant, listen: Sequence[str | Path], entity: str) -> tuple[list[float], int]:
    """The lags of the detections of a kwsd that runs to its end, and how many it wrote."""
    arrived: list[tuple[float, float]] = []  # when, and the distance in the entity's attributes
    ready, ended = threading.Event(), threading.Event()
    watcher = threading.Thread(target=lambda: asyncio.run(_watch(home, entity, arrived, ready, ended)))
    watcher.start()
    ready.wait(PATIENCE)
    with program(*listen, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        events = [json.loads(line) for line in process.stdout]
    time.sleep(1.0)
    ended.set()
    watcher.join()
    walls = [(one["wall"], one["distance"]) for one in events if one["event"] == "detection"]
    lags = [when - wall for wall, distance in walls for when, shown in arrived if shown == distance]
    return lags, len(walls)


async def _watch(
    home: HomeAssistant,
    entity: str,
    arrived: list[tuple[float, float]],
    ready: threading.Event,
    ended: threading.Event,
) -> None:
    """Note each change of an entity that is a detection, until it is ended."""
    async with socket_of(home) as web:
        await web.command("subscribe_events", event_type="state_changed")
        ready.set()
        while not ended.is_set():
            try:
                message = await asyncio.wait_for(web.read(), 0.5)
            except TimeoutError:
                continue
            data = message["event"]["data"]
            state = data["new_state"] or {}
            if data["entity_id"] == entity and state["attributes"].get("event_type") == "detected":
                arrived.append((time.time(), state["attributes"]["distance"]))


@contextmanager
def _fed(command: Sequence[str | Path]) -> Iterator[None]:
    """A kwsd that hears silence."""
    silence = bytes(3200)
    nowhere = subprocess.DEVNULL
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=nowhere, stderr=nowhere) as process:
        ended = threading.Event()

        def feed() -> None:
            assert process.stdin is not None
            while not ended.wait(0.1):
                process.stdin.write(silence)
                process.stdin.flush()

        feeder = threading.Thread(target=feed)
        feeder.start()
        try:
            yield
        finally:
            ended.set()
            feeder.join()
            process.terminate()


def _within(fact: Any) -> bool:
    try:
        until(fact, "", PATIENCE)
    except CoreError:
        return False
    return True
