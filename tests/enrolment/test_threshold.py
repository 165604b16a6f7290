from dataclasses import replace

import numpy as np
import pytest

from kwsd.enrolment.false_alarms import (
    CAUTION,
    ELSEWHERE,
    TAIL,
    FalseAlarmModel,
    FalseAlarms,
    false_alarm_model,
    lowest_places,
    model_beside,
    said_by_strangers,
)
from kwsd.enrolment.outliers import leave_one_out
from kwsd.enrolment.threshold import Rule, midpoint, typical
from kwsd.errors import ConfigError


@pytest.fixture
def others():
    return FalseAlarmModel(np.sort(np.random.default_rng(0).normal(0.6, 0.06, 900)), 0.5)


def test_the_midpoint_lies_halfway_between_mean_hit_and_mean_non_hit(others):
    assert midpoint([0.1, 0.2], others, "dtw") == pytest.approx((0.15 + others.minima.mean()) / 2)


def test_edit_distances_are_summed_up_by_their_mode():
    assert typical([0.5, 0.25, 0.25, 0.9], "levenshtein") == pytest.approx(0.25)


def test_a_rate_and_its_threshold_are_inverse(others):
    for rate in (0.1, 0.5, 2.0, 30.0, 100.0):
        assert others.alarms_per_hour(others.threshold(rate)) == pytest.approx(rate, rel=0.05)


def test_fewer_alarms_need_a_lower_threshold(others):
    thresholds = [others.threshold(rate) for rate in (0.1, 1, 10, 100)]

    assert thresholds == sorted(thresholds)
    assert thresholds[0] < others.minima[0]


def test_rates_that_the_bank_can_show_are_counted(others):
    threshold = others.minima[2 * TAIL]

    assert others.alarms_per_hour(threshold) == (2 * TAIL + 1) / 0.5


@pytest.mark.parametrize(
    ("draw", "chance"),
    [
        (lambda rng, n: rng.exponential(0.1, n), lambda x: np.exp(-x / 0.1)),
        (lambda rng, n: 0.5 - 0.5 * rng.random(n) ** 0.25, lambda x: max(0.0, 1 - 2 * x) ** 4),
    ],
    ids=["an exponential tail", "a tail that ends"],
)
def test_the_extrapolated_rate_is_about_right(draw, chance):
    rng = np.random.default_rng(5)
    rates = []
    for _ in range(200):
        bank = FalseAlarmModel(np.sort(1 - draw(rng, 1260)), 0.7)
        rates.append(1800 * chance(1 - bank.threshold(0.5)))  # what an endless background would show an hour

    assert 0.2 < np.median(rates) < 1.0


@pytest.fixture
def kinds(others):
    """Two kinds of speech, of which callers come nearer to the keyword."""
    return FalseAlarms({"prose": others, "calls": FalseAlarmModel(others.minima - 0.1, others.hours)})


@pytest.fixture
def strange(others):
    """Makes the rates of a keyword that comes so much nearer to speech elsewhere."""

    def make(nearer: float) -> FalseAlarms:
        return FalseAlarms(
            {"prose": others}, elsewhere={"calls": FalseAlarmModel(others.minima - nearer, others.hours)}
        )

    return make


def test_speech_elsewhere_hardly_counts_unless_it_is_much_nearer(strange, others):
    usual = FalseAlarms({"prose": others})
    near, nearer = strange(0.01), strange(0.4)

    assert near.threshold(0.5) == usual.threshold(0.5)
    assert near.alarms_per_hour(0.6) == usual.alarms_per_hour(0.6)
    assert nearer.threshold(0.5) == pytest.approx(nearer.elsewhere["calls"].threshold(ELSEWHERE * 0.5 / CAUTION))
    assert nearer.threshold(0.5) < usual.threshold(0.5) == nearer.laxest(0.5)
    assert nearer.alarms_per_hour(nearer.threshold(0.5)) == pytest.approx(0.5, rel=0.05)


