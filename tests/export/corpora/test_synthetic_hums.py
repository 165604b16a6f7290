from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("scipy", reason="synthetic voices need scipy: pip install 'kwsd[train]'")
pytest.importorskip("export.corpus", reason="the trainer is not beside the tests")

from export.corpora.melodies import MELODIES, Melody
from export.corpora.synthetic_hums import LEAD, LONGEST, RATE, Singer, crowd, hummings, sing, singer
from export.corpora.tempo_and_pitch import shifted, stretched

PERFECT = Singer("perfect", glide=0.02)
SCALE = Melody("scale", "C", 0.6, "C D E F G A B c")


def pitch(samples):
    """The MIDI pitch at which 80 ms of a voice repeat themselves, by autocorrelation."""
    heard = np.correlate(samples, samples, "full")[len(samples) - 1 :] * np.linspace(1, 1.1, len(samples))
    lags = np.arange(RATE // 700, RATE // 70)
    best = lags[heard[lags].argmax()]
    before, at, after = heard[best - 1 : best + 2]
    period = best + 0.5 * (before - after) / (before - 2 * at + after)
    return 69 + 12 * np.log2(RATE / period / 440)


def tone(frequency, seconds=1.0):
    return np.sin(2 * np.pi * frequency * np.arange(int(seconds * RATE)) / RATE).astype(np.float32)


def frequency_of(samples):
    """Where most of a spectrum is, in Hz."""
    size = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), 8 * len(samples)))
    return size.argmax() / (8 * len(samples)) * RATE


def intervals(melody):
    pitches, seconds = melody.notes()
    return tuple(np.diff(pitches[np.isfinite(pitches)])[:10]), tuple(np.round(seconds[:10] / melody.unit, 2))


def test_there_are_as_many_melodies_as_in_mir_qbsh_and_each_fills_a_recording():
    seconds = [melody.notes()[1].sum() for melody in MELODIES]

    assert len({melody.name for melody in MELODIES}) == 48
    assert min(seconds) > 8
    assert max(seconds) < 12.5


def test_no_two_melodies_begin_alike():
    assert len({intervals(melody) for melody in MELODIES}) == len(MELODIES)


def test_people_can_sing_every_melody():
    ranges = [np.ptp(pitches[np.isfinite(pitches)]) for pitches, _ in (melody.notes() for melody in MELODIES)]

    assert max(ranges) <= 24


def test_notes_are_read_with_key_sign_octave_and_length():
    pitches, seconds = Melody("m", "G", 0.5, "F =F ^F | _B, c' z2 G/ A3/2 B3/4 c3/8").notes()

    assert pitches[:5].tolist() == [66, 65, 66, 58, 84]
    assert np.isnan(pitches[5])
    assert seconds[5:9].tolist() == [1.0, 0.25, 0.75, 0.375]


def test_a_key_with_flats_lowers_its_notes():
    assert Melody("m", "Eb", 1.0, "E A B F").notes()[0].tolist() == [63, 68, 70, 65]


def test_a_letter_that_is_no_note_is_refused():
    with pytest.raises(ValueError, match='the notes of "m" hold "H"'):
        Melody("m", "C", 1.0, "C H").notes()


def test_the_pitch_of_a_voice_follows_the_notes():
    for voice in (PERFECT, replace(PERFECT, vowel="mm", register=50.0), replace(PERFECT, vowel="oo", register=64.0)):
        samples = sing(SCALE, voice, np.random.default_rng(2))
        first, last = np.flatnonzero(np.abs(samples) > 0.1 * np.abs(samples).max())[[0, -1]]
        middles = (first + (np.arange(8) + 0.55) * (last - first) / 8).astype(int)
        heard = np.array([pitch(samples[m - 320 : m + 320]) for m in middles])

        assert np.abs((heard - heard.mean()) - (SCALE.notes()[0] - SCALE.notes()[0].mean())).max() < 0.3
        assert abs((heard.min() + heard.max()) / 2 - voice.register) < 2.3


