"""How many false alarms a second look is expected to confirm."""

from dataclasses import replace

import numpy as np
import pytest

from kwsd.enrolment.enroll import LEARNED
from kwsd.enrolment.false_alarms import false_alarm_model, share_confirmed
from kwsd.enrolment.outliers import leave_one_out
from kwsd.second_look.distance import REACH

LIKELY, UNLIKELY = (0.1,) * 5, (9.0,) * 5


@pytest.fixture
def with_look(enrolment):
    """Makes the keyword with a second look that has heard words so far behind in its recordings."""
    look = (np.eye(8, dtype=np.float32),) * 5

    def make(words, behind=LIKELY, reach="usual"):
        templates = [replace(one, look=look, behind=behind) for one in enrolment.keyword.templates]
        known = {"second_model": "0" * 16, "words": words, "reach": REACH[reach]}
        return replace(enrolment.keyword, templates=tuple(templates), **known)

    return make


def test_long_words_confirm_less_than_short_ones_and_these_less_than_sound_alone(with_look):
    every = [with_look("hey snips"), with_look("signal"), with_look("go on"), with_look("hey snips", UNLIKELY)]

    assert [share_confirmed(one) for one in every] == [1 / 8, 1 / 8, 1 / 4, 1 / 2]


def test_a_strict_second_look_confirms_half_as_many(with_look):
    every = [with_look(words, reach="strict") for words in ("hey snips", "go on")]

    assert [share_confirmed(one) for one in every] == [1 / 16, 1 / 8]


def test_what_a_keyword_says_counts_more_than_what_is_usual(with_look, enrolment):
    assert share_confirmed(replace(with_look("hey snips"), confirmed=1 / 32)) == 1 / 32
    assert share_confirmed(replace(enrolment.keyword, confirmed=1 / 32)) == 1


def test_the_less_is_confirmed_the_higher_the_threshold_for_the_same_promise(with_look, enrolment, tokenizer, bank):
    distances = leave_one_out(enrolment.keyword, tokenizer)
    keywords = [enrolment.keyword, with_look("go on"), with_look("hey snips")]
    models = [false_alarm_model(one, bank, tokenizer) for one in keywords]
    thresholds = [LEARNED.learn(distances, model, "subsequence")[0] for model in models]

    assert thresholds == sorted(set(thresholds))
    assert [m.alarms_per_hour(t) for m, t in zip(models, thresholds, strict=True)] == pytest.approx([0.5] * 3, rel=0.05)