def test_a_promise_holds_on_the_kind_of_speech_that_has_most_alarms(kinds):
    threshold = kinds.threshold(0.5)

    assert threshold == kinds.kinds["calls"].threshold(0.5 / CAUTION) < kinds.laxest(0.5)
    assert kinds.alarms_per_hour(threshold) == pytest.approx(0.5, rel=0.05)
    assert kinds.kinds["prose"].alarms_per_hour(threshold) < 0.5 / CAUTION


def test_more_alarms_are_expected_than_the_short_bank_shows(others):
    model = FalseAlarms({"speech": others})

    assert CAUTION > 1
    assert model.threshold(0.5) == others.threshold(0.5 / CAUTION)
    assert model.alarms_per_hour(0.5) == CAUTION * others.alarms_per_hour(0.5)


def test_telephone_speech_counts_for_what_was_recorded_over_the_telephone(enrolment, bank, shared_tokenizer):
    calls = replace(enrolment.keyword, templates=tuple(replace(t, narrow=True) for t in enrolment.keyword.templates))
    models = [false_alarm_model(one, bank, shared_tokenizer) for one in (enrolment.keyword, calls)]

    assert [set(model.kinds) for model in models] == [{"speech"}, {"speech", "telephone"}]
    assert [set(model.elsewhere) for model in models] == [{"telephone"}, set()]
    assert models[1].threshold(0.5) <= models[0].threshold(0.5)


def test_a_minimum_across_the_border_of_two_parts_counts_once():
    distance = np.ones(40)
    distance[8:12] = (0.5, 0.3, 0.4, 0.6)

    assert distance[lowest_places(distance, 10)].tolist() == [0.3, 1, 1]


def test_the_end_of_a_background_that_is_no_whole_part_counts_too():
    distance = np.ones(25)
    distance[24] = 0.2

    assert distance[lowest_places(distance, 10)].tolist() == [1, 1, 0.2]


def test_a_lone_recording_leaves_only_the_background_to_learn_from(others):
    assert Rule("midpoint").learn([], others, "dtw") == Rule("background").learn([], others, "dtw")


@pytest.mark.parametrize(("name", "rate"), [("guess", 1.0), ("background", 0.0), ("background", float("nan"))])
def test_a_rule_that_cannot_be_followed_is_refused(name, rate):
    with pytest.raises(ConfigError, match=r"choose one of|above 0"):
        Rule(name, rate)


@pytest.fixture
def said_in(enrolment, bank, shared_tokenizer):
    """The threshold learned from speech in which the recordings of the keyword are heard so many times."""
    keyword, bank = enrolment.keyword, bank.beginning(0.7)
    hits = leave_one_out(keyword, shared_tokenizer, lambda template: bank.kept(template.heard))

    def learn(times: int, known=hits) -> float:
        codes = bank.codes.copy()
        for number in range(times):
            heard = shared_tokenizer.codebook.encode(keyword.templates[number % 5].heard.vectors)
            codes[(number + 1) * len(codes) // (times + 1) :][: len(heard)] = heard
        speech = replace(bank, codes=codes, kinds=())
        return model_beside(keyword, speech, shared_tokenizer.codebook, known).threshold(0.5)

    return learn


def test_a_keyword_that_is_said_in_the_bank_is_no_false_alarm(said_in):
    assert said_in(10) == pytest.approx(said_in(0), abs=0.02)


def test_what_rhymes_with_a_keyword_that_is_said_in_the_bank_is_a_false_alarm():
    hits = [0.2, 0.3, 0.4, 0.5, 0.6]
    far = np.linspace(0.7, 1.2, 500)
    said, rhymes = [0.25, 0.35, 0.4, 0.45, 0.5, 0.55], [0.57] * 10

    assert said_by_strangers(np.concatenate([said, far]), hits) == 6
    assert said_by_strangers(np.concatenate([said, rhymes, far]), hits) == 6
    assert said_by_strangers(np.concatenate([said[3:], rhymes, far]), hits) == 0
    assert said_by_strangers(np.concatenate([said, far]), []) == 0


def test_it_is_one_where_nothing_is_known_of_the_keywords_recordings(said_in):
    assert said_in(10, known=[]) < said_in(0) - 0.1


def test_a_keyword_that_is_like_much_speech_has_these_false_alarms(said_in):
    assert said_in(300) < said_in(0) - 0.1
