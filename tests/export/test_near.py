import pytest

pytest.importorskip("export.corpus", reason="the trainer is not beside the tests")

from export.near import neighbours


def test_words_one_phone_apart_are_near():
    near = neighbours(
        {
            "hearing": (("HH", "IH", "R", "IH", "NG"),),
            "earring": (("IH", "R", "IH", "NG"),),
            "herring": (("HH", "EH", "R", "IH", "NG"),),
            "computer": (("K", "AH", "M"),),
        }
    )

    assert near == {"hearing": ["earring", "herring"], "earring": ["hearing"], "herring": ["hearing"]}


def test_words_that_sound_the_same_are_not_near():
    assert neighbours({"there": (("DH", "EH", "R"),), "their": (("DH", "EH", "R"),)}) == {}


def test_phrases_with_one_word_in_common_are_near():
    the, dog, cat = ("DH", "AH"), ("D", "AO", "G"), ("K", "AE", "T")

    assert neighbours({"the dog": (the, dog), "the cat": (the, cat), "dog": (dog,)}) == {
        "the dog": ["the cat"],
        "the cat": ["the dog"],
    }
