"""`kwsd enroll`, with good recordings and bad ones."""

import json
import os
from dataclasses import replace

import pytest
import soundfile as sf
from bad_recordings import KINDS
from cli_helpers import complaint, contents, sentences

from kwsd.enrolment import threshold
from kwsd.keywords.store import Store
from kwsd.settings.enrolment import ALARMS, RULES, SCORERS
from kwsd.spotting.matching import SCORERS as KNOWN


def test_recordings_become_a_keyword_in_the_store(kwsd, recordings, tmp_path):
    result = kwsd("enroll", "hey snips", *recordings, "--store", tmp_path / "store")

    assert result.exit_code == 0
    assert len(Store(tmp_path / "store").load("hey snips").templates) == 5


def test_each_recording_has_a_line_with_its_distance(kwsd, recordings, tmp_path):
    lines = kwsd("enroll", "hey snips", *recordings, "--store", tmp_path).stdout.splitlines()

    for path in recordings:
        (line,) = [line for line in lines if line.strip().startswith(path.name)]
        assert 0 < float(line.split()[1]) < 1


def test_the_odd_one_out_is_marked(kwsd, recordings, examples, tmp_path):
    odd = examples / "odd" / "odd-one-out.flac"
    lines = kwsd("enroll", "hey snips", *recordings, odd, "--store", tmp_path).stdout.splitlines()

    assert [line.split()[0] for line in lines if "the odd one out" in line] == ["odd-one-out.flac"]


def test_the_json_answer_says_what_the_lines_say(kwsd, recordings, tmp_path):
    facts = json.loads(kwsd("enroll", "hey snips", *recordings, "--store", tmp_path, "--json").stdout)
    keyword = Store(tmp_path).load("hey snips")

    assert [one["recording"] for one in facts["recordings"]] == [path.name for path in recordings]
    assert facts["threshold"] == keyword.threshold
    assert facts["false_alarms_per_hour"] >= 0
    assert facts["refused"] == []


def test_the_expected_misses_have_a_line_and_their_place_in_the_json(kwsd, recordings, tmp_path):
    lines = kwsd("enroll", "hey snips", *recordings, "--store", tmp_path).stdout.splitlines()
    again = kwsd("enroll", "hey snips", *recordings, "--store", tmp_path, "--replace", "--json")
    misses = json.loads(again.stdout)["misses"]

    (line,) = [line for line in lines if "% misses" in line]
    assert (misses["count"], misses["recordings"]) == (0, 5)
    assert line.startswith(f"expect about {100 * misses['rate']:.0f} % misses: 0 of 5 recordings")


def test_what_one_more_recording_would_bring_is_said_while_there_are_few(kwsd, recordings, tmp_path):
    few = kwsd("enroll", "few", *recordings[:2], "--store", tmp_path)
    many = kwsd("enroll", "many", *recordings, "--store", tmp_path)

    assert "one more recording would avoid about 30 % of the misses" in few.stdout
    assert "one more recording" not in many.stdout


def test_the_json_answer_has_what_one_more_recording_would_bring(kwsd, recordings, tmp_path):
    facts = json.loads(kwsd("enroll", "hey snips", *recordings[:3], "--store", tmp_path, "--json").stdout)

    assert facts["one_more_recording_avoids"] == 0.15


def test_no_miss_rate_is_told_where_there_is_only_one_recording(kwsd, recordings, tmp_path):
    lines = kwsd("enroll", "hey snips", recordings[0], "--store", tmp_path).stdout
    again = kwsd("enroll", "hey snips", recordings[0], "--store", tmp_path, "--replace", "--json")

    assert "expect about" not in lines
    assert json.loads(again.stdout)["misses"] is None


def test_a_phrase_that_another_keyword_answers_to_is_warned_about(kwsd, store, recordings):
    result = kwsd("enroll", "hey snaps", *recordings[:2], "--store", store, "--json")

    assert result.exit_code == 0
    assert [(one["keyword"], one["answers_to"]) for one in json.loads(result.stdout)["confusions"]] == [
        ("hey snips", "hey snaps"),
        ("hey snaps", "hey snips"),
    ]


