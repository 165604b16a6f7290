"""The announcement of the server in the local network by multicast DNS, as Home Assistant looks for it."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import ParseResult

import structlog

from kwsd.errors import ConfigError

log = structlog.get_logger()

SERVICE = "_wyoming._tcp.local."
_MULTICAST = ("224.0.0.251", 1)  # no packet is sent: the route there tells this machine's own address


@asynccontextmanager
async def announced(address: ParseResult) -> AsyncIterator[None]:
    """A context in which the server at this address is announced as "kwsd on HOSTNAME".

    Raises:
        ConfigError: zeroconf is not installed, or the address cannot be reached from other machines.
    """
    try:
        from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf  # noqa: PLC0415 - an extra
    except ImportError:
        raise ConfigError('--zeroconf needs zeroconf: run `pip install "kwsd[wyoming]"`') from None
    name = f"kwsd on {socket.gethostname()}".replace(".", "-")[:63]
    service = AsyncServiceInfo(SERVICE, f"{name}.{SERVICE}", addresses=[_packed(address)], port=address.port)
    network = AsyncZeroconf()
    try:
        await network.async_register_service(service, allow_name_change=True)
        log.info("announced", service=service.name, addresses=service.parsed_addresses())
        yield
    finally:
        await network.async_unregister_all_services()
        await network.async_close()


def _packed(address: ParseResult) -> bytes:
    """The bytes of the IP address at which other machines reach the server."""
    host = address.hostname
    if host is None:
        raise ConfigError("--zeroconf announces a tcp:// address: a unix:// one is for this machine alone")
    try:
        found = socket.getaddrinfo(_own_address() if host in ("0.0.0.0", "::") else host, None)[0][4][0]
    except OSError as error:
        raise ConfigError(f"--zeroconf finds no address of this machine ({error}): is it in a network?") from None
    parsed = ipaddress.ip_address(str(found).partition("%")[0])
    if parsed.is_loopback:
        raise ConfigError(
            f"--zeroconf announces the server to other machines, which {found} is not for: serve at 0.0.0.0"
        )
    return parsed.packed


def _own_address() -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(_MULTICAST)
        return str(probe.getsockname()[0])
