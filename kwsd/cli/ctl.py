"""`kwsd ctl`: asks a listening kwsd, and changes it while it runs."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from kwsd.cli.group import Verbs
from kwsd.cli.options import server_key_option

if TYPE_CHECKING:
    from kwsd.control.messages import AnyReply, KeywordState, Request, StateReply

Settings = dict[str, Any]


@click.group(cls=Verbs, short_help="Ask a running `kwsd listen` for its state, and change it.")
@click.option(
    "--endpoint",
    metavar="ENDPOINT",
    show_default="control.ipc in the runtime folder",
    help="Where that kwsd takes requests.",
)
@server_key_option
@click.option("--json", "as_json", is_flag=True, help="Print the reply as JSON.")
@click.pass_context
def ctl(ctx: click.Context, endpoint: str | None, server_key: str | None, as_json: bool) -> None:
    """Ask a running `kwsd listen` for its state, and change it while it runs.

    \b
    Examples:
      kwsd ctl status
      kwsd ctl disable "hey snips"
      kwsd ctl threshold "hey snips" 0.4 --keep
    """
    ctx.obj = {"endpoint": endpoint, "server_key": server_key, "as_json": as_json}


def _add(verb: str, text: str, words: str = "", *params: Callable[[Callable[..., None]], Callable[..., None]]) -> None:
    """Add a verb whose parameters are the fields of the request of that name; `words` are those of the example."""

    def ask(settings: Settings, /, **fields: Any) -> None:
        from kwsd.control import messages

        _ask(settings, getattr(messages, verb.capitalize())(**fields))

    command = click.pass_obj(ask)
    for param in reversed(params):
        command = param(command)
    ctl.command(verb, help=f"{text}\n\n\b\nExample:\n  kwsd ctl {verb}{words and ' '}{words}")(command)


def _check_finite(ctx: click.Context, param: click.Parameter, value: float | None) -> float | None:
    if value is not None and not math.isfinite(value):
        raise click.BadParameter("give a number that is not infinite")
    return value


_KEYWORD = click.argument("keyword")
_VALUE = click.argument("threshold", metavar="[VALUE]", type=float, required=False, callback=_check_finite)
_KEEP = click.option("--keep", is_flag=True, help="Also write it to the store.")

_add("status", "Print what it listens to, its keywords and its health.")
_add("pause", "Stop spotting keywords; what is said meanwhile is not kept.")
_add("resume", "Spot keywords again.")
_add("reload", "Read the keywords of the store again.")
_add("keywords", "List the keywords with their thresholds.")
_add("enable", "Spot a keyword that was disabled.", '"hey snips"', _KEYWORD)
_add("disable", "Do not spot a keyword until it is enabled again or kwsd ends.", '"hey snips"', _KEYWORD)
_add(
    "threshold",
    "Set the threshold of a keyword; without VALUE, the stored one.",
    '"hey snips" 0.4 --keep',
    _KEYWORD,
    _VALUE,
    _KEEP,
)


@ctl.command(short_help="Print the distances of the keywords as they are heard.")
@click.argument("keyword", nargs=-1)
@click.option("--rate", type=float, default=4.0, metavar="HZ", help="Lines a second, at most; up to 20.")
@click.pass_obj
def scores(settings: Settings, keyword: tuple[str, ...], rate: float) -> None:
    """Print the distances of the keywords as they are heard, until interrupted.

    \b
    Example:
      kwsd ctl scores "hey snips" --rate 10
    """
    from kwsd.control.client import ControlClient
    from kwsd.control.messages import Scores, to_json

    with ControlClient(settings["endpoint"], settings["server_key"]) as client:
        client.ask(Scores(rate=rate, keywords=keyword))
        for reply in client.scores():
            shown = "  ".join(f"{name} {distance:.3f}" for name, distance in sorted(reply.distances.items()))
            click.echo(to_json(reply).decode() if settings["as_json"] else f"{reply.time:.2f} s  {shown}")


_add("stop", "End that `kwsd listen`.")


def _ask(settings: Settings, request: Request) -> None:
    from kwsd.control.client import ControlClient
    from kwsd.control.messages import to_json

    with ControlClient(settings["endpoint"], settings["server_key"]) as client:
        reply = client.ask(request)
    click.echo(to_json(reply).decode() if settings["as_json"] else _wording(reply))


def _wording(reply: AnyReply) -> str:
    from kwsd.control.messages import Done, KeywordsReply, StateReply

    match reply:
        case KeywordsReply():
            return "\n".join(map(_line, reply.keywords))
        case StateReply():
            return _state(reply)
    assert isinstance(reply, Done)
    return reply.message


def _line(keyword: KeywordState) -> str:
    changed = "" if keyword.threshold == keyword.stored else f" (in the store {keyword.stored:.4g})"
    disabled = "" if keyword.enabled else ", disabled"
    facts = f"{keyword.scorer}, {keyword.templates} recordings{disabled}"
    return f"{keyword.name}: threshold {keyword.threshold:.4g}{changed}, {facts}"


def _state(reply: StateReply) -> str:
    from kwsd.events.subscriber import duration

    heard = f"up {duration(reply.uptime)}, {reply.detections} detections, lost {reply.dropped:.2f} s"
    state = "paused" if reply.paused else reply.state
    return f"{state}: {reply.message}\n{reply.stream}, {heard}\nkeywords: {', '.join(reply.keywords)}"
