"""`kwsd subscribe`: prints the events of a listening kwsd."""

from __future__ import annotations

import click

from kwsd.cli.options import server_key_option


@click.command(short_help="Print the events of a running `kwsd listen`.")
@click.argument("endpoint", required=False)
@click.option(
    "--topic",
    multiple=True,
    metavar="TOPIC",
    show_default="everything",
    help="Print only topics that begin with this, such as kwsd/1/detection/; give it again for more.",
)
@server_key_option
@click.option("--jsonl", is_flag=True, help="Print one JSON object a line.")
@click.pass_context
def subscribe(
    ctx: click.Context, endpoint: str | None, topic: tuple[str, ...], server_key: str | None, jsonl: bool
) -> None:
    """Print events as they come, until interrupted.

    ENDPOINT is where `kwsd listen` publishes, such as tcp://kitchen:7391; without it, this account's own. If no kwsd
    listens there yet, it waits for one.

    \b
    Example:
      kwsd subscribe --topic kwsd/1/detection/ --jsonl
    """
    from kwsd.cli.logs import configure_logs
    from kwsd.events.subscriber import EVERYTHING, describe
    from kwsd.events.subscriber import subscribe as open_subscription

    configure_logs(ctx)
    with open_subscription(endpoint, topic or (EVERYTHING,), server_key=server_key) as events:
        for event in events:
            click.echo(event.to_json() if jsonl else describe(event))
