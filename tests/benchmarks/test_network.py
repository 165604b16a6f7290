"""The simulated network of `benchmarks.cluster`."""

import os
import socket
import time

import pytest

network = pytest.importorskip("benchmarks.network", reason="the benchmarks are not beside the tests")

pytestmark = pytest.mark.skipif(
    not (hasattr(os, "geteuid") and network.possible()), reason="namespaces and TUN devices need root and Linux"
)


def test_packets_take_their_time_and_are_counted():
    line = network.Line(delay=0.05, rate=1e6)
    with network.network(2, line) as made:
        with network.inside(1):
            server = socket.create_server((network.address(1), 0))
        with network.inside(0):
            began = time.monotonic()
            client = socket.create_connection(server.getsockname())
            there = time.monotonic() - began
            peer, _ = server.accept()
            client.sendall(bytes(10_000))
            client.shutdown(socket.SHUT_WR)
            while peer.recv(1 << 16):
                pass
            took = time.monotonic() - began
        for one in (client, peer, server):
            one.close()

        assert there >= 2 * line.delay
        assert took >= 3 * line.delay + 10_000 / line.rate
        assert 10_000 <= made.sent[0] < 12_000
