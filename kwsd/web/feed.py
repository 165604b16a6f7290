"""From the sockets of a listening kwsd to the board: its events in one thread, and its distances in another."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog

from kwsd.control.client import ControlClient
from kwsd.control.messages import Scores
from kwsd.errors import KwsdError
from kwsd.events.subscriber import subscribe
from kwsd.settings.monitor import MonitorConfig
from kwsd.web.board import Board

log = structlog.get_logger()

RATE = 10.0  # messages with distances a second
AGAIN = 1.0  # s until a connection that failed is tried again
CHECK = 0.5  # s between looks whether to stop, while nothing comes
QUIET = 2.0  # s without distances after which they are asked for again: that kwsd may be another process now


@contextmanager
def feeding(board: Board, config: MonitorConfig) -> Iterator[None]:
    """A context in which the board shows what a kwsd says, which may start later, end and start again."""
    stopped = threading.Event()
    works = (_events, _scores)
    threads = [threading.Thread(target=_again, args=(work, board, config, stopped), daemon=True) for work in works]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stopped.set()
        for thread in threads:
            thread.join(QUIET)


Work = Callable[[Board, MonitorConfig, threading.Event], None]


def _again(work: Work, board: Board, config: MonitorConfig, stopped: threading.Event) -> None:
    """Do the work until it is stopped, and again after a failure, which the board shows."""
    while not stopped.is_set():
        try:
            work(board, config, stopped)
        except KwsdError as error:
            board.publish({"kind": "connection", "listening": False, "message": str(error)})
            stopped.wait(AGAIN)


def _events(board: Board, config: MonitorConfig, stopped: threading.Event) -> None:
    with subscribe(config.endpoint, timeout=CHECK, server_key=config.server_key) as events:
        while not stopped.is_set():
            event = next(events, None)
            if event is not None:
                board.publish({"kind": event.kind, **event.to_dict()})


def _scores(board: Board, config: MonitorConfig, stopped: threading.Event) -> None:
    if not board.watched:
        stopped.wait(CHECK)
        return
    with ControlClient(config.control, config.server_key) as client:
        client.ask(Scores(rate=RATE))
        board.publish({"kind": "connection", "listening": True, "message": ""})
        for reply in client.scores(QUIET):
            board.publish({"kind": "scores", "time": reply.time, "distances": dict(reply.distances)})
            if stopped.is_set() or not board.watched:
                return
