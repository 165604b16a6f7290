import numpy as np
import pytest

pytest.importorskip("export.corpus", reason="the trainer is not beside the tests")

from export.corpora.composed_melodies import HIGHEST, LOWEST, composed

MANY = composed(300, 1)
NOTES = [melody.notes() for melody in MANY]


def test_every_composed_melody_is_another_one_with_a_name_of_its_own():
    assert len({melody.abc for melody in MANY}) == len({melody.name for melody in MANY}) == 300


def test_the_same_seed_composes_the_same_and_another_seed_does_not():
    assert composed(3, 1) == MANY[:3]
    assert not {melody.name for melody in composed(3, 2)} & {melody.name for melody in MANY}
    assert not {melody.abc for melody in composed(3, 2)} & {melody.abc for melody in MANY}


def test_composed_melodies_stay_within_a_range_and_move_mostly_by_steps():
    steps = np.concatenate([np.abs(np.diff(pitches)) for pitches, _ in NOTES])

    assert max(np.ptp(pitches) for pitches, _ in NOTES) <= 2 * (HIGHEST - LOWEST)
    assert 0.4 < np.mean((steps > 0) & (steps <= 2)) < 0.7


def test_a_composed_melody_has_whole_bars():
    for melody, (_, seconds) in zip(MANY, NOTES, strict=True):
        units = seconds.sum() / melody.unit

        assert units == pytest.approx(24) or units == pytest.approx(32)
        assert 6 < seconds.sum() < 16.1
