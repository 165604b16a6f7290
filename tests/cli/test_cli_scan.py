"""`kwsd scan`: lines, events, traces and pictures."""

import io
import os
import shutil
import signal
import sys
from dataclasses import replace

import numpy as np
import pytest
import soundfile as sf
from bad_recordings import KINDS
from cli_helpers import complaint, sentences

from kwsd.cli.progress import Bar
from kwsd.events.messages import DetectionEvent, from_json
from kwsd.keywords.store import Store


@pytest.fixture
def talk(tmp_path, speech):
    """20 s of talk with "hey snips" in it, as a file."""
    path = tmp_path / "talk.wav"
    sf.write(path, speech, 16_000)
    return path


def events(result):
    return [from_json(line) for line in result.stdout.splitlines()]


def test_a_detection_is_a_line_with_times_keyword_and_distance(kwsd, store, talk):
    result = kwsd("scan", talk, "--store", store)
    start, _, end, *words = result.stdout.splitlines()[0].split()

    assert result.exit_code == 0
    assert (float(start), float(end)) == pytest.approx((1.07, 1.67), abs=0.3)  # examples/long.tsv, 9 s later
    assert words[:2] == ["hey", "snips"]
    assert words[-1] == str(talk)


def test_json_lines_are_the_events_that_listen_publishes(kwsd, store, talk, enrolment):
    (first, *_) = events(kwsd("scan", talk, "--jsonl", "--store", store))

    assert isinstance(first, DetectionEvent)
    assert (first.sequence, first.stream, first.keyword) == (1, str(talk), "hey snips")
    assert first.distance <= first.threshold == enrolment.keyword.threshold
    assert (first.model, first.heard) == (enrolment.keyword.model, None)


def test_folders_are_searched_when_told_to(kwsd, store, talk):
    assert "--recursive" in complaint(kwsd("scan", talk.parent, "--store", store))

    (talk.parent / "below").mkdir()
    shutil.move(talk, talk.parent / "below" / talk.name)
    found = events(kwsd("scan", talk.parent, "--recursive", "--jsonl", "--store", store))

    assert found[0].stream == str(talk.parent / "below" / talk.name)


def test_several_workers_say_the_same_in_the_same_order(kwsd, store, recordings, talk):
    alone = kwsd("scan", talk, *recordings, "--store", store)
    together = kwsd("scan", talk, *recordings, "--store", store, "--workers", "2")

    assert together.exit_code == 0
    assert together.stdout == alone.stdout
    assert len(together.stdout.splitlines()) > len(recordings)


@pytest.mark.parametrize("workers", [1, 2])
def test_files_that_cannot_be_searched_are_said_and_the_others_searched(kwsd, store, talk, tmp_path, workers):
    unreadable = {"is empty", "is not a recording", "has a sample rate of 4000", "is not a finite", "does not exist"}
    spoilt = {spoil: reason for spoil, reason in KINDS.items() if any(part in reason for part in unreadable)}
    paths = [tmp_path / f"{spoil.__name__}.wav" for spoil in spoilt]
    for path, spoil in zip(paths, spoilt, strict=True):
        spoil(path, talk)
    result = kwsd("scan", *paths, talk, "--store", store, "--workers", workers)
    refused = sentences(result)

    assert len(refused) == len(paths) == 5
    assert all(reason in sentence for reason, sentence in zip(spoilt.values(), refused, strict=True))
    assert "hey snips" in result.stdout


def test_a_file_that_was_cut_short_is_searched_as_far_as_it_goes(kwsd, store, speech, tmp_path):
    cut = tmp_path / "cut.flac"
    sf.write(cut, speech, 16_000)
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size // 2])
    result = kwsd("scan", cut, "--store", store)
    (sentence,) = sentences(result)

    assert "is damaged or cut short" in sentence
    assert "hey snips" in result.stdout


def test_only_the_keywords_asked_for_are_spotted(kwsd, store, enrolment, talk):
    Store(store).save(replace(enrolment.keyword, name="another"))
    both = events(kwsd("scan", talk, "--jsonl", "--store", store))
    one = events(kwsd("scan", talk, "--jsonl", "--store", store, "--keyword", "another"))

    assert {event.keyword for event in both} == {"another", "hey snips"}
    assert {event.keyword for event in one} == {"another"}


def test_an_unknown_keyword_is_refused(kwsd, store, talk):
    assert 'no keyword "hello"' in complaint(kwsd("scan", talk, "--store", store, "--keyword", "hello"))


