import pytest

from kwsd.second_look.written import written


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("channel seven", "channel 7"),
        ("nine one one", "911"),
        ("route sixty six", "route 66"),
        ("nineteen eighty four", "1984"),
        ("twenty twenty six", "2026"),
        ("twenty zero", "200"),
        ("ninety ten", "9010"),
        ("call doctor one", "call Dr. 1"),
        ("mister and missus smith", "Mr. and Mrs. smith"),
        ("okay computer", "OK computer"),
    ],
)
def test_numbers_are_written_in_digits_and_titles_in_short(words, expected):
    assert written(words) == expected


@pytest.mark.parametrize("words", ["hey snips", "someone often", "it's on", "你好", ""])
def test_other_words_are_written_in_full(words):
    assert written(words) == words
