from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

pytest.importorskip("torch", reason="training needs torch: pip install 'kwsd[train]'")
pytest.importorskip("export.corpus", reason="the trainer is not beside the tests")

from export.corpora.utterance import Excerpt, Utterance
from export.evaluate.errors import EvaluationError
from export.evaluate.experiment import Experiment
from export.evaluate.matching.distances import MATCHINGS
from export.evaluate.tasks import speech_search
from export.evaluate.tasks.speech_search import figures, keyword_clips, keywords
from export.systems.features import SPEECH
from export.systems.system import Encoded
from kwsd.tokenizer.codebook import unit

RATE = 16_000


class Encode:
    """Spectra as vectors, and their strongest band as a token."""

    rate, seconds = RATE, SPEECH.seconds

    def __call__(self, recordings):
        features = [SPEECH(r) for r in recordings]
        return [Encoded(unit(f), (f.argmax(axis=1) // 2).astype(np.int32)) for f in features]


@dataclass
class Words:
    test: list
    data: str = "made words"
    asked: list = field(default_factory=list)


def excerpts(words, speakers=3, takes=2):
    """Where words would be, without sound."""
    people = [Utterance(Path(f"{s}.wav"), f"speaker {s}", "") for s in range(speakers)]
    return [Excerpt(word, person, 0.0, 0.4) for person in people for word in words for _ in range(takes)]


def spoken(folder, words):
    """Three speakers say each word twice: three tones, as fast as the speaker speaks, and some noise."""
    made = []
    for s in range(3):
        rng, parts, first = np.random.default_rng(s), [], 0
        utterance = Utterance(folder / f"{s}.wav", f"speaker {s}", "")
        for take in range(2 * words):
            length = int(RATE * (0.1 + 0.015 * s))
            tones = np.random.default_rng(100 + take % words).uniform(200, 6000, 3)
            part = np.concatenate([np.sin(2 * np.pi * f / RATE * np.arange(length)) for f in tones])
            parts.append(0.2 * part + 0.005 * rng.normal(size=len(part)))
            made.append(Excerpt(f"word{take % words}", utterance, first / RATE, (first + len(part)) / RATE))
            first += len(part)
        sf.write(utterance.path, np.concatenate(parts), RATE)
    return made


@pytest.fixture
def words(tmp_path, monkeypatch):
    """A quick run's words, and a note of every system that was asked for."""
    found = Words(spoken(tmp_path, 4))

    def audio_encoder(experiment, name, domain, tokens):
        found.asked.append(name)
        return Encode()

    monkeypatch.setattr(speech_search, "word_sets", lambda experiment: found)
    monkeypatch.setattr(speech_search, "audio_encoder", audio_encoder)
    return found


def experiment(tmp_path, **changes):
    return Experiment(tmp_path / "out", tmp_path, tmp_path, **{"systems": ("stft", "tokb"), "quick": True, **changes})


def test_every_system_finds_made_words_with_every_matching(tmp_path, words):
    run = experiment(tmp_path)
    speech_search.run(run)
    found = list(run.results)

    assert {(r.system, r.setting["matching"]) for r in found} == {(s, m) for s in run.systems for m in MATCHINGS}
    assert all(r.values["mrr"].value > 0.9 and r.values["p@1"].value > 0.85 for r in found)
    assert all(r.values["seconds"].value > 0 and r.quick and r.data == "made words" for r in found)
    assert all(r.queries == r.more["clips"] == 24 and r.more["words"] == 4 for r in found)


def test_a_run_that_was_interrupted_measures_only_what_is_missing(tmp_path, words):
    run = experiment(tmp_path)
    speech_search.run(run)
    before = {r.system: r for r in run.results if r.setting["matching"] == "edit"}
    (tmp_path / "out" / "speech-search.tokb.matching=dtw.json").unlink()
    words.asked.clear()
    speech_search.run(run)

    assert words.asked == ["tokb"]
    assert len(list(run.results)) == 8
    assert {r.system: r for r in run.results if r.setting["matching"] == "edit"} == before


def test_a_run_with_nothing_missing_does_not_read_the_corpus(tmp_path, words, monkeypatch):
    run = experiment(tmp_path)
    speech_search.run(run)
    monkeypatch.delattr(speech_search, "word_sets")
    speech_search.run(run)

    assert words.asked == ["stft", "tokb"]


def test_too_few_keywords_are_one_sentence(tmp_path, words):
    with pytest.raises(EvaluationError, match=r"needs 49 words .* and the test set has 4: name a larger corpus"):
        speech_search.run(experiment(tmp_path, quick=False))


def test_keywords_are_said_often_and_by_several():
    often, rarely, by_two = excerpts(["often"]), excerpts(["rarely"], takes=1), excerpts(["by two"], 2, 5)

    assert keywords([*rarely, *often, *by_two]) == {"often": [3, 4, 5, 6, 7, 8]}


def test_words_are_drawn_whole_while_there_is_room():
    names = [f"word{i:03}" for i in range(200)]
    clips = keyword_clips(excerpts(names), seed=3)

    assert len(clips) == 900
    assert {sum(c.label == name for c in clips) for name in names} == {0, 6}


def test_a_word_with_very_many_clips_leaves_room_for_forty_eight_others():
    names = [f"word{i:03}" for i in range(60)]
    clips = keyword_clips(excerpts(names, takes=40), seed=3)

    assert len({c.label for c in clips}) >= 49
    assert len(clips) <= 900


def test_the_draw_follows_the_seed():
    pool = excerpts([f"word{i:03}" for i in range(200)])

    assert keyword_clips(pool, 1) == keyword_clips(pool, 1) != keyword_clips(pool, 2)


def test_the_speaker_who_asks_is_not_searched():
    clips = excerpts(["yes", "no"], speakers=2, takes=1)
    own_word_is_nearest = np.array([[0, 1, 3, 2], [1, 0, 2, 3], [3, 2, 0, 1], [2, 3, 1, 0]], np.float32)
    found = figures(own_word_is_nearest, clips, seed=1)

    # Left to right: yes and no of one speaker, yes and no of the other, whose wrong word is nearer each time.
    assert found["mrr"].value == pytest.approx(1 / 2)
    assert found["p@1"].value == 0
