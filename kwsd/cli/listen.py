"""`kwsd listen`: runs the daemon."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from kwsd.cli.options import DEVICE, LOCATION, setting, spotting_options
from kwsd.cli.stdin import stdin_options
from kwsd.settings.inputs import FileInput, MicrophoneInput, PipeInput, Width, choose_inputs
from kwsd.settings.spotting import ListenConfig


@click.command(short_help="Listen for the keywords, at a microphone or in a stream.")
@click.option("--mic", is_flag=True, help="Listen to the default microphone; this is the default.")
@setting(MicrophoneInput, "device", multiple=True, default=None, type=DEVICE, metavar="NAME|NUMBER")
@stdin_options
@setting(FileInput, "path", "--file", metavar="FILE")
@setting(FileInput, "realtime")
@setting(
    ListenConfig,
    "endpoints",
    "--endpoint",
    metavar="ENDPOINT",
    show_default="an ipc socket in the runtime folder",
)
@setting(
    ListenConfig,
    "control",
    metavar="ENDPOINT",
    show_default="control.ipc in the runtime folder, unless there is an --endpoint or --no-zmq",
)
@click.option("--no-zmq", is_flag=True, help="Publish nothing over ZeroMQ.")
@setting(ListenConfig, "jsonl")
@setting(ListenConfig, "queue", metavar="SECONDS")
@setting(ListenConfig, "heartbeat", metavar="SECONDS")
@setting(ListenConfig, "learn_background")
@setting(
    ListenConfig, "false_alarms_per_hour", metavar="RATE", help="False alarms per hour that --learn-background allows."
)
@setting(ListenConfig, "metrics", metavar="HOST:PORT")
@setting(ListenConfig, "save_hits", metavar="DIR")
@setting(ListenConfig, "log", type=LOCATION, metavar="INDEX")
@setting(ListenConfig, "log_keep", metavar="DAYS", show_default="for ever")
@spotting_options
@click.pass_context
def listen(
    ctx: click.Context,
    mic: bool,
    device: tuple[str, ...],
    stdin: bool,
    rate: int,
    width: Width,
    stdin_channels: int,
    file: Path | None,
    realtime: bool,
    endpoint: tuple[str, ...],
    control: str | None,
    no_zmq: bool,
    jsonl: bool,
    queue: float,
    heartbeat: float,
    learn_background: bool,
    false_alarms_per_hour: float,
    metrics: str | None,
    save_hits: Path | None,
    log: str | None,
    log_keep: float | None,
    keyword: tuple[str, ...],
    refractory: float,
    store: Path,
    model: Path | None,
) -> None:
    """Listen for keywords and publish an event for each one that is spoken.

    Events are sent over ZeroMQ; `kwsd subscribe` prints them. SIGINT and SIGTERM stop it. Changes in the keyword store
    are noticed within two seconds; SIGHUP makes it read the keywords again at once.

    With --log, the audio of the past can be searched for a phrase that is enrolled only later. The log holds codes and
    no audio, 0.3 MB an hour; a crash loses its last ten minutes.

    With --learn-background, a keyword that is detected more often than promised gets a lower threshold, and its own
    again when that is over. What is as near to it as its recordings are is always detected. What was learned is kept
    beside the keyword.

    \b
    Examples:
      kwsd listen --device USB
      arecord -q -t raw -f S16_LE -r 16000 | kwsd listen --stdin --jsonl
      kwsd listen --log heard.index --log-keep 30
    """
    from kwsd.cli.logs import configure_logs
    from kwsd.daemon.service import listen as run
    from kwsd.daemon.systemd import Notifier, count_restarts
    from kwsd.events.endpoints import default_endpoint
    from kwsd.events.keys import default_key_folder

    pipe = PipeInput(rate, width, stdin_channels) if stdin else None
    microphones = [MicrophoneInput(one) for one in device] or ([MicrophoneInput()] if mic else [])
    config = ListenConfig(
        store=store,
        model=model,
        keywords=keyword,
        refractory=refractory,
        inputs=choose_inputs(file, pipe, microphones, realtime),
        keys=default_key_folder(),
        endpoints=() if no_zmq else endpoint or (default_endpoint(),),
        control=control or (None if no_zmq or endpoint else default_endpoint(name="control")),
        jsonl=jsonl,
        queue=queue,
        heartbeat=heartbeat,
        learn_background=learn_background,
        false_alarms_per_hour=false_alarms_per_hour,
        metrics=metrics,
        save_hits=save_hits,
        log=log,
        log_keep=log_keep,
    )
    configure_logs(ctx)
    run(config, sys.stdin.buffer, sys.stdout, Notifier.from_environment(os.environ), count_restarts(os.environ))
