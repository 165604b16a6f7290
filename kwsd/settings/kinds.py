"""Settings that several verbs share."""

from pathlib import Path
from typing import Annotated

from msgspec import Meta

from kwsd.errors import ConfigError
from kwsd.settings.checks import FINITE, fits, refusal

ALARMS = 0.5
"""False alarms per hour by default; kwsd.enrolment.threshold has it too, and needs numpy."""

MOST_WORKERS = 1024
LOCAL_CLUSTER = "ray"

_CLUSTER = r"^(ray|ray://[^/]+:\d+)\Z"

Store = Annotated[Path, Meta(description="Folder of the keywords.")]
Model = Annotated[Path, Meta(description="Tokenizer to use, an ONNX file.")]
Indexes = Annotated[
    tuple[str, ...],
    Meta(description="Index to search, of `kwsd index build` or `kwsd listen --log`; give it again for more."),
]
Workers = Annotated[
    int,
    Meta(title="the number of workers", description="Processes that share the files.", ge=1, le=MOST_WORKERS),
]
Cluster = Annotated[
    str,
    Meta(
        description="Ray cluster whose machines share the work, this machine's or another; needs kwsd[cluster].",
        pattern=_CLUSTER,
        extra={"head": "{} is no cluster", "range": "ray for this machine's or a new one, or ray://HOST:10001"},
    ),
]


def alarms(description: str) -> Meta:
    """What a number of false alarms an hour must be."""
    return Meta(description=description, gt=0, le=FINITE, extra={"head": "false alarms per hour are {}"})


Alarms = Annotated[float, alarms("False alarms per hour that the background rule allows; more means fewer misses.")]


def check_cluster(address: str) -> str:
    """The address itself; ConfigError for one that is neither "ray" nor "ray://HOST:PORT"."""
    if not fits(address, Cluster):
        raise ConfigError(refusal(Cluster, address))
    return address


def check_sharing(workers: int, on: str | None) -> None:
    """ConfigError where both a cluster and several processes of this machine are asked for."""
    if on is not None and workers > 1:
        raise ConfigError(f"{on} has as many workers as it has cores: leave out --workers, or --on")
