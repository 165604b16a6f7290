import random
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

product = pytest.importorskip("benchmarks.product", reason="the benchmarks are not beside the tests")
enrolment = pytest.importorskip("benchmarks.enrolment")
corpus = pytest.importorskip("export.corpus")


@pytest.fixture
def clips(recordings, tmp_path):
    """Five recordings by three speakers, and one that holds nothing."""
    silent = tmp_path / "silent.wav"
    sf.write(silent, np.zeros(16_000), 16_000)
    speakers = ["silent", "ann", "bob", "ann", "cyd", "bob"]
    return [
        corpus.Clip(path, speaker, "hey snips", "en", "dev", 1.0)
        for path, speaker in zip([silent, *recordings], speakers, strict=True)
    ]


def test_recordings_are_drawn_from_different_speakers(clips):
    chosen, recordings = product.drawn(clips, 5, random.Random(1))

    assert Counter(clip.speaker for clip in chosen) == {"ann": 1, "bob": 1, "cyd": 1}
    assert [r.name for r in recordings] == [clip.path.name for clip in chosen]


def test_one_speaker_may_be_drawn_more_than_once_if_asked(clips):
    chosen, _ = product.drawn(clips, 5, random.Random(1), by_speakers=False)

    assert Counter(clip.speaker for clip in chosen) == {"ann": 2, "bob": 2, "cyd": 1}


def test_a_recording_that_enrolment_refuses_is_passed_over(clips):
    chosen, _ = product.drawn(clips[:2], 2, random.Random(1))

    assert [clip.speaker for clip in chosen] == ["ann"]


class Drawn:
    """A protocol of three draws of five."""

    def draws(self, word: str) -> list[list[Path]]:
        return [[Path(f"{word}-{draw}-{i}.flac") for i in range(5)] for draw in range(3)]


def test_an_order_begins_with_its_draw_and_goes_on_with_the_others():
    orders, draws = enrolment.orders(Drawn(), "word"), Drawn().draws("word")

    for order, draw in zip(orders, draws, strict=True):
        assert set(order[:5]) == set(draw)
        assert len(set(order)) == len(order) == 10


def test_a_summary_is_of_one_number_of_recordings():
    rows = [enrolment.Row(w, 0, n, miss, 0, 0, 0) for w, n, miss in (("a", 1, 8.0), ("b", 1, 4.0), ("a", 2, 0.0))]

    assert enrolment.summary(rows[:2], "miss_at_0", 1).mean == 6.0
    assert enrolment.summary([*rows, enrolment.Row("b", 0, 2, 1.0, 0, 0, 0)], "miss_at_0", 2).mean == 0.5