def test_the_warning_names_both_keywords_and_what_to_do(kwsd, store, recordings):
    warnings = kwsd("enroll", "hey snaps", *recordings[:2], "--store", store).stderr

    assert 'warning: "hey snips" also answers to 2 of 2 recordings of "hey snaps": choose phrases' in warnings


def test_a_keyword_is_not_compared_with_itself(kwsd, store, recordings):
    result = kwsd("enroll", "hey snips", *recordings, "--store", store, "--replace", "--json")

    assert json.loads(result.stdout)["confusions"] == []


def test_keywords_of_other_models_and_damaged_ones_are_passed_over(kwsd, store, enrolment, recordings):
    Store(store).save(replace(enrolment.keyword, name="elder", model="0" * 12))
    (store / "hey snips.kwsd").write_bytes(b"no zip file")
    result = kwsd("enroll", "hey snaps", *recordings, "--store", store, "--json")

    assert result.exit_code == 0
    assert result.stderr == ""
    assert json.loads(result.stdout)["confusions"] == []


def test_keywords_that_only_claim_to_be_of_this_model_are_passed_over(kwsd, store, enrolment, recordings):
    narrow = [replace(t, heard=replace(t.heard, vectors=t.heard.vectors[:, :7])) for t in enrolment.keyword.templates]
    Store(store).save(replace(enrolment.keyword, name="narrow", templates=tuple(narrow)))
    result = kwsd("enroll", "hey snaps", *recordings, "--store", store, "--json")

    assert result.exit_code == 0
    assert "narrow" not in result.stdout


def test_a_name_that_differs_by_capitals_only_is_refused_before_anything_is_heard(kwsd, store, recordings):
    before = contents(store)

    assert 'there is a keyword "hey snips"' in complaint(kwsd("enroll", "Hey Snips", *recordings, "--store", store))
    assert contents(store) == before


def test_more_recordings_are_added_and_the_scorer_stays(kwsd, recordings, tmp_path):
    kwsd("enroll", "hey snips", *recordings[:3], "--store", tmp_path, "--scorer", "dtw")
    kwsd("enroll", "hey snips", *recordings[3:], "--store", tmp_path)
    keyword = Store(tmp_path).load("hey snips")

    assert [one.recording for one in keyword.templates] == [path.name for path in recordings]
    assert keyword.scorer == "dtw"


def test_replacing_forgets_the_earlier_recordings(kwsd, store, recordings):
    result = kwsd("enroll", "hey snips", *recordings[:2], "--store", store, "--replace")

    assert result.exit_code == 0
    assert len(Store(store).load("hey snips").templates) == 2


def test_a_damaged_keyword_can_be_replaced_and_not_added_to(kwsd, store, recordings):
    (store / "hey snips.kwsd").write_bytes(b"no zip file")

    assert "is damaged" in complaint(kwsd("enroll", "hey snips", *recordings, "--store", store))
    assert kwsd("enroll", "hey snips", *recordings, "--store", store, "--replace").exit_code == 0


def test_kept_audio_is_enough_to_enrol_again(kwsd, copied, tmp_path):
    kwsd("enroll", "hey snips", *copied, "--store", tmp_path / "store", "--keep-audio")
    before = Store(tmp_path / "store").load("hey snips")
    for path in copied:
        path.unlink()
    result = kwsd("enroll", "hey snips", "--replace", "--store", tmp_path / "store")
    after = Store(tmp_path / "store").load("hey snips")

    assert result.exit_code == 0
    assert [one.recording for one in after.templates] == [one.recording for one in before.templates]
    assert after.threshold == pytest.approx(before.threshold, abs=0.02)


def test_enrolling_again_without_kept_audio_says_what_is_missing(kwsd, store):
    before = contents(store)
    sentence = complaint(kwsd("enroll", "hey snips", "--replace", "--store", store))

    assert "were not kept (--keep-audio)" in sentence
    assert contents(store) == before