def test_a_rest_is_silent():
    samples = sing(Melody("m", "C", 1.0, "C z C"), PERFECT, np.random.default_rng(0))
    loud = np.sqrt(np.mean(samples[int(0.5 * RATE) : int(0.8 * RATE)] ** 2))
    middle = len(samples) / 2 + (LEAD / 2 - 0.25) * RATE / 2
    rest = np.sqrt(np.mean(samples[int(middle - 0.15 * RATE) : int(middle + 0.15 * RATE)] ** 2))

    assert rest < 0.02 * loud


def test_anyone_sings_for_eight_seconds_at_most_and_without_clipping():
    sung = hummings(5, 3, 1, MELODIES[::8])

    for one in sung:
        assert one.samples.dtype == np.float32
        assert 5 * RATE < len(one.samples) <= LONGEST * RATE
        assert 0.1 < np.abs(one.samples).max() < 1


def test_every_singer_sings_every_melody_as_often_as_asked():
    sung = hummings(5, 2, 2, MELODIES[:3])

    assert sorted((s.singer, s.label) for s in sung) == sorted(
        (f"5-{i}", m.name) for i in range(2) for m in MELODIES[:3] for _ in range(2)
    )


def test_a_crowd_has_a_voice_for_every_recording():
    sung, again = (crowd(5, 2, MELODIES[:3]) for _ in range(2))

    assert [s.label for s in sung] == [m.name for m in MELODIES[:3] for _ in range(2)]
    assert len({s.singer for s in sung}) == 6
    assert all(np.array_equal(a.samples, b.samples) for a, b in zip(sung, again, strict=True))


def test_the_same_seed_sings_the_same_and_another_seed_does_not():
    first, again, other = (hummings(seed, 1, 1, MELODIES[:2]) for seed in (1, 1, 2))

    assert all(np.array_equal(a.samples, b.samples) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0].samples[:1000], other[0].samples[:1000])


def test_singers_differ_in_voice_and_tempo():
    voices = [singer(str(i), np.random.default_rng(i)) for i in range(30)]

    assert np.ptp([voice.register for voice in voices]) > 12
    assert np.ptp([voice.tempo for voice in voices]) > 0.2
    assert len({voice.vowel for voice in voices}) == 4


@pytest.mark.parametrize("factor", [0.8, 1.0, 1.25])
def test_stretching_changes_the_length_and_not_the_pitch(factor):
    long = stretched(tone(440), factor)

    assert len(long) == round(RATE * factor)
    assert frequency_of(long) == pytest.approx(440, abs=1)
    assert np.sqrt(np.mean(long[800:-800] ** 2)) == pytest.approx(np.sqrt(0.5), rel=0.05)


def test_stretching_moves_what_happens_in_proportion():
    late = stretched(np.concatenate([np.zeros(RATE, np.float32), tone(300, 0.5)]), 1.25)
    onset = np.flatnonzero(np.abs(late) > 0.5)[0]

    assert onset / RATE == pytest.approx(1.25, abs=0.03)


def test_a_recording_stretched_by_nothing_stays_as_it_is():
    samples = hummings(1, 1, 1, MELODIES[:1])[0].samples

    assert np.allclose(stretched(samples, 1.0), samples, atol=1e-4)


@pytest.mark.parametrize("semitones", [-3.0, 0.5, 3.0])
def test_shifting_changes_the_pitch_and_not_the_length(semitones):
    high = shifted(tone(440), semitones)

    assert len(high) == RATE
    assert 12 * np.log2(frequency_of(high[800:-800]) / 440) == pytest.approx(semitones, abs=0.05)


def test_a_recording_of_a_few_samples_can_be_changed():
    assert len(stretched(tone(440, 0.002), 1.25)) == 20
    assert len(shifted(tone(440, 0.002), 3)) == 16


@pytest.mark.parametrize("factor", [0.0, -1.0, float("nan")])
def test_a_factor_that_is_not_above_zero_is_refused(factor):
    with pytest.raises(ValueError, match="name a factor above 0"):
        stretched(tone(440), factor)
