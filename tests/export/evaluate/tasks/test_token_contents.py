from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install 'kwsd[train]'")
pytest.importorskip("export.corpus", reason="the trainer is not beside the tests")

from export.align import Word  # noqa: E402  after the skip
from export.evaluate.tasks import token_contents  # noqa: E402
from export.evaluate.tasks.token_contents import PLACES, explained  # noqa: E402
from export.systems.system import Encoded  # noqa: E402


def test_tokens_that_are_the_thing_itself_explain_all_of_it():
    of = np.array(list("aabbccdd"))

    assert explained([3, 3, 1, 1, 2, 2, 0, 0], of) == pytest.approx(1)


def test_tokens_that_have_nothing_to_do_with_it_explain_nothing():
    assert explained([0, 1, 0, 1], list("aabb")) == pytest.approx(0)


def test_half_of_what_is_to_be_known_is_half_the_entropy():
    assert explained([0, 0, 1, 1], list("abcd")) == pytest.approx(0.5)


def test_where_there_is_nothing_to_be_known_nothing_is_explained():
    assert explained([0, 1, 2], list("aaa")) == 0


def test_frames_have_their_phone_and_their_place_in_the_word(monkeypatch):
    clip = SimpleNamespace(utterance=SimpleNamespace(path=Path("/one.wav")), start=1.0, end=2.0)
    monkeypatch.setattr(token_contents, "cut", lambda clips, rate: [np.zeros(16_000, np.float32)])

    def encode(recordings):
        return [Encoded(np.ones((10, 1), np.float32), np.arange(10, dtype=np.int32))]

    encode.rate = 16_000
    words = {"/one.wav": [Word("no", 1.0, (("N", 0.25), ("OW", 0.7)))]}
    tokens, places, phones = zip(*token_contents._frames(encode, [clip], words), strict=True)

    assert list(tokens) == list(range(10))
    assert list(places) == [PLACES * i // 10 for i in range(10)]
    assert phones == ("N", "N", *(["OW"] * 7), "?")
