"""What the requests of control do to a running daemon."""

from dataclasses import replace

import numpy as np
import pytest

from kwsd.control.messages import (
    Disable,
    Enable,
    Keywords,
    Pause,
    Reload,
    RequestError,
    Resume,
    StateReply,
    Status,
    Stop,
    Threshold,
)
from kwsd.daemon.adjustments import Adjustments
from kwsd.daemon.operator import Operator
from kwsd.daemon.score_feed import ScoreFeed
from kwsd.errors import KeywordError
from kwsd.keywords.selection import Selection, select
from kwsd.keywords.store import Store
from kwsd.spotting.score_track import ScoreTrack


class Runner:
    """A daemon of which is noted what it was told."""

    def __init__(self):
        self.told = []

    def pause(self, paused):
        self.told.append("pause" if paused else "resume")

    def reload(self):
        self.told.append("reload")

    def state(self):
        facts = {"state": "listening", "message": "", "paused": False, "stream": "s", "instance": "i", "model": "m"}
        totals = {"uptime": 1.0, "processed": 1.0, "dropped": 0.0, "detections": 2, "queue": 0.0}
        return facts | totals | {"keywords": ("hey snips",)}


@pytest.fixture
def store(tmp_path, enrolment):
    """A store with "hey snips" and "other"."""
    made = Store(tmp_path / "store")
    made.save(enrolment.keyword)
    made.save(replace(enrolment.keyword, name="other"))
    return made


@pytest.fixture
def adjustments(store, tokenizer):
    return Adjustments(store, select(store, (), tokenizer))


@pytest.fixture
def runner():
    return Runner()


@pytest.fixture
def operator(adjustments, runner):
    one = Operator(adjustments)
    one.attach(runner, lambda: runner.told.append("stop"))
    return one


def spotted(adjustments, store, tokenizer):
    """The thresholds of the keywords that the daemon would spot after a reload."""
    return {one.name: one.threshold for one in adjustments.apply(select(store, (), tokenizer)).keywords}


@pytest.mark.parametrize(
    ("request_", "told"), [(Pause(), "pause"), (Resume(), "resume"), (Reload(), "reload"), (Stop(), "stop")]
)
def test_a_command_reaches_the_daemon(operator, runner, request_, told):
    operator.answer(request_)

    assert runner.told == [told]


def test_the_state_is_the_daemons(operator):
    reply = operator.answer(Status())

    assert isinstance(reply, StateReply)
    assert (reply.state, reply.detections, reply.keywords) == ("listening", 2, ("hey snips",))


def test_before_there_is_a_daemon_it_is_said_that_it_starts(adjustments):
    with pytest.raises(RequestError, match="still starting"):
        Operator(adjustments).answer(Status())


def test_a_disabled_keyword_is_not_spotted_until_it_is_enabled(operator, adjustments, store, tokenizer, runner):
    operator.answer(Disable(keyword="other"))
    assert list(spotted(adjustments, store, tokenizer)) == ["hey snips"]
    assert [one.enabled for one in operator.answer(Keywords()).keywords] == [True, False]

    operator.answer(Enable(keyword="other"))

    assert list(spotted(adjustments, store, tokenizer)) == ["hey snips", "other"]
    assert runner.told == ["reload", "reload"]


def test_the_last_keyword_cannot_be_disabled(operator, runner):
    operator.answer(Disable(keyword="other"))

    with pytest.raises(RequestError, match='"hey snips" is the only keyword that is enabled: pause kwsd instead'):
        operator.answer(Disable(keyword="hey snips"))
    assert runner.told == ["reload"]


def test_when_only_disabled_keywords_are_left_in_the_store_a_reload_fails(operator, adjustments, store, tokenizer):
    operator.answer(Disable(keyword="other"))
    store.remove("hey snips")

    with pytest.raises(KeywordError, match="all keywords that can be used are disabled"):
        adjustments.apply(select(store, (), tokenizer))


OF_NOBODY = [Enable(keyword="hey"), Disable(keyword="hey"), Threshold(keyword="hey", threshold=1)]


@pytest.mark.parametrize("request_", OF_NOBODY)
def test_an_unknown_keyword_is_refused_with_the_known_ones(operator, runner, request_):
    with pytest.raises(RequestError, match=r'no keyword "hey" \(there: "hey snips", "other"\): enroll it first'):
        operator.answer(request_)
    assert runner.told == []


def test_a_threshold_counts_until_the_end_and_is_not_in_the_store(operator, adjustments, store, tokenizer, enrolment):
    learned = enrolment.keyword.threshold
    reply = operator.answer(Threshold(keyword="other", threshold=0.125))

    assert reply.message == 'the threshold of "other" is 0.125 until kwsd ends'
    assert spotted(adjustments, store, tokenizer) == {"hey snips": learned, "other": 0.125}
    assert store.load("other").threshold == learned
    (_, other) = operator.answer(Keywords()).keywords
    assert (other.threshold, other.stored) == (0.125, learned)


def test_without_a_number_the_threshold_is_that_of_the_store_again(operator, adjustments, store, tokenizer, enrolment):
    operator.answer(Threshold(keyword="other", threshold=0.125))
    operator.answer(Threshold(keyword="other", threshold=None))

    assert spotted(adjustments, store, tokenizer)["other"] == enrolment.keyword.threshold


def test_a_threshold_that_is_kept_is_in_the_store(operator, adjustments, store, tokenizer):
    operator.answer(Threshold(keyword="other", threshold=0.5))
    operator.answer(Threshold(keyword="other", threshold=0.125, keep=True))

    assert store.load("other").threshold == 0.125
    assert spotted(adjustments, store, tokenizer)["other"] == 0.125


def test_no_number_cannot_be_kept(operator, runner):
    with pytest.raises(RequestError, match="there is no threshold to keep: give a number"):
        operator.answer(Threshold(keyword="other", threshold=None, keep=True))
    assert runner.told == []


class Ear:
    """A client that wants scores or not."""

    def __init__(self, wants):
        self.wants_scores, self.got = wants, []

    def send_scores(self, seconds, distances):
        self.got.append((seconds, distances))


def track(*rows):
    distance = np.array(rows, float)
    time = np.arange(1.0, len(rows) + 1)
    return ScoreTrack(time, distance, distance, distance)


def test_the_lowest_distances_are_sent_to_those_who_asked():
    feed = ScoreFeed(Ear(True))
    feed.names = ("a", "b")
    feed.add(track((0.5, np.inf), (0.25, np.inf)))
    feed.add(track())

    assert feed._listeners.got == [(2.0, {"a": 0.25})]


def test_nothing_is_sent_while_nobody_asked():
    feed = ScoreFeed(Ear(False))
    feed.add(track((0.5,)))

    assert feed._listeners.got == []


def test_the_selection_at_the_start_needs_no_store(enrolment, tmp_path):
    adjustments = Adjustments(Store(tmp_path / "gone"), Selection((enrolment.keyword,)))

    assert [one.name for one in adjustments.list().keywords] == ["hey snips"]
