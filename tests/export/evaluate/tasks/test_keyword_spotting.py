from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

pytest.importorskip("torch", reason="training needs torch: pip install 'kwsd[train]'")
pytest.importorskip("export.corpus", reason="the trainer is not beside the tests")

from export.corpora.utterance import Excerpt, Utterance
from export.evaluate.data.joined_words import FADE, joined, joined_utterances, recordings
from export.evaluate.errors import EvaluationError
from export.evaluate.experiment import Experiment
from export.evaluate.matching.word_detection import (
    WordScores,
    best_threshold,
    figures,
    minima,
    threshold,
    track,
    word_scores,
)
from export.evaluate.tasks import keyword_spotting
from export.systems.features import SPEECH
from export.systems.system import Encoded
from kwsd.scorers import dtw, edit_distance
from kwsd.tokenizer.codebook import unit

RATE = 16_000
HOP = 0.02


def excerpts(words=12, speakers=4, takes=3):
    """Where words would be, without sound: each speaker says each word a few times."""
    people = [Utterance(Path(f"{s}.wav"), f"speaker {s}", "") for s in range(speakers)]
    return [Excerpt(f"word{w}", p, 0.0, 0.4) for p in people for w in range(words) for _ in range(takes)]


def drawn(pool, keywords=5, others=20, seed=1):
    return joined_utterances(pool, keywords, others, np.random.default_rng(seed))


def encoded(tokens, seed=0, dim=40):
    """A vector of its own for each token; nearly at right angles to each other."""
    vectors = np.random.default_rng(seed).normal(size=(64, dim))[tokens]
    return Encoded(unit(vectors.astype(np.float32)), np.array(tokens, np.int32))


def scores(found, hit, keyword=None):
    found = np.array(found, float)
    number = np.zeros(len(found), int) if keyword is None else np.array(keyword)
    return WordScores(found, found, np.array(hit, bool), number, np.array([0.001]))


def test_an_utterance_has_so_many_other_words_and_six_to_ten_of_its_keyword():
    pool = excerpts()
    for utterance in drawn(pool, keywords=12, others=20):
        said = [pool[i].label == utterance.keyword for i in utterance.words]

        assert said == list(utterance.hits)
        assert 6 <= sum(said) <= 10
        assert len(said) - sum(said) == 20
        assert len(set(utterance.words)) == len(said)


def test_who_speaks_the_template_does_not_speak_in_the_utterance():
    pool = excerpts()
    for utterance in drawn(pool, keywords=12):
        template = pool[utterance.template]

        assert template.label == utterance.keyword
        assert template.speaker not in {pool[i].speaker for i in utterance.words}


def test_each_utterance_is_about_another_keyword_and_the_draw_follows_the_seed():
    pool = excerpts()
    found = drawn(pool, keywords=50)

    assert len({utterance.keyword for utterance in found}) == len(found) == 12
    assert found == drawn(pool, keywords=50) != drawn(pool, keywords=50, seed=2)


def test_a_corpus_whose_words_are_rarely_said_is_refused():
    with pytest.raises(EvaluationError, match=r"needs a word said 6 times or more besides by another speaker.*larger"):
        drawn(excerpts(speakers=2, takes=5))


def test_a_corpus_of_too_few_words_is_refused():
    with pytest.raises(EvaluationError, match=r'an utterance around "word.*" needs 80 other words, and there are 27: '):
        drawn(excerpts(words=4), others=80)


def test_words_follow_one_another_and_their_ends_are_known():
    sound = {i: np.full(length, 0.5, np.float32) for i, length in enumerate((4800, 8000, 6400))}
    samples, ends = joined([1, 0, 2], sound, RATE)

    assert np.allclose(ends, np.cumsum([0.5, 0.3 - FADE, 0.4 - FADE]))
    assert len(samples) == round(ends[-1] * RATE)
    assert np.allclose(samples[800:-800], 0.5, atol=1e-6)
    assert np.abs(samples[[0, -1]]).max() < 0.001


def test_a_match_is_where_a_window_is_nearest_to_the_template():
    template, stream = encoded([1, 2, 3, 4]), encoded([9, 8, 7, 1, 2, 3, 4, 9, 8, 7, 6])
    for matching in ("dtw", "edit, compressed"):
        distance, ends = track(template, stream, matching)

        assert ends[distance.argmin()] == 7
        assert distance.min() == pytest.approx(0, abs=1e-5)
        assert np.isinf(distance[0])


def test_scores_are_the_best_of_windows_of_half_once_and_twice_the_template():
    template, stream = encoded([1, 2, 3, 4]), encoded([5, 1, 1, 2, 3, 3, 4, 4, 6, 2, 1, 2, 3, 4, 5])
    distance, _ = track(template, stream, "dtw")
    for end, score in enumerate(distance, start=1):
        windows = [stream.z[end - length : end] for length in (2, 4, 8) if length <= end]
        expected = min((dtw(template.z, window) for window in windows), default=np.inf)

        assert score == pytest.approx(expected, abs=1e-5)


