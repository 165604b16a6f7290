import numpy as np
import pytest
import soundfile as sf

torch = pytest.importorskip("torch", reason="training needs torch: pip install 'kwsd[train]'")
pytest.importorskip("export.corpus", reason="the trainer is not beside the tests")

from export.corpora.synthetic_hums import RATE, Sung  # noqa: E402  after the skips
from export.evaluate.data import hummed_melodies  # noqa: E402
from export.evaluate.data.hummed_melodies import Retrieval, evenly, retrieval, training, validation  # noqa: E402
from export.evaluate.errors import EvaluationError  # noqa: E402
from export.evaluate.experiment import Experiment  # noqa: E402
from export.evaluate.matching.distances import MATCHINGS  # noqa: E402
from export.evaluate.tasks import query_by_humming  # noqa: E402
from export.systems.features import HUMMING  # noqa: E402
from export.systems.system import Encoded  # noqa: E402
from kwsd.tokenizer.codebook import unit  # noqa: E402


class Plain:
    """Hears spectra; a token is the loudest bin."""

    rate, seconds = RATE, HUMMING.seconds

    def __call__(self, recordings):
        spectra = [HUMMING(recording) for recording in recordings]
        return [Encoded(unit(s), s.argmax(axis=1).astype(np.int32)) for s in spectra]


class Knowing(Plain):
    """Knows which melody a recording of the database is, and hears that alone."""

    def __init__(self, items):
        labels = sorted({item.label for item in items})
        self.known = {item.samples.tobytes(): labels.index(item.label) for item in items}

    def __call__(self, recordings):
        numbers = [self.known.get(recording.tobytes(), 0) for recording in recordings]
        return [Encoded(np.eye(9, dtype=np.float32)[[n] * 4], np.full(4, n, np.int32)) for n in numbers]


@pytest.fixture
def experiment(tmp_path):
    return Experiment(tmp_path / "out", tmp_path, tmp_path, systems=("stft", "kwsd"), quick=True)


@pytest.fixture
def asked(monkeypatch):
    """The systems that were asked for, all of which encode spectra."""
    calls = []

    def audio_encoder(experiment, name, domain, tokens=25):
        calls.append((name, domain, tokens))
        return Plain()

    monkeypatch.setattr(query_by_humming, "audio_encoder", audio_encoder)
    return calls


def test_each_change_and_matching_is_measured_for_systems_that_hear_melodies(experiment, asked):
    query_by_humming.run(experiment)
    found = list(experiment.results)

    assert asked == [("stft", "humming", 25)]
    assert {(r.setting["change"], r.setting["matching"]) for r in found} == {
        (c, m) for c in query_by_humming.CHANGES for m in MATCHINGS
    }
    assert all(0 < r.values["mrr"].value <= 1 and r.values["seconds"].value > 0 for r in found)
    assert {r.data for r in found} == {"18 hums of 6 melodies by 3 synthetic voices"}


def test_what_was_measured_is_not_measured_again(experiment, asked):
    query_by_humming.run(experiment)
    query_by_humming.run(experiment)

    assert len(asked) == 1


def test_an_interrupted_run_goes_on_with_what_is_missing(experiment, asked):
    query_by_humming.run(experiment)
    lost = next(experiment.out.glob("*both*.json"))
    before = lost.read_text()
    kept = {path: path.stat().st_mtime_ns for path in experiment.out.glob("*.json") if path != lost}
    lost.unlink()
    query_by_humming.run(experiment)

    assert before.split('"seconds"')[0] == lost.read_text().split('"seconds"')[0]
    assert kept == {path: path.stat().st_mtime_ns for path in kept}


def test_a_system_that_knows_the_melodies_finds_them_first(experiment, monkeypatch):
    monkeypatch.setattr(query_by_humming, "audio_encoder", lambda *_, **__: Knowing(retrieval(experiment).items))
    query_by_humming.run(experiment)
    unchanged = [r for r in experiment.results if r.setting["change"] == "none"]

    assert [r.values["mrr"].value for r in unchanged] == [1.0] * len(MATCHINGS)


