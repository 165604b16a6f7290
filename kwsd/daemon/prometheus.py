"""Metrics over HTTP in the format of Prometheus, by prometheus-client (the extra `kwsd[metrics]`)."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from ipaddress import ip_address
from typing import TYPE_CHECKING

import structlog

from kwsd.daemon.metrics import LATENCIES, Metrics
from kwsd.errors import ConfigError, EndpointError

if TYPE_CHECKING:
    from prometheus_client.core import Metric


log = structlog.get_logger()


@contextmanager
def serving(address: str | None, metrics: Mapping[str, Metrics]) -> Iterator[None]:
    """A context in which http://ADDRESS/metrics gives the metrics of each stream; nothing if there is no address.

    Raises:
        ConfigError: the address is not HOST:PORT, or prometheus-client is not installed.
        EndpointError: it cannot be bound.
    """
    if address is None:
        yield
        return
    host, port = parse(address)
    try:
        from prometheus_client import CollectorRegistry, start_http_server  # noqa: PLC0415 - an extra
    except ImportError:
        raise ConfigError("--metrics needs prometheus-client: pip install 'kwsd[metrics]'") from None
    if not is_loopback(host):
        log.warning("other machines can read the names of the keywords and when they were spoken", metrics=address)
    registry = CollectorRegistry()
    registry.register(_Collector(metrics))
    try:
        server, thread = start_http_server(port, host, registry)
    except (OSError, UnicodeError) as error:
        raise EndpointError(f"the metrics cannot be served at {address}: {error}") from None
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def parse(address: str) -> tuple[str, int]:
    """Host and port of "HOST:PORT" or "[IPV6]:PORT".

    Raises:
        ConfigError: it is something else.
    """
    host, separator, port = address.rpartition(":")
    if not (separator and host and port.isascii() and port.isdecimal() and 0 < int(port) < 1 << 16):
        raise ConfigError(f"the address of the metrics is HOST:PORT, as 127.0.0.1:9105, and not {address!r:.60}")
    return host.removeprefix("[").removesuffix("]"), int(port)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches the host, a name or an IP address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class _Collector:
    """What prometheus-client asks for the metrics at each request."""

    def __init__(self, metrics: Mapping[str, Metrics]) -> None:
        self._metrics = metrics

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterable[Metric]:
        for stream, metrics in self._metrics.items():
            yield from _families(stream, metrics)


def _families(stream: str, metrics: Metrics) -> Iterator[Metric]:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily  # noqa: PLC0415

    totals = metrics.totals
    counters = {
        "processed_seconds": ("Audio searched.", totals.processed),
        "lost_seconds": ("Audio lost, because the machine was too busy or the device failed.", totals.lost),
        "overflows": ("Losses of audio because the machine was too busy.", totals.overflows),
        "reopenings": ("Returns of a microphone that was lost.", totals.reopenings),
        "restarts": ("Starts by the service manager after a failure.", metrics.restarts),
    }
    for name, (description, value) in counters.items():
        counter = CounterMetricFamily(f"kwsd_{name}", description, labels=["stream"])
        counter.add_metric([stream], value)
        yield counter
    gauges = {
        "uptime_seconds": ("Time since the start.", metrics.uptime),
        "queue_seconds": ("Audio that waits to be searched.", metrics.queued),
    }
    for name, (description, value) in gauges.items():
        gauge = GaugeMetricFamily(f"kwsd_{name}", description, labels=["stream"])
        gauge.add_metric([stream], value)
        yield gauge
    detections = CounterMetricFamily("kwsd_detections", "Keywords detected.", labels=["stream", "keyword"])
    for keyword, count in sorted(totals.detections.items()):
        detections.add_metric([stream, keyword], count)
    yield detections
    latency = HistogramMetricFamily(
        "kwsd_latency_seconds", "From the end of a block of audio to the end of its search.", labels=["stream"]
    )
    bounds = [*map(str, LATENCIES), "+Inf"]
    latency.add_metric(
        [stream], list(zip(bounds, itertools.accumulate(totals.latencies), strict=True)), totals.latency_sum
    )
    yield latency
