"""Metrics over HTTP in the format of Prometheus, by prometheus-client (the extra `kwsd[metrics]`)."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from ipaddress import ip_address
from typing import TYPE_CHECKING

import structlog

from kwsd.daemon.metrics import LATENCIES, Metrics
from kwsd.errors import ConfigError, EndpointError

if TYPE_CHECKING:
    from prometheus_client.core import Metric


log = structlog.get_logger()

Value = Callable[[Metrics], float]

COUNTERS: Mapping[str, tuple[str, Value]] = {
    "processed_seconds": ("Audio searched.", lambda one: one.totals.processed),
    "lost_seconds": ("Audio lost, as the machine was too busy or the device failed.", lambda one: one.totals.lost),
    "overflows": ("Losses of audio because the machine was too busy.", lambda one: one.totals.overflows),
    "reopenings": ("Returns of a microphone that was lost.", lambda one: one.totals.reopenings),
    "restarts": ("Starts by the service manager after a failure.", lambda one: one.restarts),
}
GAUGES: Mapping[str, tuple[str, Value]] = {
    "uptime_seconds": ("Time since the start.", lambda one: one.uptime),
    "queue_seconds": ("Audio that waits to be searched.", lambda one: one.queued),
}


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
        yield from _counters(self._metrics)
        yield from _gauges(self._metrics)
        yield _detections(self._metrics)
        yield _latency(self._metrics)


def _counters(streams: Mapping[str, Metrics]) -> Iterator[Metric]:
    from prometheus_client.core import CounterMetricFamily  # noqa: PLC0415 - an extra

    for name, (description, value) in COUNTERS.items():
        family = CounterMetricFamily(f"kwsd_{name}", description, labels=["stream"])
        for stream, metrics in streams.items():
            family.add_metric([stream], value(metrics))
        yield family


def _gauges(streams: Mapping[str, Metrics]) -> Iterator[Metric]:
    from prometheus_client.core import GaugeMetricFamily  # noqa: PLC0415 - an extra

    for name, (description, value) in GAUGES.items():
        family = GaugeMetricFamily(f"kwsd_{name}", description, labels=["stream"])
        for stream, metrics in streams.items():
            family.add_metric([stream], value(metrics))
        yield family


def _detections(streams: Mapping[str, Metrics]) -> Metric:
    from prometheus_client.core import CounterMetricFamily  # noqa: PLC0415 - an extra

    family = CounterMetricFamily("kwsd_detections", "Keywords detected.", labels=["stream", "keyword"])
    for stream, metrics in streams.items():
        for keyword, count in sorted(metrics.totals.detections.items()):
            family.add_metric([stream, keyword], count)
    return family


def _latency(streams: Mapping[str, Metrics]) -> Metric:
    from prometheus_client.core import HistogramMetricFamily  # noqa: PLC0415 - an extra

    described = "From the end of a block of audio to the end of its search."
    family = HistogramMetricFamily("kwsd_latency_seconds", described, labels=["stream"])
    bounds = [*map(str, LATENCIES), "+Inf"]
    for stream, metrics in streams.items():
        counts = itertools.accumulate(metrics.totals.latencies)
        family.add_metric([stream], list(zip(bounds, counts, strict=True)), metrics.totals.latency_sum)
    return family