def test_edit_distance_takes_runs_once_and_says_where_they_end():
    template, stream = encoded([1, 1, 2, 3]), encoded([5, 5, 1, 2, 2, 2, 3, 6, 6])
    distance, ends = track(template, stream, "edit, compressed")
    wanted, runs = np.array([1, 2, 3], np.int32), np.array([5, 1, 2, 3, 6], np.int32)
    windows = [[runs[end - length : end] for length in (2, 3, 6) if length <= end] for end in range(1, 6)]
    expected = [min((edit_distance(wanted, w) / max(3, len(w)) for w in of_end), default=np.inf) for of_end in windows]

    assert ends.tolist() == [2, 3, 6, 7, 9]
    assert np.allclose(distance, expected)


def test_of_detections_near_each_other_only_the_lowest_stays():
    distance = np.array([0.9, 0.3, 0.8, 0.2, 0.8, 0.9, 0.9, 0.4, 0.9, 0.5])

    assert minima(distance, np.arange(1, 11), 3).tolist() == [3, 7]
    assert minima(distance, np.arange(1, 11), 2).tolist() == [3, 1, 7, 9]


def test_of_equally_good_detections_the_first_stays_and_what_is_not_known_is_none():
    distance = np.array([np.inf, np.inf, 0.5, 0.5, 0.5, 0.9])

    assert minima(distance, np.arange(1, 7), 4).tolist() == [2]


def test_a_match_counts_for_the_word_during_which_it_ends():
    template = encoded([1, 2, 3] * 5)
    stream = encoded([20] * 20 + [1, 2, 3] * 5 + [21] * 25)
    until, hit = np.array([0.4, 0.7, 1.2]), np.array([False, True, False])
    found = word_scores(template, stream, "dtw", (until, hit), HOP)

    assert found.found[1] == pytest.approx(0, abs=1e-5)
    assert found.lowest.argmin() == 1
    assert min(found.lowest[0], found.lowest[2]) > 0.2


def test_an_encoder_that_listens_on_after_a_recording_is_not_late_for_it():
    template = encoded([1, 2, 3] * 5 + [4] * 15)
    stream = encoded([20] * 20 + [1, 2, 3] * 5 + [4] * 15 + [21] * 25)
    words = np.array([0.4, 0.7, 1.5]), np.array([False, True, False])
    late, in_time = (word_scores(template, stream, "dtw", words, HOP, lag) for lag in (0.0, 0.3))

    assert late.found.argmin() == 2
    assert in_time.found.argmin() == 1


def test_the_threshold_is_midway_between_the_means_of_hits_and_others_for_dtw():
    learned = scores([0.1, 0.2, 0.3, 0.7, 0.8, 0.9, np.inf], [1, 1, 1, 0, 0, 0, 0])

    assert threshold(learned, "dtw") == pytest.approx((0.2 + 0.8) / 2)


def test_the_threshold_is_midway_between_the_modes_for_edit_distance():
    learned = scores([0.2, 0.2, 0.9, 0.8, 0.8, 0.1], [1, 1, 1, 0, 0, 0])

    assert threshold(learned, "edit, compressed") == pytest.approx((0.2 + 0.8) / 2)


def test_a_system_with_one_token_for_everything_finds_nothing():
    same, words = encoded([5] * 60), (np.array([0.4, 0.8, 1.2]), np.array([True, True, False]))
    learned = word_scores(same, same, "edit, compressed", words, HOP)
    limit = threshold(learned, "edit, compressed")

    assert limit == -np.inf
    assert figures(learned, limit, seed=1)["recall"].value == 0


def test_figures_count_every_word_of_every_utterance():
    judged = scores([0.1, 0.6, 0.2, 0.3, 0.9, np.inf], [1, 1, 0, 1, 0, 0], [0, 0, 0, 1, 1, 1])
    found = {name: value.value for name, value in figures(judged, 0.3, seed=1).items()}

    assert found == pytest.approx({"accuracy": 4 / 6, "precision": 2 / 3, "recall": 2 / 3, "f1": 2 / 3})


def test_a_threshold_that_finds_nothing_has_no_precision_and_no_recall():
    found = figures(scores([0.5, 0.6], [1, 0]), 0.1, seed=1)

    assert np.isnan(found["precision"].value)
    assert found["recall"].value == found["f1"].value == 0


def test_the_best_threshold_is_that_of_trying_all():
    rng = np.random.default_rng(4)
    for _ in range(20):
        judged = scores(np.where(rng.random(40) < 0.2, np.inf, rng.integers(0, 9, 40) / 8), rng.random(40) < 0.3)
        f1 = [figures(judged, limit, seed=1)["f1"].value for limit in np.arange(9) / 8]

        assert figures(judged, best_threshold(judged), seed=1)["f1"].value == pytest.approx(max(f1))


