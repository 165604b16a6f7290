"""The settings of `kwsd scan`, `kwsd listen` and `kwsd test`."""

from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

from kwsd.errors import ConfigError
from kwsd.settings.checks import FINITE, Settings
from kwsd.settings.inputs import Input
from kwsd.settings.kinds import ALARMS, Alarms, Cluster, Model, Store, Workers, check_sharing

LONGEST = 1e9
"""Seconds, 31 years: no wait of the operating system may be longer than ten times that."""


class SpottingConfig(Settings, frozen=True, kw_only=True):
    """What `scan` and `listen` have in common; no model means the shipped one, no keywords mean all of the store."""

    store: Store
    model: Model | None = None
    keywords: Annotated[tuple[str, ...], Meta(description="Keyword to spot; give it again for more.")] = ()
    refractory: Annotated[
        float,
        Meta(
            title="the refractory time",
            description="How long after a detection the same keyword is not detected again.",
            ge=0,
            le=FINITE,
            extra={"unit": "s"},
        ),
    ] = 1.0


class ScanConfig(SpottingConfig, frozen=True, kw_only=True):
    """How files are searched: by processes of this machine, or by a cluster."""

    workers: Workers = 1
    on: Cluster | None = None
    channels: Annotated[
        Literal["mix", "split"],
        Meta(description="Scan the mean of a file's channels, or each channel by itself, as for a telephone call."),
    ] = "mix"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_sharing(self.workers, self.on)


class TrialConfig(SpottingConfig, frozen=True, kw_only=True):
    """How a keyword is tried."""

    input: Input


class ListenConfig(SpottingConfig, frozen=True, kw_only=True):
    """How the service listens; no endpoints mean that nothing is published over ZeroMQ.

    Attributes:
        keys: folder of the keys for endpoints on the network.
    """

    inputs: tuple[Input, ...]
    keys: Path
    endpoints: Annotated[
        tuple[str, ...],
        Meta(description="Publish here over ZeroMQ, ipc://PATH or tcp://HOST:PORT; give it again for more."),
    ] = ()
    control: (
        Annotated[str, Meta(description="Take the requests of `kwsd ctl` here, ipc://PATH or tcp://HOST:PORT.")] | None
    ) = None
    jsonl: Annotated[bool, Meta(description="Also print the events, one JSON object a line.")] = False
    queue: Annotated[
        float,
        Meta(
            title="the queue",
            description="How much live audio may wait in the input queue.",
            ge=0.5,
            le=FINITE,
            extra={"unit": "s"},
        ),
    ] = 10.0
    heartbeat: Annotated[
        float,
        Meta(
            title="the time between heartbeats",
            description="Time between heartbeats; 0 for none.",
            ge=0,
            le=LONGEST,
            extra={"unit": "s"},
        ),
    ] = 10.0
    learn_background: Annotated[
        bool, Meta(description="Make keywords stricter where they are detected more often than promised.")
    ] = False
    false_alarms_per_hour: Alarms = ALARMS
    metrics: Annotated[str, Meta(description="Serve metrics for Prometheus at http://HOST:PORT/metrics.")] | None = None
    save_hits: (
        Annotated[Path, Meta(description="Keep the audio around each detection in this folder, for `kwsd feedback`.")]
        | None
    ) = None
    log: Annotated[str, Meta(description="Also keep codes of the audio in this index, for `kwsd search`.")] | None = (
        None
    )
    log_keep: (
        Annotated[
            float,
            Meta(
                description="After how many days --log drops its content.",
                gt=0,
                le=FINITE,
                extra={"head": "the log is kept for {}", "unit": "days", "hint": ", or leave it out to keep all"},
            ),
        ]
        | None
    ) = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.log_keep is not None and self.log is None:
            raise ConfigError("--log-keep says for how long a log is kept: name one with --log")
        if len(self.inputs) > 1 and (self.log is not None or self.learn_background):
            raise ConfigError("--log and --learn-background are for one stream: give one --device, or leave them out")
