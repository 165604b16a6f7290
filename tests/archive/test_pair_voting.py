"""The windows with the most votes: a bound that is learned from the first segment changes nothing."""

import numpy as np
import pytest

from kwsd.archive.search import pair_voting
from kwsd.archive.search.rounds import together
from kwsd.archive.segments import segment
from kwsd.archive.segments.documents import Document
from kwsd.archive.segments.quantizer import Codes
from kwsd.archive.storage.local import LocalFolder

WORDS = 40  # first bytes that occur
SECONDS = 0.08  # of a code


def segment_of(folder, number, frames, random):
    codes = Codes(
        random.integers(0, WORDS, (frames, 1)).astype(np.uint8),
        np.full(frames, 128, np.uint8),
        np.zeros((frames, 0), np.int8),
    )
    cut = frames // 3
    documents = [
        Document(f"/{number}/{part}", 0, 0, "", size * SECONDS, 0.0, size)
        for part, size in enumerate((cut, frames - cut))
    ]
    return segment.read(folder, segment.write(folder, f"{number:08d}.segment", documents, codes))


@pytest.mark.parametrize("frames", [[30_000, 20_000, 9_000], [40, 30_000, 30_000], [40_000]], ids=str)
@pytest.mark.parametrize("count", [20, 200, 3000])
def test_a_bound_learned_from_the_first_segment_changes_nothing(tmp_path, monkeypatch, shared_tokenizer, frames, count):
    random, book = np.random.default_rng(count), shared_tokenizer.codebook
    segments = [segment_of(LocalFolder(tmp_path), number, size, random) for number, size in enumerate(frames)]
    template = book.stages[0][random.integers(0, WORDS, 6)]

    (found,) = together([pair_voting.find(segments, [template], book, count)])

    monkeypatch.setattr(pair_voting._Ballot, "_above_first", lambda *_: None)
    (expected,) = together([pair_voting.find(segments, [template], book, count)])
    assert sum(map(len, expected))
    for one, other in zip(found, expected, strict=True):
        assert np.array_equal(one.begin, other.begin)
        assert np.array_equal(one.end, other.end)
