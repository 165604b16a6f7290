"""Publishers and subscribers that are closed when a test ends; nothing waits for more than PATIENCE seconds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from event_samples import PATIENCE, Join, Publish

from kwsd.events.subscriber import Subscription, subscribe
from kwsd.events.zeromq import ZeroMQPublisher


@pytest.fixture
def closing() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def publish_on(closing: ExitStack) -> Publish:
    """Make a publisher on these endpoints."""

    def make(*endpoints: str, **options: Any) -> ZeroMQPublisher:
        return closing.enter_context(ZeroMQPublisher(endpoints, **options))

    return make


@pytest.fixture
def join(closing: ExitStack) -> Join:
    """Subscribe; once a status that was published before has come back, all of the topics are subscribed to."""

    def make(endpoint: str, *topics: str, timeout: float = PATIENCE) -> Subscription:
        return closing.enter_context(subscribe(endpoint, topics or ("kwsd/",), timeout))

    return make
