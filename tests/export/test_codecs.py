import numpy as np
import pytest

pytest.importorskip("av", reason="codecs need PyAV: pip install 'kwsd[train]'")
pytest.importorskip("export.corpus", reason="the trainer is not beside the tests")

from export import codecs


@pytest.mark.parametrize("codec", codecs.CODECS, ids=lambda codec: f"{codec.encoder}-{codec.rate}")
def test_coded_speech_is_as_long_and_in_step(codec, speech):
    x = speech[: 4 * 16_000]
    heard = codecs.coded(x, codec, codec.bits[-1] if codec.bits else None)

    assert len(heard) == len(x)
    levels = [np.log(np.add.reduceat(y.astype(float) ** 2, np.arange(0, len(y), 320)) + 1e-4) for y in (x, heard)]
    assert np.corrcoef(*levels)[0, 1] > 0.9


def test_the_narrow_codecs_keep_nothing_above_the_telephone_band(speech):
    narrow = codecs.coded(speech[: 2 * 16_000], codecs.CODECS[0], None)
    power = np.abs(np.fft.rfft(narrow)) ** 2

    assert power[len(power) * 9 // 16 :].sum() < 1e-3 * power.sum()


def test_lost_packets_fade_and_the_others_stay(speech):
    x = speech[:16_000]
    heard = codecs.lost(x, np.random.default_rng(0), 0.1)
    changed = (heard != x).reshape(-1, 320).any(axis=1)

    assert len(heard) == len(x)
    assert 0 < changed.mean() < 0.25
