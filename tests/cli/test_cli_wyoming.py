"""`kwsd wyoming`: the server as a process, its address and its announcement."""

import asyncio
import json
import signal
import socket
import sys

import pytest
from cli_helpers import complaint

pytest.importorskip("wyoming", reason="needs wyoming: pip install 'kwsd[wyoming]'")

from wyoming.client import AsyncClient
from wyoming.info import Describe, Info


@pytest.fixture
def port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def models(uri):
    async with AsyncClient.from_uri(uri) as client:
        await client.write_event(Describe().event())
        return [model.name for model in Info.from_event(await client.read_event()).wake[0].models]


def log(process):
    return json.loads(process.stderr.readline())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_asked_to_stop(start, store, port, number):
    process = start("wyoming", "--uri", f"tcp://127.0.0.1:{port}", "--store", store)
    assert log(process)["event"] == "serving"
    found = asyncio.run(models(f"tcp://127.0.0.1:{port}"))
    process.send_signal(number)

    assert found == ["hey snips"]
    assert process.wait(30) == 0


def test_it_serves_at_a_socket_of_this_machine(start, store, tmp_path):
    uri = f"unix://{tmp_path / 'kwsd.sock'}"
    process = start("wyoming", "--uri", uri, "--store", store)
    log(process)

    assert asyncio.run(models(uri)) == ["hey snips"]


def test_a_file_in_the_place_of_the_socket_is_not_replaced(kwsd, store, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    result = kwsd("wyoming", "--uri", f"unix://{tmp_path / 'notes.txt'}", "--store", store)

    assert "there is a file already; give another --uri" in complaint(result)
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_an_address_that_is_taken_is_told(kwsd, store):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        uri = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        result = kwsd("wyoming", "--uri", uri, "--store", store)

    assert f"{uri} cannot be served: " in result.stderr
    assert result.exit_code == 2


@pytest.mark.parametrize("uri", ["10400", "tcp://0.0.0.0", "http://0.0.0.0:10400", "stdio://", "tcp://a:b"])
def test_an_address_of_another_form_is_told_what_to_give(kwsd, store, uri):
    result = kwsd("wyoming", "--uri", uri, "--store", store)

    assert complaint(result) == f"{uri} is no address to serve at: give tcp://HOST:PORT or unix:///PATH"


def test_a_named_keyword_that_is_not_there_is_told(kwsd, store, port):
    result = kwsd("wyoming", "--uri", f"tcp://127.0.0.1:{port}", "--keyword", "hey nobody", "--store", store)

    assert 'there is no keyword "hey nobody"' in complaint(result)


def test_without_the_extra_a_sentence_says_what_to_install(kwsd, store, monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "wyoming" or "kwsd.wyoming" in name]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "wyoming", None)

    assert complaint(kwsd("wyoming", "--store", store)) == (
        'the Wyoming server needs wyoming: run `pip install "kwsd[wyoming]"`'
    )


def test_the_loopback_address_is_not_announced_to_other_machines(kwsd, store, port):
    pytest.importorskip("zeroconf", reason="needs zeroconf: pip install 'kwsd[wyoming]'")
    result = kwsd("wyoming", "--uri", f"tcp://127.0.0.1:{port}", "--zeroconf", "--store", store)

    assert "which 127.0.0.1 is not for: serve at 0.0.0.0" in result.stderr
    assert result.exit_code == 2


def test_it_is_announced_in_the_network(start, store, port):
    zeroconf = pytest.importorskip("zeroconf", reason="needs zeroconf: pip install 'kwsd[wyoming]'")
    try:
        browser = zeroconf.Zeroconf()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect(("224.0.0.251", 1))
    except OSError as error:
        pytest.skip(f"this machine has no network for multicast: {error}")
    process = start("wyoming", "--uri", f"tcp://0.0.0.0:{port}", "--zeroconf", "--store", store)
    log(process)
    announced = log(process)
    found = browser.get_service_info("_wyoming._tcp.local.", announced["service"], timeout=10_000)
    browser.close()

    assert announced["event"] == "announced"
    assert found.port == port
