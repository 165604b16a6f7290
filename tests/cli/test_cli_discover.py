"""`kwsd index discover`: phrases that recur, shown and cut out."""

import csv
import json
import shutil
from itertools import pairwise

import numpy as np
import pytest
import soundfile as sf
from cli_helpers import complaint

from kwsd.archive.indexing.index_writer import build


@pytest.fixture(scope="session")
def talk(tmp_path_factory, long_recording, shared_tokenizer):
    """An index of the long recording, which no test writes to."""
    folder = tmp_path_factory.mktemp("talk") / "index"
    build(folder, [long_recording], shared_tokenizer)
    return folder


def found(result):
    """The phrases that were printed as JSON."""
    return [json.loads(line) for line in result.stdout.splitlines()]


def said(examples):
    """When "hey snips" is said in the long recording."""
    with (examples / "long.tsv").open() as file:
        return [(float(row["start"]), float(row["end"])) for row in csv.DictReader(file, delimiter="\t")]


def is_said(place, examples):
    return any(place["start"] < end and start < place["end"] for start, end in said(examples))


def test_what_is_said_most_often_is_found_first_without_being_asked_for(kwsd, examples, talk):
    result = kwsd("index", "discover", talk, "--jsonl")
    first, *others = found(result)

    assert result.exit_code == 0
    assert sum(is_said(place, examples) for place in first["places"]) >= 4
    assert len(first["places"]) <= len(said(examples)) + 2
    assert first["files"] == 1
    assert set(first) == {"rank", "score", "probability", "seconds", "files", "places"}
    assert first["probability"] is None
    assert [other["score"] for other in others] == sorted((other["score"] for other in others), reverse=True)


def test_every_place_of_a_phrase_is_as_long_as_asked_for_and_overlaps_no_other(kwsd, talk):
    phrases = found(kwsd("index", "discover", talk, "--jsonl", "--min-seconds", "0.6", "--top", "50"))

    assert phrases
    for phrase in phrases:
        times = sorted((place["start"], place["end"]) for place in phrase["places"])
        assert all(end - start >= 0.599 for start, end in times)
        assert all(one[1] <= other[0] + 1e-6 for one, other in pairwise(times))
        assert len(times) >= 2


def test_the_places_of_a_phrase_are_cut_out_and_make_a_keyword(kwsd, examples, talk, tmp_path):
    clips, store = tmp_path / "clips", tmp_path / "store"
    result = kwsd("index", "discover", talk, "--top", "1", "--clips", clips)
    cut = sorted((clips / "001").glob("*.flac"))
    kwsd("enroll", "found", *cut, "--store", store)
    heard = kwsd("scan", examples / "long.ogg", "--store", store, "--jsonl")
    detections = [json.loads(line) for line in heard.stdout.splitlines()]

    assert result.exit_code == 0
    assert f"{len(cut)} places in 1 file" in result.stdout
    assert sum(is_said(detection, examples) for detection in detections) >= 7


def test_the_same_recording_twice_recurs_in_two_files(kwsd, speech, shared_tokenizer, tmp_path):
    for name in ("one.wav", "two.wav"):
        sf.write(tmp_path / name, speech, 16_000)
    build(tmp_path / "index", [tmp_path / "one.wav", tmp_path / "two.wav"], shared_tokenizer)
    first, *_ = found(kwsd("index", "discover", tmp_path / "index", "--jsonl"))

    assert first["files"] == 2
    assert abs(first["places"][0]["start"] - first["places"][1]["start"]) < 0.1


def test_silence_hum_and_noise_are_no_phrases(kwsd, shared_tokenizer, tmp_path):
    random, time = np.random.default_rng(1), np.arange(60 * 16_000) / 16_000
    noise, hum = random.normal(0, 0.03, len(time)), 0.1 * np.sin(2 * np.pi * 100 * time)
    for name, samples in {"silence": 0 * time, "noise": noise, "hum": hum + noise / 100}.items():
        sf.write(tmp_path / f"{name}.wav", samples, 16_000)
    build(tmp_path / "index", [tmp_path], shared_tokenizer)
    result = kwsd("index", "discover", tmp_path / "index")

    assert result.exit_code == 0
    assert result.stdout == ""
    assert "no phrase recurs" in result.stderr


def test_an_index_with_nothing_in_it_has_no_phrases(kwsd, recordings, shared_tokenizer, tmp_path):
    copy = shutil.copy(recordings[0], tmp_path / "one.flac")
    build(tmp_path / "index", [tmp_path / "one.flac"], shared_tokenizer)
    kwsd("index", "remove", tmp_path / "index", copy)

    assert "no phrase recurs" in kwsd("index", "discover", tmp_path / "index").stderr


@pytest.mark.parametrize(("option", "value"), [("--top", "0"), ("--min-seconds", "0"), ("--min-seconds", "9")])
def test_what_makes_no_sense_is_refused_with_one_sentence(kwsd, talk, option, value):
    result = kwsd("index", "discover", talk, option, value)

    assert result.exit_code == 2
    assert complaint(result)


def test_clips_of_a_recording_that_is_gone_are_named_and_the_phrases_shown(
    kwsd, long_recording, shared_tokenizer, tmp_path
):
    copy = shutil.copy(long_recording, tmp_path / "gone.ogg")
    build(tmp_path / "index", [tmp_path / "gone.ogg"], shared_tokenizer)
    (tmp_path / "gone.ogg").unlink()
    result = kwsd("index", "discover", tmp_path / "index", "--top", "1", "--clips", tmp_path / "clips")

    assert copy
    assert result.exit_code == 2
    assert "places in 1 file" in result.stdout
    assert "gone.ogg" in result.stderr
