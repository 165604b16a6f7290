"""The subscriber: events of a publisher as they arrive, and as lines for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import structlog
import zmq

from kwsd.errors import EndpointError
from kwsd.events.closable import Closable
from kwsd.events.endpoints import default_endpoint, safe_endpoint
from kwsd.events.keys import KeyFolder, client_pair, use_keys
from kwsd.events.messages import (
    VERSION,
    DetectionEvent,
    Event,
    EventError,
    HeartbeatEvent,
    NewerEventError,
    StatusEvent,
    UnknownEventError,
    parse,
)

log = structlog.get_logger()

EVERYTHING = "kwsd/"
"""The topic of all versions, so that a publisher that is too new is told from one that is silent."""

_PING = 5000  # ms; else a connection to a machine that was switched off would look idle for ever


def subscribe(
    endpoint: str | None = None,
    topics: Sequence[str] = (EVERYTHING,),
    timeout: float | None = None,
    server_key: str | None = None,
    keys: KeyFolder | None = None,
) -> Subscription:
    """The events of these topics from now on, as an iterator and context manager.

    It waits for a publisher that has not started yet; without an endpoint it is this machine's. The iteration ends when
    nothing has arrived for `timeout` seconds. On the network it needs the public key of the publisher and a key of this
    account, of which `keys` is the folder. Raises EndpointError and ConfigError here, NewerEventError while iterating.
    """
    return Subscription(endpoint or default_endpoint(), topics, timeout, server_key, keys)


class SequenceCheck:
    """Counts the messages that a subscriber to everything has lost, by their sequence numbers."""

    def __init__(self) -> None:
        self._last: dict[str, int] = {}

    def missed(self, event: Event) -> int:
        """How many messages of the event's instance were lost just before it."""
        if isinstance(event, StatusEvent) and event.repeat:
            return 0
        before = self._last.get(event.instance, event.sequence - 1)
        self._last[event.instance] = max(before, event.sequence)
        return max(0, event.sequence - before - 1)


class Subscription(Closable, Iterator[Event]):
    """Events from one endpoint; damaged messages and kinds of a later version are left out. For use in one thread.

    Attributes:
        endpoint: where it is connected.
        lost: messages lost so far; None when only some topics are read, whose numbers always have gaps.
    """

    def __init__(
        self,
        endpoint: str,
        topics: Sequence[str] = (EVERYTHING,),
        timeout: float | None = None,
        server_key: str | None = None,
        keys: KeyFolder | None = None,
    ) -> None:
        self.endpoint = safe_endpoint(endpoint)
        self.lost = 0 if any(f"kwsd/{VERSION}/".startswith(topic) for topic in topics) else None
        self._sequence = SequenceCheck()
        self._status = ("", 0)
        pair = client_pair(endpoint, server_key, keys)
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.SUB)
        if server_key and pair:
            use_keys(self._socket, server_key, pair)
        try:
            _connect(self._socket, endpoint, topics, timeout)
        except EndpointError:
            self.close()
            raise

    def __next__(self) -> Event:
        while not self._socket.closed:
            try:
                frames = self._socket.recv_multipart()
            except zmq.Again:
                break
            event = self._read(frames)
            if event:
                return event
        raise StopIteration

    def close(self) -> None:
        """Disconnect; the iteration is over then."""
        self._socket.close(linger=0)
        self._context.term()

    def _read(self, frames: list[bytes]) -> Event | None:
        try:
            event = parse(frames[0], frames[-1])  # of one frame or of three, no two make an event
        except NewerEventError:
            raise
        except UnknownEventError as error:
            self._count(error.event)
            return None
        except EventError as error:
            log.warning("a message cannot be read", endpoint=self.endpoint, reason=str(error))
            return None
        self._count(event)
        return None if self._is_repeat(event) else event

    def _count(self, event: Event) -> None:
        missed = self._sequence.missed(event)
        if self.lost is not None and missed:
            self.lost += missed
            log.warning("events were lost", endpoint=self.endpoint, missed=missed, instance=event.instance)

    def _is_repeat(self, event: Event) -> bool:
        """Whether it is a status that was sent again for another subscriber."""
        if not isinstance(event, StatusEvent):
            return False
        before, self._status = self._status, (event.instance, event.sequence)
        return event.repeat and before == self._status


def describe(event: Event) -> str:
    """The event as one line for people, in local time, fit for a terminal whatever a message holds."""
    line = f"{_clock(event.wall)}  {_wording(event)}"
    return "".join(letter if letter.isprintable() else "?" for letter in line)


def _wording(event: Event) -> str:
    match event:
        case DetectionEvent():
            place = f"{event.start:.2f} to {event.end:.2f} s of {event.stream}"
            return f"{event.keyword}: {place}, distance {event.distance:.4g} (at most {event.threshold:.4g})"
        case StatusEvent():
            words = f"{event.state}: {event.message}" if event.message else event.state
            return f"{words} [{', '.join(event.keywords)}]" if event.keywords else words
        case HeartbeatEvent():
            level = "silence" if event.level is None else f"{event.level:.0f} dBFS"
            return (
                f"up {duration(event.uptime)}, {event.detections} detections, load {event.load:.0%}, "
                f"queue {event.queue:.2f} s, lost {event.dropped:.2f} s, {level}"
            )
    return event.kind


def _clock(wall: float) -> str:
    try:
        return f"{datetime.fromtimestamp(wall):%H:%M:%S}"
    except (ValueError, OverflowError, OSError):
        return "??:??:??"


def duration(seconds: float) -> str:
    """A number of seconds for people, such as "1:02:03"."""
    try:
        return str(timedelta(seconds=int(seconds)))
    except OverflowError:
        return f"{seconds:.3g} s"


def _connect(subscriber: zmq.Socket[bytes], endpoint: str, topics: Sequence[str], timeout: float | None) -> None:
    subscriber.ipv6 = "[" in endpoint
    subscriber.heartbeat_ivl = _PING
    subscriber.rcvtimeo = -1 if timeout is None else round(1000 * timeout)
    for topic in topics:
        subscriber.subscribe(topic)
    try:
        subscriber.connect(endpoint)
    except zmq.ZMQError as error:
        reason = zmq.strerror(error.errno or 0)
        raise EndpointError(f"cannot connect to the endpoint {endpoint} ({reason}): check its spelling") from error
