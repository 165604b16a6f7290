"""Keys of CURVE (https://rfc.zeromq.org/spec/26/): the pair of this account, and the clients whose keys are allowed."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import zmq

from kwsd.atomic_write import replacing
from kwsd.errors import ConfigError, EndpointError
from kwsd.events.endpoints import Right, is_on_network

T = TypeVar("T")

_KEY = re.compile(r"[0-9a-zA-Z.\-:+=^!/*?&<>()\[\]{}@%$#]{40}")  # Z85, https://rfc.zeromq.org/spec/32/
_LONGEST = 1_000_000  # bytes of a file


class Pair(msgspec.Struct, frozen=True):
    """A public key and its secret one, in Z85."""

    public: str
    secret: str


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """A client whose key is allowed.

    Attributes:
        name: what its owner calls it.
        key: its public key, in Z85.
        may: what it is allowed to.
    """

    name: str
    key: str
    may: tuple[Right, ...]


class KeyFolder:
    """A folder with the pair of this account and the list of clients, which its owner alone can read.

    Raises (all methods):
        ConfigError: a file is missing or damaged, or others can read the secret key.
        StoreError: a file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._pair, self._clients = path / "pair.json", path / "clients.json"

    def pair(self) -> Pair:
        """The pair of this account."""
        if not self._pair.exists():
            raise ConfigError(f"there is no key in {self._pair.parent}: make one with `kwsd keys generate`")
        if self._pair.stat().st_mode & 0o077:
            raise ConfigError(f"other accounts can read the secret key in {self._pair}: delete it and make another")
        return _read(self._pair, Pair)

    def generate(self) -> Pair:
        """A new pair for this account, which has none yet."""
        if self._pair.exists():
            raise ConfigError(f"there is a key in {self._pair} that others may know: delete the file to make a new one")
        public, secret = (key.decode() for key in zmq.curve_keypair())
        while public.startswith("-"):  # one of 85 does, and a command line takes it for an option
            public, secret = (key.decode() for key in zmq.curve_keypair())
        return _write(self._pair, Pair(public, secret))

    def clients(self) -> tuple[Client, ...]:
        """The clients, in the order in which they were allowed."""
        return _read(self._clients, tuple[Client, ...]) if self._clients.exists() else ()

    def allow(self, name: str, key: str, may: Sequence[Right]) -> None:
        """Let a client in; it replaces one of the same name."""
        check_key(key)
        others = tuple(client for client in self.clients() if client.name != name)
        taken = next((client.name for client in others if client.key == key), None)
        if taken is not None:
            raise ConfigError(f'that is the key of "{taken}": revoke that first, or allow it under that name')
        _write(self._clients, (*others, Client(name=name, key=key, may=tuple(may))))

    def revoke(self, name: str) -> None:
        """Let a client in no more."""
        clients = self.clients()
        kept = tuple(client for client in clients if client.name != name)
        if len(kept) == len(clients):
            known = ", ".join(f'"{client.name}"' for client in clients) or "none"
            raise ConfigError(f'no client "{name}" is allowed (allowed: {known}): look at `kwsd keys list`')
        _write(self._clients, kept)

    def owner(self, key: str, right: Right) -> Client | None:
        """The client that has this key and is allowed to do this."""
        return next((client for client in self.clients() if client.key == key and right in client.may), None)

    def version(self) -> object:
        """A value that is equal to that of another call as long as the list of clients was not written."""
        try:
            facts = self._clients.stat()
        except OSError:
            return None
        return facts.st_ino, facts.st_mtime_ns, facts.st_size


def default_key_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """The folder of this account's keys: `$XDG_CONFIG_HOME/kwsd/keys`, or `~/.config/kwsd/keys`."""
    home = os.path.expanduser("~/.config")  # noqa: PTH111 - Path.expanduser raises where there is no home
    return Path(environ.get("XDG_CONFIG_HOME") or home) / "kwsd" / "keys"


def is_key(text: str) -> bool:
    """Whether a text has the form of a public key."""
    return _KEY.fullmatch(text) is not None


def check_key(key: str) -> str:
    """The key itself; ConfigError for a text that is no public key."""
    if not is_key(key):
        raise ConfigError(f"{key[:60]!r} is not a public key: it has 40 characters, `kwsd keys list` prints it")
    return key


def client_pair(endpoint: str, server_key: str | None, keys: KeyFolder | None) -> Pair | None:
    """The pair with which to connect to an endpoint whose server has this key; None where no keys are used.

    Raises:
        EndpointError: the endpoint needs the key of its server.
        ConfigError: that is no key, or this account has none.
    """
    if server_key is None:
        if is_on_network(endpoint):
            raise EndpointError(f"{endpoint} is on the network, where kwsd needs keys: give its key with --server-key")
        return None
    check_key(server_key)
    return (keys or KeyFolder(default_key_folder())).pair()


def use_keys(client: zmq.Socket[Any], server_key: str, pair: Pair) -> None:
    """Make a socket talk to the server with this public key alone, encrypted, and say who it is."""
    client.curve_serverkey = server_key.encode()
    client.curve_publickey, client.curve_secretkey = pair.public.encode(), pair.secret.encode()


def _read(path: Path, kind: type[T]) -> T:
    try:
        with path.open("rb") as file:
            return msgspec.json.decode(file.read(_LONGEST), type=kind)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise ConfigError(f"{path} is damaged ({error}): restore it, or delete it and begin again") from error


def _write(path: Path, content: T) -> T:
    with replacing(path) as file:
        file.write(msgspec.json.format(msgspec.json.encode(content)) + b"\n")
    return content
