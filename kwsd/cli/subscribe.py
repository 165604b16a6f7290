"""`kwsd subscribe`: prints the events of a listening kwsd."""

from __future__ import annotations

import click


@click.command(short_help="Print the events of a listening kwsd.")
@click.argument("endpoint", required=False)
@click.option(
    "--topic",
    multiple=True,
    metavar="TOPIC",
    show_default="everything",
    help="Print only topics that begin with this, such as kwsd/1/detection/; give it again for more.",
)
@click.option("--jsonl", is_flag=True, help="Print one JSON object a line.")
@click.pass_context
def subscribe(ctx: click.Context, endpoint: str | None, topic: tuple[str, ...], jsonl: bool) -> None:
    """Print events as they come, until interrupted.

    ENDPOINT is where `kwsd listen` publishes, such as tcp://kitchen:7391; without it, this machine's own. If no kwsd
    listens there yet, it waits for one.

    \b
    Example:
      kwsd subscribe --topic kwsd/1/detection/ --jsonl
    """
    from kwsd.cli.logs import configure_logs
    from kwsd.events.subscriber import EVERYTHING, describe
    from kwsd.events.subscriber import subscribe as open_subscription

    configure_logs(ctx)
    with open_subscription(endpoint, topic or (EVERYTHING,)) as events:
        for event in events:
            click.echo(event.to_json() if jsonl else describe(event))
