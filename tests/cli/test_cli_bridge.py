"""`kwsd bridge`: from a publisher to the receiver, as a process, and what is refused."""

import json
import os
import signal
import sys
import time

import pytest
from cli_helpers import complaint

from kwsd.events.messages import DetectionEvent, StatusEvent
from kwsd.events.zeromq import ZeroMQPublisher

COMMON = {"instance": "5eed1e55", "stream": "kitchen", "wall": 1_750_000_000.0, "model": "0123456789ab"}
PATIENCE = 30


def lines(path):
    end = time.monotonic() + PATIENCE
    while not path.exists() or not path.read_text().endswith("\n"):
        assert time.monotonic() < end
        time.sleep(0.05)
    return path.read_text().splitlines()


def test_a_command_is_run_for_each_detection_until_the_bridge_is_stopped(start, ipc, tmp_path):
    out = tmp_path / "heard"
    program = f"import os; open({str(out)!r}, 'a').write(os.environ['KWSD_EVENT_JSON'] + '\\n')"
    with ZeroMQPublisher([ipc]) as publisher:
        publisher.publish(StatusEvent(sequence=1, state="listening", keywords=("hey snips",), **COMMON))
        command = (sys.executable, "-c", program)
        process = start(
            "bridge", "exec", "--endpoint", ipc, "--event", "detection", "--event", "status", "--", *command
        )
        lines(out)
        event = DetectionEvent(
            sequence=2, keyword="hey snips", distance=0.25, threshold=0.5, start=12.0, end=12.75, **COMMON
        )
        publisher.publish(event)
        while len(heard := lines(out)) < 2:
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)

        assert json.loads(heard[1]) == event.to_dict()
        assert process.wait(PATIENCE) == 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ("exec", "--", "no-such-program"),
            "there is no program no-such-program: check its spelling, or give its path",
        ),
        (("webhook", "example.org"), "example.org is no address of a web server: give http://... or https://..."),
        (("webhook", "http://a", "--timeout", "0"), "the timeout is 0 s: give more than 0"),
        (("mqtt", "--broker", "localhost"), "localhost is no broker: give mqtt://HOST:PORT or mqtts://HOST:PORT"),
        (("mqtt", "--topic", "a/#"), "a/# is no topic: give a topic without + and #"),
        (
            ("mqtt", "--layout", "hermes", "--discovery", "homeassistant"),
            "--discovery describes the topics of the layout kwsd: leave out --layout hermes",
        ),
        (("exec", "--endpoint", "nowhere", "--", "true"), "'nowhere' is not an endpoint"),
    ],
)
def test_what_cannot_work_is_told_in_one_sentence(kwsd, arguments, sentence):
    result = kwsd("bridge", *arguments)

    assert complaint(result).startswith(sentence)


def test_without_the_extra_a_sentence_says_what_to_install(kwsd, monkeypatch):
    monkeypatch.setitem(sys.modules, "paho.mqtt.client", None)

    assert complaint(kwsd("bridge", "mqtt")) == 'MQTT needs paho-mqtt: run `pip install "kwsd[mqtt]"`'


def test_a_secret_is_read_from_its_variable(start, ipc):
    environ = os.environ | {"KWSD_BRIDGE_WEBHOOK_RETRY": "soon"}
    process = start("bridge", "webhook", "http://127.0.0.1:9/", "--endpoint", ipc, env=environ)
    _, err = process.communicate(timeout=PATIENCE)

    assert b"KWSD_BRIDGE_WEBHOOK_RETRY" in err or b"'soon' is not a valid float" in err
