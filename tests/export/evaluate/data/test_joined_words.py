from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs torch: pip install 'kwsd[train]'")
pytest.importorskip("export.corpus", reason="the trainer is not beside the tests")

from export.corpora.utterance import Excerpt, Utterance
from export.evaluate.data.joined_words import FADE, joined, joined_utterances
from export.evaluate.errors import EvaluationError

RATE = 16_000
HOP = 0.02


def excerpts(words=12, speakers=4, takes=3):
    """Where words would be, without sound: each speaker says each word a few times."""
    people = [Utterance(Path(f"{s}.wav"), f"speaker {s}", "") for s in range(speakers)]
    return [Excerpt(f"word{w}", p, 0.0, 0.4) for p in people for w in range(words) for _ in range(takes)]


def drawn(pool, keywords=5, others=20, seed=1):
    return joined_utterances(pool, keywords, others, np.random.default_rng(seed))


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
