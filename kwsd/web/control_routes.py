"""Requests of the page to a listening kwsd, over its control socket."""

from __future__ import annotations

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route

from kwsd.control.client import ControlClient
from kwsd.control.messages import AnyReply, Disable, Enable, Keywords, Pause, Request, Resume, Status, Threshold
from kwsd.settings.monitor import MonitorConfig
from kwsd.web.requests import json, read_json


class ThresholdBody(msgspec.Struct, forbid_unknown_fields=True):
    """A threshold, None for that of the store, and whether it is written to the store."""

    threshold: float | None
    keep: bool = False


class SwitchBody(msgspec.Struct, forbid_unknown_fields=True):
    """Whether something is on."""

    on: bool


def control_routes(config: MonitorConfig) -> list[Route]:
    """What is asked of the kwsd of these settings."""

    def ask(request: Request) -> AnyReply:
        with ControlClient(config.control, config.server_key) as client:
            return client.ask(request)

    async def reply(request: Request) -> Response:
        return json(await run_in_threadpool(ask, request))

    async def state(http: HttpRequest) -> Response:
        return await reply(Status())

    async def spotted(http: HttpRequest) -> Response:
        return await reply(Keywords())

    async def listening(http: HttpRequest) -> Response:
        body = await read_json(http, SwitchBody)
        return await reply(Resume() if body.on else Pause())

    async def enabled(http: HttpRequest) -> Response:
        body, name = await read_json(http, SwitchBody), http.path_params["name"]
        return await reply(Enable(keyword=name) if body.on else Disable(keyword=name))

    async def threshold(http: HttpRequest) -> Response:
        body = await read_json(http, ThresholdBody)
        return await reply(Threshold(keyword=http.path_params["name"], threshold=body.threshold, keep=body.keep))

    return [
        Route("/api/state", state),
        Route("/api/spotted", spotted),
        Route("/api/listening", listening, methods=["PUT"]),
        Route("/api/keywords/{name}/enabled", enabled, methods=["PUT"]),
        Route("/api/keywords/{name}/threshold", threshold, methods=["PUT"]),
    ]
