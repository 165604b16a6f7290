"""A threshold learned from what is heard where kwsd listens."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kwsd.enrolment.false_alarms import CAUTION, false_alarm_model
from kwsd.enrolment.outliers import leave_one_out
from kwsd.enrolment.place import AGAIN, Heard, heard_in_file, recalibrated
from kwsd.enrolment.threshold import Rule
from kwsd.errors import AudioError, KeywordError, ModelError
from kwsd.tokenizer.background_bank import Bank
from kwsd.tokenizer.codebook import unit
from kwsd.tokenizer.frames import Frames

RULE = Rule()


@pytest.fixture(scope="module")
def speech():
    """The beginning of the shipped bank as one kind of speech."""
    return replace(Bank.shipped().beginning(0.7), kinds=())


@pytest.fixture(scope="module")
def keyword(enrolment, speech, shared_tokenizer):
    """A keyword whose threshold was learned from this speech."""
    alarms = false_alarm_model(enrolment.keyword, speech, shared_tokenizer)
    return replace(enrolment.keyword, threshold=alarms.threshold(RULE.alarms_per_hour))


@pytest.fixture
def room(speech):
    """Makes an hour or less of a room in which people talk, and in which other frames are heard at some minutes."""

    def make(*others: Frames, share: float = 1.0) -> list[Heard]:
        n = int(len(speech.tokens) * share)
        vectors, tokens = speech.vectors[:n].copy(), speech.tokens[:n].copy()
        for number, other in enumerate(others):
            first = (number + 1) * n // (len(others) + 1)
            vectors[first : first + len(other)], tokens[first : first + len(other)] = other.vectors, other.tokens
        whole = Frames(np.arange(n) * speech.hop, vectors, tokens)
        return [Heard("room", [whole.part(first, first + 512) for first in range(0, n, 512)])]

    return make


@pytest.fixture
def learn(keyword, shared_tokenizer, speech):
    def recalibrate(background, of=keyword, rule=RULE, **options):
        return recalibrated(of, background, shared_tokenizer, bank=speech, rule=rule, **options)

    return recalibrate


def like(template, speech, likeness: float) -> Frames:
    """Frames on the way from other speech to a recording of the phrase."""
    heard = template.heard
    return replace(heard, vectors=unit(likeness * heard.vectors + (1 - likeness) * speech.vectors[: len(heard)]))


def test_a_place_that_sounds_like_the_bank_gives_the_banks_threshold(learn, room, keyword):
    made = learn(room())

    assert made.keyword.threshold == pytest.approx(keyword.threshold, abs=1e-6)
    assert made.before == keyword.threshold
    assert made.false_alarms_per_hour == pytest.approx(0.5 / CAUTION)  # the place is trusted more than the bank
    assert made.said == ()


def test_a_place_with_more_alarms_makes_the_threshold_lower(learn, room, keyword, speech):
    made = learn(room(*(like(template, speech, 0.55) for template in keyword.templates * 2)), never_said=True)

    assert made.keyword.threshold < keyword.threshold - 0.01
    assert made.alarms[0] > made.alarms[1]


def test_fewer_alarms_promised_make_the_threshold_lower(learn, room):
    assert learn(room(), rule=Rule(alarms_per_hour=0.1)).keyword.threshold < learn(room()).keyword.threshold


def test_what_is_said_at_the_place_is_named_and_left_out(learn, room, keyword):
    made = learn(room(*(template.heard for template in keyword.templates)))

    assert len(made.said) == len(keyword.templates)
    assert all(passage.recording == "room" and passage.start < passage.end for passage in made.said)
    assert made.keyword.threshold == pytest.approx(keyword.threshold, abs=0.01)


def test_nothing_is_left_out_where_the_keyword_is_known_not_to_be_said(learn, room, keyword):
    background = room(*(template.heard for template in keyword.templates))

    assert learn(background, never_said=True).keyword.threshold < keyword.threshold - 0.05


def test_a_passage_farther_than_the_recordings_is_not_taken_for_the_keyword(learn, room, keyword, tokenizer, speech):
    near_miss = like(keyword.templates[0], speech, 0.55)
    made = learn(room(near_miss))

    assert made.said == ()
    assert made.keyword.threshold > np.median(leave_one_out(keyword, tokenizer))


def test_a_background_that_is_mostly_like_the_keyword_is_not_taken_for_it(learn, room, keyword):
    assert learn(room(*[template.heard for template in keyword.templates] * 40)).said == ()


@pytest.fixture
def looked(keyword):
    """The keyword as if it had a second look."""
    look = (np.ones((1, 1), np.float32),)
    return replace(keyword, templates=tuple(replace(one, look=look) for one in keyword.templates))


@pytest.fixture
def hear(monkeypatch):
    """Makes the second look refuse so much of what it hears; it hears files whose name is not "gone"."""

    def install(share):
        def refused(keyword, path, spans):
            if path.name == "gone":
                raise AudioError("it is gone")
            return [i < share * len(spans) for i in range(len(spans))]

        monkeypatch.setattr("kwsd.enrolment.heard_again.refused", refused)

    return install


def in_file(background, name="room"):
    return [replace(heard, path=Path(name)) for heard in background]


def near_misses(keyword, speech):
    return [like(template, speech, 0.5) for template in keyword.templates * 4]


def test_the_more_the_second_look_refuses_the_higher_is_the_threshold(learn, room, looked, keyword, speech, hear):
    background = room(*near_misses(keyword, speech))
    made = {}
    for count in (0, 6, 9, 12):
        hear(count / AGAIN)
        made[count] = learn(in_file(background), of=looked)
    none, half, most, every = (one.keyword.threshold for one in made.values())

    assert [(one.again.heard, one.again.refused) for one in made.values()] == [(AGAIN, count) for count in made]
    assert learn(background).keyword.threshold < none == half < most - 0.005 < every - 0.01


@pytest.mark.parametrize("gone", [lambda background: background, lambda background: in_file(background, "gone")])
def test_where_the_audio_is_gone_half_of_the_alarms_are_expected_to_be_refused(
    learn, room, looked, speech, keyword, hear, gone
):
    hear(1.0)
    background = room(*near_misses(keyword, speech))
    made = learn(gone(background), of=looked)
    double = learn(background, rule=Rule(alarms_per_hour=2 * RULE.alarms_per_hour))

    assert made.keyword.threshold == pytest.approx(double.keyword.threshold)
    assert (made.again.heard, made.again.refused) == (0, 0)


def test_the_longer_the_background_the_more_passages_are_heard_again(learn, room, looked, hear):
    hear(0.5)
    made = learn(in_file(room()), of=looked, rule=Rule(alarms_per_hour=20))

    assert made.again.heard == pytest.approx(2 * 20 * made.hours, abs=1)


def test_silence_does_not_make_a_keyword_that_answers_to_any_speech(learn, keyword, speech):
    n = 60 * 60 * 25
    silence = Frames(np.arange(n) * speech.hop, np.tile(speech.vectors[:1], (n, 1)), np.zeros(n, np.int32))
    made = learn([Heard("night", [silence])])

    assert made.capped
    assert made.keyword.threshold == pytest.approx(keyword.threshold, abs=1e-6)


def test_several_backgrounds_count_together(learn, room, speech):
    assert learn([*room(share=0.5), *room(share=0.5)]).hours == pytest.approx(speech.hours, abs=0.01)


def test_a_background_of_minutes_is_refused(learn, room):
    with pytest.raises(KeywordError, match="lasts 8 minutes: give at least 15"):
        learn(room(share=0.1))


def test_a_lone_recording_has_no_expected_misses_and_nothing_is_left_out(learn, room, keyword):
    lone = replace(keyword, templates=keyword.templates[:1])
    made = learn(room(keyword.templates[0].heard), of=lone)

    assert (made.misses, made.said) == (None, ())


def test_a_bank_of_another_model_is_refused(keyword, shared_tokenizer, room, speech):
    with pytest.raises(ModelError, match="rebuild it"):
        recalibrated(keyword, room(), shared_tokenizer, bank=replace(speech, model="0" * 12), rule=RULE)


def test_a_file_that_cannot_be_read_is_reported_and_holds_nothing(tokenizer, tmp_path):
    reported = []
    heard = heard_in_file(tmp_path / "missing.wav", tokenizer, reported.append)

    assert sum(map(len, heard.frames)) == 0
    assert "missing.wav" in reported[0]


def test_a_file_is_heard_to_its_end(tokenizer, recordings):
    reported = []
    heard = heard_in_file(recordings[0], tokenizer, reported.append)

    assert sum(map(len, heard.frames)) > 25
    assert reported == []
