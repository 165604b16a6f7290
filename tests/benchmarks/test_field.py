from dataclasses import dataclass

import numpy as np
import pytest

from kwsd.spotting.score_track import ScoreTrack
from kwsd.tokenizer.frames import Frames

field = pytest.importorskip("benchmarks.field", reason="the benchmarks are not beside the tests")
measures = pytest.importorskip("benchmarks.measures")

HOP = 0.5


@dataclass
class DrawnTracks:
    """In place of a scorer: the track of one keyword is drawn, and each of its matches is a second long."""

    distance: list[float]

    def reset(self) -> None:
        pass

    def push(self, frames: Frames) -> ScoreTrack:
        time, distance = frames.time[:, None], np.array(self.distance)[:, None]
        return ScoreTrack(frames.time, distance, time - 1, time)


def clip(seconds: float) -> Frames:
    time = np.arange(0, seconds, HOP)
    return Frames(time, np.zeros((len(time), 2), np.float32), np.zeros(len(time), np.int32))


def track_with(dips: dict[float, float], seconds: float = 40) -> np.ndarray:
    """Far from the keyword but for dips at some seconds."""
    track = np.ones(round(seconds / HOP))
    for second, distance in dips.items():
        track[round(second / HOP)] = distance
    return track


def row(condition: str, word: str, *rates: float):
    return field.Row(condition, word, 0, measures.Rates(*rates))


def test_of_a_sentence_only_what_overlaps_the_word_is_a_hit():
    scorer = DrawnTracks([0.1, 0.9, 0.8, 0.4, 0.6, 0.2])
    found = field.lowest_overlapping(scorer, [clip(3), clip(3)], [(0.0, 0.2), (1.6, 1.9)])

    assert found.tolist() == [[0.8], [0.2]]


def test_a_match_that_only_touches_the_word_is_no_hit():
    scorer = DrawnTracks([0.1, 0.9, 0.8, 0.4, 0.6, 0.2])

    assert field.lowest_overlapping(scorer, [clip(3)], [(0.0, 0.5)]).tolist() == [[0.8]]


def test_a_sentence_in_which_nothing_overlaps_the_word_is_a_miss_at_any_threshold():
    assert field.lowest_overlapping(DrawnTracks([0.1] * 6), [clip(3)], [(8, 9)]).tolist() == [[np.inf]]


def test_each_clip_has_its_own_span():
    with pytest.raises(ValueError, match="shorter"):
        field.lowest_overlapping(DrawnTracks([0.1] * 6), [clip(3), clip(3)], [(0, 1)])


def test_misses_are_those_at_the_first_and_the_second_lowest_dip_and_at_the_own_threshold():
    track = track_with({5: 0.3, 20: 0.5})
    found = measures.rates(np.array([0.1, 0.4, 0.45, 0.7]), track, 0.44, HOP, hours=0.5)

    assert (found.miss_at_0, found.miss_at_1, found.own_miss) == (75, 25, 50)


def test_a_hit_at_the_distance_of_the_first_alarm_is_missed_without_alarms():
    assert measures.rates(np.array([0.3]), track_with({5: 0.3, 20: 0.5}), 0.3, HOP, 1).miss_at_0 == 100


def test_a_hit_at_the_own_threshold_is_found():
    assert measures.rates(np.array([0.3]), track_with({5: 0.3, 20: 0.5}), 0.3, HOP, 1).own_miss == 0


def test_alarms_an_hour_are_the_dips_at_the_own_threshold_or_below_it_over_the_hours():
    track = track_with({5: 0.3, 20: 0.5, 30: 0.6})

    assert measures.rates(np.array([0.1]), track, 0.5, HOP, hours=0.25).own_alarms_per_hour == 8


def test_dips_within_the_refractory_time_are_one_alarm():
    track = track_with({5: 0.3, 6.5: 0.31, 20: 0.5})

    assert measures.rates(np.array([0.1]), track, 0.5, HOP, hours=1).own_alarms_per_hour == 2


def test_the_hours_of_a_draw_are_those_of_its_background(enrolment):
    own = np.full(round(3600 / HOP), 1.0)
    own[[100, 900]] = enrolment.keyword.threshold
    (found,) = field.measured(("homes", "word"), [enrolment], np.zeros((1, 1)), own[:, None], HOP)

    assert (found.condition, found.word, found.draw) == ("homes", "word", 0)
    assert found.rates.own_alarms_per_hour == pytest.approx(2)


def test_the_summary_averages_each_condition_and_each_word_over_draws():
    rows = [row("homes", "a", 0, 0, 1, 2), row("homes", "a", 4, 2, 3, 0), row("homes", "b", 2, 4, 5, 1)]
    lines = field.summary([*rows, row("telephone", "c", 9, 8, 7, 6)]).splitlines()

    assert lines[2:] == [
        "| homes | 2.0 | 2.0 | 3.0 | 1.0 |",
        "| - a | 2.0 | 1.0 | 2.0 | 1.0 |",
        "| - b | 2.0 | 4.0 | 5.0 | 1.0 |",
        "| telephone | 9.0 | 8.0 | 7.0 | 6.0 |",
        "| - c | 9.0 | 8.0 | 7.0 | 6.0 |",
    ]