def test_where_nothing_is_found_there_is_no_best_threshold():
    assert best_threshold(scores([np.inf, np.inf], [1, 0])) == -np.inf


class Encode:
    """Spectra as vectors, and their strongest band as a token."""

    rate, seconds = RATE, SPEECH.seconds

    def __call__(self, given):
        features = [SPEECH(r) for r in given]
        return [Encoded(unit(f), (f.argmax(axis=1) // 2).astype(np.int32)) for f in features]


@dataclass
class Words:
    train: list
    test: list
    data: str = "made words"
    asked: list = field(default_factory=list)


def spoken(folder, prefix, words=6, speakers=3, takes=6):
    """Each speaker says each word some times: four tones that are the same for all, and some noise."""
    made = []
    for s in range(speakers):
        rng, parts, first = np.random.default_rng(s), [], 0
        utterance = Utterance(folder / f"{prefix}{s}.wav", f"{prefix}{s}", "")
        for take in range(words * takes):
            length = int(RATE * (0.08 + 0.008 * s))
            tones = np.random.default_rng(100 + take % words).uniform(200, 6000, 4)
            part = np.concatenate([np.sin(2 * np.pi * f / RATE * np.arange(length)) for f in tones])
            parts.append(0.2 * part + 0.002 * rng.normal(size=len(part)))
            made.append(Excerpt(f"word{take % words}", utterance, first / RATE, (first + len(part)) / RATE))
            first += len(part)
        sf.write(utterance.path, np.concatenate(parts), RATE)
    return made


@pytest.fixture
def words(tmp_path, monkeypatch):
    """A quick run's words, and a note of every system that was asked for."""
    found = Words(spoken(tmp_path, "train"), spoken(tmp_path, "test"))

    def audio_encoder(experiment, name, domain, tokens):
        found.asked.append(name)
        return Encode()

    monkeypatch.setattr(keyword_spotting, "word_sets", lambda experiment: found)
    monkeypatch.setattr(keyword_spotting, "audio_encoder", audio_encoder)
    return found


def experiment(tmp_path, **changes):
    return Experiment(tmp_path / "out", tmp_path, tmp_path, **{"systems": ("stft", "tokb"), "quick": True, **changes})


def test_every_word_that_is_needed_is_read_and_is_the_word_asked_for(words):
    utterance = drawn(words.test, keywords=2)
    sound = recordings(words.test, utterance, RATE)
    whole = {s: sf.read(words.test[s * 36].utterance.path, dtype="float32")[0] for s in range(3)}

    assert set(sound) == {i for one in utterance for i in (one.template, *one.words)}
    for i, samples in sound.items():
        first = round(words.test[i].start * RATE)
        assert np.array_equal(samples, whole[i // 36][first : first + len(samples)])


def test_keywords_amid_other_made_words_are_found(tmp_path, words):
    run = experiment(tmp_path)
    keyword_spotting.run(run)
    found = {(r.system, r.setting["matching"]): r for r in run.results}

    assert set(found) == {(s, m) for s in ("stft", "tokb") for m in ("dtw", "edit, compressed")}
    for result in found.values():
        figure = {name: value.value for name, value in result.values.items()}

        assert result.setting["non_keywords"] == 20
        # Of a keyword said twice on end, the second falls within the refractory time, which costs recall.
        assert figure["f1_best"] > 0.75
        assert figure["f1_best"] >= figure["f1"] - 1e-9
        assert figure["accuracy"] > 0.8
        assert result.queries == result.more["keywords"] == 4
        assert result.more["words"] == 80 + result.more["hits"]


def test_a_run_that_was_interrupted_measures_only_what_is_missing(tmp_path, words):
    run = experiment(tmp_path)
    keyword_spotting.run(run)
    before = list(run.results)
    gone = tmp_path / "out" / "keyword-spotting.tokb.non_keywords=20.matching=dtw.json"
    gone.unlink()
    words.asked.clear()
    keyword_spotting.run(run)

    assert words.asked == ["tokb"]
    assert gone.exists()
    assert [r.values["f1"] for r in run.results] == [r.values["f1"] for r in before]


def test_a_run_with_nothing_missing_does_not_read_the_corpus(tmp_path, words, monkeypatch):
    run = experiment(tmp_path)
    keyword_spotting.run(run)
    monkeypatch.delattr(keyword_spotting, "word_sets")
    keyword_spotting.run(run)

    assert words.asked == ["stft", "tokb"]


def test_a_full_run_refuses_a_corpus_that_is_too_small(tmp_path, words):
    with pytest.raises(EvaluationError, match=r"other words, and there are .*: name a larger corpus"):
        keyword_spotting.run(experiment(tmp_path, quick=False))
