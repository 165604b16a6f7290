"""Events to publish in tests, and what the fixtures that send and receive them are."""

from collections.abc import Callable
from typing import Any

from kwsd.events.messages import DetectionEvent, HeartbeatEvent, StatusEvent
from kwsd.events.subscriber import Subscription
from kwsd.events.zeromq import ZeroMQPublisher

Publish = Callable[..., ZeroMQPublisher]
Join = Callable[..., Subscription]

PATIENCE = 20.0
"""Seconds after which a test gives up on a message."""

COMMON: dict[str, Any] = {"instance": "5eed1e55", "stream": "kitchen", "wall": 1.75e9, "model": "0123456789ab"}


def detection(sequence: int = 1, keyword: str = "hey snips", **values: Any) -> DetectionEvent:
    facts = {"distance": 0.25, "threshold": 0.5, "start": 12.0, "end": 12.75} | values
    return DetectionEvent(sequence=sequence, keyword=keyword, **(COMMON | facts))


def status(sequence: int = 1, state: str = "listening", **values: Any) -> StatusEvent:
    return StatusEvent(sequence=sequence, state=state, **(COMMON | values))


def heartbeat(sequence: int = 1, **values: Any) -> HeartbeatEvent:
    facts = {"uptime": 60.0, "processed": 59.5, "dropped": 0.5, "detections": 3, "load": 0.02, "queue": 0.08}
    return HeartbeatEvent(sequence=sequence, **(COMMON | facts | {"level": -42.0} | values))
