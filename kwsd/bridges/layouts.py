"""Layouts of MQTT topics: our own, and that of Hermes, which Rhasspy and Snips speak."""

from __future__ import annotations

import json
from typing import NamedTuple, Protocol

from kwsd.bridges.messages import Message


class Publication(NamedTuple):
    """What is published: a topic, a payload, and whether the broker keeps it for later subscribers."""

    topic: str
    payload: str
    retain: bool = False


class Layout(Protocol):
    """How messages are published."""

    def publications(self, message: Message) -> list[Publication]:
        """What is published for a message."""


class OwnLayout:
    """Topics below a base: `BASE/detection/KEYWORD`, `BASE/status`, `BASE/heartbeat`, `BASE/lost`, with JSON payloads.

    The last status is kept by the broker.
    """

    def __init__(self, base: str) -> None:
        self._base = base

    def publications(self, message: Message) -> list[Publication]:
        """One publication, of the message as it is."""
        kind = message["event"]
        return [Publication(self.topic(kind, message.get("keyword")), json.dumps(message), kind == "status")]

    def topic(self, kind: str, keyword: str | None = None) -> str:
        """The topic of a kind of event, or of the detections of a keyword."""
        return f"{self._base}/{kind}" if keyword is None else f"{self._base}/{kind}/{safe(keyword)}"


class HermesLayout:
    """`hermes/hotword/KEYWORD/detected` for detections, and nothing else.

    Source: the message HotwordDetected of the Hermes protocol, as Rhasspy has it.
    """

    def __init__(self, site: str) -> None:
        self._site = site

    def publications(self, message: Message) -> list[Publication]:
        """One publication for a detection, none for other messages."""
        if message["event"] != "detection":
            return []
        keyword = message["keyword"]
        payload = {
            "modelId": keyword,
            "modelVersion": message["model"],
            "modelType": "personal",
            "currentSensitivity": message["threshold"],
            "siteId": self._site,
            "sessionId": None,
        }
        return [Publication(f"hermes/hotword/{safe(keyword)}/detected", json.dumps(payload))]


def safe(keyword: str) -> str:
    """The keyword as a level of a topic, in which + and # have another meaning."""
    return keyword.replace("+", "_").replace("#", "_")
