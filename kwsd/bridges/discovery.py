"""Home Assistant's discovery over MQTT: an event entity for each keyword, and a sensor with the state."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from typing import Any

from kwsd._version import __version__
from kwsd.bridges.layouts import OwnLayout, Publication

DETECTED = "detected"
_EVENT = "{{ {'event_type': 'detected', 'distance': value_json.distance, 'stream': value_json.stream} | tojson }}"


class Discovery:
    """The entities of a bridge, as retained messages that Home Assistant reads.

    Args:
        prefix: Home Assistant's own discovery prefix.
        name: the name of the device.
        layout: where the events are published.
        availability: the topic that says "online" or "offline".

    Attributes:
        topics: of the messages for keywords, as a pattern; `found` is to be given those that the broker keeps.
    """

    def __init__(self, prefix: str, name: str, layout: OwnLayout, availability: str) -> None:
        self._prefix, self._name, self._layout, self._availability = prefix, name, layout, availability
        self._node = f"kwsd_{re.sub('[^a-zA-Z0-9_-]', '_', name)}"
        self._kept: set[str] = set()  # topics of keywords at the broker
        self._wanted: set[str] = set()
        self.topics = self._topic("event", "+")

    def publications(self, keywords: Iterable[str]) -> list[Publication]:
        """What makes Home Assistant have these keywords and no others."""
        entities = list(map(self._event, sorted(keywords)))
        self._wanted = {one.topic for one in entities}
        removals = self._removals()
        self._kept |= self._wanted
        return [*removals, self._state(), *entities]

    def found(self, topic: str) -> list[Publication]:
        """What removes an entity that the broker keeps, if its keyword was removed while no bridge ran."""
        self._kept.add(topic)
        return self._removals() if self._wanted else []

    def _removals(self) -> list[Publication]:
        gone = self._kept - self._wanted
        self._kept -= gone
        return [Publication(topic, "", True) for topic in sorted(gone)]

    def _event(self, keyword: str) -> Publication:
        identity = _identity(keyword)
        facts = {
            "name": keyword,
            "state_topic": self._layout.topic("detection", keyword),
            "event_types": [DETECTED],
            "value_template": _EVENT,
            "icon": "mdi:account-voice",
        }
        return self._config("event", identity, facts)

    def _state(self) -> Publication:
        topic = self._layout.topic("status")
        facts = {
            "name": "State",
            "state_topic": topic,
            "value_template": "{{ value_json.state }}",
            "json_attributes_topic": topic,
            "entity_category": "diagnostic",
        }
        return self._config("sensor", "state", facts)

    def _config(self, component: str, identity: str, facts: dict[str, Any]) -> Publication:
        device = {"identifiers": [self._node], "name": self._name, "manufacturer": "kwsd", "sw_version": __version__}
        shared = {
            "unique_id": f"{self._node}_{identity}",
            "availability_topic": self._availability,
            "device": device,
            "origin": {"name": "kwsd", "sw_version": __version__},
        }
        return Publication(self._topic(component, identity), json.dumps(facts | shared), True)

    def _topic(self, component: str, identity: str) -> str:
        return f"{self._prefix}/{component}/{self._node}/{identity}/config"


def _identity(keyword: str) -> str:
    """A name of the keyword in the letters that Home Assistant allows, and no other keyword's."""
    return hashlib.sha256(keyword.encode()).hexdigest()[:12]
