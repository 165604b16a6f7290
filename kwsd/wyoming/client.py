"""One client of the Wyoming server: its requests, its audio stream, and what is sent to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import structlog
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.error import Error
from wyoming.event import Event, Eventable
from wyoming.info import Describe
from wyoming.ping import Ping, Pong
from wyoming.server import AsyncEventHandler
from wyoming.wake import Detect, Detection, NotDetected

from kwsd.errors import KeywordError, KwsdError
from kwsd.keywords.keyword import Keyword
from kwsd.spotting.pcm_stream import DetectionStream, check_format
from kwsd.tokenizer.tokenizer import Tokenizer
from kwsd.wyoming.info import info
from kwsd.wyoming.messages import MessageError, read_event

log = structlog.get_logger()


class Client(AsyncEventHandler):
    """The conversation with one client, whose state is its own.

    "detect" chooses the keywords and may come before "audio-start" or between chunks; without it all are detected.
    Each "audio-start" begins a new stream. At "audio-stop" a stream without a detection is answered by "not-detected".

    Args:
        reader, writer: the connection.
        keywords: reads the keywords of the store.
        tokenizer: is not changed; the client has its own copy.
        refractory: seconds after a detection in which the same keyword is not detected again.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        keywords: Callable[[], Sequence[Keyword]],
        tokenizer: Tokenizer,
        refractory: float,
    ) -> None:
        super().__init__(reader, writer)
        self._keywords, self._tokenizer, self._refractory = keywords, tokenizer.another(), refractory
        self._names: frozenset[str] = frozenset()
        self._stream: DetectionStream | None = None
        self._detected = self._muted = False

    async def run(self) -> None:
        """Answer messages until the client closes the connection or sends what cannot be read."""
        self._is_running = True
        try:
            await self._converse()
        except OSError as error:
            log.debug("a client has gone", reason=str(error))
        finally:
            self.writer.close()

    async def handle_event(self, event: Event) -> bool:
        """Answer one message; unknown kinds are ignored, as the protocol asks."""
        try:
            await self._answer(event)
        except (KeyError, TypeError):
            raise MessageError(f'the data of "{event.type:.40}" is not what the protocol says') from None
        except KwsdError as error:
            self._muted = True  # until the next request: else every chunk would be answered
            log.warning("a request is refused", request=event.type, reason=str(error))
            await self._send(Error(str(error), "refused"))
        return True

    async def _converse(self) -> None:
        try:
            while self._is_running and (event := await read_event(self.reader)):
                await self.handle_event(event)
        except MessageError as error:
            log.warning("a client is disconnected", reason=str(error))
            await self._send(Error(str(error), "malformed-message"))

    async def _answer(self, event: Event) -> None:
        if AudioChunk.is_type(event.type):
            await self._hear(AudioChunk.from_event(event))
        elif Describe.is_type(event.type):
            await self._send(info(self._keywords()))
        elif Detect.is_type(event.type):
            self._choose(Detect.from_event(event))
        elif AudioStart.is_type(event.type):
            self._begin(AudioStart.from_event(event))
        elif AudioStop.is_type(event.type):
            await self._end(AudioStop.from_event(event).timestamp)
        elif Ping.is_type(event.type):
            await self._send(Pong(Ping.from_event(event).text))

    def _choose(self, wanted: Detect) -> None:
        names = wanted.names or []
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise TypeError
        self._names, self._stream, self._muted = frozenset(names), None, False

    def _begin(self, start: AudioStart) -> None:
        self._stream, self._detected, self._muted = None, False, False
        check_format(start.rate, start.width, start.channels)

    async def _hear(self, chunk: AudioChunk) -> None:
        if self._muted:
            return
        if self._stream is None:
            self._stream = self._new_stream()
        for detection in self._stream.push(chunk.audio, chunk.rate, chunk.width, chunk.channels):
            await self._tell(detection.keyword, chunk.timestamp)

    async def _end(self, timestamp: int | None) -> None:
        for detection in self._stream.flush() if self._stream else ():
            await self._tell(detection.keyword, timestamp)
        if not self._detected:
            await self._send(NotDetected())
        self._detected = False

    def _new_stream(self) -> DetectionStream:
        keywords = [one for one in self._keywords() if not self._names or one.name in self._names]
        if not keywords:
            asked = f"called {', '.join(sorted(self._names))}" if self._names else "enrolled"
            raise KeywordError(f"no keyword is {asked}: enrol one, or choose another")
        return DetectionStream(self._tokenizer, keywords, self._refractory)

    async def _tell(self, keyword: str, timestamp: int | None) -> None:
        self._detected = True
        log.info("detection", keyword=keyword)
        await self._send(Detection(name=keyword, timestamp=timestamp))

    async def _send(self, message: Eventable) -> None:
        await self.write_event(message.event())
