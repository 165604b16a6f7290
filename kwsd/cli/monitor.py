"""`kwsd monitor`: serves a page that shows a listening kwsd."""

from __future__ import annotations

from pathlib import Path

import click

from kwsd.cli.options import LOCATION, model_option, server_key_option, setting, store_option
from kwsd.settings.monitor import MonitorConfig

NEEDED = {"starlette", "uvicorn"}


@click.command(short_help="Show a running `kwsd listen` in the browser.")
@setting(MonitorConfig, "host", metavar="ADDRESS")
@setting(MonitorConfig, "port")
@setting(MonitorConfig, "hits", metavar="DIR")
@setting(MonitorConfig, "index", type=LOCATION, metavar="INDEX")
@setting(MonitorConfig, "endpoint", metavar="ENDPOINT", show_default="this account's own")
@setting(MonitorConfig, "control", metavar="ENDPOINT", show_default="this account's own")
@server_key_option
@setting(MonitorConfig, "certificate", metavar="FILE")
@setting(MonitorConfig, "certificate_key", metavar="FILE")
@store_option
@model_option
@click.pass_context
def monitor(
    ctx: click.Context,
    host: str,
    port: int,
    hits: Path | None,
    index: tuple[str, ...],
    endpoint: str | None,
    control: str | None,
    server_key: str | None,
    certificate: Path | None,
    certificate_key: Path | None,
    store: Path,
    model: Path | None,
) -> None:
    """Serve a page with the live distance of every keyword, the detections, the thresholds and the recordings.

    Prints the address of the page. The token in it is a password: whoever has it can change keywords and hear their
    recordings. Needs kwsd[web].

    \b
    Example:
      kwsd monitor --hits hits
    """
    from kwsd.cli.logs import configure_logs
    from kwsd.errors import ConfigError

    config = MonitorConfig(
        store=store,
        model=model,
        host=host,
        port=port,
        endpoint=endpoint,
        control=control,
        server_key=server_key,
        hits=hits,
        index=index,
        certificate=certificate,
        certificate_key=certificate_key,
    )
    try:
        from kwsd.web.server import serve
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in NEEDED:
            raise
        raise ConfigError('the page needs Starlette and uvicorn: run `pip install "kwsd[web]"`') from None
    configure_logs(ctx)
    serve(config, click.echo)
