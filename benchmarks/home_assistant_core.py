"""A whole Home Assistant against `kwsd wyoming` and `kwsd bridge mqtt`, for `benchmarks.home_assistant --core`.

Home Assistant runs in a folder of its own, is set up over its HTTP API as a new user would in the browser, and is heard
over its WebSocket API. Nothing of it is changed or replaced.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from websockets.asyncio.client import ClientConnection, connect

from kwsd.audio import RATE

CLIENT = "https://kwsd.invalid/"  # a client's name has to be an address, which nobody visits
PATIENCE = 180.0  # s for a start, in which Home Assistant may install what an integration needs
POLL = 0.2  # s
CHUNK = 1024  # samples, as wyoming-satellite sends them

Reply = dict[str, Any]


class CoreError(Exception):
    """Home Assistant did not do what was asked."""


@dataclass
class HomeAssistant:
    """A running Home Assistant of which we are the only user.

    Attributes:
        url: its address.
        token: of the user.
    """

    url: str
    token: str = ""

    def request(self, path: str, data: Reply | None = None, form: bool = False) -> Any:
        """What it replies to a GET request, or to a POST request with data."""
        body = None if data is None else (urlencode(data) if form else json.dumps(data)).encode()
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        if body and not form:
            headers["Content-Type"] = "application/json"
        with urllib.request.urlopen(urllib.request.Request(self.url + path, body, headers), timeout=60) as reply:
            return json.load(reply)

    def welcome(self) -> None:
        """Make the first user, and finish the questions that a browser is asked."""
        user = {"name": "kwsd", "username": "kwsd", "password": "kwsd", "client_id": CLIENT, "language": "en"}
        code = self.request("/api/onboarding/users", user)["auth_code"]
        grant = {"client_id": CLIENT, "grant_type": "authorization_code", "code": code}
        self.token = self.request("/auth/token", grant, form=True)["access_token"]

    def add(self, integration: str, *answers: Reply) -> Reply:
        """Add an integration by its dialog, whose forms get these answers; returns the entry.

        Raises:
            CoreError: the dialog ends otherwise.
        """
        step = self.request("/api/config/config_entries/flow", {"handler": integration})
        return self.go_on(step, *answers)

    def go_on(self, step: Reply, *answers: Reply) -> Reply:
        """Answer the forms of a dialog that has begun; returns the entry that it made."""
        for answer in answers:
            step = self.request(f"/api/config/config_entries/flow/{step['flow_id']}", answer)
        if step["type"] != "create_entry":
            raise CoreError(f"the dialog ended with {step}")
        return dict(step["result"])

    def states(self) -> dict[str, Reply]:
        """The entities and their states."""
        return {one["entity_id"]: one for one in self.request("/api/states")}


@contextmanager
def running(hass: Path, folder: Path, port: int) -> Iterator[HomeAssistant]:
    """Start a Home Assistant in an empty folder, with the integrations that voice needs; ends it."""
    (folder / "configuration.yaml").write_text(
        f"http:\n  server_host: 127.0.0.1\n  server_port: {port}\nassist_pipeline:\nconfig:\nzeroconf:\n"
    )
    command: list[str | Path] = [hass, "--config", folder]
    with (folder / "output").open("w") as out, subprocess.Popen(command, stdout=out, stderr=out) as process:
        try:
            home = HomeAssistant(f"http://127.0.0.1:{port}")
            until(lambda: _answers(home, process), "Home Assistant starts")
            home.welcome()
            yield home
        finally:
            process.terminate()
            process.wait(PATIENCE)


def _answers(home: HomeAssistant, process: subprocess.Popen[bytes]) -> bool:
    if process.poll() is not None:
        raise CoreError(f"Home Assistant ended with status {process.returncode}")
    try:
        return bool(home.request("/api/onboarding"))
    except (OSError, ValueError):
        return False


def until(fact: Callable[[], Any], name: str, patience: float = PATIENCE) -> Any:
    """Wait until something is so, and return it."""
    end = time.monotonic() + patience
    while not (found := fact()):
        if time.monotonic() > end:
            raise CoreError(f"{name}: not within {patience:.0f} s")
        time.sleep(POLL)
    return found


class Socket:
    """Its WebSocket API."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._number = 0

    async def command(self, kind: str, **facts: Any) -> Any:
        """The result of a command; events that come before it are lost."""
        number = await self.begin(kind, **facts)
        while (message := await self.read())["id"] != number or message["type"] != "result":
            pass
        if not message["success"]:
            raise CoreError(f"{kind}: {message['error']}")
        return message["result"]

    async def begin(self, kind: str, **facts: Any) -> int:
        """Send a command, and return its number."""
        self._number += 1
        await self._connection.send(json.dumps({"id": self._number, "type": kind, **facts}))
        return self._number

    async def read(self) -> Reply:
        """The next message."""
        return dict(json.loads(await self._connection.recv()))

    async def send_audio(self, handler: int, audio: bytes) -> None:
        """Send PCM to a pipeline that waits for it."""
        await self._connection.send(bytes([handler]) + audio)


