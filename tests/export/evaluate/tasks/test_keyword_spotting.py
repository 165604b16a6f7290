from dataclasses import dataclass, field

import numpy as np
import pytest
import soundfile as sf

pytest.importorskip("torch", reason="training needs torch: pip install 'kwsd[train]'")
pytest.importorskip("export.corpus", reason="the trainer is not beside the tests")

from export.corpora.utterance import Excerpt, Utterance
from export.evaluate.data.joined_words import joined_utterances, recordings
from export.evaluate.errors import EvaluationError
from export.evaluate.experiment import Experiment
from export.evaluate.tasks import keyword_spotting
from export.systems.features import SPEECH
from export.systems.system import Encoded
from kwsd.tokenizer.codebook import unit

RATE = 16_000
HOP = 0.02


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
    utterances = joined_utterances(words.test, 2, 20, np.random.default_rng(1))
    sound = recordings(words.test, utterances, RATE)
    whole = {s: sf.read(words.test[s * 36].utterance.path, dtype="float32")[0] for s in range(3)}

    assert set(sound) == {i for one in utterances for i in (one.template, *one.words)}
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