def test_a_name_alone_is_not_enough(kwsd, store):
    assert "no recording of" in complaint(kwsd("enroll", "hey snips", "--store", store))


def test_a_threshold_can_be_given(kwsd, recordings, tmp_path):
    kwsd("enroll", "hey snips", *recordings, "--store", tmp_path, "--threshold", "0.25")

    assert Store(tmp_path).load("hey snips").threshold == 0.25


@pytest.mark.parametrize("value", ["nan", "inf", "-0.1"])
def test_a_threshold_that_compares_with_nothing_is_refused(kwsd, recordings, store, value):
    before = contents(store)
    sentence = complaint(kwsd("enroll", "hey snips", *recordings, "--store", store, "--threshold", value))

    assert "the threshold is" in sentence
    assert contents(store) == before


def test_the_choice_of_scorers_is_that_of_the_engine():
    assert SCORERS == KNOWN


def test_the_threshold_rules_that_the_help_names_are_those_there_are():
    assert (RULES, ALARMS) == (threshold.RULES, threshold.ALARMS)


@pytest.mark.parametrize("spoil", KINDS, ids=lambda spoil: spoil.__name__)
def test_a_bad_recording_is_refused_in_a_sentence_and_nothing_is_lost(kwsd, store, recordings, tmp_path, spoil):
    bad = tmp_path / "bad.wav"
    spoil(bad, recordings[0])
    before = contents(store)
    sentence = complaint(kwsd("enroll", "hey snips", bad, "--store", store))

    assert "bad.wav" in sentence
    assert KINDS[spoil] in sentence
    assert contents(store) == before


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is unreadable to root")
def test_a_recording_that_may_not_be_read_is_refused(kwsd, store, copied):
    copied[0].chmod(0)

    assert "cannot be read: Permission denied" in complaint(kwsd("enroll", "x", copied[0], "--store", store))


def test_the_good_recordings_are_enrolled_beside_the_bad_ones(kwsd, copied, tmp_path):
    silent, text = tmp_path / "silent.wav", tmp_path / "text.wav"
    text.write_text("no")
    sf.write(silent, [0.0] * 16_000, 16_000)
    result = kwsd("enroll", "hey snips", silent, *copied, text, "--store", tmp_path / "store")
    refused = sentences(result)

    assert len(refused) == 2
    assert refused[0].startswith("silent.wav is not used")
    assert refused[1].startswith("text.wav is not used")
    assert len(Store(tmp_path / "store").load("hey snips").templates) == len(copied)


@pytest.mark.parametrize("name", ["", " ", "hey/snips", "..", "hey\nsnips", "hey\x1b[2Jsnips", "x" * 500, "a\\b"])
def test_a_name_that_cannot_be_used_is_refused_in_a_sentence(kwsd, store, recordings, name):
    before = contents(store.parent)
    sentence = complaint(kwsd("enroll", "--store", store, "--", name, *recordings))

    assert sentence.startswith("a keyword's name")
    assert contents(store.parent) == before


def test_a_model_that_is_not_one_is_refused(kwsd, store, recordings):
    before = contents(store)
    sentence = complaint(kwsd("enroll", "hey snips", *recordings, "--store", store, "--model", recordings[0]))

    assert "is not an ONNX model" in sentence
    assert contents(store) == before


def test_a_missing_model_is_refused(kwsd, store, recordings, tmp_path):
    model = tmp_path / "gone.onnx"

    assert "cannot be read" in complaint(kwsd("enroll", "x", *recordings, "--store", store, "--model", model))


def test_a_store_that_is_a_file_is_refused(kwsd, recordings, tmp_path):
    (tmp_path / "file").write_text("precious")
    sentence = complaint(kwsd("enroll", "x", *recordings, "--store", tmp_path / "file"))

    assert "is not a folder" in sentence
    assert (tmp_path / "file").read_text() == "precious"
