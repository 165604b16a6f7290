import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install 'kwsd[train]'")
pytest.importorskip("export.corpus", reason="the trainer is not beside the tests")

from export.corpora.melodies import MELODIES  # noqa: E402  after the skips
from export.corpora.synthetic_hums import RATE, Singer, Sung, performed  # noqa: E402
from export.evaluate.data.hummed_melodies import crowded, retrieval  # noqa: E402
from export.evaluate.errors import EvaluationError  # noqa: E402
from export.evaluate.experiment import Experiment  # noqa: E402
from export.evaluate.tasks import humming_voices  # noqa: E402
from export.evaluate.tasks.humming_voices import CLASS, RELATIVE, true_pitch  # noqa: E402
from export.systems.features import HUMMING  # noqa: E402
from export.systems.system import Encoded  # noqa: E402
from kwsd.tokenizer.codebook import unit  # noqa: E402


@pytest.fixture
def experiment(tmp_path):
    return Experiment(tmp_path / "out", tmp_path, tmp_path, systems=("stft", "kwsd"), quick=True)


def spectra(recordings):
    heard = [HUMMING(recording) for recording in recordings]
    return [Encoded(unit(s), s.argmax(axis=1).astype(np.int32)) for s in heard]


def hum(register):
    samples, pitch = performed(MELODIES[0], Singer("plain", register=register), np.random.default_rng(0))
    return Sung(MELODIES[0].name, "plain", samples, pitch)


def test_each_number_of_voices_is_measured_for_systems_that_hear_melodies_and_for_the_true_pitch(
    experiment, monkeypatch
):
    monkeypatch.setattr(humming_voices, "audio_encoder", lambda *_: spectra)
    humming_voices.run(experiment)
    found = list(experiment.results)

    assert {r.system for r in found} == {"stft", CLASS, RELATIVE}
    assert {(r.setting["voices"], r.setting["matching"]) for r in found} == {
        (n, m) for n in humming_voices.QUICK_VOICES for m in humming_voices.MATCHINGS
    }
    assert all(0 < r.values["mrr"].value <= 1 for r in found)


def test_what_was_measured_is_not_measured_again(experiment, monkeypatch):
    asked = []
    monkeypatch.setattr(humming_voices, "audio_encoder", lambda _, name, __: asked.append(name) or spectra)
    humming_voices.run(experiment)
    humming_voices.run(experiment)

    assert asked == ["stft"]


def test_the_first_voices_and_the_queries_are_those_of_query_by_humming(experiment):
    few, many = retrieval(experiment), crowded(experiment)

    assert [one.samples.tobytes() for one in many.items[: len(few.items)]] == [i.samples.tobytes() for i in few.items]
    assert many.queries.tolist() == few.queries.tolist()
    assert len(many.items) == 2 * len(few.items)


def test_the_pitch_class_stays_from_octave_to_octave_and_the_hums_own_key_from_key_to_key():
    low, octave, other = hum(46.0), hum(58.0), hum(51.0)

    assert np.allclose(true_pitch(low, CLASS).z, true_pitch(octave, CLASS).z, atol=1e-3)
    assert np.allclose(true_pitch(low, RELATIVE).z, true_pitch(other, RELATIVE).z, atol=1e-3)
    assert (true_pitch(low, CLASS).z * true_pitch(other, CLASS).z).sum(axis=1).max() < 0.1
    assert len(true_pitch(low, CLASS).z) == len(HUMMING(low.samples))


def test_peoples_recordings_are_refused_in_one_sentence(experiment, tmp_path):
    given = Experiment(experiment.out, experiment.runs, experiment.cache, corpora={"mir-qbsh": tmp_path}, quick=True)

    with pytest.raises(EvaluationError, match="humming-voices needs synthetic voices"):
        humming_voices.run(given)


def test_a_silent_hum_shorter_than_a_frame_has_one_frame():
    one = true_pitch(Sung("m", "s", np.zeros(RATE // 100, np.float32), np.full(2, 60.0)), CLASS)

    assert one.z.shape == (1, 24)
    assert one.tokens.tolist() == [0]
