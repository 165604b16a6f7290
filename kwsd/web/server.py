"""The server behind `kwsd monitor`: address, token and signals."""

from __future__ import annotations

import signal
import socket
import ssl
from collections.abc import Callable

import structlog
import uvicorn

from kwsd.daemon.prometheus import is_loopback
from kwsd.daemon.signals import handling
from kwsd.errors import ConfigError, EndpointError
from kwsd.settings.monitor import MonitorConfig
from kwsd.web.app import application
from kwsd.web.board import Board
from kwsd.web.token import default_token_file, read_token

log = structlog.get_logger()

CONNECTIONS = 100  # at once, of all browsers together
PATIENCE = 2  # s that requests may take when the server ends


class Server(uvicorn.Server):
    """A server that ends the streams of the browsers before it waits for them."""

    def __init__(self, config: uvicorn.Config, board: Board) -> None:
        super().__init__(config)
        self._board = board

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams, then the server."""
        self._board.close()
        await super().shutdown(sockets)


def serve(config: MonitorConfig, tell: Callable[[str], None]) -> None:
    """Serve the page until SIGINT or SIGTERM arrives.

    Args:
        config: the settings.
        tell: called with the address of the page, in which the token is, when it can be opened.

    Raises:
        EndpointError: the address cannot be served at.
        ConfigError: the token, the certificate or its key cannot be read.
    """
    token = read_token(default_token_file())
    app, board = application(config, token)
    server = Server(_uvicorn(config, app), board)
    with _listening(config) as bound, handling({signal.SIGINT: _ends, signal.SIGTERM: _ends}):
        _warn(config)
        tell(f"{_address(config, bound.getsockname()[1])}/#token={token}")
        server.run(sockets=[bound])


def _ends() -> None:
    """The server has ended by its own handler of the signal, which it sends again."""


def _uvicorn(config: MonitorConfig, app: object) -> uvicorn.Config:
    settings = uvicorn.Config(
        app,  # type: ignore[arg-type]
        log_config=None,
        log_level="error",
        access_log=False,
        server_header=False,
        ws="none",
        limit_concurrency=CONNECTIONS,
        timeout_graceful_shutdown=PATIENCE,
        ssl_certfile=config.certificate,
        ssl_keyfile=config.certificate_key,
    )
    try:
        settings.load()
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"the certificate {config.certificate} or its key cannot be used: {error}") from error
    return settings


def _listening(config: MonitorConfig) -> socket.socket:
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    try:
        return socket.create_server((config.host, config.port), family=family)
    except (OSError, UnicodeError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).partition(" (")[0]
        raise EndpointError(f"the page cannot be served at {config.host}:{config.port}: {reason}") from error


def _address(config: MonitorConfig, port: int) -> str:
    scheme = "https" if config.certificate else "http"
    host = socket.gethostname() if config.host in {"0.0.0.0", "::"} else config.host
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def _warn(config: MonitorConfig) -> None:
    if not config.certificate and not is_loopback(config.host):
        log.warning(
            "the token and recordings go over the network unencrypted, and browsers allow no microphone",
            help="give --certificate and --certificate-key",
        )
