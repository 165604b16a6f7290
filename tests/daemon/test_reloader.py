"""The reloader: when the keywords are read again."""

import time

import pytest

from kwsd.daemon import reloader
from kwsd.daemon.reloader import Reloader
from kwsd.errors import StoreError


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(reloader, "POLL", 0.02)


class Store:
    """A store with a version that a test changes, and that counts how often it is read."""

    version = 0
    reads = 0
    error = None

    def load(self):
        self.reads += 1
        if self.error:
            raise self.error
        return self.version


def taken(one):
    until = time.monotonic() + 10
    while (found := one.take()) is None:
        assert time.monotonic() < until
        time.sleep(0.001)
    return found


def test_a_store_that_stays_the_same_is_not_read_again():
    store = Store()
    one = Reloader(store.load, lambda: store.version, store.version)
    with one:
        time.sleep(0.2)

    assert (one.take(), store.reads) == (None, 0)


def test_a_store_that_has_changed_is_read_once():
    store = Store()
    one = Reloader(store.load, lambda: store.version, store.version)
    with one:
        store.version = 1
        found = taken(one)
        time.sleep(0.1)

    assert (found, store.reads) == (1, 1)


def test_a_change_between_the_first_reading_and_the_start_is_noticed():
    store = Store()
    one = Reloader(store.load, lambda: 1, 0)
    with one:
        taken(one)

    assert store.reads == 1


def test_a_store_that_keeps_changing_is_read_when_it_rests():
    store, versions = Store(), iter([*range(1, 20), *[20] * 1000])
    one = Reloader(store.load, lambda: next(versions), 0)
    with one:
        taken(one)

    assert store.reads == 1


def test_a_request_reads_the_store_also_if_it_is_the_same():
    store = Store()
    one = Reloader(store.load, lambda: store.version, store.version)
    with one:
        one.request()

        assert taken(one) == 0


def test_an_error_is_given_to_the_user_and_the_next_change_is_read():
    store = Store()
    store.error = StoreError("damaged")
    one = Reloader(store.load, lambda: store.version, store.version)
    with one:
        store.version = 1
        first = taken(one)
        store.error, store.version = None, 2
        second = taken(one)

    assert (str(first), second) == ("damaged", 2)
