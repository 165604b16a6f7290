"""The metrics as Prometheus reads them."""

import socket
import sys
from contextlib import contextmanager
from urllib.request import urlopen

import numpy as np
import pytest

from kwsd.audio import Block
from kwsd.daemon.metrics import Metrics
from kwsd.daemon.prometheus import is_loopback, parse, serving
from kwsd.errors import ConfigError, EndpointError

pytest.importorskip("prometheus_client")


@contextmanager
def scraper(**metrics):
    """Gives what the page of these streams holds, as a value for each name with its labels."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"

    def scrape():
        with urlopen(f"http://{address}/metrics", timeout=10) as page:
            lines = page.read().decode().splitlines()
        described = [line.split()[2] for line in lines if line.startswith("# TYPE")]
        assert len(described) == len(set(described)), "Prometheus refuses a page that describes a metric twice"
        return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if not line.startswith("#")}

    with serving(address, metrics):
        yield scrape


def second(lost=0.0, wall=None):
    return Block(np.zeros(16_000, np.float32), 0.0, wall, lost)


def test_what_was_counted_is_on_the_page():
    metrics = Metrics(restarts=2)
    with scraper(mic=metrics) as scrape:
        metrics.add(second(), ["hey snips"], queued=0.25)
        metrics.add(second(lost=0.5, wall=0.0), ["hey snips", "stop"], queued=0.5)
        metrics.count_overflow()
        metrics.count_reopening()
        page = scrape()

    assert page['kwsd_processed_seconds_total{stream="mic"}'] == 2.0
    assert page['kwsd_lost_seconds_total{stream="mic"}'] == 0.5
    assert page['kwsd_queue_seconds{stream="mic"}'] == 0.5
    assert page['kwsd_detections_total{keyword="hey snips",stream="mic"}'] == 2
    assert page['kwsd_detections_total{keyword="stop",stream="mic"}'] == 1
    counts = [page[f'kwsd_{name}_total{{stream="mic"}}'] for name in ("overflows", "reopenings", "restarts")]
    assert counts == [1, 1, 2]
    assert page['kwsd_latency_seconds_bucket{le="10.0",stream="mic"}'] == 0
    assert page['kwsd_latency_seconds_count{stream="mic"}'] == 1


def test_each_stream_has_its_own_numbers():
    kitchen, hall = Metrics(), Metrics()
    with scraper(kitchen=kitchen, hall=hall) as scrape:
        kitchen.add(second(), [])
        page = scrape()

    assert [page[f'kwsd_processed_seconds_total{{stream="{name}"}}'] for name in ("kitchen", "hall")] == [1.0, 0.0]


def test_without_an_address_nothing_is_served():
    with serving(None, {}) as nothing:
        assert nothing is None


@pytest.mark.parametrize(
    "address", ["9105", ":9105", "localhost", "localhost:", "localhost:0", "localhost:x", "::1:-1"]
)
def test_an_address_without_a_host_or_a_port_is_refused(address):
    with pytest.raises(ConfigError, match="the address of the metrics is HOST:PORT"):
        parse(address)


def test_an_address_in_use_is_refused():
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(EndpointError, match=f"cannot be served at {address}"), serving(address, {}):
            pass


def test_without_the_library_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "prometheus_client", None)

    with pytest.raises(ConfigError, match=r"pip install 'kwsd\[metrics\]'"), serving("127.0.0.1:9105", {}):
        pass


def test_addresses_of_this_machine_alone_are_known():
    assert [is_loopback(host) for host in ("127.0.0.1", "::1", "localhost")] == [True] * 3
    assert [is_loopback(host) for host in ("0.0.0.0", "192.168.1.2", "example.org")] == [False] * 3
