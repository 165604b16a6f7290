"""Events as publications to an MQTT broker, with the connection made again when it breaks."""

from __future__ import annotations

import threading
from typing import Any

import structlog

from kwsd.bridges.discovery import Discovery
from kwsd.bridges.layouts import Layout, Publication
from kwsd.bridges.messages import Message, lost
from kwsd.errors import ConfigError
from kwsd.settings.bridges import Broker

log = structlog.get_logger()

KEEP_ALIVE = 15  # s; after one and a half times that, a broker that was switched off is noticed
FIRST_PAUSE, LONGEST_PAUSE = 1, 30  # s between two tries to connect
CLOSING = 5.0  # s in which "offline" is sent


class Mqtt:
    """A bridge to a broker.

    Publications have quality of service 0, and none is sent later: a detection of a minute ago would do harm. While
    there is no connection they are counted, and that number is published when the connection is back.

    Args:
        broker: its address.
        user, password: None if the broker asks for none.
        layout: topics and payloads.
        availability: the topic that says "online", and "offline" when the bridge ends or its connection breaks.
        discovery: the entities of Home Assistant, None for none.

    Raises:
        ConfigError: paho-mqtt is not installed.
    """

    def __init__(
        self,
        broker: Broker,
        user: str | None,
        password: str | None,
        layout: Layout,
        availability: str,
        discovery: Discovery | None = None,
    ) -> None:
        self._layout, self._availability, self._discovery = layout, availability, discovery
        self._lost = 0
        self._status: Message | None = None
        self._keywords: dict[str, list[str]] = {}  # by stream
        self._instance = ""  # of the kwsd whose streams these are
        self._lock = threading.Lock()
        self._client = _client()
        if user is not None:
            self._client.username_pw_set(user, password)
        if broker.tls:
            self._client.tls_set()
        self._client.will_set(availability, "offline", retain=True)
        self._client.on_connect, self._client.on_disconnect = self._connected, self._disconnected
        self._client.on_message = self._received
        self._client.on_connect_fail = lambda client, data: log.warning(
            "the broker cannot be reached", host=broker.host
        )
        self._client.reconnect_delay_set(FIRST_PAUSE, LONGEST_PAUSE)
        self._client.connect_async(broker.host, broker.port, KEEP_ALIVE)
        self._client.loop_start()

    def send(self, message: Message) -> None:
        """Publish a message; one that cannot be sent now is counted and dropped."""
        publications = self._layout.publications(message)
        with self._lock:
            if message["event"] == "status":
                self._note(message)
                publications = self._entities() + publications
            if not all(self._publish(one) for one in publications):
                self._lost += message.get("count", 1)

    def close(self) -> None:
        """Publish that the bridge is offline, and disconnect."""
        if self._client.is_connected():
            self._client.publish(self._availability, "offline", retain=True).wait_for_publish(CLOSING)
        self._client.disconnect()
        self._client.loop_stop()

    def _publish(self, one: Publication) -> bool:
        return bool(self._client.publish(one.topic, one.payload, retain=one.retain).rc == 0)

    def _note(self, status: Message) -> None:
        self._status = status
        if not status["keywords"]:  # a kwsd that is starting has none yet; its entities stay
            return
        if status["instance"] != self._instance:  # it was started anew, and may have other streams
            self._keywords.clear()
            self._instance = status["instance"]
        self._keywords[status["stream"]] = status["keywords"]

    def _entities(self) -> list[Publication]:
        if not self._discovery or not self._keywords:
            return []
        return self._discovery.publications({name for names in self._keywords.values() for name in names})

    def _connected(self, client: Any, data: Any, flags: Any, reason: Any, properties: Any) -> None:
        if reason.is_failure:
            log.warning("the broker refuses the connection", reason=str(reason))
            return
        log.info("connected")
        with self._lock:
            missed, self._lost = self._lost, 0
            self._publish(Publication(self._availability, "online", True))
            if self._discovery:
                client.subscribe(self._discovery.topics)
            if self._status is not None:  # the one that was missed, or that a new broker does not have
                for one in self._entities() + self._layout.publications(self._status):
                    self._publish(one)
            if missed:
                log.warning("events were not delivered", missed=missed)
                for one in self._layout.publications(lost(missed)):
                    self._publish(one)

    def _received(self, client: Any, data: Any, message: Any) -> None:
        """Handle an entity that the broker has kept from before."""
        if not self._discovery or not message.retain or not message.payload:
            return
        with self._lock:
            for one in self._discovery.found(message.topic):
                self._publish(one)

    def _disconnected(self, client: Any, data: Any, flags: Any, reason: Any, properties: Any) -> None:
        if reason.is_failure:
            log.warning("the connection to the broker broke", reason=str(reason))


def _client() -> Any:
    try:
        from paho.mqtt.client import Client  # noqa: PLC0415 - an extra
        from paho.mqtt.enums import CallbackAPIVersion  # noqa: PLC0415
    except ImportError:
        raise ConfigError('MQTT needs paho-mqtt: run `pip install "kwsd[mqtt]"`') from None
    return Client(CallbackAPIVersion.VERSION2)
