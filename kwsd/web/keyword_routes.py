"""Requests of the page about keywords, their recordings, and kept detections."""

from __future__ import annotations

from functools import partial

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from kwsd.web.hits import Hits
from kwsd.web.keywords import Keywords
from kwsd.web.learning import add, check_take, decode, learn_hit, remove_recording
from kwsd.web.requests import answer, read_body, read_json

FLAC = "audio/flac"


class Takes(msgspec.Struct, forbid_unknown_fields=True):
    """Recordings of a phrase: WAV files in base64 by their names, and whether what is learned is stored."""

    recordings: dict[str, bytes]
    save: bool = False


class Answer(msgspec.Struct, forbid_unknown_fields=True):
    """Whether the keyword was said."""

    said: bool


def keyword_routes(keywords: Keywords) -> list[Route]:
    """Keywords and their recordings."""

    async def every(request: Request) -> Response:
        return await answer(keywords.facts)

    async def remove(request: Request) -> Response:
        return await answer(keywords.store.remove, request.path_params["name"])

    async def curve(request: Request) -> Response:
        return await answer(keywords.curve, request.path_params["name"])

    async def recording(request: Request) -> Response:
        place = request.path_params["name"], request.path_params["place"]
        return Response(await run_in_threadpool(keywords.audio, *place), media_type=FLAC)

    async def remove_one(request: Request) -> Response:
        return await answer(remove_recording, keywords, request.path_params["name"], request.path_params["place"])

    async def enrolled(request: Request) -> Response:
        body = await read_json(request, Takes)
        recordings = [decode(name, wav) for name, wav in body.recordings.items()]
        return await answer(partial(add, save=body.save), keywords, request.path_params["name"], recordings)

    async def take(request: Request) -> Response:
        return await answer(check_take, keywords, decode("the recording", await read_body(request)))

    return [
        Route("/api/keywords", every),
        Route("/api/keywords/{name}", remove, methods=["DELETE"]),
        Route("/api/keywords/{name}/curve", curve),
        Route("/api/keywords/{name}/recordings", enrolled, methods=["POST"]),
        Route("/api/keywords/{name}/recordings/{place:int}", recording),
        Route("/api/keywords/{name}/recordings/{place:int}", remove_one, methods=["DELETE"]),
        Route("/api/take", take, methods=["POST"]),
    ]


def hit_routes(keywords: Keywords, hits: Hits) -> list[Route]:
    """Kept detections."""

    async def newest(request: Request) -> Response:
        return await answer(hits.newest)

    async def audio(request: Request) -> Response:
        return FileResponse(hits.path(request.path_params["file"]), media_type=FLAC)

    async def say(request: Request) -> Response:
        body = await read_json(request, Answer)
        return await answer(learn_hit, keywords, hits.path(request.path_params["file"]), body.said)

    return [
        Route("/api/hits", newest),
        Route("/api/hits/{file}", audio),
        Route("/api/hits/{file}", say, methods=["POST"]),
    ]
