"""Events as runs of a command, with the event in its environment and no shell in between."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from typing import Any

import structlog

from kwsd.bridges.messages import Message
from kwsd.bridges.outbox import Outbox
from kwsd.errors import ConfigError

log = structlog.get_logger()


class Command:
    """A bridge that runs a command for each message, one after the other.

    The field `keyword` of a message is the variable `KWSD_EVENT_KEYWORD`, and so on; `KWSD_EVENT` is the kind, and
    `KWSD_EVENT_JSON` the whole message.

    Args:
        command: the program and its arguments.
        timeout: seconds after which it is killed.

    Raises:
        ConfigError: there is no such program.
    """

    def __init__(self, command: Sequence[str], timeout: float) -> None:
        if not shutil.which(command[0]):
            raise ConfigError(f"there is no program {command[0]}: check its spelling, or give its path")
        self._command, self._timeout = tuple(command), timeout
        self._outbox = Outbox(self._run)

    def send(self, message: Message) -> None:
        """Run the command with a message without waiting for its end."""
        self._outbox.put(message)

    def close(self) -> None:
        """Run the command with what waits, within a bounded time."""
        self._outbox.close()

    def _run(self, message: Message) -> bool:
        environ = {**os.environ, **variables(message)}
        try:
            done = subprocess.run(
                self._command, env=environ, stdin=subprocess.DEVNULL, timeout=self._timeout, check=False
            )
        except subprocess.TimeoutExpired:
            log.warning("the command took too long and was killed", command=self._command[0], seconds=self._timeout)
            return False
        except OSError as error:
            log.warning("the command cannot be run", command=self._command[0], reason=error.strerror)
            return False
        if done.returncode:
            log.warning("the command failed", command=self._command[0], status=done.returncode)
        return True


def variables(message: Message) -> dict[str, str]:
    """The environment variables of a message; a field that is null is an empty text."""
    fields = {f"KWSD_EVENT_{name.upper()}": _text(value) for name, value in message.items() if name != "event"}
    return {"KWSD_EVENT": message["event"], **fields, "KWSD_EVENT_JSON": json.dumps(message)}


def _text(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value)
    return text.replace("\0", "")
