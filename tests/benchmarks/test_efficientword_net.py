import importlib.util

import numpy as np
import pytest

wordnet = pytest.importorskip("benchmarks.efficientword_net", reason="the benchmarks are not beside the tests")

needs_weights = pytest.mark.skipif(
    importlib.util.find_spec("eff_word_net") is None, reason="EfficientWord-Net is not installed"
)


def tone(hertz: float) -> np.ndarray:
    return np.sin(2 * np.pi * hertz * np.arange(wordnet.WINDOW) / wordnet.RATE).astype(np.float32)


def test_a_window_is_149_frames_of_64_bands():
    assert wordnet.features(tone(440)).shape == (149, 64)


@pytest.mark.parametrize("hertz", [300, 1000, 4000])
def test_a_tone_is_loudest_in_the_band_around_it(hertz):
    centre = wordnet.filters().T @ np.arange(257) / wordnet.filters().sum(axis=0) * wordnet.RATE / 512

    loudest = wordnet.features(tone(hertz)).mean(axis=0).argmax()

    assert abs(loudest - np.abs(centre - hertz).argmin()) <= 1


def test_digital_silence_is_the_smallest_number_and_not_infinite():
    assert np.allclose(wordnet.features(np.zeros(wordnet.WINDOW, np.float32)), np.log(np.finfo(float).eps))


def test_windows_do_not_depend_on_how_the_stream_is_cut():
    samples = np.arange(60_000, dtype=np.float32)

    whole, pieces = (list(wordnet.windows(np.split(samples, cuts))) for cuts in ([], [10, 30_000, 30_001]))

    assert [w[0] for w in whole] == [0, 6000, 12_000, 18_000, 24_000, 30_000, 36_000]
    np.testing.assert_array_equal(whole, pieces)


class Padding:
    """Pads as the protocol does, but with silence."""

    def padded(self, samples: np.ndarray) -> np.ndarray:
        return np.pad(samples, wordnet.RATE)


def test_the_phrase_is_in_the_middle_of_a_reference():
    samples = np.random.default_rng(1).standard_normal(40_000).astype(np.float32) * 1e-4
    samples[8000:16_000] += tone(700)[:8000] * 0.3

    window = wordnet.reference(samples, Padding())

    loud = np.flatnonzero(np.abs(window) > 0.1)
    assert len(window) == wordnet.WINDOW
    assert (loud[0] + loud[-1]) / 2 == pytest.approx(wordnet.WINDOW / 2, abs=800)


def test_the_best_reference_decides():
    heard, references = np.eye(3, dtype=np.float32), np.eye(3, dtype=np.float32)[:2]

    assert wordnet.distances(heard, references).tolist() == [0.0, 0.0, 0.5]


@needs_weights
def test_a_vector_is_of_unit_length_and_does_not_depend_on_the_level():
    network = wordnet.EfficientWordNet()
    samples = np.random.default_rng(1).standard_normal(wordnet.WINDOW) * 0.01

    quiet, loud = network(samples), network(samples * 32_768)

    assert np.linalg.norm(quiet) == pytest.approx(1, abs=1e-4)
    assert quiet @ loud == pytest.approx(1, abs=1e-3)
