from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from kwsd.enrolment.enroll import enroll, reenroll
from kwsd.enrolment.template import Recording
from kwsd.errors import KeywordError, ModelError
from kwsd.spotting.spotter import Spotter


def test_recordings_of_a_phrase_make_a_keyword_that_tells_it_from_speech(enrolment):
    keyword = enrolment.keyword

    assert len(keyword.templates) == 5
    assert all(m.distance < keyword.threshold for m in enrolment.matches)
    assert enrolment.false_alarms_per_hour <= 0.51
    assert enrolment.refused == ()


def test_the_recording_that_says_something_else_is_named(recordings, examples, tokenizer, bank):
    odd = examples / "odd" / "odd-one-out.flac"
    matches = enroll("hey snips", [*recordings, odd], tokenizer, bank=bank).matches

    assert [m.recording for m in matches if m.odd] == ["odd-one-out.flac"]


def test_an_odd_recording_does_not_hide_the_phrase(recordings, examples, tokenizer, bank, speech):
    odd = examples / "odd" / "odd-one-out.flac"
    keyword = enroll("hey snips", [*recordings, odd], tokenizer, bank=bank).keyword
    spotter = Spotter([keyword], tokenizer.hop, tokenizer.codebook)
    tokenizer.reset()
    found = [*spotter.push(tokenizer.push(speech)), *spotter.flush()]

    assert found[0].start == pytest.approx(0.98, abs=0.2)


def test_no_recording_is_odd_when_all_say_the_phrase(enrolment):
    assert not any(m.odd for m in enrolment.matches)


def test_the_recordings_that_the_others_would_miss_are_counted_and_warned_about(recordings, examples, tokenizer, bank):
    odd = examples / "odd" / "odd-one-out.flac"
    result = enroll("hey snips", [*recordings, odd], tokenizer, bank=bank)

    assert (result.misses.count, result.misses.recordings) == (1, 6)
    assert any("1 of 6 recordings would be missed" in warning for warning in result.warnings)


def test_a_keyword_that_is_mistaken_for_an_enrolled_one_is_warned_about(recordings, enrolment, tokenizer, bank):
    result = enroll("hey snaps", recordings[:2], tokenizer, bank=bank, others=[enrolment.keyword])

    assert [confusion.keyword for confusion in result.confusions] == ["hey snips", "hey snaps"]
    assert set(map(str, result.confusions)) <= set(result.warnings)


def test_recordings_can_be_given_as_samples(recordings, tokenizer, bank):
    in_memory = [Recording(p.name, sf.read(p, dtype="float32")[0]) for p in recordings]
    from_files = enroll("hey snips", recordings, tokenizer, bank=bank)

    assert enroll("hey snips", in_memory, tokenizer, bank=bank).keyword.threshold == from_files.keyword.threshold


def test_a_bad_recording_is_refused_by_name_and_the_others_are_used(recordings, tokenizer, bank, tmp_path):
    silent = tmp_path / "silent.wav"
    sf.write(silent, np.zeros(16_000), 16_000)
    result = enroll("hey snips", [silent, *recordings[:3]], tokenizer, bank=bank)

    assert len(result.keyword.templates) == 3
    assert len(result.refused) == 1
    assert result.refused[0].startswith("silent.wav is not used: it holds no speech")


def test_a_keyword_of_no_usable_recording_is_refused(tokenizer, bank, tmp_path):
    with pytest.raises(KeywordError, match=r"no recording can be used\. gone\.wav"):
        enroll("hey snips", [tmp_path / "gone.wav"], tokenizer, bank=bank)


def test_the_same_recording_twice_counts_once(recordings, tokenizer, bank):
    result = enroll("hey snips", [recordings[0], recordings[1], recordings[0]], tokenizer, bank=bank)

    assert len(result.keyword.templates) == 2
    assert "is the same recording as" in result.refused[0]


def test_more_recordings_add_to_a_keyword(recordings, tokenizer, bank):
    two = enroll("hey snips", recordings[:2], tokenizer, bank=bank).keyword
    five = enroll("hey snips", recordings[2:], tokenizer, bank=bank, adding_to=two).keyword

    assert [t.recording for t in five.templates] == [p.name for p in recordings]


def test_one_recording_is_enough_but_is_warned_about(recordings, tokenizer, bank):
    result = enroll("hey snips", recordings[:1], tokenizer, bank=bank)

    assert result.matches[0].distance is None
    assert result.misses is None
    assert any("are few" in warning for warning in result.warnings)
    assert 0 < result.keyword.threshold < 1


