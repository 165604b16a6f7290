"""The Wyoming server behind `kwsd wyoming`: sockets, signals and the announcement."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from urllib.parse import urlparse

import structlog
from wyoming.server import AsyncEventHandler, AsyncServer, HandlerFactory

from kwsd.enrolment.learning import LearnedThresholds
from kwsd.errors import EndpointError, KeywordError, StoreError
from kwsd.keywords import experience
from kwsd.keywords.keyword import Keyword
from kwsd.keywords.selection import select
from kwsd.keywords.store import SUFFIX, Store
from kwsd.settings.wyoming import WyomingConfig
from kwsd.tokenizer.tokenizer import Tokenizer
from kwsd.wyoming.announcement import announced
from kwsd.wyoming.client import Client

log = structlog.get_logger()

FILES = (SUFFIX, experience.SUFFIX)  # of a keyword


class Keywords:
    """The keywords of a store with the thresholds that were learned, read again when the store has changed.

    Args:
        config: the store and the names of the keywords to serve.
        tokenizer: keywords that were made with another model are left out.
    """

    def __init__(self, config: WyomingConfig, tokenizer: Tokenizer) -> None:
        self._store, self._names, self._tokenizer = Store(config.store), config.keywords, tokenizer
        self._learned = LearnedThresholds(config.store, tokenizer, config.false_alarms_per_hour)
        self._version: object = None
        self._keywords: Sequence[Keyword] = ()

    def __call__(self) -> Sequence[Keyword]:
        """The keywords as the store has them now; none if there is none."""
        if (version := self._store.version(FILES)) != self._version or version is None:
            self._version, self._keywords = version, self._read()
        return self._keywords

    def _read(self) -> Sequence[Keyword]:
        try:
            selection = select(self._store, self._names, self._tokenizer)
        except KeywordError as error:
            log.warning("no keyword is served", reason=str(error))
            return ()
        for problem in selection.problems:
            log.warning("a keyword is left out", reason=problem)
        return list(map(self._with_learned, selection.keywords))

    def _with_learned(self, keyword: Keyword) -> Keyword:
        try:
            return self._learned.apply(keyword)
        except StoreError as error:
            log.warning("the enrolled threshold is used", reason=str(error))
            return keyword


def serve(config: WyomingConfig) -> None:
    """Serve clients until SIGINT or SIGTERM arrives.

    Raises:
        KwsdError: the model, the keyword store or a keyword that was named cannot be used, or the address is taken.
    """
    tokenizer = Tokenizer(config.model)
    if config.keywords:
        select(Store(config.store), config.keywords, tokenizer)
    asyncio.run(_serve(config, tokenizer))
    log.info("stopped")


async def _serve(config: WyomingConfig, tokenizer: Tokenizer) -> None:
    async with running(config, tokenizer):
        await _signal()


@asynccontextmanager
async def running(config: WyomingConfig, tokenizer: Tokenizer) -> AsyncIterator[None]:
    """A context in which clients are served.

    Raises:
        KwsdError: the keyword store cannot be read, or the address is taken or not this machine's.
    """
    keywords = Keywords(config, tokenizer)

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> AsyncEventHandler:
        _keep_alive(writer)
        return Client(reader, writer, keywords, tokenizer, config.refractory)

    names, address = [keyword.name for keyword in keywords()], urlparse(config.uri)
    server = AsyncServer.from_uri(config.uri)
    await _start(server, connected, config.uri)
    try:
        log.info("serving", uri=config.uri, keywords=names)
        async with announced(address) if config.zeroconf else nullcontext():
            yield
    finally:
        await server.stop()


async def _start(server: AsyncServer, connected: HandlerFactory, uri: str) -> None:
    path = Path(urlparse(uri).path)
    if uri.startswith("unix://") and path.exists() and not path.is_socket():
        raise EndpointError(f"{uri} cannot be served: there is a file already; give another --uri")
    try:
        await server.start(connected)
    except (OSError, OverflowError, ValueError) as error:
        raise EndpointError(f"{uri} cannot be served: {error}; give another --uri") from None


async def _signal() -> None:
    """Wait for SIGINT or SIGTERM."""
    stopped, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, stopped.set)
        except NotImplementedError:  # on Windows
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stopped.set))
    await stopped.wait()


def _keep_alive(writer: asyncio.StreamWriter) -> None:
    """Let the system notice a client whose machine was switched off."""
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
