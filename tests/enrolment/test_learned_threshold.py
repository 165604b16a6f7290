"""What a keyword learns while kwsd listens."""

from dataclasses import replace

import numpy as np
import pytest

from kwsd.enrolment.learning import KEPT, WINDOW, BackgroundLearner, floor_of
from kwsd.enrolment.outliers import leave_one_out
from kwsd.keywords import experience
from kwsd.keywords.store import Store
from kwsd.spotting.score_track import ScoreTrack

HOP = 0.04
RATE = 0.5


@pytest.fixture
def keyword(enrolment):
    return enrolment.keyword


@pytest.fixture
def floor(keyword, tokenizer):
    return floor_of(keyword, tokenizer)


@pytest.fixture
def learner(tmp_path, tokenizer, keyword):
    """Makes a learner that follows the keyword; what it told is an attribute."""

    def make(*keywords, folder=tmp_path):
        made = BackgroundLearner(folder, tokenizer, RATE)
        made.told = []
        made.notify = lambda message, is_warning: made.told.append(message)
        made.follow(keywords or (keyword,))
        return made

    return make


def hour(*distances: float, hours: float = 1.0) -> ScoreTrack:
    """So many hours in which the keyword came so near."""
    n = round(hours * 3600 / HOP)
    distance = np.full((n, 1), 2.0)
    distance[[(i + 1) * n // (len(distances) + 1) for i in range(len(distances))], 0] = distances
    time = np.arange(n) * HOP
    return ScoreTrack(time, distance, *(np.zeros((n, 1)),) * 2)


def between(floor, keyword, count):
    """Distances between the floor and the enrolled threshold, ascending."""
    return np.linspace(floor, keyword.threshold, count + 2)[1:-1].tolist()


def test_alarms_as_promised_change_nothing(learner, keyword, floor):
    one = learner()
    for _ in range(4):
        one.add(hour(*between(floor, keyword, 1), hours=2))

    assert one.learn() == []
    assert one.thresholds == [keyword.threshold]


def test_more_alarms_than_promised_lower_the_threshold_until_they_are_as_promised(learner, keyword, floor):
    one, alarms = learner(), between(floor, keyword, 9)
    one.add(hour(*alarms, hours=4))
    (change,) = one.learn()

    assert sum(distance <= change.after for distance in alarms) == 3
    assert (change.before, change.alarms, change.hours) == (keyword.threshold, 9, pytest.approx(4))
    assert one.thresholds == [change.after]
    assert '"hey snips" is stricter' in str(change)


def test_the_keyword_itself_changes_nothing_however_often_it_is_said(learner, keyword, tokenizer):
    one = learner()
    one.add(hour(*leave_one_out(keyword, tokenizer) * 8))

    assert one.learn() == []


def test_no_number_of_alarms_makes_a_recording_of_the_keyword_a_miss(learner, keyword, floor, tokenizer):
    one = learner()
    one.add(hour(*[floor + 1e-4] * 300))
    one.learn()

    assert one.thresholds == [pytest.approx(floor, abs=1e-3)]
    assert max(leave_one_out(keyword, tokenizer)) <= one.thresholds[0]


def test_alarms_that_are_long_over_are_forgotten(learner, keyword, floor):
    one = learner()
    one.add(hour(*between(floor, keyword, 40)))
    (stricter,) = one.learn()
    for _ in range(round(WINDOW) + 1):
        one.add(hour())
    (back,) = one.learn()

    assert stricter.after < keyword.threshold
    assert back.after == keyword.threshold
    assert "less strict" in str(back)


def test_frames_of_one_phrase_are_one_alarm(learner, keyword, floor):
    one, track = learner(), hour()
    track.distance[100:140] = (floor + keyword.threshold) / 2
    one.add(track)

    assert one.learn() == []


def test_what_is_refused_is_no_alarm(learner, keyword, floor):
    one, asked = learner(), []
    one.refuses = lambda k, alarm: asked.append((k, alarm)) or True
    alarms = between(floor, keyword, 9)
    one.add(hour(*alarms, hours=4))

    assert one.learn() == []
    assert [(k, alarm.distance, alarm.threshold) for k, alarm in asked] == [(0, d, keyword.threshold) for d in alarms]


def test_the_nearest_frame_of_an_alarm_is_judged_when_it_is_over(learner, keyword, floor):
    one, asked, track = learner(), [], hour(hours=0.1)
    one.refuses = lambda k, alarm: asked.append(alarm) or False
    track.distance[100:140, 0] = keyword.threshold
    track.distance[120, 0] = floor
    track.end[120, 0] = 4.8
    one.add(track)
    one.add(hour(keyword.threshold, hours=0.1))

    assert [(alarm.distance, alarm.end) for alarm in asked] == [(floor, 4.8 + HOP / 2), (keyword.threshold, HOP / 2)]


def test_what_was_learned_is_known_after_a_restart(learner, keyword, floor):
    one = learner()
    one.add(hour(*between(floor, keyword, 30)))
    (change,) = one.learn()
    again = learner()
    (applied,) = again.learn()

    assert (applied.before, applied.after) == (keyword.threshold, change.after)


def test_what_was_learned_about_a_keyword_does_not_hold_for_another_of_its_name(learner, keyword, floor):
    one = learner()
    one.add(hour(*between(floor, keyword, 30)))
    one.learn()
    other = replace(keyword, templates=keyword.templates[:4])

    assert learner(other).learn() == []


def test_the_file_stays_small(learner, keyword, floor, tmp_path):
    one = learner()
    for _ in range(3):
        one.add(hour(*between(floor, keyword, KEPT)))
    one.save()

    assert (tmp_path / "hey snips.learned").stat().st_size < 60 * KEPT


def test_a_damaged_file_is_told_and_learning_begins_anew(learner, tmp_path, keyword):
    (tmp_path / "hey snips.learned").write_text("{")
    one = learner()
    one.add(hour(hours=0.1))
    one.save()

    assert "damaged" in one.told[0]
    assert experience.load(tmp_path / "hey snips.learned", keyword).hours == pytest.approx(0.1)


def test_a_folder_that_cannot_be_written_is_told_once(learner, tmp_path):
    (tmp_path / "file").write_text("no folder")
    one = learner(folder=tmp_path / "file" / "below")
    one.save()
    one.save()

    assert len(one.told) == 2
    assert "cannot be read" in one.told[0]
    assert "listening goes on" in one.told[1]


def test_a_lone_recording_keeps_its_threshold(learner, keyword):
    lone = replace(keyword, templates=keyword.templates[:1])
    one = learner(lone)
    one.add(hour(*[keyword.threshold - 0.01] * 30))

    assert one.learn() == []


def test_what_was_learned_goes_with_the_keyword(learner, keyword, tmp_path):
    Store(tmp_path).save(keyword)
    learner().save()
    Store(tmp_path).remove(keyword.name)

    assert list(tmp_path.iterdir()) == []
