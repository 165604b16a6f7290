"""`kwsd keys`, and a `kwsd listen` that is reached with them."""

import json
import socket
import time

import pytest
from cli_helpers import complaint

from kwsd.events.keys import KeyFolder, default_key_folder
from kwsd.events.messages import from_json
from kwsd.events.subscriber import subscribe

PATIENCE = 30  # s
LIKE_AN_OPTION = "-h--may=read)RZ!@QB/cuM{ZauBspGV2pW9Fe:^"


@pytest.fixture
def key(kwsd):
    """The public key of this account."""
    return kwsd("keys", "generate").stdout.strip()


def test_the_key_is_printed_when_it_is_made_and_again_later(kwsd, key):
    assert len(key) == 40
    assert kwsd("keys", "list").stdout == f"{key}\n"


def test_clients_are_listed_with_what_they_may(kwsd, key, tmp_path):
    other = KeyFolder(tmp_path / "other").generate().public
    kwsd("keys", "allow", "tablet", other, "--may", "control", "--may", "read")

    assert kwsd("keys", "list").stdout.splitlines()[1] == f"{other} tablet: may read and control"
    (client,) = json.loads(kwsd("keys", "list", "--json").stdout)["clients"]
    assert client == {"name": "tablet", "key": other, "may": ["read", "control"]}

    kwsd("keys", "revoke", "tablet")
    assert kwsd("keys", "list").stdout == f"{key}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("tablet", LIKE_AN_OPTION, "--may", "control"),
        ("--may", "control", "tablet", LIKE_AN_OPTION),
        ("--may", "control", "--", "tablet", LIKE_AN_OPTION),
        ("--may=control", "tablet", "--", LIKE_AN_OPTION),
    ],
)
def test_a_key_may_look_like_an_option(kwsd, arguments):
    """Keys made by other programs, and by kwsd before it drew such keys again, are as good as others."""
    result = kwsd("keys", "allow", *arguments)

    assert result.exit_code == 0, result.stderr
    (client,) = KeyFolder(default_key_folder()).clients()
    assert (client.name, client.key, client.may) == ("tablet", LIKE_AN_OPTION, ("control",))


def test_a_server_key_may_look_like_an_option(kwsd, key):
    result = kwsd("subscribe", "tcp://127.0.0.1:1", "--server-key", f"{LIKE_AN_OPTION}!")

    assert "is not a public key" in complaint(result)  # of 41 characters, so that it is read and not connected to


def test_mistakes_are_told_in_a_sentence(kwsd, key):
    assert "is not a public key" in complaint(kwsd("keys", "allow", "tablet", "abc"))
    assert "no client" in complaint(kwsd("keys", "revoke", "tablet"))
    assert "delete the file" in complaint(kwsd("keys", "generate"))


def test_without_keys_nothing_goes_out_on_the_network(kwsd, store, recordings):
    result = kwsd("listen", "--file", recordings[0], "--endpoint", "tcp://0.0.0.0:7391", "--store", store)

    assert "make one with `kwsd keys generate`" in complaint(result)


def test_a_client_with_a_key_reads_and_controls_over_tcp(kwsd, start, store, key, tmp_path):
    client = KeyFolder(tmp_path / "client")
    kwsd("keys", "allow", "tablet", client.generate().public, "--may", "read")
    kwsd("keys", "allow", "this account", key, "--may", "control")
    ports = [free_port(), free_port()]
    endpoints = ("--endpoint", f"tcp://0.0.0.0:{ports[0]}", "--control", f"tcp://127.0.0.1:{ports[1]}")
    process = start("listen", "--stdin", "--jsonl", *endpoints, "--store", store)
    for line in process.stdout:
        if getattr(from_json(line), "state", "") == "listening":
            break
    with subscribe(f"tcp://127.0.0.1:{ports[0]}", timeout=PATIENCE, server_key=key, keys=client) as events:
        assert next(events).state == "listening"

        asked = kwsd("ctl", "--endpoint", f"tcp://127.0.0.1:{ports[1]}", "--server-key", key, "pause")

        assert asked.stdout == "kwsd is paused\n"
        assert next(events).state == "paused"


def test_a_bridge_reads_over_tcp_with_a_key(kwsd, start, store, key, tmp_path):
    kwsd("keys", "allow", "this account", key, "--may", "read")
    endpoint = f"tcp://0.0.0.0:{free_port()}"
    heard, place = tmp_path / "heard", endpoint.replace("0.0.0.0", "127.0.0.1")
    listening = start("listen", "--stdin", "--jsonl", "--endpoint", endpoint, "--store", store)
    for line in listening.stdout:
        if getattr(from_json(line), "state", "") == "listening":
            break
    start("bridge", "exec", "--event", "status", "--endpoint", place, "--server-key", key, "--", "touch", heard)

    assert wait_for(heard.exists)


def wait_for(condition):
    end = time.monotonic() + PATIENCE
    while not (found := condition()) and time.monotonic() < end:
        time.sleep(0.05)
    return found


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def test_the_folder_is_in_the_settings(strange_home):
    assert default_key_folder() == strange_home / "kwsd" / "keys"
