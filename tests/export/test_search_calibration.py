"""What the weights of probabilities are fitted on."""

from pathlib import Path

import pytest

pytest.importorskip("export.search_calibration", reason="the trainer is not beside the tests")

from export.corpus import Clip
from export.search_calibration import ASKED_OFTEN, OFTEN, TIMES, said_often

LABELS = 20


def clips(each):
    return [
        Clip(Path(f"/{label}/{number}.wav"), f"speaker {number}", f"word {label}", "en", "train", 1.0)
        for label in range(LABELS)
        for number in range(each)
    ]


def test_half_of_the_words_that_are_asked_for_are_said_often_and_the_others_never():
    held, asked = said_often(clips(TIMES + ASKED_OFTEN), seed=7)

    said = {clip.text for clip in held}
    there, missing = ([one for one in asked if bool(one.answers) == is_there] for is_there in (True, False))
    assert len(said) == OFTEN
    assert len(there) == len(missing) == OFTEN * ASKED_OFTEN
    assert all(len(one.answers) == TIMES and one.said[0].label in said for one in there)
    assert not said & {one.said[0].label for one in missing}
    assert all(one.alone for one in asked)


def test_no_recording_asks_for_itself():
    held, asked = said_often(clips(TIMES + ASKED_OFTEN + 5), seed=7)

    assert not {clip.path for clip in held} & {one.said[0].path for one in asked}


def test_words_of_too_few_recordings_are_not_drawn():
    few = [clip for clip in clips(TIMES + ASKED_OFTEN) if clip.text != "word 3" or clip.speaker < "speaker 5"]

    for seed in range(20):
        _, asked = said_often(few, seed)
        assert "word 3" not in {one.said[0].label for one in asked}
