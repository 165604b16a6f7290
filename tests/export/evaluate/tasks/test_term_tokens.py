import dataclasses

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install 'kwsd[train]'")
pytest.importorskip("export.corpus", reason="the trainer is not beside the tests")
pytest.importorskip("usearch", reason="H-QuEST needs usearch: pip install 'kwsd[search]'")

from export.evaluate.tasks import term_tokens  # noqa: E402  after the skip
from export.systems.system import Encoded  # noqa: E402


@pytest.fixture
def task(monkeypatch, words, encode):
    """Whistled words, with one token a tone."""
    monkeypatch.setattr(term_tokens, "word_sets", lambda experiment: words)
    monkeypatch.setattr(term_tokens, "audio_encoder", lambda *_: encode)
    monkeypatch.setattr(term_tokens, "EVERY", 1)
    tones = {f"{size} tokens": np.eye(24, dtype=np.float32) for size in term_tokens.SIZES}
    monkeypatch.setattr(term_tokens, "_codebooks", lambda experiment: tones)


def test_every_step_from_vectors_to_a_shortlist_is_measured_and_a_clean_voice_is_found_by_each(task, experiment):
    term_tokens.run(dataclasses.replace(experiment, systems=("kwsd",)))
    found = {tuple(r.setting.values()): r.values["map"].value for r in experiment.results}

    assert len(found) == 2 * (1 + 4 * 3)
    assert found["dtw", "cut out", "vectors"] > 0.7
    assert all(value > 0.5 for (method, *_), value in found.items() if method in ("dtw", "aligned"))


def test_only_the_tokenizer_of_kwsd_is_measured(task, experiment):
    term_tokens.run(experiment)

    assert not list(experiment.results)


def test_a_recording_is_quantized_to_the_nearest_centroids():
    z = np.array([[0.9, 0.1], [0.2, 0.8]], np.float32)
    found = term_tokens.quantized(Encoded(z, np.array([7, 7], np.int32)), np.eye(2, dtype=np.float32))

    assert found.tokens.tolist() == [0, 1]
    assert found.z.tolist() == [[1, 0], [0, 1]]
