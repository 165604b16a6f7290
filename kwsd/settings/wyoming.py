"""The settings of `kwsd wyoming`."""

from typing import Annotated

from msgspec import Meta

from kwsd.settings.kinds import ALARMS, Alarms
from kwsd.settings.spotting import SpottingConfig


class WyomingConfig(SpottingConfig, frozen=True, kw_only=True):
    """Where the Wyoming server listens, and whether it announces itself."""

    uri: Annotated[
        str,
        Meta(
            description="Where to serve: tcp://HOST:PORT, or unix://PATH for this machine alone.",
            pattern=r"^(tcp://(\[[0-9a-fA-F:.]+\]|[^\[\]/:\s]+):\d{1,5}|unix:///\S.*)\Z",
            extra={"head": "{} is no address to serve at", "range": "tcp://HOST:PORT or unix:///PATH"},
        ),
    ] = "tcp://127.0.0.1:10400"
    false_alarms_per_hour: Alarms = ALARMS
    zeroconf: Annotated[
        bool, Meta(description="Announce the server in the local network, so that Home Assistant finds it.")
    ] = False
