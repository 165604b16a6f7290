"""`kwsd bridge`: hands events on to MQTT, to a web server or to a command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import click

from kwsd.cli.group import Verbs
from kwsd.cli.options import server_key_option, setting
from kwsd.settings.bridges import BridgeConfig, CommandConfig, Kind, MqttConfig, WebhookConfig

if TYPE_CHECKING:
    from kwsd.bridges.mqtt import Mqtt

endpoint_option = setting(BridgeConfig, "endpoint", metavar="ENDPOINT", show_default="this machine's own kwsd")


@click.group(cls=Verbs, short_help="Hand events on to MQTT, a web server or a command.")
def bridge() -> None:
    """Hand the events of a running `kwsd listen` on to other programs.

    A bridge waits until there is a `kwsd listen`, connects again when it was away, and hands on the number of events
    that were lost. It runs until it is interrupted.

    \b
    Examples:
      kwsd bridge mqtt --broker mqtt://192.168.1.10
      kwsd bridge exec -- notify-send "I am listening"
    """


@bridge.command(short_help="Publish events to an MQTT broker.")
@setting(MqttConfig, "broker", metavar="URL")
@setting(MqttConfig, "user")
@setting(MqttConfig, "password", show_default="none")
@setting(MqttConfig, "layout")
@setting(MqttConfig, "topic")
@setting(MqttConfig, "site")
@setting(MqttConfig, "discovery", metavar="PREFIX", show_default="off")
@setting(MqttConfig, "name")
@endpoint_option
@server_key_option
@click.pass_context
def mqtt(
    ctx: click.Context,
    broker: str,
    user: str | None,
    password: str | None,
    layout: Literal["kwsd", "hermes"],
    topic: str,
    site: str,
    discovery: str | None,
    name: str,
    endpoint: str | None,
    server_key: str | None,
) -> None:
    """Publish events to an MQTT broker; needs kwsd[mqtt].

    Topics are kwsd/detection/KEYWORD, kwsd/status, kwsd/heartbeat, kwsd/lost with the number of lost events, and
    kwsd/availability. With --discovery, Home Assistant has an event entity for each keyword.

    \b
    Example:
      kwsd bridge mqtt --broker mqtt://192.168.1.10 --discovery homeassistant
    """
    from kwsd.bridges.run import run
    from kwsd.cli.logs import configure_logs

    config = MqttConfig(
        broker=broker,
        user=user,
        password=password,
        layout=layout,
        topic=topic,
        site=site,
        discovery=discovery,
        name=name,
        endpoint=endpoint,
        server_key=server_key,
    )
    configure_logs(ctx)
    run(_mqtt(config), config)


def _mqtt(config: MqttConfig) -> Mqtt:
    from kwsd.bridges.discovery import Discovery
    from kwsd.bridges.layouts import HermesLayout, OwnLayout
    from kwsd.bridges.mqtt import Mqtt
    from kwsd.errors import ConfigError

    if config.discovery and config.layout == "hermes":
        raise ConfigError("--discovery describes the topics of the layout kwsd: leave out --layout hermes")
    own, availability = OwnLayout(config.topic), f"{config.topic}/availability"
    discovery = Discovery(config.discovery, config.name, own, availability) if config.discovery else None
    layout = own if config.layout == "kwsd" else HermesLayout(config.site)
    return Mqtt(config.address, config.user, config.password, layout, availability, discovery)


@bridge.command(short_help="Post events to a web server.")
@click.argument("url")
@setting(WebhookConfig, "events", "--event", show_default="detection")
@setting(WebhookConfig, "secret", show_default="no signature")
@setting(WebhookConfig, "retry", metavar="SECONDS")
@setting(WebhookConfig, "timeout", metavar="SECONDS")
@endpoint_option
@server_key_option
@click.pass_context
def webhook(
    ctx: click.Context,
    url: str,
    event: tuple[Kind, ...],
    secret: str | None,
    retry: float,
    timeout: float,
    endpoint: str | None,
    server_key: str | None,
) -> None:
    """Post each event as JSON to URL, in order; a slow server loses the oldest of more than 100 events.

    A request that fails, or is answered with 429 or 5xx, is sent again with growing pauses. With --secret, the header
    X-Kwsd-Signature is "sha256=" and the HMAC-SHA256 of X-Kwsd-Timestamp, a full stop and the body.

    \b
    Example:
      read -rs KWSD_BRIDGE_WEBHOOK_SECRET && export KWSD_BRIDGE_WEBHOOK_SECRET
      kwsd bridge webhook https://example.org/heard
    """
    from kwsd.bridges.run import run
    from kwsd.bridges.webhook import Webhook
    from kwsd.cli.logs import configure_logs

    config = WebhookConfig(
        url=url,
        events=event or ("detection",),
        secret=secret,
        retry=retry,
        timeout=timeout,
        endpoint=endpoint,
        server_key=server_key,
    )
    configure_logs(ctx)
    run(Webhook(config.url, config.secret, config.retry, config.timeout), config, config.events)


@bridge.command("exec", short_help="Run a command for each event.")
@click.argument("command", nargs=-1, required=True)
@setting(CommandConfig, "events", "--event", show_default="detection")
@setting(CommandConfig, "timeout", metavar="SECONDS")
@endpoint_option
@server_key_option
@click.pass_context
def exec_(
    ctx: click.Context,
    command: tuple[str, ...],
    event: tuple[Kind, ...],
    timeout: float,
    endpoint: str | None,
    server_key: str | None,
) -> None:
    """Run COMMAND for each event, one run after the other and without a shell.

    The event is in the environment: KWSD_EVENT is its kind, KWSD_EVENT_KEYWORD its keyword, KWSD_EVENT_DISTANCE its
    distance and so on, and KWSD_EVENT_JSON the whole. KWSD_EVENT is "lost" when KWSD_EVENT_COUNT events were lost.

    \b
    Example:
      kwsd bridge exec -- notify-send "I am listening"
    """
    from kwsd.bridges.command import Command
    from kwsd.bridges.run import run
    from kwsd.cli.logs import configure_logs

    config = CommandConfig(
        command=command,
        events=event or ("detection",),
        timeout=timeout,
        endpoint=endpoint,
        server_key=server_key,
    )
    configure_logs(ctx)
    run(Command(config.command, config.timeout), config, config.events)
