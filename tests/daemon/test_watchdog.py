"""The watchdog is fed by the loop that it watches, and by nothing else."""

from types import SimpleNamespace

import pytest

from kwsd.daemon import watchdog
from kwsd.daemon.watchdog import Watchdog


class Manager:
    """A service manager that keeps what it is told."""

    def __init__(self, interval):
        self.interval = interval
        self.told = []

    def send(self, state):
        self.told.append(state)


@pytest.fixture
def clock(monkeypatch):
    made = SimpleNamespace(now=100.0)
    monkeypatch.setattr(watchdog, "time", SimpleNamespace(monotonic=lambda: made.now))
    return made


def test_the_manager_is_told_at_the_first_step_and_then_four_times_in_its_interval(clock):
    manager = Manager(interval=60.0)
    fed = Watchdog(manager)
    for clock.now in range(100, 160):
        fed.feed()

    assert manager.told == ["WATCHDOG=1"] * 4


def test_a_loop_that_is_stuck_tells_nothing(clock):
    manager = Manager(interval=0.1)
    Watchdog(manager)
    clock.now += 60.0

    assert manager.told == []


def test_a_manager_without_a_watchdog_is_told_nothing(clock):
    manager = Manager(interval=None)
    Watchdog(manager).feed()

    assert manager.told == []
