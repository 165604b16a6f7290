"""Events as runs of a command."""

import json
import sys

import pytest
from bridge_samples import detection, status, until

from kwsd.bridges.command import Command, variables
from kwsd.errors import ConfigError


@pytest.fixture
def writer(tmp_path):
    """A command that appends its arguments and its KWSD_EVENT variables to a file, and the reader of that file."""
    out = tmp_path / "runs"
    program = (
        "import json, os, sys; kept = {k: v for k, v in os.environ.items() if k.startswith('KWSD_EVENT')}\n"
        f"open({str(out)!r}, 'a').write(json.dumps([sys.argv[1:], kept]) + '\\n')"
    )
    return (sys.executable, "-c", program), lambda: list(
        map(json.loads, out.read_text().splitlines() if out.exists() else [])
    )


def test_the_event_is_in_the_environment(writer):
    command, runs = writer
    bridge = Command(command, 30.0)
    bridge.send(detection().to_dict())
    bridge.close()
    ((_, environ),) = runs()

    assert environ["KWSD_EVENT"] == "detection"
    assert environ["KWSD_EVENT_KEYWORD"] == "hey snips"
    assert float(environ["KWSD_EVENT_DISTANCE"]) == 0.25
    assert environ["KWSD_EVENT_HEARD"] == ""
    assert json.loads(environ["KWSD_EVENT_JSON"]) == detection().to_dict()


def test_no_shell_reads_the_command_or_the_event(writer, tmp_path):
    command, runs = writer
    bridge = Command((*command, "$(touch spoilt)", "; rm -r ~", "a b"), 30.0)
    bridge.send(detection(keyword="$(touch spoilt); `id`").to_dict())
    bridge.close()
    ((arguments, environ),) = runs()

    assert arguments == ["$(touch spoilt)", "; rm -r ~", "a b"]
    assert environ["KWSD_EVENT_KEYWORD"] == "$(touch spoilt); `id`"


def test_no_variable_of_an_event_is_one_of_kwsds_settings():
    names = {*variables(detection().to_dict()), *variables(status().to_dict())}

    assert all(name == "KWSD_EVENT" or name.startswith("KWSD_EVENT_") for name in names)


def test_a_command_that_hangs_is_killed_and_the_next_event_runs_it_again(tmp_path):
    program = f"import os, time; open({str(tmp_path)!r} + '/' + os.environ['KWSD_EVENT'], 'w'); time.sleep(600)"
    bridge = Command((sys.executable, "-c", program), 2.0)
    bridge.send(detection(2).to_dict())
    until((tmp_path / "detection").exists)
    bridge.send(status(3).to_dict())
    until((tmp_path / "lost").exists)
    until((tmp_path / "status").exists)
    bridge.close()

    assert sorted(path.name for path in tmp_path.iterdir()) == ["detection", "lost", "status"]


def test_a_command_that_fails_stops_nothing(writer):
    command, runs = writer
    failing = (command[0], "-c", command[2] + "; sys.exit(3)")
    bridge = Command(failing, 30.0)
    bridge.send(detection(2).to_dict())
    bridge.send(detection(3).to_dict())
    bridge.close()

    assert [environ["KWSD_EVENT_SEQUENCE"] for _, environ in runs()] == ["2", "3"]


def test_a_program_that_is_not_there_is_refused():
    with pytest.raises(ConfigError, match="there is no program /no/such/program: check its spelling"):
        Command(("/no/such/program",), 30.0)
