"""The loop of a bridge, from ZeroMQ to a receiver."""

import os
import signal
import threading

import pytest
from bridge_samples import detection, status, until

from kwsd.bridges.outbox import SIZE, Outbox
from kwsd.bridges.run import run
from kwsd.events.zeromq import ZeroMQPublisher
from kwsd.settings.bridges import BridgeConfig


class Recorder:
    """A receiver that stops the loop when it has so many messages."""

    def __init__(self, enough):
        self.enough, self.messages, self.closed = enough, [], False

    def send(self, message):
        self.messages.append(message)
        if len(self.messages) == self.enough:
            os.kill(os.getpid(), signal.SIGTERM)

    def close(self):
        self.closed = True

    def seen(self):
        return [(one["event"], one.get("count", one.get("sequence"))) for one in self.messages]


@pytest.fixture
def play(ipc):
    """Runs the loop in this thread, and a script with a publisher in another, until a recorder has enough."""

    def go(recorder, script, kinds=()):
        with ZeroMQPublisher([ipc]) as publisher:
            publisher.publish(status(1))
            thread = threading.Thread(target=script, args=(publisher,))
            thread.start()
            run(recorder, BridgeConfig(endpoint=ipc), kinds)
            thread.join()
        return recorder.seen()

    return go


def test_events_are_handed_on_in_order(play):
    recorder = Recorder(3)

    def script(publisher):
        until(lambda: recorder.messages)
        publisher.publish(detection(2))
        publisher.publish(status(3))

    assert play(recorder, script) == [("status", 1), ("detection", 2), ("status", 3)]
    assert recorder.messages[1] == detection(2).to_dict()
    assert recorder.closed


def test_lost_events_are_told_before_the_next(play):
    recorder = Recorder(4)

    def script(publisher):
        until(lambda: recorder.messages)
        publisher.publish(detection(2))
        publisher.publish(detection(7))

    assert play(recorder, script) == [("status", 1), ("detection", 2), ("lost", 4), ("detection", 7)]


def test_only_the_kinds_that_were_asked_for_are_handed_on_and_losses_always(ipc):
    recorder = Recorder(2)
    ready = threading.Event()

    def script(publisher):
        number = 1
        while not ready.wait(0.1):  # a publisher does not see when its subscriber is there
            number += 1
            publisher.publish(status(number))
            if number == 20:
                publisher.publish(detection(number + 3))
                ready.set()

    with ZeroMQPublisher([ipc]) as publisher:
        thread = threading.Thread(target=script, args=(publisher,))
        thread.start()
        run(recorder, BridgeConfig(endpoint=ipc), ("detection",))
        thread.join()

    assert recorder.seen() == [("lost", 2), ("detection", 23)]


def test_a_publisher_that_starts_later_or_again_is_connected_to(ipc):
    recorder = Recorder(2)

    def script():
        for number in (1, 2):
            with ZeroMQPublisher([ipc]) as publisher:
                publisher.publish(status(number))
                until(lambda number=number: len(recorder.messages) >= number)

    thread = threading.Thread(target=script)
    thread.start()
    run(recorder, BridgeConfig(endpoint=ipc))
    thread.join()

    assert [one["event"] for one in recorder.messages] == ["status", "status"]


def test_a_slow_receiver_loses_the_oldest_messages_and_is_told_how_many():
    going, delivered = threading.Event(), []

    def deliver(message):
        going.wait()
        delivered.append(message)
        return True

    outbox = Outbox(deliver)
    for number in range(SIZE + 11):
        outbox.put({"event": "status", "sequence": number})
        if not number:
            until(outbox._waiting.empty)
    going.set()
    outbox.close()

    assert [one.get("sequence") for one in delivered[:2]] == [0, None]
    assert delivered[1]["count"] == 10
    assert [one["sequence"] for one in delivered[2:]] == list(range(11, SIZE + 11))


def test_a_message_that_cannot_be_delivered_is_counted_and_told_with_the_next():
    answers, delivered = [False, False, True, True], []

    def deliver(message):
        delivered.append((message["event"], message.get("count")))
        return answers.pop(0)

    outbox = Outbox(deliver)
    for _ in range(2):
        outbox.put({"event": "detection"})
    outbox.close()

    assert delivered == [("detection", None), ("lost", 1), ("detection", None)]
