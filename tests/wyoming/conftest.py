"""A Wyoming server in the test's own process, and clients of it."""

import asyncio
import socket
from contextlib import asynccontextmanager

import pytest

pytest.importorskip("wyoming", reason="needs wyoming: pip install 'kwsd[wyoming]'")

from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncClient

from kwsd.keywords.store import Store
from kwsd.settings.wyoming import WyomingConfig
from kwsd.wyoming.server import running

PATIENCE = 30  # s until an answer that does not come is taken for missing


class Conversation:
    """What a client sends to the server, and what it reads."""

    def __init__(self, client):
        self.client = client

    async def send(self, *messages):
        for message in messages:
            await self.client.write_event(message.event())

    async def read(self):
        return await asyncio.wait_for(self.client.read_event(), PATIENCE)

    async def say(self, audio, rate=16_000, width=2, channels=1, size=1024, start=True, stop=True):
        """Send bytes of PCM in chunks of `size` samples, with time stamps in milliseconds."""
        step = size * width * channels
        if start:
            await self.send(AudioStart(rate, width, channels))
        for at in range(0, len(audio), step):
            when = 1000 * at // (width * channels * rate)
            await self.send(AudioChunk(rate, width, channels, audio[at : at + step], when))
        if stop:
            await self.send(AudioStop())

    async def heard(self):
        """The kind and the keyword of each message up to "not-detected", or of the first detection."""
        event = await self.read()
        return event.type, event.data.get("name")


@pytest.fixture
def store(tmp_path, enrolment):
    folder = tmp_path / "store"
    Store(folder).save(enrolment.keyword)
    return folder


@pytest.fixture
def uri():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"tcp://127.0.0.1:{probe.getsockname()[1]}"


@pytest.fixture
def connected(uri):
    """A context with a conversation with the server."""

    @asynccontextmanager
    async def connect():
        async with AsyncClient.from_uri(uri) as client:
            yield Conversation(client)

    return connect


@pytest.fixture
def serving(store, uri, shared_tokenizer):
    """Runs a coroutine function while a server with the keyword "hey snips" runs."""

    def run(script, **settings):
        async def both():
            async with running(WyomingConfig(store=store, uri=uri, **settings), shared_tokenizer):
                return await script()

        return asyncio.run(both())

    return run


@pytest.fixture
def phrase(speech):
    """3 s of speech with "hey snips" 1 s after its start, 16-bit PCM at 16 kHz."""
    return (32767 * speech[: 3 * 16_000]).astype("<i2").tobytes()


@pytest.fixture
def other(speech):
    """3 s of other speech."""
    return (32767 * speech[5 * 16_000 : 8 * 16_000]).astype("<i2").tobytes()
