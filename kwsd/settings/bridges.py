"""The settings of `kwsd bridge`."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple
from urllib.parse import urlsplit

from msgspec import Meta

from kwsd.settings.checks import Settings

Kind = Literal["detection", "status", "heartbeat"]
_LONGEST = 86_400.0  # s
_TOPIC = r"^[^+#\x00/][^+#\x00]*\Z"
PLAIN_PORT, TLS_PORT = 1883, 8883


class Broker(NamedTuple):
    """The address of an MQTT broker."""

    host: str
    port: int
    tls: bool


class BridgeConfig(Settings, frozen=True, kw_only=True):
    """What all bridges have in common; no endpoint means this machine's own kwsd, which needs no server key."""

    endpoint: (
        Annotated[str, Meta(description="Where kwsd publishes its events, such as tcp://kitchen:7391.")] | None
    ) = None
    server_key: str | None = None


class MqttConfig(BridgeConfig, frozen=True, kw_only=True):
    """The broker, the topics, and Home Assistant's discovery."""

    broker: Annotated[
        str,
        Meta(
            description="The broker: mqtt://HOST[:PORT], or mqtts:// with TLS.",
            pattern=r"^mqtts?://(\[[0-9a-fA-F:.]+\]|[^\[\]/:@\s]+)(:\d{1,5})?\Z",
            extra={"head": "{} is no broker", "range": "mqtt://HOST:PORT or mqtts://HOST:PORT"},
        ),
    ] = "mqtt://localhost"
    user: Annotated[str, Meta(description="User name at the broker.")] | None = None
    password: (
        Annotated[
            str,
            Meta(description="Password at the broker; better given as a variable.", extra={"secret": "yes"}),
        ]
        | None
    ) = None
    layout: Annotated[
        Literal["kwsd", "hermes"], Meta(description="Topics: our own, or those of Hermes, as Rhasspy reads them.")
    ] = "kwsd"
    topic: Annotated[
        str,
        Meta(
            description="What the topics of the layout kwsd begin with.",
            pattern=_TOPIC,
            extra={"head": "{} is no topic", "range": "a topic without + and #"},
        ),
    ] = "kwsd"
    site: Annotated[str, Meta(description="The siteId of the layout hermes.", min_length=1)] = "default"
    discovery: (
        Annotated[
            str,
            Meta(
                description="Make Home Assistant find the keywords, by its discovery prefix, usually homeassistant.",
                pattern=_TOPIC,
                extra={"head": "{} is no discovery prefix", "range": "homeassistant, or what Home Assistant is set to"},
            ),
        ]
        | None
    ) = None
    name: Annotated[str, Meta(description="Name of the device in Home Assistant.", min_length=1)] = "kwsd"

    @property
    def address(self) -> Broker:
        """The broker's host and port."""
        parts = urlsplit(self.broker)
        tls = parts.scheme == "mqtts"
        return Broker(parts.hostname or "", parts.port or (TLS_PORT if tls else PLAIN_PORT), tls)


class WebhookConfig(BridgeConfig, frozen=True, kw_only=True):
    """The web server, and how long a message is tried again."""

    url: Annotated[
        str,
        Meta(
            pattern=r"^https?://[^\s/]+(/\S*)?\Z",
            extra={"head": "{} is no address of a web server", "range": "http://... or https://..."},
        ),
    ]
    events: Annotated[tuple[Kind, ...], Meta(description="Kind of event to send; give it again for more.")] = (
        "detection",
    )
    secret: (
        Annotated[
            str,
            Meta(
                description="Sign requests with this secret by HMAC-SHA256; better given as a variable.",
                min_length=1,
                extra={"secret": "yes"},
            ),
        ]
        | None
    ) = None
    retry: Annotated[
        float,
        Meta(
            title="the time of retries",
            description="How long a request is tried again.",
            ge=0,
            le=_LONGEST,
            extra={"unit": "s"},
        ),
    ] = 30.0
    timeout: Annotated[
        float,
        Meta(title="the timeout", description="How long one try may take.", gt=0, le=_LONGEST, extra={"unit": "s"}),
    ] = 10.0


class CommandConfig(BridgeConfig, frozen=True, kw_only=True):
    """The command, and how long it may run."""

    command: tuple[str, ...]
    events: Annotated[tuple[Kind, ...], Meta(description="Kind of event to run it for; give it again for more.")] = (
        "detection",
    )
    timeout: Annotated[
        float,
        Meta(
            title="the timeout",
            description="How long the command may run until it is killed.",
            gt=0,
            le=_LONGEST,
            extra={"unit": "s"},
        ),
    ] = 30.0
