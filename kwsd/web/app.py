"""The application: which request is answered by what."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from kwsd.errors import KwsdError
from kwsd.settings.monitor import MonitorConfig
from kwsd.web.board import Board
from kwsd.web.control_routes import control_routes
from kwsd.web.feed import feeding
from kwsd.web.guard import Guard
from kwsd.web.hits import Hits
from kwsd.web.keyword_routes import hit_routes, keyword_routes
from kwsd.web.keywords import Keywords
from kwsd.web.requests import refuse
from kwsd.web.search_routes import search_routes
from kwsd.web.searches import Searches

STATIC = Path(__file__).parent / "static"


def application(config: MonitorConfig, token: str) -> tuple[ASGIApp, Board]:
    """The application, and the board that ends its streams when it is closed."""
    board, keywords = Board(), Keywords(config.store, config.model)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        board.open()
        with feeding(board, config):
            yield

    async def live(request: Request) -> Response:
        return StreamingResponse(_lines(board), media_type="text/event-stream")

    routes = [
        Route("/api/live", live),
        *control_routes(config),
        *keyword_routes(keywords),
        *hit_routes(keywords, Hits(config.hits)),
        *search_routes(Searches(config.index, keywords)),
        Mount("/", StaticFiles(directory=STATIC, html=True)),
    ]
    app = Starlette(routes=routes, lifespan=lifespan, exception_handlers={KwsdError: refuse})
    return Guard(app, token), board


async def _lines(board: Board) -> AsyncIterator[bytes]:
    async for message in board.messages():
        yield b"data: " + msgspec.json.encode(message) + b"\n\n"
