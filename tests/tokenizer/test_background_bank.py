"""The bank of background speech and its kinds."""

from dataclasses import replace

import numpy as np
import pytest

from kwsd.errors import ModelError
from kwsd.tokenizer.background_bank import SCALE, Bank


def test_a_bank_is_read_as_it_was_written_but_for_small_rounding(bank, tmp_path):
    small = replace(bank, vectors=bank.vectors[:500], tokens=bank.tokens[:500], kinds=(("prose", 200), ("calls", 500)))
    small.save(tmp_path / "bank.npz")
    again = Bank.load(tmp_path / "bank.npz")

    assert (again.kinds, again.hop, again.model) == (small.kinds, small.hop, small.model)
    np.testing.assert_array_equal(again.tokens, small.tokens)
    np.testing.assert_allclose(again.vectors, small.vectors, atol=1.1 / SCALE)
    assert (again.vectors * small.vectors).sum(axis=1).mean() > 0.99


def test_its_parts_are_its_kinds_one_after_another(bank):
    half = len(bank.tokens) // 2
    parts = replace(bank, kinds=(("prose", half), ("calls", len(bank.tokens)))).parts()

    assert list(parts) == ["prose", "calls"]
    np.testing.assert_array_equal(parts["prose"].tokens, bank.tokens[:half])
    np.testing.assert_array_equal(parts["calls"].tokens, bank.tokens[half:])
    assert sum(part.hours for part in parts.values()) == pytest.approx(bank.hours)


def test_a_bank_without_kinds_is_one(bank):
    (part,) = replace(bank, kinds=()).parts().values()

    assert part.hours == bank.hours


def test_the_shipped_bank_has_telephone_speech_beside_other_speech(bank):
    assert set(bank.parts()) == {"speech", "telephone"}


def test_a_file_that_is_no_bank_is_refused(tmp_path):
    (tmp_path / "bank.npz").write_text("no bank")

    with pytest.raises(ModelError, match="cannot be read"):
        Bank.load(tmp_path / "bank.npz")
