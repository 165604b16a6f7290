import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install 'kwsd[train]'")
pytest.importorskip("export", reason="the trainer is not beside the tests")

from export import augment, corpus  # noqa: E402  after the skip
from export.recipe import Recipe  # noqa: E402
from export.targets import Targets, fit, unit  # noqa: E402
from export.windows import HOP, LAG, WARM, Windows  # noqa: E402


@pytest.fixture
def cache(tmp_path):
    """Half a minute of prepared data: frame j's teacher vector says j, so that alignment can be checked."""
    work = tmp_path / "train"
    work.mkdir()
    rng = np.random.default_rng(0)
    hops = 900
    (rng.standard_normal(hops * HOP) * 3000).astype(np.int16).tofile(work / "speech-1.raw")
    (rng.standard_normal(40 * 16000) * 300).astype(np.int16).tofile(work / "noise-1.raw")
    vectors = np.zeros((hops - LAG, 96), np.float16)
    vectors[:, 0] = 1
    vectors[:, 1] = np.arange(hops - LAG)
    vectors.tofile(work / "speech-1.teacher")
    return tmp_path


def windows(cache, first=0):
    targets = Targets(np.zeros(96, np.float32), np.eye(96, 2, dtype=np.float32), np.eye(2, dtype=np.float32))
    return Windows(cache, targets, Recipe(seed=5, batch=4, seconds=2.0), first)


def test_a_batch_has_a_target_for_every_frame_that_has_heard_enough(cache):
    samples, targets = next(iter(windows(cache)))

    assert samples.shape == (4, 50 * HOP)
    assert targets.shape == (4, 50 - WARM, 2)
    assert samples.abs().max() <= 1


def test_targets_are_those_of_the_frame_at_the_same_time(cache):
    stream = windows(cache)._streams[0]
    _, vectors = stream.cut(100, 50)

    assert vectors[0, 1] == 100 + WARM - LAG
    assert len(vectors) == 50 - WARM


def test_a_run_that_resumes_sees_the_batches_it_would_have_seen(cache):
    whole = iter(windows(cache))
    next(whole)
    later = next(whole)
    resumed = next(iter(windows(cache, first=1)))

    assert torch.equal(later[0], resumed[0])


def test_missing_data_is_said_in_a_sentence(tmp_path):
    (tmp_path / "train").mkdir()

    with pytest.raises(corpus.CorpusError, match=r"export\.prepare"):
        windows(tmp_path)


def test_noise_is_added_at_the_ratio_asked_for():
    rng = np.random.default_rng(1)
    speech, noise = rng.standard_normal((2, 16_000)).astype(np.float32)
    noisy = augment.mixed(speech, noise, 10.0)

    assert 10 * np.log10(np.mean(speech**2) / np.mean((noisy - speech) ** 2)) == pytest.approx(10, abs=0.01)


def test_a_room_does_not_delay_the_voice():
    for seed in range(20):
        response = augment.room(np.random.default_rng(seed))

        assert response[0] == 1
        assert np.abs(response[1:]).max() < 1


def test_targets_are_unit_vectors_in_whitened_space():
    rng = np.random.default_rng(0)
    teacher = (rng.standard_normal((300_000, 96)) * np.linspace(1, 10, 96) + 3).astype(np.float16)
    targets = fit(teacher, 16, 4, 0)
    mapped = targets(teacher[:1000])

    assert np.allclose(np.linalg.norm(mapped, axis=1), 1, atol=1e-4)
    assert np.allclose(unit(targets.centroids), targets.centroids, atol=1e-5)
    assert np.abs(mapped.mean(axis=0)).max() < 0.1
