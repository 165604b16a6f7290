"""Who is let in over the network: only clients whose keys are allowed, to read or to control."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
import zmq
from event_samples import PATIENCE, Publish, detection, status
from raw_client import RawClient
from structlog.testing import capture_logs

from kwsd.control.client import ControlClient
from kwsd.control.messages import Done, Pause
from kwsd.control.server import ControlServer
from kwsd.errors import ConfigError, EndpointError
from kwsd.events.keys import KeyFolder, Pair
from kwsd.events.subscriber import Subscription, subscribe
from kwsd.events.zeromq import ZeroMQPublisher

ANYWHERE = "tcp://0.0.0.0:*"
CONTROL = "tcp://127.0.0.1:*"


@pytest.fixture
def keys(tmp_path: Path) -> KeyFolder:
    """The keys of the publisher."""
    folder = KeyFolder(tmp_path / "server")
    folder.generate()
    return folder


@pytest.fixture
def own(tmp_path: Path) -> KeyFolder:
    """The key of the client."""
    folder = KeyFolder(tmp_path / "client")
    folder.generate()
    return folder


@pytest.fixture
def publisher(publish_on: Publish, keys: KeyFolder) -> ZeroMQPublisher:
    made = publish_on(ANYWHERE, keys=keys)
    made.publish(status(1))
    return made


@pytest.fixture
def logs() -> Iterator[list[Any]]:
    with capture_logs() as entries:
        yield entries


def reachable(endpoint: str) -> str:
    return endpoint.replace("0.0.0.0", "127.0.0.1")


@pytest.fixture
def read(
    closing: ExitStack, publisher: ZeroMQPublisher, keys: KeyFolder, own: KeyFolder
) -> Callable[..., Subscription]:
    """Subscribe with the client's key."""

    def make(server_key: str | None = keys.pair().public, timeout: float = PATIENCE) -> Subscription:
        endpoint = reachable(publisher.endpoints[0])
        return closing.enter_context(subscribe(endpoint, timeout=timeout, server_key=server_key, keys=own))

    return make


class Operator:
    def answer(self, request: object) -> Done:
        return Done(message="it is done")


@pytest.fixture
def control(keys: KeyFolder) -> Iterator[ControlServer]:
    with closing(ControlServer(CONTROL, Operator(), keys)) as server:
        yield server


