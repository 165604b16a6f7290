"""The loop of a bridge: subscribes to the events of a kwsd and hands them on until it is stopped."""

from __future__ import annotations

import signal
import threading
from collections.abc import Collection
from contextlib import closing
from typing import Protocol

import structlog

from kwsd.bridges.messages import Message, lost
from kwsd.daemon.signals import handling
from kwsd.events.subscriber import Subscription, subscribe
from kwsd.settings.bridges import BridgeConfig

log = structlog.get_logger()

STOP_CHECK = 0.5  # s between checks whether to stop, while no event comes


class Bridge(Protocol):
    """Where events are handed on."""

    def send(self, message: Message) -> None:
        """Hand on a message without waiting for its receiver."""

    def close(self) -> None:
        """Hand on what is waiting, within a bounded time, and close."""


def run(bridge: Bridge, config: BridgeConfig, kinds: Collection[str] = ()) -> None:
    """Hand on events until SIGINT or SIGTERM arrives. ZeroMQ connects again by itself when the publisher is back.

    Args:
        bridge: where to; it is closed.
        config: where kwsd publishes, and its key.
        kinds: the kinds of events to hand on, such as "detection"; all if empty. Losses are always told.

    Raises:
        EndpointError: the endpoint is none.
        ConfigError: it is on the network, and a key is missing.
        NewerEventError: the publisher's messages are of a later version.
    """
    stopped = threading.Event()
    with (
        closing(bridge),
        subscribe(config.endpoint, timeout=STOP_CHECK, server_key=config.server_key) as events,
        handling({signal.SIGINT: stopped.set, signal.SIGTERM: stopped.set}),
    ):
        log.info("subscribed", endpoint=events.endpoint)
        while not stopped.is_set():
            _hand_on(events, bridge, kinds)
    log.info("stopped")


def _hand_on(events: Subscription, bridge: Bridge, kinds: Collection[str]) -> None:
    """Hand on one event with the losses before it, or none if none comes for a while."""
    before = events.lost or 0
    event = next(events, None)
    if missed := (events.lost or 0) - before:
        bridge.send(lost(missed))
    if event is not None and (not kinds or event.kind in kinds):
        bridge.send(event.to_dict())
