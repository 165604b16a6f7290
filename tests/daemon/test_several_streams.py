"""Several streams in one process."""

import threading

import pytest

from kwsd.daemon.streams import Streams
from kwsd.daemon.systemd import JointNotifier
from kwsd.errors import AudioError


class Stream:
    """A daemon that runs until it is stopped, or fails at once."""

    def __init__(self, name, error=None, **facts):
        self._error, self._stopped = error, threading.Event()
        self.done, self.asked = False, []
        self._state = {"stream": name, "state": "listening", "processed": 1.0, "dropped": 0.5, "detections": 2}
        self._state |= {"uptime": 5.0, "queue": 0.1} | facts

    def run(self):
        if self._error:
            raise self._error
        assert self._stopped.wait(30)
        self.done = True

    def stop(self):
        self._stopped.set()

    def reload(self):
        self.asked.append("reload")

    def pause(self, paused):
        self.asked.append(paused)

    def state(self):
        return dict(self._state)

    def log_changed(self, message, is_warning):
        self.asked.append(message)


def test_stopping_ends_all_streams():
    both = [Stream("kitchen"), Stream("hall")]
    streams = Streams(both)
    threading.Timer(0.1, streams.stop).start()
    streams.run()

    assert [one.done for one in both] == [True, True]


def test_a_stream_that_fails_ends_the_others_and_its_error_is_raised():
    other = Stream("hall")
    with pytest.raises(AudioError, match="the cable was cut"):
        Streams([Stream("kitchen", AudioError("the cable was cut")), other]).run()

    assert other.done


def test_one_stream_runs_in_the_thread_that_asks():
    threads = []

    class Here(Stream):
        def run(self):
            threads.append(threading.current_thread())

    Streams([Here("kitchen")]).run()

    assert threads == [threading.current_thread()]


def test_what_is_asked_reaches_all_streams_and_what_concerns_no_stream_is_told_once():
    both = [Stream("kitchen"), Stream("hall")]
    streams = Streams(both)
    streams.reload()
    streams.pause(True)
    streams.log_changed("the disk is full", True)

    assert [one.asked for one in both] == [["reload", True, "the disk is full"], ["reload", True]]


def test_the_state_is_that_of_the_stream_with_a_problem_and_numbers_are_added():
    state = Streams([Stream("kitchen", uptime=7.0), Stream("hall", state="microphone-lost", queue=3.0)]).state()

    assert (state["stream"], state["state"]) == ("kitchen, hall", "microphone-lost")
    assert (state["processed"], state["dropped"], state["detections"]) == (2.0, 1.0, 4)
    assert (state["uptime"], state["queue"]) == (7.0, 3.0)


class Manager:
    def __init__(self):
        self.interval, self.told = 60.0, []

    def send(self, state):
        self.told.append(state)


def test_the_service_manager_is_told_what_all_streams_have_said():
    manager = Manager()
    joint = JointNotifier(manager, 2)
    kitchen, hall = joint.part(), joint.part()
    for part, state in ((kitchen, "READY=1"), (kitchen, "WATCHDOG=1"), (kitchen, "WATCHDOG=1"), (hall, "READY=1")):
        part.send(state)

    assert manager.told == ["READY=1"]  # the second stream is stuck
    hall.send("WATCHDOG=1")
    assert manager.told == ["READY=1", "WATCHDOG=1"]
    assert kitchen.interval == 60.0