def until(logs: list[Any], words: str) -> dict[str, Any]:
    """The entry of the log that says so."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        for entry in logs:
            if words in str(entry):
                return dict(entry)
        time.sleep(0.01)
    raise AssertionError(logs)


def test_a_client_whose_key_is_allowed_receives_events(
    logs: list[Any], keys: KeyFolder, own: KeyFolder, publisher: ZeroMQPublisher, read: Callable[..., Subscription]
) -> None:
    keys.allow("tablet", own.pair().public, ["read"])

    reader = read()
    assert next(reader).sequence == 1
    publisher.publish(detection(2))

    assert next(reader) == detection(2)
    assert until(logs, "was let in").items() >= {"name": "tablet", "may": "read"}.items()


def test_a_key_that_is_not_allowed_receives_nothing_and_the_log_says_whose(
    logs: list[Any], own: KeyFolder, read: Callable[..., Subscription]
) -> None:
    reader = read(timeout=0.5)
    entry = until(logs, "was refused")

    assert list(reader) == []
    assert entry["reason"] == f"its key {own.pair().public} is not allowed to read"
    assert entry["client"].startswith("127.0.0.1:")


def test_a_client_without_a_key_receives_nothing_and_the_log_says_who(
    logs: list[Any], publisher: ZeroMQPublisher, read: Callable[..., Subscription]
) -> None:
    reader = read(server_key=None, timeout=0.5)
    entry = until(logs, "cut off")

    assert list(reader) == []
    assert entry["reason"].startswith("it has no key")
    assert entry["client"].startswith("127.0.0.1:")


def test_a_client_that_knows_another_server_key_receives_nothing_and_the_log_says_who(
    logs: list[Any], keys: KeyFolder, own: KeyFolder, read: Callable[..., Subscription]
) -> None:
    keys.allow("tablet", own.pair().public, ["read"])
    reader = read(server_key=own.pair().public, timeout=0.5)
    entry = until(logs, "cut off")

    assert list(reader) == []
    assert entry["reason"].startswith("it has no key or a wrong one")
    assert entry["client"].startswith("127.0.0.1:")


def test_plain_text_is_not_answered(logs: list[Any], publisher: ZeroMQPublisher) -> None:
    with RawClient(reachable(publisher.endpoints[0])) as client:
        client.subscribe(b"")
        assert client.wait_for_the_end()

    assert until(logs, "cut off")["client"].startswith("127.0.0.1:")


def test_who_may_only_read_cannot_control(
    logs: list[Any], keys: KeyFolder, own: KeyFolder, control: ControlServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys.allow("tablet", own.pair().public, ["read"])
    monkeypatch.setattr("kwsd.control.client.PATIENCE", 0.5)

    client = ControlClient(control.endpoint, keys.pair().public, own)
    with client, pytest.raises(EndpointError, match="no kwsd answers"):
        client.ask(Pause())

    assert until(logs, "was refused")["reason"].endswith("is not allowed to control")


def test_who_may_control_can(keys: KeyFolder, own: KeyFolder, control: ControlServer) -> None:
    keys.allow("tablet", own.pair().public, ["control"])

    with ControlClient(control.endpoint, keys.pair().public, own) as client:
        assert client.ask(Pause()) == Done(message="it is done")


def test_who_may_only_control_cannot_read(
    logs: list[Any], keys: KeyFolder, own: KeyFolder, read: Callable[..., Subscription]
) -> None:
    keys.allow("tablet", own.pair().public, ["control"])

    assert list(read(timeout=0.5)) == []
    assert until(logs, "was refused")["reason"].endswith("is not allowed to read")


def test_a_client_whose_key_is_revoked_is_disconnected(
    logs: list[Any], keys: KeyFolder, own: KeyFolder, publisher: ZeroMQPublisher, read: Callable[..., Subscription]
) -> None:
    keys.allow("tablet", own.pair().public, ["read"])
    reader = read(timeout=2)
    next(reader)

    keys.revoke("tablet")
    until(logs, "its key was revoked")
    publisher.publish(detection(2))

    assert list(reader) == []


def test_a_flood_of_a_client_that_was_not_let_in_is_cut_off(logs: list[Any], publisher: ZeroMQPublisher) -> None:
    with RawClient(reachable(publisher.endpoints[0])) as client:
        client.socket.settimeout(PATIENCE)
        client.subscribe(*[b"x" * 1000] * 1000)
        assert client.wait_for_the_end()

    until(logs, "cut off")
    assert len(logs) == 1


def test_beyond_this_machine_and_for_control_over_tcp_keys_are_needed(publish_on: Publish, tmp_path: Path) -> None:
    empty = KeyFolder(tmp_path / "empty")

    with pytest.raises(ConfigError, match=r"there is no key in .*empty: make one with `kwsd keys generate`"):
        publish_on(ANYWHERE, keys=empty)
    with pytest.raises(ConfigError, match="there is no key in"):
        ControlServer(CONTROL, Operator(), empty)
    publish_on("tcp://127.0.0.1:*", keys=empty)


def test_a_client_needs_the_key_of_a_server_on_the_network(own: KeyFolder, tmp_path: Path) -> None:
    with pytest.raises(EndpointError, match="is on the network, where kwsd needs keys: give its key with --server-key"):
        subscribe("tcp://kitchen:7391", keys=own)
    with pytest.raises(ConfigError, match="is not a public key"):
        subscribe("tcp://kitchen:7391", server_key="short", keys=own)
    with pytest.raises(ConfigError, match="there is no key in"):
        subscribe("tcp://kitchen:7391", server_key=own.pair().public, keys=KeyFolder(tmp_path / "empty"))


def test_the_pair_and_the_clients_are_for_their_owner_alone(keys: KeyFolder, own: KeyFolder, tmp_path: Path) -> None:
    keys.allow("tablet", own.pair().public, ["read"])
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "server").iterdir()}

    assert modes == {"pair.json": 0o600, "clients.json": 0o600}
    assert (tmp_path / "server").stat().st_mode & 0o777 == 0o700


def test_a_secret_key_that_others_can_read_is_not_used(keys: KeyFolder, tmp_path: Path) -> None:
    (tmp_path / "server" / "pair.json").chmod(0o644)

    with pytest.raises(ConfigError, match="other accounts can read the secret key"):
        keys.pair()


def test_there_is_one_pair_which_is_not_replaced(keys: KeyFolder) -> None:
    before = keys.pair()

    with pytest.raises(ConfigError, match="delete the file to make a new one"):
        keys.generate()
    assert keys.pair() == before
    assert zmq.curve_public(before.secret.encode()).decode() == before.public
    assert isinstance(before, Pair)


def test_a_key_that_looks_like_an_option_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = [(b"-" + 39 * b"a", b"first"), (39 * b"a" + b"-", b"second")]
    monkeypatch.setattr("kwsd.events.keys.zmq.curve_keypair", lambda: pairs.pop(0))

    assert KeyFolder(tmp_path / "other").generate().secret == "second"


def test_clients_are_allowed_replaced_and_revoked_by_their_names(keys: KeyFolder) -> None:
    first, second = (zmq.curve_keypair()[0].decode() for _ in range(2))
    keys.allow("tablet", first, ["read"])
    keys.allow("tablet", second, ["control"])
    assert keys.owner(first, "read") is None
    assert keys.owner(second, "control")
    with pytest.raises(ConfigError, match='that is the key of "tablet"'):
        keys.allow("other", second, ["read"])

    keys.revoke("tablet")

    assert keys.clients() == ()
    with pytest.raises(ConfigError, match='no client "tablet" is allowed'):
        keys.revoke("tablet")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"[" * 100_000, b'{"public": 1, "secret": 2}'])
def test_a_damaged_file_is_said(keys: KeyFolder, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "server" / "pair.json").write_bytes(content)

    with pytest.raises(ConfigError, match="is damaged"):
        keys.pair()


def test_when_the_list_of_clients_is_damaged_nobody_is_let_in(
    logs: list[Any], keys: KeyFolder, own: KeyFolder, tmp_path: Path, read: Callable[..., Subscription]
) -> None:
    keys.allow("tablet", own.pair().public, ["read"])
    (tmp_path / "server" / "clients.json").write_bytes(b"{")

    assert list(read(timeout=0.5)) == []
    assert "is damaged" in until(logs, "nobody is let in")["reason"]
