"""Requests of the page about an index."""

from __future__ import annotations

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kwsd.web.requests import answer, json, read_json
from kwsd.web.searches import Searches


class Judged(msgspec.Struct, forbid_unknown_fields=True):
    """Numbers of hits that are right, and of hits that are wrong."""

    right: tuple[int, ...] = ()
    wrong: tuple[int, ...] = ()


def search_routes(searches: Searches) -> list[Route]:
    """Searches and their hits."""

    async def index(request: Request) -> Response:
        return json(", ".join(searches.indexes) or None)

    async def find(request: Request) -> Response:
        return await answer(searches.find, request.path_params["name"])

    async def find_again(request: Request) -> Response:
        judged = await read_json(request, Judged)
        return await answer(searches.find, request.path_params["name"], judged.right, judged.wrong)

    async def learn(request: Request) -> Response:
        judged = await read_json(request, Judged)
        return await answer(searches.learn, request.path_params["name"], judged.right, judged.wrong)

    async def clip(request: Request) -> Response:
        return Response(await run_in_threadpool(searches.clip, request.path_params["number"]), media_type="audio/flac")

    return [
        Route("/api/index", index),
        Route("/api/index/hits/{number:int}", clip),
        Route("/api/index/{name}/keyword", learn, methods=["POST"]),
        Route("/api/index/{name}", find),
        Route("/api/index/{name}", find_again, methods=["POST"]),
    ]
