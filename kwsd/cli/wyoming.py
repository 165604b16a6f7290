"""`kwsd wyoming`: serves the Wyoming protocol."""

from __future__ import annotations

from pathlib import Path

import click

from kwsd.cli.options import setting, spotting_options
from kwsd.settings.wyoming import WyomingConfig


@click.command(short_help="Detect wake words for Home Assistant.")
@setting(WyomingConfig, "uri", metavar="URI")
@setting(WyomingConfig, "zeroconf")
@setting(
    WyomingConfig,
    "false_alarms_per_hour",
    metavar="RATE",
    help="False alarms per hour that what `kwsd listen --learn-background` has learned allows.",
)
@spotting_options
@click.pass_context
def wyoming(
    ctx: click.Context,
    uri: str,
    zeroconf: bool,
    false_alarms_per_hour: float,
    keyword: tuple[str, ...],
    refractory: float,
    store: Path,
    model: Path | None,
) -> None:
    """Serve the Wyoming protocol: clients send audio, and are told which keyword was spoken in it.

    Every keyword of the store is a wake word of Home Assistant; one that is enrolled later is served without a restart.
    Thresholds that `kwsd listen --learn-background` has learned are used.
    There is no password: whoever reaches the address can send audio and read the keywords' names. Needs kwsd[wyoming].

    \b
    Example:
      kwsd wyoming --uri tcp://0.0.0.0:10400 --zeroconf
    """
    from kwsd.cli.logs import configure_logs
    from kwsd.errors import ConfigError

    config = WyomingConfig(
        store=store,
        model=model,
        keywords=keyword,
        refractory=refractory,
        uri=uri,
        zeroconf=zeroconf,
        false_alarms_per_hour=false_alarms_per_hour,
    )
    try:
        from kwsd.wyoming.server import serve
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("wyoming"):
            raise
        raise ConfigError('the Wyoming server needs wyoming: run `pip install "kwsd[wyoming]"`') from None
    configure_logs(ctx)
    serve(config)
