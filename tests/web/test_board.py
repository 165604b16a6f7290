"""What a browser is told, and when."""

import asyncio
import threading

import pytest

pytest.importorskip("starlette", reason="needs Starlette: pip install 'kwsd[web]'")

from kwsd.web.board import DETECTIONS, WAITING, Board


def told(board, publish, count):
    """The first messages that a browser is told after `publish` has run in another thread."""

    async def watch():
        board.open()
        thread = threading.Thread(target=publish)
        thread.start()
        await asyncio.to_thread(thread.join)
        messages = board.messages()
        return [await asyncio.wait_for(anext(messages), 5) for _ in range(count)]

    return asyncio.run(watch())


def test_a_late_browser_is_told_the_last_state_and_the_last_detections():
    board = Board()

    def publish():
        board.publish({"kind": "status", "state": "starting"})
        board.publish({"kind": "status", "state": "listening"})
        board.publish({"kind": "scores", "time": 1.0})
        for number in range(DETECTIONS + 1):
            board.publish({"kind": "detection", "sequence": number})

    messages = told(board, publish, 1 + DETECTIONS)

    assert messages[0]["state"] == "listening"
    assert [one["sequence"] for one in messages[1:]] == list(range(1, DETECTIONS + 1))


def test_a_late_browser_is_told_the_last_state_of_each_microphone_of_the_last_process():
    board = Board()

    def publish():
        for instance, stream in (("old", "attic"), ("new", "kitchen"), ("new", "bedroom"), ("new", "kitchen")):
            board.publish({"kind": "status", "instance": instance, "stream": stream})

    assert {one["stream"] for one in told(board, publish, 2)} == {"kitchen", "bedroom"}


def test_a_slow_browser_loses_messages_and_takes_no_memory():
    async def watch():
        board = Board()
        board.open()
        messages = board.messages()
        first = asyncio.ensure_future(anext(messages))
        await asyncio.sleep(0)
        for number in range(2 * WAITING):
            board.publish({"kind": "scores", "time": number})
        await first
        await asyncio.sleep(0)
        board.close()
        return [one["time"] async for one in messages]

    assert len(asyncio.run(watch())) == WAITING - 1


def test_nobody_watches_any_more_when_the_browser_has_gone():
    async def watch():
        board = Board()
        board.open()
        messages = board.messages()
        first = asyncio.ensure_future(anext(messages))
        await asyncio.sleep(0)
        watched = board.watched
        board.publish({"kind": "scores"})
        await first
        await messages.aclose()
        return watched, board.watched

    assert asyncio.run(watch()) == (True, False)
