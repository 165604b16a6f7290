"""A few of the kills of `benchmarks/kills.py`."""

import pytest

kills = pytest.importorskip("benchmarks.kills", reason="the benchmarks are not beside the tests")


@pytest.fixture(scope="module")
def trials(tmp_path_factory, recordings):
    return kills.Trials(tmp_path_factory.mktemp("kills"), recordings)


@pytest.mark.parametrize(
    ("verb", "times"),
    [
        ("enroll", 5),
        ("keywords import", 20),
        ("keywords remove", 20),
        (kills.SAVES, 20),
        ("feedback --true", 2),
        ("feedback --false", 2),
        (kills.RELOAD, 2),
    ],
)
def test_after_a_kill_the_store_is_as_before_or_as_after(trials, verb, times):
    found = trials.run(verb, times)

    assert found.faults == []
    assert found.before + found.after == times
    assert found.too_late < times


def test_a_verb_that_is_not_killed_changes_the_store(trials):
    before = trials.restore()
    trials.run_verb("keywords remove", None)

    assert trials.files().keys() == before.keys() - {"hey snips.kwsd"}
