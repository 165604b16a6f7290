import random
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

outcomes = pytest.importorskip("benchmarks.near_outcomes", reason="the benchmarks are not beside the tests")
trials = pytest.importorskip("benchmarks.near_trials")
spoken = pytest.importorskip("export.spoken_queries")
speech = pytest.importorskip("benchmarks.near_voices")


def said(label, speaker, start=0.0):
    return spoken.Said(label, Path(f"{speaker}.flac"), speaker, start, start + 0.5)


def outcome(hits, near, near_said=(), **more):
    own = many("hey snips", range(len(hits)))
    others = tuple(near_said) or many("near", range(len(hits), len(hits) + len(near)))
    return outcomes.Outcome("hey snips", np.array(hits), np.array(near), own, others, **more)


def many(label, speakers, start=0.0):
    return tuple(said(label, str(speaker), start) for speaker in speakers)


def draw(own, near, tested):
    return trials.drawn(own, near, {str(speaker) for speaker in tested}, random.Random(7))


def test_the_common_threshold_is_the_lowest_that_finds_the_share():
    hits = np.arange(1, 21) / 100

    assert outcomes.common_threshold([outcome(hits[:7], []), outcome(hits[7:], [])]) == 0.19


def test_near_phrases_fire_at_the_threshold_and_below():
    assert outcomes.fire([outcome([], [0.1, 0.2]), outcome([], [0.3, 0.4])], 0.3).mean == 75.0


def test_a_near_phrase_is_compared_with_the_hits_of_its_own_phrase():
    apart = [outcome([0.1, 0.2], [0.3]), outcome([0.5, 0.6], [0.7])]

    assert outcomes.nearer(apart).mean == 0.0
    assert outcomes.nearer([outcome([0.1, 0.3], [0.2, 0.2])]).mean == 50.0
    assert outcomes.nearer([outcome([0.1], [0.1])]).mean == 50.0


def test_speakers_are_compared_with_themselves():
    one = outcome([0.1, 0.5], [0.3, 0.4], [said("near", "0"), said("near", "1")])

    assert outcomes.nearer_by_same([one]).mean == 50.0
    assert outcomes.nearer_by_same([outcome([0.1], [0.2])]) is None


def test_each_phrase_has_its_own_threshold():
    misses, fires = outcomes.own([outcome([0.5, 0.6], [0.5], threshold=0.5), outcome([0.6, 0.7], [0.8], threshold=0.7)])

    assert (misses.mean, fires.mean) == (25.0, 50.0)


def test_phrases_with_more_behind_them_are_told_from_other_near_phrases():
    longer, others = outcomes.split(outcome([], [0.1, 0.2], [said("hey snips please", "a"), said("hey chips", "a")]))

    assert (longer.near.tolist(), [one.label for one in longer.near_said]) == ([0.1], ["hey snips please"])
    assert (others.near.tolist(), [one.label for one in others.near_said]) == ([0.2], ["hey chips"])


def test_the_worst_pairs_fire_most_often():
    near = [*many("chips", range(2)), *many("snaps", range(2))]

    found = outcomes.worst([outcome([], [0.1, 0.9, 0.1, 0.1], near)], 0.5, count=1)

    assert found == [outcomes.Pair("hey snips", "snaps", 2, 2)]


def test_nobody_who_enrols_is_heard_again():
    trial = draw(many("snips", range(12)), [many("chips", range(12), start=5.0)], range(12))

    assert len({one.speaker for one in trial.enrol}) == trials.RECORDINGS
    assert not {one.speaker for one in trial.enrol} & {one.speaker for one in (*trial.hits, *trial.near)}


def test_a_phrase_that_too_few_say_is_not_tried():
    assert draw(many("snips", range(7)), [many("chips", range(20, 30))], range(30)) is None


def test_phrases_are_tried_on_the_speakers_asked_for():
    trial = draw(many("snips", range(20)), [many("chips", range(20), start=5.0)], range(12))

    assert {int(one.speaker) for one in (*trial.hits, *trial.near)} <= set(range(12))


def test_a_near_phrase_beside_the_phrase_itself_is_not_used():
    own = many("snips", range(12))
    beside, alone = said("chips", "a", start=1.0), said("chips", "a", start=5.0)

    trial = draw([*own, said("snips", "a", start=0.2)], [[beside, alone]], ["a", *range(12)])

    assert beside not in trial.near


def test_one_near_phrase_does_not_outweigh_the_others():
    trial = draw(many("snips", range(10)), [many("chips", range(20, 40)), many("snaps", range(20, 22))], range(40))

    assert [one.label for one in trial.near].count("chips") == trials.PER_TEXT


def test_a_phrase_is_heard_with_its_times_in_what_it_is_cut_out_with(tmp_path):
    sf.write(tmp_path / "a.flac", np.zeros(4 * 16_000), 16_000)
    one = spoken.Said("snips", tmp_path / "a.flac", "a", 2.0, 2.5)

    heard = trials.hear([trials.Trial("snips", (), (one,), ())], lambda samples: len(samples) / 16_000)[one]

    assert (heard.start, heard.end) == (trials.BEFORE, trials.BEFORE + 0.5)
    assert heard.frames == pytest.approx(trials.BEFORE + 0.5 + trials.AFTER)


def test_no_voice_that_enrols_is_tried_at_the_same_tempo():
    assert not {voice.speaker for voice in speech.ENROLLED} & {voice.speaker for voice in speech.TESTED}


def test_a_faster_voice_is_asked_for_shorter_sounds_and_more_words_a_minute():
    out = Path("a.wav")

    assert "duration_stretch=0.5" in speech.Voice("flite", "slt", 2.0).command("hey", out)
    assert speech.Voice("espeak-ng", "en-us", 2.0).command("hey", out)[4] == str(2 * speech.WORDS_A_MINUTE)


def test_a_missing_program_is_named_with_what_to_install(monkeypatch):
    monkeypatch.setattr(speech.shutil, "which", lambda program: None if program == "flite" else program)

    with pytest.raises(speech.CorpusError, match=r"apt-get install flite$"):
        speech.voices()


def test_each_wake_phrase_has_four_to_six_near_ones():
    counts = [len(near) for near in speech.PHRASES.values()]

    assert len(counts) == 20
    assert {4, 5, 6} >= set(counts)


def test_one_recording_of_each_near_phrase_becomes_a_negative_and_the_others_are_tried():
    near = (*many("chips", "ab"), *many("tips", "c"))
    trial = trials.with_negatives(trials.Trial("snips", (), (), near))

    assert trial.negatives == (near[2], near[0])
    assert trial.near == (near[1],)
