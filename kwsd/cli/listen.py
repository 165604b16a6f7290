"""`kwsd listen`: the service."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from kwsd.cli.options import LOCATION, PATH, spotting_options


@click.command(short_help="Wait for the keywords, at a microphone or in a stream.")
@click.option("--mic", is_flag=True, help="Listen to the default microphone, which is also what happens by default.")
@click.option("--device", metavar="NAME|NUMBER", help="Listen to this microphone; see `kwsd devices`.")
@click.option("--stdin", is_flag=True, help="Listen to raw little-endian PCM on standard input.")
@click.option("--rate", type=int, default=16_000, metavar="HZ", help="Sample rate of --stdin.")
@click.option("--width", type=click.Choice(("s16", "s24", "s32", "f32")), default="s16", help="Samples of --stdin.")
@click.option("--channels", type=int, default=1, metavar="COUNT", help="Interleaved channels of --stdin.")
@click.option("--file", type=PATH, metavar="FILE", help="Listen to a file, as fast as it goes.")
@click.option("--realtime", is_flag=True, help="Read --file at the pace of its time.")
@click.option(
    "--endpoint",
    multiple=True,
    metavar="ENDPOINT",
    show_default="an ipc socket in the runtime folder, and tcp://127.0.0.1:7391",
    help="Publish here over ZeroMQ, ipc://PATH or tcp://HOST:PORT; give it again for more.",
)
@click.option("--no-zmq", is_flag=True, help="Publish nothing over ZeroMQ.")
@click.option("--jsonl", is_flag=True, help="Also print the events, one JSON object a line.")
@click.option("--queue", type=float, default=10.0, metavar="SECONDS", help="How much live audio may wait its turn.")
@click.option(
    "--heartbeat", type=float, default=10.0, metavar="SECONDS", help="Time between signs of life; 0 for none."
)
@click.option("--log", type=LOCATION, metavar="INDEX", help="Also keep what is heard, as codes, for `kwsd search`.")
@click.option(
    "--log-keep", type=float, metavar="DAYS", show_default="for ever", help="After how long --log drops what it heard."
)
@spotting_options
@click.pass_context
def listen(
    ctx: click.Context,
    mic: bool,
    device: str | None,
    stdin: bool,
    rate: int,
    width: str,
    channels: int,
    file: Path | None,
    realtime: bool,
    endpoint: tuple[str, ...],
    no_zmq: bool,
    jsonl: bool,
    queue: float,
    heartbeat: float,
    log: str | None,
    log_keep: float | None,
    keyword: tuple[str, ...],
    refractory: float,
    store: Path,
    model: Path | None,
) -> None:
    """Listen for keywords and publish an event for each that is spoken.

    Events go out over ZeroMQ; `kwsd subscribe` prints them. SIGINT and SIGTERM end it cleanly, SIGHUP makes it read
    the keywords again.

    With --log, what was said can be searched for a phrase that is enrolled only later. It holds no audio and takes half
    a megabyte an hour; a crash loses its last ten minutes.

    \b
    Examples:
      kwsd listen --device USB
      arecord -q -t raw -f S16_LE -r 16000 | kwsd listen --stdin --jsonl
      kwsd listen --log heard.index --log-keep 30
    """
    from kwsd.cli.logs import configure_logs
    from kwsd.config import ListenConfig, MicrophoneInput, PipeInput, choose_input
    from kwsd.daemon.service import listen as run
    from kwsd.daemon.systemd import Notifier
    from kwsd.events.endpoints import default_endpoints

    pipe = PipeInput(rate, width, channels) if stdin else None
    microphone = MicrophoneInput(device) if mic or device is not None else None
    config = ListenConfig(
        store=store,
        model=model,
        keywords=keyword,
        refractory=refractory,
        input=choose_input(file, pipe, microphone, realtime),
        endpoints=() if no_zmq else endpoint or default_endpoints(),
        jsonl=jsonl,
        queue=queue,
        heartbeat=heartbeat,
        log=log,
        log_keep=log_keep,
    )
    configure_logs(ctx)
    run(config, sys.stdin.buffer, sys.stdout, Notifier.from_environment(os.environ))