def test_codebooks_of_other_sizes_are_for_some_systems_only(experiment, asked, monkeypatch):
    for name, value in {"MELODIES": hummed_melodies.MELODIES[:2], "OTHERS": 0, "SINGERS": 2, "QUERIES": 2}.items():
        monkeypatch.setattr(hummed_melodies, name, value)
    query_by_humming.run(Experiment(experiment.out, experiment.runs, experiment.cache, systems=("tokb", "wav2vec2")))

    assert asked == [
        ("tokb", "humming", 15),
        ("tokb", "humming", 25),
        ("tokb", "humming", 40),
        ("wav2vec2", "humming", 25),
    ]


def test_no_melody_and_no_voice_of_the_test_is_learned_from_or_judged_by(experiment):
    parts = [training(experiment), validation(experiment), retrieval(experiment).items]
    labels, singers = ([{getattr(s, name) for s in part} for part in parts] for name in ("label", "singer"))

    assert [len(part) for part in labels] == [6, 6, 6]
    for found in (labels, singers):
        assert len(set.union(*found)) == sum(map(len, found))


def test_a_change_is_of_the_same_amount_in_both_as_alone():
    samples = np.random.default_rng(0).standard_normal(RATE).astype(np.float32)
    none, stretch, pitch, both = (
        query_by_humming.change(samples, kind, np.random.default_rng(3)) for kind in query_by_humming.CHANGES
    )

    assert none is samples
    assert len(pitch) == len(samples) != len(stretch) == len(both)
    assert not np.array_equal(stretch, both)


def test_searching_in_blocks_changes_nothing():
    rng = np.random.default_rng(0)
    heard = [
        Encoded(unit(rng.standard_normal((9, 4)).astype(np.float32)), rng.integers(3, size=9, dtype=np.int32))
        for _ in range(20)
    ]

    for matching in MATCHINGS:
        found, seconds = query_by_humming.search(heard, heard[:5], matching)

        assert np.allclose(found, query_by_humming.distances(heard, heard[:5], matching), atol=1e-6)
        assert seconds > 0


def test_a_query_is_never_searched_among_its_own_singer():
    items = [Sung(label, who, np.zeros(1, np.float32)) for who in "ab" for label in "xyz"]
    given = Retrieval(items, np.array([1, 3]), "")

    assert given.labels == ["y", "x"]
    assert given.allowed.tolist() == [[False] * 3 + [True] * 3, [True] * 3 + [False] * 3]
    assert given.relevant.tolist() == [[False, True, False] * 2, [True, False, False] * 2]


def test_recordings_are_chosen_evenly_among_melodies():
    labels = ["a"] * 50 + ["b"] * 4 + ["c"] * 6
    chosen = [labels[i] for i in evenly(labels, 15, np.random.default_rng(0))]

    assert [chosen.count(label) for label in "abc"] == [6, 4, 5] or [chosen.count(label) for label in "abc"] == [
        5,
        4,
        6,
    ]
    assert len(evenly(labels, 100, np.random.default_rng(0))) == 60


@pytest.fixture
def mir_qbsh(tmp_path):
    """Ten people, some of whom sing the same songs."""
    sung = np.random.default_rng(0).uniform(-0.1, 0.1, RATE).astype(np.float32)
    for person in range(10):
        folder = tmp_path / "qbsh" / "waveFile" / "year2003" / f"person{person:05}"
        folder.mkdir(parents=True)
        for song in (1, 2 + person % 2):
            sf.write(folder / f"{song:05}.wav", sung, RATE)
    return tmp_path / "qbsh"


def test_mir_qbsh_is_split_by_singer_and_the_split_is_kept(experiment, mir_qbsh):
    given = Experiment(experiment.out, experiment.runs, experiment.cache, corpora={"mir-qbsh": mir_qbsh}, quick=True)
    train, test = training(given), retrieval(given)

    assert len(train) == 12
    assert not {s.singer for s in train} & {s.singer for s in test.items}
    assert all(len(s.samples) == RATE for s in train)
    assert test.data == "MIR-QBSH: 6 recordings of 3 songs by 3 people"
    assert (experiment.out / "splits" / "mir-qbsh.json").exists()


def test_melodies_that_one_person_alone_sings_are_refused_in_one_sentence(experiment, mir_qbsh):
    for path in mir_qbsh.rglob("*.wav"):
        path.rename(path.with_stem(f"{path.parent.name}-{path.stem}"))
    given = Experiment(experiment.out, experiment.runs, experiment.cache, corpora={"mir-qbsh": mir_qbsh}, quick=True)

    with pytest.raises(EvaluationError, match="no melody of the test recordings is sung by two people"):
        retrieval(given)