def test_a_threshold_can_be_asked_for(recordings, tokenizer, bank):
    assert enroll("hey snips", recordings, tokenizer, bank=bank, threshold=0.123).keyword.threshold == 0.123


@pytest.mark.parametrize("scorer", ["subsequence", "dtw", "codes", "edit", "levenshtein"])
def test_every_scorer_learns_a_threshold_between_recordings_and_background(recordings, tokenizer, bank, scorer):
    result = enroll("hey snips", recordings, tokenizer, bank=bank, scorer=scorer)

    assert min(m.distance for m in result.matches) < result.keyword.threshold < 1
    assert result.false_alarms_per_hour <= 0.51


def test_kept_audio_enrols_again_without_the_files(recordings, tokenizer, bank, tmp_path):
    copies = [tmp_path / p.name for p in recordings]
    for copy, path in zip(copies, recordings, strict=True):
        copy.write_bytes(path.read_bytes())
    kept = enroll("hey snips", copies, tokenizer, bank=bank, keep_audio=True).keyword
    for copy in copies:
        copy.unlink()
    again = reenroll(kept, tokenizer, bank=bank).keyword

    assert again.threshold == pytest.approx(kept.threshold, abs=1e-4)


def test_audio_is_not_kept_unasked(enrolment, tokenizer):
    assert all(t.audio is None for t in enrolment.keyword.templates)
    with pytest.raises(KeywordError, match="were not kept"):
        reenroll(enrolment.keyword, tokenizer)


def test_a_bank_of_another_model_is_refused(recordings: list[Path], tokenizer, bank):
    other = replace(bank, model="another")

    with pytest.raises(ModelError, match="made with model another"):
        enroll("hey snips", recordings, tokenizer, bank=other)


def test_without_a_recording_nothing_is_enrolled(tokenizer, bank):
    with pytest.raises(KeywordError, match="there is no recording"):
        enroll("hey snips", [], tokenizer, bank=bank)


def test_what_sounds_alike_is_not_detected_once_it_was_given_as_a_negative(
    recordings, enrolment, examples, tokenizer, bank
):
    talk, _ = sf.read(examples / "long.ogg", dtype="float32")
    before = _detections(enrolment.keyword, talk, tokenizer)
    (mistaken, *_), phrases = _apart(before, examples / "long.tsv")
    cut = Recording("chips", talk[int((mistaken.start - 0.3) * 16_000) : int((mistaken.end + 0.3) * 16_000)])
    made = enroll("hey snips", [], tokenizer, adding_to=enrolment.keyword, negatives=[cut], bank=bank)
    after = _detections(made.keyword, talk, tokenizer)

    assert [negative.recording for negative in made.keyword.negatives] == ["chips"]
    assert made.misses.count == 0
    assert not any(abs(one.start - mistaken.start) < 0.5 for one in after)
    assert [one.start for one in _apart(after, examples / "long.tsv")[1]] == [one.start for one in phrases]
    assert len(phrases) == 8


def test_a_recording_of_the_phrase_that_a_negative_hides_is_warned_about(recordings, tokenizer, bank):
    samples, _ = sf.read(recordings[0], dtype="float32")
    made = enroll("hey snips", recordings, tokenizer, negatives=[Recording("wrong", 0.9 * samples)], bank=bank)

    assert f"{recordings[0].name} is nearer to a negative than to the other recordings" in " ".join(made.warnings)


def test_a_negative_that_cannot_be_used_is_refused_by_name(recordings, tokenizer, bank, tmp_path):
    sf.write(tmp_path / "silent.wav", np.zeros(16_000), 16_000)
    made = enroll("hey snips", recordings, tokenizer, negatives=[tmp_path / "silent.wav"], bank=bank)

    assert made.keyword.negatives == ()
    assert made.refused[0].startswith("silent.wav is not used:")


def _detections(keyword, samples, tokenizer):
    spotter = Spotter([keyword], tokenizer.hop, tokenizer.codebook)
    tokenizer.reset()
    return [*spotter.push(tokenizer.push(samples)), *spotter.push(tokenizer.flush()), *spotter.flush()]


def _apart(detections, truth):
    """Detections of something else, and of the phrase."""
    spans = [tuple(map(float, line.split("\t")[:2])) for line in truth.read_text().splitlines()[1:]]
    flags = [any(one.start < end and one.end > start for start, end in spans) for one in detections]
    return [[one for one, flag in zip(detections, flags, strict=True) if flag is wanted] for wanted in (False, True)]
