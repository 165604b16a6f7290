"""The discriminant of speech that ships."""

import numpy as np
import pytest

from kwsd.errors import ModelError
from kwsd.tokenizer.codebook import merged
from kwsd.tokenizer.frames import Frames
from kwsd.tokenizer.voice_activity import VoiceActivity


def activity(tokenizer, samples):
    """What the discriminant says of each 80 ms."""
    tokenizer.reset()
    frames = Frames.join([tokenizer.push(samples.astype(np.float32)), tokenizer.flush()])
    known = VoiceActivity.shipped()
    return merged(frames.vectors) @ known.weights + known.bias


def test_it_is_for_the_model_that_ships(tokenizer):
    assert VoiceActivity.for_model(tokenizer.digest) is not None
    assert VoiceActivity.for_model("another") is None


def test_talk_is_speech(tokenizer, speech):
    assert np.mean(activity(tokenizer, speech) > 0) > 0.7


def test_silence_noise_and_hum_are_none(tokenizer):
    time = np.arange(5 * 16_000) / 16_000
    hiss = np.random.default_rng(2).normal(0, 1, len(time))
    for samples in (0 * time, 1e-3 * hiss, 0.05 * hiss, 0.1 * np.sin(2 * np.pi * 100 * time) + 1e-4 * hiss):
        assert activity(tokenizer, samples).mean() < 0


def test_it_is_read_as_it_was_written(tmp_path):
    made = VoiceActivity(np.array([0.5, -1], np.float32), 0.25, "a model")
    made.save(tmp_path / "made.npz")
    read = VoiceActivity.load(tmp_path / "made.npz")

    assert (read.weights.tolist(), read.bias, read.model) == ([0.5, -1], 0.25, "a model")


def test_a_file_that_is_none_is_refused(tmp_path):
    (tmp_path / "none.npz").write_bytes(b"no zip file")

    for name in ("none.npz", "missing.npz"):
        with pytest.raises(ModelError, match="reinstall kwsd"):
            VoiceActivity.load(tmp_path / name)
