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
    """

    def __init__(self, prefix: str, name: str, layout: OwnLayout, availability: str) -> None:
        self._prefix, self._name, self._layout, self._availability = prefix, name, layout, availability
        self._node = f"kwsd_{re.sub('[^a-zA-Z0-9_-]', '_', name)}"
        self._known: set[str] = set()

    def publications(self, keywords: Iterable[str]) -> list[Publication]:
        """What makes Home Assistant have these keywords and no others."""
        wanted = set(keywords)
        gone, self._known = self._known - wanted, wanted
        removed = [Publication(self._topic("event", _identity(keyword)), "", True) for keyword in sorted(gone)]
        return [*removed, self._state(), *map(self._event, sorted(wanted))]

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
