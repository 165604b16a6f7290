"""A short share of the mutated files and messages of `benchmarks/fuzz.py`, the same ones every time."""

import pytest

fuzz = pytest.importorskip("benchmarks.fuzz", reason="the benchmarks are not beside the tests")
from benchmarks.fuzz_targets import targets  # noqa: E402 - after the check that they are there
from kwsd.errors import KwsdError  # noqa: E402

KINDS = (
    "keyword files",
    "index.json",
    "segments with a right hash",
    "segments of a small index",
    "graphs with a right hash",
    "settings files",
    "audio files",
    "events",
    "control requests",
    "frames of subscribers",
)


@pytest.fixture(scope="module")
def known(tmp_path_factory, recordings):
    return targets(recordings, tmp_path_factory.mktemp("mutated"))


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_mutated_is_refused_in_a_sentence_or_used(known, kind):
    found = fuzz.run(known[kind], range(300), kind)

    assert found.faults == []
    assert found.refused + found.accepted == 300
    assert found.grown < 300 << 20


def test_every_target_has_its_share(known):
    assert sorted(known) == sorted(KINDS)


def test_a_crash_and_a_traceback_are_faults_with_the_number_of_their_case():
    def target(random):
        target.count += 1
        if target.count == 2:
            raise KwsdError("refused")
        if target.count == 3:
            raise IndexError("a fault")
        if target.count == 4:
            fuzz.os._exit(7)

    target.count = 0
    found = fuzz.run(target, range(10, 14), "made up")

    assert (found.accepted, found.refused) == (1, 1)
    assert "case 12: Traceback" in found.faults[0]
    assert "case 13: the process ended with 7" in found.faults[1]
