"""`kwsd ctl` with a `kwsd listen` that is a process of its own."""

import json
import signal
from pathlib import Path

import pytest
from cli_helpers import complaint

from kwsd.events.messages import from_json
from kwsd.keywords.store import Store

PATIENCE = 30  # s


@pytest.fixture
def listening(start, store, ipc):
    """A `kwsd listen` at a pipe into which nothing is written, and the endpoint of its control."""
    control = ipc.replace("events", "control")
    process = start("listen", "--stdin", "--jsonl", "--no-zmq", "--control", control, "--store", store)
    for line in process.stdout:
        if getattr(from_json(line), "state", "") == "listening":
            break
    return process, control


@pytest.fixture
def ctl(kwsd, listening):
    def ask(*words):
        return kwsd("ctl", "--endpoint", listening[1], *words)

    return ask


def test_the_state_is_printed(ctl):
    assert ctl("status").stdout.endswith("keywords: hey snips\n")


def test_the_keywords_are_printed(ctl, enrolment):
    assert (
        ctl("keywords").stdout == f"hey snips: threshold {enrolment.keyword.threshold:.4g}, subsequence, 5 recordings\n"
    )


def test_the_reply_is_printed_as_json(kwsd, listening):
    reply = json.loads(kwsd("ctl", "--endpoint", listening[1], "--json", "status").stdout)

    assert reply["keywords"] == ["hey snips"]


def test_a_pause_is_an_event(ctl, listening):
    assert ctl("pause").stdout == "kwsd is paused\n"
    states = (getattr(from_json(line), "state", "") for line in listening[0].stdout)

    assert next(state for state in states if state in ("paused", "stopping")) == "paused"


def test_a_threshold_that_is_kept_is_in_the_store(ctl, store):
    ctl("threshold", "hey snips", "0.25", "--keep")

    assert Store(store).load("hey snips").threshold == 0.25


def test_what_cannot_be_done_is_a_sentence(ctl):
    assert complaint(ctl("enable", "hey")).startswith('there is no keyword "hey"')
    assert complaint(ctl("disable", "hey snips")).startswith('"hey snips" is the only keyword that is enabled')
    assert "<= 20" in complaint(ctl("scores", "--rate", "1000"))
    assert "not infinite" in ctl("threshold", "hey snips", "nan").stderr


def test_it_can_be_stopped(ctl, listening):
    assert ctl("stop").stdout == "kwsd ends\n"
    assert listening[0].wait(timeout=PATIENCE) == 0


def test_only_this_account_can_reach_it(listening):
    path = Path(listening[1].removeprefix("ipc://"))

    assert path.stat().st_mode & 0o777 == 0o600


def test_the_socket_goes_when_it_ends(listening):
    listening[0].send_signal(signal.SIGTERM)
    listening[0].wait(timeout=PATIENCE)

    assert not Path(listening[1].removeprefix("ipc://")).exists()


def test_without_a_daemon_it_says_so(kwsd, ipc):
    assert "no kwsd listens at" in complaint(kwsd("ctl", "--endpoint", ipc, "status"))


def test_scores_come_from_the_daemon(start, store, ipc, long_recording):
    control = ipc.replace("events", "control")
    start("listen", "--file", long_recording, "--realtime", "--endpoint", ipc, "--control", control, "--store", store)
    while not Path(control.removeprefix("ipc://")).is_socket():
        pass
    process = start("ctl", "--endpoint", control, "--json", "scores", "--rate", "20")
    reply = json.loads(process.stdout.readline())

    assert list(reply["distances"]) == ["hey snips"]
    assert reply["time"] > 0