def test_a_keyword_of_another_model_is_refused_with_the_command_that_makes_it_anew(kwsd, store, enrolment, talk):
    Store(store).save(replace(enrolment.keyword, model="0" * 12))
    sentence = complaint(kwsd("scan", talk, "--store", store))

    assert 'kwsd enroll "hey snips" --replace' in sentence


def test_damaged_keywords_are_said_and_the_others_are_spotted(kwsd, damaged, talk):
    result = kwsd("scan", talk, "--store", damaged)
    broken, null = sentences(result)

    assert "broken.kwsd" in broken
    assert "null.kwsd" in null
    assert "hey snips" in result.stdout


def test_without_keywords_the_command_that_enrols_one_is_named(kwsd, talk, tmp_path):
    assert "kwsd enroll" in complaint(kwsd("scan", talk, "--store", tmp_path / "nowhere"))


def test_the_trace_holds_every_distance(kwsd, store, enrolment, talk, tmp_path):
    Store(store).save(replace(enrolment.keyword, name="another", scorer="edit", threshold=0.2))
    out = tmp_path / "trace.npz"
    result = kwsd("scan", talk, "--jsonl", "--store", store, "--trace", out)
    best = min(event.distance for event in events(result) if event.keyword == "hey snips")
    with np.load(out) as trace:
        time, distance, threshold, keywords = (trace[key] for key in ("time", "distance", "threshold", "keywords"))
    k = keywords.tolist().index("hey snips")

    assert time[[0, -1]] == pytest.approx([0, 20], abs=0.4)
    assert distance.shape == (len(time), 2)
    assert np.isclose(distance[:, k], best).any()
    assert threshold[k] == enrolment.keyword.threshold


def test_the_picture_is_drawn(kwsd, store, talk, tmp_path):
    pytest.importorskip("matplotlib")
    result = kwsd("scan", talk, "--store", store, "--plot", tmp_path / "track.png")

    assert result.exit_code == 0
    assert (tmp_path / "track.png").read_bytes().startswith(b"\x89PNG")


def test_a_picture_without_matplotlib_names_the_extra(kwsd, store, talk, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)

    assert "kwsd[plot]" in complaint(kwsd("scan", talk, "--store", store, "--plot", tmp_path / "track.png"))


def test_a_trace_is_of_one_file(kwsd, store, talk, tmp_path):
    sentence = complaint(kwsd("scan", talk, talk.parent / "b.wav", "--store", store, "--trace", tmp_path / "t.npz"))

    assert "scan them one by one" in sentence


@pytest.mark.parametrize("out", [".", "nowhere/trace.npz"])
def test_a_trace_that_cannot_be_written_is_refused_before_the_scan(kwsd, store, talk, tmp_path, out):
    result = kwsd("scan", talk, "--store", store, "--trace", tmp_path / out)

    assert complaint(result)
    assert result.stdout == ""


@pytest.mark.parametrize("options", [("--refractory", "-1"), ("--refractory", "nan"), ("--workers", "0")])
def test_numbers_out_of_range_are_refused(kwsd, store, talk, options):
    assert "give" in complaint(kwsd("scan", talk, "--store", store, *options))


def test_a_model_that_is_not_one_is_refused(kwsd, store, talk):
    assert "is not an ONNX model" in complaint(kwsd("scan", talk, "--store", store, "--model", talk))


def test_no_progress_is_shown_where_nobody_watches(kwsd, store, talk):
    assert kwsd("scan", talk, "--store", store).stderr == ""


@pytest.mark.parametrize("form", [("--jsonl",), ()])
def test_who_has_read_enough_ends_the_scan_quietly(start, store, long_recording, form):
    process = start("scan", long_recording, "--store", store, *form)
    process.stdout.readline()
    process.stdout.close()

    assert process.wait(timeout=60) == 141
    assert process.stderr.read() == b""


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_progress_is_shown_on_a_terminal_and_goes_aside_for_a_line(monkeypatch):
    monkeypatch.setattr("sys.stderr", Terminal())
    with Bar(2) as bar:
        bar.move(1)
        before = sys.stderr.getvalue()
        with bar.aside():
            cleared = sys.stderr.getvalue()
        bar.move(2.0000001)

    assert "|" in before
    assert cleared.endswith("\r")


@pytest.mark.parametrize("options", [(), ("--workers", "2")])
def test_an_interrupt_ends_all_of_it_at_once(start, store, long_recording, tmp_path, options):
    copies = [shutil.copy(long_recording, tmp_path / f"{i}.ogg") for i in range(4)]
    process = start("scan", *copies, "--store", store, *options, start_new_session=True)
    process.stdout.readline()
    os.killpg(process.pid, signal.SIGINT)

    assert process.wait(timeout=30) == 130
    assert process.stderr.read().strip() == b""
