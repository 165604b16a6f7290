"""The bank of background speech and its kinds."""

from dataclasses import replace

import numpy as np
import pytest

from kwsd.errors import ModelError
from kwsd.tokenizer.background_bank import Bank


def test_a_bank_is_read_as_it_was_written(bank, tmp_path):
    small = replace(bank, codes=bank.codes[:500], tokens=bank.tokens[:500], kinds=(("prose", 200), ("calls", 500)))
    small.save(tmp_path / "bank.npz")
    again = Bank.load(tmp_path / "bank.npz")

    assert (again.kinds, again.hop, again.model) == (small.kinds, small.hop, small.model)
    np.testing.assert_array_equal(again.tokens, small.tokens)
    np.testing.assert_array_equal(again.vectors, small.vectors)


def test_vectors_are_rounded_a_little_and_of_unit_length(tokenizer, speech):
    frames = tokenizer.push(speech)
    bank = Bank.of(frames, tokenizer.codebook, tokenizer.hop, tokenizer.digest)

    assert np.linalg.norm(bank.vectors, axis=1) == pytest.approx(np.ones(len(frames)), abs=1e-5)
    assert (bank.vectors * frames.vectors).sum(axis=1).mean() > 0.8
    np.testing.assert_array_equal(np.concatenate([part.vectors for part in bank.frames()]), bank.vectors)


def test_its_beginning_has_as_much_of_each_kind(bank):
    begun = replace(bank, kinds=(("prose", 2000), ("calls", 5000))).beginning(1000 * bank.hop / 3600)

    np.testing.assert_array_equal(begun.tokens, np.concatenate([bank.tokens[:1000], bank.tokens[2000:3000]]))
    np.testing.assert_array_equal(begun.codes[1000:], bank.codes[2000:3000])


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