@asynccontextmanager
async def socket_of(home: HomeAssistant) -> AsyncIterator[Socket]:
    """A WebSocket of the user."""
    async with connect(home.url.replace("http", "ws", 1) + "/api/websocket", max_size=None) as connection:
        await connection.recv()
        await connection.send(json.dumps({"type": "auth", "access_token": home.token}))
        if json.loads(await connection.recv())["type"] != "auth_ok":
            raise CoreError("the WebSocket is refused")
        yield Socket(connection)


@dataclass
class Heard:
    """What a voice assistant found in a recording.

    Attributes:
        seconds: where in the recording the chunks ended that made the detections.
        words: the wake word of each.
        lags: seconds from the sending of that chunk to the event of Home Assistant.
    """

    seconds: list[float] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    lags: list[float] = field(default_factory=list)


async def assist(home: HomeAssistant, entity: str, word: str, speech_to_text: str, audio: bytes) -> Heard:
    """Run a voice assistant over 16 kHz PCM again and again, as a satellite does.

    Args:
        home: where.
        entity: the wake-word engine.
        word: the wake word to choose.
        speech_to_text: an engine; there has to be one.
        audio: 16-bit samples, sent at the pace of their time.
    """
    heard, begin, at = Heard(), time.perf_counter(), 0
    async with socket_of(home) as socket:
        pipeline = await _pipeline(socket, entity, word, speech_to_text)
        while at < len(audio):
            at = await _run(socket, pipeline, audio, at, lambda at: begin + (at / 2 + CHUNK) / RATE, heard)
    return heard


async def _pipeline(socket: Socket, entity: str, word: str, speech_to_text: str) -> str:
    """Make a voice assistant with a wake word; returns its name."""
    nothing = dict.fromkeys(("tts_engine", "tts_language", "tts_voice"))
    facts = {
        "name": "kwsd",
        "language": "en",
        "conversation_engine": "homeassistant",
        "conversation_language": "en",
        "stt_engine": speech_to_text,
        "stt_language": "en",
        "wake_word_entity": entity,
        "wake_word_id": word,
        **nothing,
    }
    return str((await socket.command("assist_pipeline/pipeline/create", **facts))["id"])


async def _run(
    socket: Socket, pipeline: str, audio: bytes, first: int, due: Callable[[int], float], heard: Heard
) -> int:
    """One run up to a detection or the end of the audio; returns the byte at which the next one goes on."""
    # Unless our chunks stay as they are, the time stamps of Home Assistant 2024.3 count half of the time.
    audio_facts = {"sample_rate": RATE, "timeout": 0, "no_vad": True, "no_chunking": True}
    stage = {"start_stage": "wake_word", "end_stage": "stt", "input": audio_facts}
    await socket.begin("assist_pipeline/run", pipeline=pipeline, timeout=len(audio) / RATE + PATIENCE, **stage)
    while (event := await _event(socket))["type"] != "run-start":
        pass
    handler, sent = event["data"]["runner_data"]["stt_binary_handler_id"], {first: time.perf_counter()}

    async def send() -> None:
        for at in range(first, len(audio), 2 * CHUNK):
            await asyncio.sleep(max(0.0, due(at) - time.perf_counter()))
            sent[at] = time.perf_counter()
            await socket.send_audio(handler, audio[at : at + 2 * CHUNK])
        await asyncio.sleep(1.0)
        await socket.send_audio(handler, b"")

    sender = asyncio.create_task(send())
    while (event := await _event(socket))["type"] not in ("wake_word-end", "run-end", "error"):
        pass
    sender.cancel()
    found = event["data"].get("wake_word_output") if event["type"] == "wake_word-end" else None
    if not found:
        return len(audio)
    at = first + 2 * RATE * found["timestamp"] // 1000
    heard.lags.append(time.perf_counter() - sent[at])
    heard.seconds.append((at / 2 + CHUNK) / RATE)
    heard.words.append(found["wake_word_id"])
    await socket.send_audio(handler, b"")
    while (event := await _event(socket))["type"] != "run-end":
        pass
    return max(sent) + 2 * CHUNK


async def _event(socket: Socket) -> Reply:
    while (message := await socket.read())["type"] != "event":
        if message["type"] == "result" and not message["success"]:
            raise CoreError(f"the pipeline is refused: {message['error']}")
    return dict(message["event"])
