import numpy as np
import pytest

from kwsd.audio.files import FileSource
from kwsd.audio.source import Block
from kwsd.spotting.scan import AudioSpotter, scan
from kwsd.spotting.trace import Trace


def spans(detections):
    return [(d.keyword, round(d.start, 2), round(d.end, 2)) for d in detections]


@pytest.fixture(scope="module")
def found(long_recording, shared_tokenizer, enrolment):
    return list(scan(FileSource(long_recording), shared_tokenizer, [enrolment.keyword]))


@pytest.fixture(scope="module")
def truth(examples):
    rows = (examples / "long.tsv").read_text().splitlines()[1:]
    return [tuple(map(float, row.split("\t")[:2])) for row in rows]


def test_every_saying_of_the_phrase_is_found_once_and_where_it_is(found, truth):
    for start, end in truth:
        hits = [d for d in found if d.start < end and d.end > start]

        assert len(hits) == 1, (start, end)
        assert hits[0].start == pytest.approx(start, abs=0.25)
        assert hits[0].end == pytest.approx(end, abs=0.25)


def test_few_near_misses_are_taken_for_the_phrase(found, truth):
    assert len(found) - len(truth) <= 3


@pytest.mark.bits
@pytest.mark.parametrize("block", [0.03, 0.08, 1.0])
def test_blocks_of_any_length_give_the_same_detections(found, long_recording, tokenizer, enrolment, block):
    again = scan(FileSource(long_recording, block=block), tokenizer, [enrolment.keyword])

    assert list(again) == found


def test_after_lost_audio_times_count_the_lost_audio(speech, tokenizer, enrolment):
    spotter = AudioSpotter(tokenizer, [enrolment.keyword])
    before = spotter.push(Block(speech[:48_000], 0.0)) + spotter.push(Block(speech[:48_000], 13.0, lost=10.0))
    after = spotter.flush()

    assert [round(d.end - 1.7) for d in before + after] == [0, 13]


def test_a_trace_has_a_distance_for_every_frame_and_keyword(long_recording, tokenizer, enrolment, found):
    trace = Trace()
    list(scan(FileSource(long_recording), tokenizer, [enrolment.keyword], trace=trace))

    assert trace.distance.shape == (len(trace), 1)
    assert np.allclose(np.diff(trace.time), tokenizer.hop)
    assert all(np.isclose(trace.distance, d.distance).any() for d in found)
