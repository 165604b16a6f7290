"""What all verbs have in common: help, speed, and how they end."""

import os
import signal
import subprocess
import sys

import click
import pytest

from kwsd import _version
from kwsd.cli import main
from kwsd.events.messages import StatusEvent
from kwsd.events.zeromq import ZeroMQPublisher

HEAVY = {"numpy", "onnxruntime", "soundfile", "soxr", "zmq", "structlog", "sounddevice", "tqdm", "matplotlib"}


def verbs(command=main, path=()):
    for name, verb in command.commands.items():
        if isinstance(verb, click.Group):
            yield from verbs(verb, (*path, name))
        else:
            yield (*path, name)


@pytest.mark.parametrize("verb", list(verbs()), ids=" ".join)
def test_every_verb_has_help_with_an_example(kwsd, verb):
    result = kwsd(*verb, "--help")

    assert result.exit_code == 0
    assert "Example" in result.stdout
    assert f"  kwsd {' '.join(verb)}" in result.stdout or "| kwsd" in result.stdout


def groups(command=main, path=()):
    yield path
    for name, verb in command.commands.items():
        if isinstance(verb, click.Group):
            yield from groups(verb, (*path, name))


@pytest.mark.parametrize("group", list(groups()), ids=lambda path: " ".join(("kwsd", *path)))
def test_the_list_of_the_commands_of_a_verb_has_whole_sentences(kwsd, group):
    listed = kwsd(*group, "--help").stdout.partition("Commands:\n")[2].splitlines()

    assert listed
    assert [line for line in listed if line.endswith("...")] == []


def test_help_loads_nothing_heavy():
    program = "import sys; from kwsd.cli import main\ntry: main(['scan', '--help'])\nfinally: print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout

    assert "Example" in loaded
    assert HEAVY & set(loaded.split()) == set()


def test_the_version_is_told(kwsd):
    assert kwsd("--version").stdout == f"kwsd {_version.__version__}\n"


def test_an_unknown_verb_is_refused(kwsd):
    result = kwsd("scam")

    assert result.exit_code == 2
    assert "No such command" in result.stderr


def test_names_with_any_bytes_are_printed_on_one_line(kwsd, store, tmp_path):
    path = tmp_path / os.fsdecode(b"a\xff\n\x1b[2Jb.wav")
    path.write_bytes(b"")
    result = kwsd("scan", path, "--store", store)

    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    assert "\x1b" not in result.stderr


def test_an_interrupt_ends_a_subscriber_quietly(start, ipc):
    event = StatusEvent(sequence=1, instance="0" * 8, stream="x", wall=0.0, model="0" * 12, state="listening")
    with ZeroMQPublisher([ipc]) as publisher:
        publisher.publish(event)
        process = start("subscribe", ipc)
        line = process.stdout.readline()
        process.send_signal(signal.SIGINT)

        assert b"listening" in line
        assert process.wait(timeout=30) == 130
        assert process.stderr.read().strip() == b""


def test_a_subscriber_prints_json_lines(start, ipc):
    event = StatusEvent(sequence=1, instance="0" * 8, stream="x", wall=0.0, model="0" * 12, state="listening")
    with ZeroMQPublisher([ipc]) as publisher:
        publisher.publish(event)
        line = start("subscribe", ipc, "--jsonl", "--topic", "kwsd/1/status/").stdout.readline()

    assert b'"state": "listening"' in line
