"""The command line: `kwsd VERB`, one module a verb."""

from __future__ import annotations

import os

import click

from kwsd._version import __version__
from kwsd.cli.bridge import bridge
from kwsd.cli.completion import completion
from kwsd.cli.config import config
from kwsd.cli.ctl import ctl
from kwsd.cli.devices import devices
from kwsd.cli.doctor import doctor
from kwsd.cli.enroll import enroll
from kwsd.cli.feedback import feedback
from kwsd.cli.group import Verbs
from kwsd.cli.index import index
from kwsd.cli.keys import keys
from kwsd.cli.keywords import keywords
from kwsd.cli.listen import listen
from kwsd.cli.monitor import monitor
from kwsd.cli.scan import scan
from kwsd.cli.search import search
from kwsd.cli.service import service
from kwsd.cli.settings import config_option
from kwsd.cli.subscribe import subscribe
from kwsd.cli.test import test
from kwsd.cli.wyoming import wyoming

__all__ = ["main"]

# Else numpy keeps a thread per core spinning for products that one core does in no time.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

CONTEXT = {"auto_envvar_prefix": "KWSD", "help_option_names": ["-h", "--help"], "show_default": True}


@config_option
@click.group(cls=Verbs, context_settings=CONTEXT)
@click.option(
    "--log-level",
    type=click.Choice(("debug", "info", "warning", "error")),
    default="info",
    help="The least important messages to show.",
)
@click.version_option(__version__, prog_name="kwsd", message="%(prog)s %(version)s")
def main(log_level: str) -> None:
    """Spot your own phrase, from a handful of recordings, on your own machine.

    \b
    kwsd enroll "hey snips" recordings/*.wav   enrol the phrase
    kwsd test "hey snips"                      see how near what you say comes to it
    kwsd scan meeting.ogg                      find it in files
    kwsd listen                                listen for it at the microphone
    kwsd subscribe                             print the events of a running kwsd listen
    kwsd monitor                               show it in the browser
    kwsd wyoming                               detect wake words for Home Assistant
    kwsd ctl status                            ask it for its state
    kwsd bridge mqtt                           hand the events on to an MQTT broker
    kwsd index build my.index archive/         index an archive
    kwsd search "hey snips" --index my.index   find it there

    Every option is also a variable, KWSD_VERB_OPTION (such as KWSD_LISTEN_REFRACTORY), and a line of the settings file.
    """


for verb in (
    enroll,
    keywords,
    test,
    scan,
    listen,
    subscribe,
    monitor,
    ctl,
    keys,
    wyoming,
    bridge,
    index,
    search,
    feedback,
    service,
    config,
    completion,
    devices,
    doctor,
):
    main.add_command(verb)
