"""The settings of `kwsd monitor`."""

from pathlib import Path
from typing import Annotated

from msgspec import Meta

from kwsd.errors import ConfigError
from kwsd.settings.checks import Settings
from kwsd.settings.kinds import Indexes, Model, Store


class MonitorConfig(Settings, frozen=True, kw_only=True):
    """Where the page is served, and the kwsd that it shows; no endpoints mean this account's own kwsd.

    Attributes:
        server_key: public key of that kwsd, for endpoints on the network.
    """

    store: Store
    model: Model | None = None
    host: Annotated[str, Meta(description="Address to serve at; other machines reach 0.0.0.0.", min_length=1)] = (
        "127.0.0.1"
    )
    port: Annotated[int, Meta(title="the port", description="Port to serve at; 0 is a free one.", ge=0, le=65535)] = (
        7393
    )
    endpoint: (
        Annotated[str, Meta(description="Where kwsd publishes its events, such as tcp://kitchen:7391.")] | None
    ) = None
    control: Annotated[str, Meta(description="Where kwsd takes requests, such as tcp://kitchen:7392.")] | None = None
    server_key: str | None = None
    hits: Annotated[Path, Meta(description="Folder of `kwsd listen --save-hits`, to play detections.")] | None = None
    index: Indexes = ()
    certificate: Annotated[Path, Meta(description="Certificate for https, a PEM file.")] | None = None
    certificate_key: Annotated[Path, Meta(description="Private key of the certificate, a PEM file.")] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.certificate is None) != (self.certificate_key is None):
            raise ConfigError("https needs both --certificate and --certificate-key: give both, or none of them")
