import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install 'kwsd[train]'")
DataLoader = torch.utils.data.DataLoader
pytest.importorskip("export.corpus", reason="the trainer is not beside the tests")

from export import align, augment, corpus, rooms  # noqa: E402  after the skip
from export.labels import PHONES, UNKNOWN, frame_at  # noqa: E402
from export.recipe import Phase, Recipe  # noqa: E402
from export.schedule import Schedule  # noqa: E402
from export.targets import Targets, fit, unit  # noqa: E402
from export.windows import HOP, LAG, WARM, Windows  # noqa: E402


@pytest.fixture
def cache(tmp_path):
    """Half a minute of prepared data, six clips of which four say "example", by four speakers.

    Frame j's teacher vector says j, so that alignment can be checked.
    """
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
    np.save(rooms.path_of(tmp_path), np.eye(1, 800, dtype=np.float16))
    (work / "speech-1.index").write_text(
        "corpus\tpath\tspeaker\ttext\tfirst\tsamples\n"
        + "".join(f"librispeech\tlibrispeech/{n}.opus\t{n}\t\t{n * 96_000}\t96000\n" for n in range(6))
    )
    (tmp_path / "align").mkdir()
    said = "".join(f"{n}.opus\texample\t2.00\tIH:0.10 G:0.30\n" for n in range(4))
    for name in align.TRANSCRIBED:
        words = said if name == "librispeech" else ""
        (tmp_path / "align" / f"{name}-train.tsv").write_text("path\tword\tstart\tphones\n" + words)
    return tmp_path


def windows(cache, first=0, spotting=0.0, field=0.0):
    targets = Targets(np.zeros(96, np.float32), np.eye(96, 2, dtype=np.float32), np.eye(2, dtype=np.float32))
    phase = Phase(100, 1e-3, 0.7, (0, 20), spotting=spotting, field=field)
    recipe = Recipe(seed=5, batch=4, seconds=2.0, phases=(phase,))
    return Windows(cache, targets, recipe, Schedule(recipe), first)


def test_a_batch_has_a_target_for_every_frame_that_has_heard_enough(cache):
    batch = next(iter(windows(cache)))

    assert batch.samples.shape == (4, 50 * HOP)
    assert batch.targets.shape == (4, 50 - WARM, 2)
    assert batch.phones.shape == (4, 50 - WARM)
    assert batch.samples.abs().max() <= 1


def test_each_window_of_a_pair_holds_the_word_that_it_was_drawn_for(cache):
    batch = windows(cache, spotting=1.0).batch(0, 0)

    assert batch.pairs.shared.all()
    for (first, after), phones in zip(batch.pairs.spans.tolist(), batch.phones, strict=True):
        said = [PHONES[p] for p in phones[first:after]]
        assert said == ["IH"] * said.count("IH") + ["G"] * said.count("G")
        assert after - first == pytest.approx(10, abs=1)
        assert 0 <= first < after <= len(phones)


def test_phones_are_known_where_a_recording_was_aligned_and_nowhere_else(cache):
    (phones,) = windows(cache)._phones

    assert [PHONES[phones[frame_at(t)]] for t in (1.0, 2.02, 2.2, 3.0)] == ["SIL", "IH", "G", "SIL"]
    assert (phones[frame_at(24.0) :] == UNKNOWN).all()


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

    assert torch.equal(later.samples, resumed.samples)


def test_several_workers_make_the_batches_of_one_in_the_same_order(cache):
    alone = windows(cache, first=94)
    shared = DataLoader(windows(cache, first=94), batch_size=None, num_workers=2)

    pairs = list(zip(alone, shared, strict=True))
    assert len(pairs) == 6
    assert all(torch.equal(one.samples, other.samples) for one, other in pairs)


def test_windows_end_with_the_run(cache):
    assert len(list(windows(cache, first=97))) == 3


def test_a_window_in_the_field_is_as_long_as_in_the_studio_and_sounds_different(cache):
    studio, field = (windows(cache, field=share).batch(3, 0) for share in (0.0, 1.0))

    assert field.samples.shape == studio.samples.shape
    assert field.samples.isfinite().all()
    assert not torch.equal(field.samples, studio.samples)
    assert torch.equal(field.targets, studio.targets)


def test_missing_data_is_said_in_a_sentence(tmp_path):
    (tmp_path / "train").mkdir()

    with pytest.raises(corpus.CorpusError, match=r"export\.prepare"):
        windows(tmp_path)


def test_noise_is_added_at_the_ratio_asked_for():
    rng = np.random.default_rng(1)
    speech, noise = rng.standard_normal((2, 16_000)).astype(np.float32)
    noisy = augment.mixed(speech, noise, 10.0)

    assert 10 * np.log10(np.mean(speech**2) / np.mean((noisy - speech) ** 2)) == pytest.approx(10, abs=0.01)


def test_reverberation_does_not_delay_the_voice():
    simulated = np.random.default_rng(2).standard_normal((3, 400)).astype(np.float16)
    simulated[:, 0] = 1

    for seed in range(20):
        response = augment.reverberation(np.random.default_rng(seed), simulated)

        assert response[0] == 1
        assert np.abs(response[1:]).max() <= np.abs(simulated.astype(np.float32)).max()


def test_an_automatic_gain_raises_what_is_quiet():
    rng = np.random.default_rng(3)
    loud, quiet = rng.standard_normal((2, 32_000)).astype(np.float32) * np.array([[0.3], [0.003]], np.float32)
    out = augment.levelled(np.concatenate([loud, quiet]), rng)

    before = np.std(quiet) / np.std(loud)
    after = np.std(out[-16_000:]) / np.std(out[:16_000])
    assert after > 2 * before


def test_noise_suppression_keeps_the_voice_and_lowers_the_noise():
    rng = np.random.default_rng(4)
    time = np.arange(64_000) / 16_000
    voice = (np.sin(2 * np.pi * 440 * time) * (time > 2)).astype(np.float32)
    noise = (0.05 * rng.standard_normal(64_000)).astype(np.float32)
    out = augment.suppressed(voice + noise, rng)

    assert np.std(out[:30_000]) < 0.8 * np.std(noise)
    assert np.corrcoef(out[34_000:-1000], voice[34_000:-1000])[0, 1] > 0.98


def test_targets_are_unit_vectors_in_whitened_space():
    rng = np.random.default_rng(0)
    teacher = (rng.standard_normal((300_000, 96)) * np.linspace(1, 10, 96) + 3).astype(np.float16)
    targets = fit(teacher, 16, 4, 0)
    mapped = targets(teacher[:1000])

    assert np.allclose(np.linalg.norm(mapped, axis=1), 1, atol=1e-4)
    assert np.allclose(unit(targets.centroids), targets.centroids, atol=1e-5)
    assert np.abs(mapped.mean(axis=0)).max() < 0.1
