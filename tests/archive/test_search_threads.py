"""Work on segments in several threads gives what one thread gives, whatever the number of threads."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from kwsd.archive import Archive
from kwsd.archive.search import threads
from kwsd.archive.search.threads import in_threads


@pytest.fixture(params=["1", "2", "5"])
def allowed(request, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", request.param)
    return int(request.param)


@pytest.mark.parametrize("count", [0, 1, 2, 40])
def test_results_are_in_the_order_of_the_items(allowed, count):
    assert in_threads(lambda item: item * item, range(count)) == [item * item for item in range(count)]


def test_as_many_threads_work_at_the_same_time_as_are_allowed(allowed):
    together = threading.Barrier(allowed, timeout=30)

    def wait_for_the_others(_):
        together.wait()
        return threading.get_ident()

    assert len(set(in_threads(wait_for_the_others, range(allowed)))) == allowed


def test_what_the_function_raises_is_raised(allowed):
    def refuse(item):
        if item == 7:
            raise ValueError("seven")
        return item

    with pytest.raises(ValueError, match="seven"):
        in_threads(refuse, range(20))
    assert in_threads(refuse, range(7)) == list(range(7)), "the threads are there for the next work"


@pytest.mark.parametrize("said", ["", "0", "many", "-2"])
def test_without_a_number_there_are_as_many_threads_as_cores(said, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", said)
    monkeypatch.setattr(threads, "_cores", lambda: 3)
    assert threads.threads() == 3
    monkeypatch.setattr(threads, "_cores", lambda: 64)
    assert threads.threads() == threads.MOST


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_child_process_has_threads_of_its_own(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    in_threads(str, range(4))
    child = os.fork()
    if child == 0:
        signal.alarm(60)  # lest it wait for threads that it does not have
        os._exit(in_threads(str, range(4)) != ["0", "1", "2", "3"])
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.parametrize("method", ["pairs", "dtw"])
def test_a_search_finds_the_same_with_any_number_of_threads(several, tokenizer, enrolment, monkeypatch, method):
    monkeypatch.setattr("kwsd.archive.search.pair_voting.CANDIDATES", 12)  # else every window is a candidate
    archive = Archive.open(several, tokenizer)
    found = []
    for count in ("1", "2", "5"):
        monkeypatch.setenv("OMP_NUM_THREADS", count)
        found.append(archive.search(enrolment.keyword, method=method, top=30))
    assert len(archive.segments) == 5
    assert found[0] == found[1] == found[2] != []
