import numpy as np
import pytest
import soundfile as sf

from kwsd.audio.trim import phrase_spans, speech_span
from kwsd.errors import AudioError

RATE = 16_000


def phrase(speech):
    """The first "hey snips" of the example, which is spoken between 1.07 s and 1.67 s."""
    return speech[16_000:27_500]


def room(seconds, level=-60.0):
    return np.random.default_rng(3).standard_normal(int(seconds * RATE)).astype(np.float32) * np.float32(
        10 ** (level / 20)
    )


def test_the_phrase_is_found_between_silences(speech):
    start, end = speech_span(np.concatenate([room(1), phrase(speech), room(1.5)]))

    assert start == pytest.approx(1.07, abs=0.1)
    assert end == pytest.approx(1.67, abs=0.12)


@pytest.mark.parametrize("gain", [0.01, 0.05, 0.3, 2.0])
def test_the_level_of_a_recording_does_not_matter(speech, gain):
    samples = np.concatenate([room(1, -70), phrase(speech), room(1, -70)])
    start, end = speech_span(np.clip(samples * np.float32(gain), -1, 1))

    assert (start, end) == pytest.approx(speech_span(samples), abs=0.1)


def test_a_click_is_not_speech(speech):
    samples = np.concatenate([room(1.5), phrase(speech), room(1)])
    clicked = samples.copy()
    clicked[4000:4100] = 0.9

    assert speech_span(clicked) == pytest.approx(speech_span(samples), abs=0.05)


def test_every_example_recording_is_trimmed_to_about_the_phrase(recordings):
    for path in recordings:
        start, end = speech_span(sf.read(path, dtype="float32")[0])

        assert 0.45 < end - start < 1.1, path


@pytest.mark.parametrize(
    ("samples", "said"),
    [
        (np.zeros(0, np.float32), "empty"),
        (np.zeros(RATE, np.float32), "no speech"),
        (room(2, -70), "no speech"),
    ],
    ids=["empty", "digital silence", "a quiet room"],
)
def test_a_recording_without_speech_is_refused(samples, said):
    with pytest.raises(AudioError, match=said):
        speech_span(samples)


def test_a_word_that_is_too_short_is_refused(speech):
    with pytest.raises(AudioError, match=r"needs 0\.2 s"):
        speech_span(np.concatenate([room(1), speech[20_000:21_800], room(1)]))


def test_more_than_a_phrase_is_refused(speech):
    flow = np.concatenate([speech[16_000:27_500]] * 9)

    with pytest.raises(AudioError, match="at most 5 s"):
        speech_span(np.concatenate([room(1), flow, room(1)]))


def test_a_loud_knock_is_not_taken_for_the_phrase(speech):
    samples = np.concatenate([room(1.5), phrase(speech), room(1)])
    knocked = samples.copy()
    knocked[4000:5600] = 0.9 * np.sign(np.random.default_rng(1).standard_normal(1600))

    assert speech_span(knocked) == pytest.approx(speech_span(samples), abs=0.1)


def test_the_phrase_is_found_in_a_clipped_recording(speech):
    samples = np.concatenate([room(1, -70), phrase(speech), room(1, -70)])

    assert speech_span(np.clip(samples * 60, -1, 1)) == pytest.approx(speech_span(samples), abs=0.15)


def test_a_click_soon_after_the_phrase_is_not_part_of_it(speech):
    samples = np.concatenate([room(1), phrase(speech), room(1)])
    _, end = speech_span(samples)
    clicked = samples.copy()
    click = int((end + 0.15) * RATE) + np.arange(1200)
    clicked[click] += 0.3 * np.random.default_rng(1).standard_normal(1200).astype(np.float32)

    assert speech_span(clicked) == pytest.approx(speech_span(samples), abs=0.05)


def test_a_breath_before_the_phrase_is_not_part_of_it(speech):
    samples = np.concatenate([room(1), phrase(speech), room(1)])
    start, _ = speech_span(samples)
    breath = np.random.default_rng(1).standard_normal(6400) * 0.03 * np.sin(np.linspace(0, np.pi, 6400))
    breathing = samples.copy()
    breathing[int((start - 0.5) * RATE) :][:6400] += breath.astype(np.float32)

    assert speech_span(breathing) == pytest.approx(speech_span(samples), abs=0.05)


def test_the_background_beside_a_breath_is_not_taken_for_speech(speech):
    samples = np.concatenate([np.zeros(1600, np.float32), room(1, -55), phrase(speech), room(1, -55)])
    expected = speech_span(samples)
    breath = np.random.default_rng(1).standard_normal(6400) * 0.1 * np.sin(np.linspace(0, np.pi, 6400))
    samples[int((expected[0] - 0.5) * RATE) :][:6400] += breath.astype(np.float32)

    assert speech_span(samples) == pytest.approx(expected, abs=0.1)


def test_hum_does_not_hide_the_phrase(speech):
    samples = np.concatenate([room(1), phrase(speech), room(1)])
    hum = 0.1 * np.sin(2 * np.pi * 50 * np.arange(len(samples)) / RATE) ** 3

    assert speech_span(samples + hum.astype(np.float32)) == pytest.approx(speech_span(samples), abs=0.1)


def test_a_phrase_with_a_long_pause_is_found_in_two_pieces(speech):
    whole = np.concatenate([room(1), phrase(speech), room(0.6), phrase(speech), room(1)])
    (first, second), *_ = phrase_spans(whole)

    assert first == pytest.approx(speech_span(np.concatenate([room(1), phrase(speech), room(1)])), abs=0.1)
    assert second[0] - first[1] == pytest.approx(0.66, abs=0.1)


def test_every_part_of_a_phrase_may_be_all_of_it(speech):
    whole = np.concatenate([room(1), phrase(speech), room(0.6), phrase(speech), room(1)])
    spans = phrase_spans(whole)
    first, second = spans[0]

    assert (first,) in spans
    assert (second,) in spans
    assert ((first[0], second[1]),) in spans
