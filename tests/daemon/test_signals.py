"""Signal handlers and the deadline, as contexts."""

import signal

from kwsd.daemon.signals import deadline, handling


def test_handlers_hold_inside_the_context_and_the_old_ones_after_it():
    before = signal.getsignal(signal.SIGHUP)
    heard = []
    with handling({signal.SIGHUP: lambda: heard.append("hup")}):
        signal.raise_signal(signal.SIGHUP)

    assert heard == ["hup"]
    assert signal.getsignal(signal.SIGHUP) is before


def test_a_deadline_is_forgotten_after_its_context():
    with deadline(100) as hurry:
        hurry()

    assert signal.alarm(0) == 0
