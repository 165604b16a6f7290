import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install 'kwsd[train]'")
pytest.importorskip("export.corpus", reason="the trainer is not beside the tests")
pytest.importorskip("usearch", reason="H-QuEST needs usearch: pip install 'kwsd[search]'")

from export.evaluate.archive_search.methods import METHODS  # noqa: E402
from export.evaluate.errors import EvaluationError  # noqa: E402
from export.evaluate.tasks import query_time  # noqa: E402  after the skip
from export.systems.system import Encoded  # noqa: E402


def recording(frames):
    return Encoded(np.eye(frames, dtype=np.float32), np.arange(frames, dtype=np.int32))


@pytest.fixture
def task(monkeypatch, words, encode):
    monkeypatch.setattr(query_time, "word_sets", lambda experiment: words)
    monkeypatch.setattr(query_time, "audio_encoder", lambda *_, **__: encode)
    monkeypatch.setattr(query_time, "QUICK_SIZES", (5, 10))
    return encode


def test_pieces_are_whole_begin_every_so_often_and_are_no_more_than_asked_for():
    found = query_time.pieces([recording(7), recording(2), recording(6)], frames=3, step=2, count=4)

    assert [p.tokens.tolist() for p in found] == [[0, 1, 2], [2, 3, 4], [4, 5, 6], [0, 1, 2]]


def test_recordings_are_not_heard_once_there_are_pieces_enough(words, encode):
    endless = query_time.encoded_in_turn(encode, words.test_utterances)
    query_time.pieces(endless, frames=50, step=50, count=3)

    assert sum(encode.heard) == query_time.AT_ONCE < len(words.test_utterances)


def test_every_method_is_timed_at_every_size(task, experiment):
    query_time.run(experiment)
    found = {(r.setting["method"], r.setting["utterances"]): r for r in experiment.results}

    assert set(found) == {(m, size) for m in METHODS for size in (5, 10)}
    assert all(r.values["seconds"].value > 0 and r.queries == 5 for r in found.values())


def test_sizes_beyond_the_corpus_are_left_out_and_named(task, experiment, monkeypatch, capsys):
    monkeypatch.setattr(query_time, "QUICK_SIZES", (5, 1000))
    query_time.run(experiment)

    assert {r.setting["utterances"] for r in experiment.results} == {5}
    assert "1000 are not measured" in "".join(capsys.readouterr())


def test_a_corpus_without_words_is_refused_in_one_sentence(task, experiment, words):
    words.test.clear()

    with pytest.raises(EvaluationError, match="no words to ask for"):
        query_time.run(experiment)
