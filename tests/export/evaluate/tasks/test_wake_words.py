import dataclasses

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install 'kwsd[train]'")
pytest.importorskip("export.corpus", reason="the trainer is not beside the tests")
pytest.importorskip("usearch", reason="H-QuEST needs usearch: pip install 'kwsd[search]'")

from export.align import loud_span  # noqa: E402  after the skip
from export.evaluate.data.babble_noise import with_babble  # noqa: E402
from export.evaluate.errors import EvaluationError  # noqa: E402
from export.evaluate.matching.wake_word_distances import by_alignment, threshold  # noqa: E402
from export.evaluate.tasks import wake_words  # noqa: E402
from kwsd.scorers import cosine_costs, subsequence_dtw  # noqa: E402


def test_the_threshold_lets_as_many_alarms_through_as_it_may():
    distances = np.random.default_rng(0).permutation(50).astype(np.float32)

    assert [(distances < threshold(distances, alarms)).sum() for alarms in (0, 1, 7)] == [0, 1, 7]
    assert threshold(distances, 50) == float("inf")


def test_recordings_that_come_equally_near_are_no_alarms():
    assert (np.full(9, 0.5, np.float32) < threshold(np.full(9, 0.5, np.float32), 2)).sum() == 0


def test_templates_side_by_side_are_aligned_as_each_by_itself(takes, encode):
    templates, recordings = encode([t.samples() for t in takes[:2]]), encode([t.samples() for t in takes[2:5]])
    plain = [[subsequence_dtw(cosine_costs(r.z, t.z))[0].min() for t in templates] for r in recordings]

    assert np.allclose(by_alignment(templates, recordings), plain)


def test_babble_is_as_far_below_the_speech_as_asked_for():
    rng = np.random.default_rng(0)
    speech = np.concatenate([np.zeros(8000), 0.2 * rng.standard_normal(16000), np.zeros(8000)]).astype(np.float32)
    voices = [rng.standard_normal(5000).astype(np.float32) * 0.1 * (i + 1) for i in range(8)]
    noise = with_babble(speech, voices, 10, rng) - speech
    start, end = (round(edge * 16000) for edge in loud_span(speech))
    decibels = 10 * np.log10(np.mean(speech[start:end] ** 2) / np.mean(noise[start:end] ** 2))

    assert decibels == pytest.approx(10, abs=0.01)
    assert np.mean(noise[:8000] ** 2) > 0


def test_a_speaker_s_words_are_enrolled_thrice_and_tested_with_other_recordings(takes):
    found = wake_words.drawn(takes, np.random.default_rng(0))

    assert [w.speaker for w in found] == [f"s{i // 2}" for i in range(8)]
    assert all(len(w.enrolled) == 3 and len(w.takes) == 3 for w in found)
    assert all({u.path for u in w.enrolled}.isdisjoint({u.path for u in w.takes}) for w in found)
    assert all(u.text == w.text and u.speaker == w.speaker for w in found for u in (*w.enrolled, *w.takes))


@pytest.fixture
def task(monkeypatch, words, takes, encode, experiment):
    monkeypatch.setattr(wake_words, "word_sets", lambda experiment: words)
    monkeypatch.setattr(wake_words, "audio_encoder", lambda *_, **__: encode)
    monkeypatch.setattr(wake_words.registry, "read", lambda *_: takes)
    # Nobody else may say the words, or they would be false alarms.
    held = {t.text for t in takes}
    words.test_utterances[:] = [u for u in words.test_utterances if not held & set(u.text.split())]
    return dataclasses.replace(experiment, corpora={"dspspeech": experiment.out})


def test_words_that_nobody_else_says_are_not_missed(task):
    wake_words.run(task)
    found = {(r.system, r.setting["matching"], r.setting["noise"]): r for r in task.results}

    assert {key[:2] for key in found} == {("stft", "subsequence dtw"), ("tokb", "subsequence dtw"), ("tokb", "hquest")}
    assert all(r.values["miss_rate"].value == 0 for key, r in found.items() if key[2] == "clean")
    assert all(r.queries == 9 and r.more["words"] == 3 for r in found.values())


def test_what_was_measured_is_not_measured_again(task, encode):
    wake_words.run(task)
    before = len(encode.heard)
    wake_words.run(task)

    assert len(encode.heard) == before > 0


def test_without_a_corpus_of_many_takes_one_sentence_says_what_to_name(experiment):
    with pytest.raises(EvaluationError, match="name one of these with --corpus"):
        wake_words.run(experiment)


def test_a_corpus_with_too_few_takes_is_refused_in_one_sentence(task, monkeypatch, takes):
    monkeypatch.setattr(wake_words.registry, "read", lambda *_: takes[:3])

    with pytest.raises(EvaluationError, match="no word that a speaker says 4 times"):
        wake_words.run(task)
