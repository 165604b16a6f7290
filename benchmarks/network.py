"""A simulated network between processes of this machine: a delay and a bandwidth for each host; needs root and Linux.

Each host is a network namespace with a TUN device. One process carries packets between these devices: each packet waits
until the sender's line is free and for its own time on it, and then for the delay. It also counts bytes. `netem` of the
kernel does the same where it is built in.
"""

from __future__ import annotations

import ctypes
import fcntl
import heapq
import multiprocessing
import os
import select
import shutil
import struct
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

SET_INTERFACE, TUN, NO_HEADER = 0x400454CA, 0x0001, 0x1000  # of linux/if_tun.h
NEW_NETWORK = 0x40000000  # CLONE_NEWNET of linux/sched.h
TUN_DEVICE = "/dev/net/tun"
LARGEST = 9000  # bytes of a packet
PREFIX = "10.77.0."


@dataclass(frozen=True)
class Line:
    """What lies between a host and the others.

    Attributes:
        delay: seconds that a packet takes in one direction.
        rate: bytes a second that a host can send, None for no limit.
    """

    delay: float
    rate: float | None


class Network:
    """Hosts 0, 1, ... that reach each other.

    Attributes:
        sent: bytes that each host sent so far.
    """

    def __init__(self, devices: Sequence[int], line: Line) -> None:
        # Processes that are forked have the devices; the array is memory that they share.
        context: Any = multiprocessing.get_context("fork")
        self.sent = context.Array("Q", len(devices), lock=False)
        self._carrier = context.Process(target=_carry, args=(devices, line, self.sent), daemon=True)
        self._carrier.start()

    def stop(self) -> None:
        """Carry no more packets."""
        self._carrier.terminate()
        self._carrier.join()


@contextmanager
def network(hosts: int, line: Line) -> Iterator[Network]:
    """A network of so many hosts, where that is possible."""
    devices: list[int] = []
    try:
        for host in range(hosts):
            devices.append(_device(host))
        made = Network(devices, line)
        try:
            yield made
        finally:
            made.stop()
    finally:
        for host, device in enumerate(devices):
            os.close(device)
            subprocess.run(["ip", "netns", "delete", name(host)], check=True)


def possible() -> bool:
    """Whether this process may make a network."""
    return os.access(TUN_DEVICE, os.W_OK) and os.geteuid() == 0 and shutil.which("ip") is not None


def name(host: int) -> str:
    """The name of a host's namespace, for `ip netns exec`."""
    return f"kwsd-{os.getpid()}-{host}"


def address(host: int) -> str:
    """The IP address of a host."""
    return f"{PREFIX}{host + 1}"


def enter(host: int) -> None:
    """Move this thread, and the processes that it will start, to a host."""
    with open(f"/run/netns/{name(host)}") as namespace:  # noqa: PTH123 - for its number
        _move(namespace.fileno())


@contextmanager
def inside(host: int) -> Iterator[None]:
    """This thread, and the processes that it starts, are at a host."""
    with open("/proc/thread-self/ns/net") as before:  # noqa: PTH123 - for its number
        enter(host)
        try:
            yield
        finally:
            _move(before.fileno())


def _move(namespace: int) -> None:
    if ctypes.CDLL(None, use_errno=True).setns(namespace, NEW_NETWORK):
        raise OSError(ctypes.get_errno(), "setns")


def _device(host: int) -> int:
    """A TUN device in a new namespace, as the descriptor from which its packets are read."""
    device = os.open(TUN_DEVICE, os.O_RDWR | os.O_NONBLOCK)
    label = f"kwsd{os.getpid()}{host}"
    fcntl.ioctl(device, SET_INTERFACE, struct.pack("16sH22s", label.encode(), TUN | NO_HEADER, b""))
    for command in (
        f"ip netns add {name(host)}",
        f"ip link set {label} netns {name(host)}",
        f"ip -n {name(host)} link set lo up",
        f"ip -n {name(host)} addr add {address(host)}/24 dev {label}",
        f"ip -n {name(host)} link set {label} mtu {LARGEST} up",
    ):
        subprocess.run(command.split(), check=True)
    return device


def _carry(devices: Sequence[int], line: Line, sent: Any) -> None:
    """Read packets, and write each to its receiver when it is due, for ever."""
    waiting: list[tuple[float, int, int, bytes]] = []
    free, number = [0.0] * len(devices), 0
    while True:
        pause = max(0.0, waiting[0][0] - time.monotonic()) if waiting else None
        for device in select.select(devices, [], [], pause)[0]:
            host, packet = devices.index(device), os.read(device, LARGEST + 64)
            receiver = packet[19] - 1 if packet[0] >> 4 == 4 else -1  # the last byte of the address
            if not 0 <= receiver < len(devices):
                continue
            sent[host] += len(packet)
            free[host] = max(free[host], time.monotonic()) + (len(packet) / line.rate if line.rate else 0.0)
            heapq.heappush(waiting, (free[host] + line.delay, number, receiver, packet))
            number += 1
        while waiting and waiting[0][0] <= time.monotonic():
            _, _, receiver, packet = heapq.heappop(waiting)
            os.write(devices[receiver], packet)
