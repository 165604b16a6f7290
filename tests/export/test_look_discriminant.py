import numpy as np
import pytest

pytest.importorskip("scipy", reason="spoiling speech needs scipy: pip install 'kwsd[train]'")
pytest.importorskip("export.corpus", reason="the trainer is not beside the tests")
from export.align import Word
from export.look.discriminant import DIMENSIONS, LEAST, LENGTHS, Stretch, discriminant, stretches

RARE = [("x", "y", "z")] * (LEAST - 1)


@pytest.fixture(scope="module")
def classes():
    """Vectors of 40 classes that differ in 12 of 128 directions, with noise that is louder in the others."""
    rng = np.random.default_rng(3)
    labels = np.repeat(np.arange(40), 2 * LEAST)
    means = np.zeros((40, 128))
    means[:, :12] = rng.standard_normal((40, 12))
    noise = rng.standard_normal((len(labels), 128)) * np.where(np.arange(128) < 12, 0.3, 10)
    return (means[labels] + noise).astype(np.float32), [("a", f"p{label}", "b") for label in labels]


def test_the_discriminant_has_a_deviation_of_one_within_a_class(classes):
    vectors, labels = classes
    mean, projection = discriminant([vectors], labels)
    projected = (vectors - mean) @ projection
    centred = projected - np.repeat(projected.reshape(40, -1, DIMENSIONS).mean(axis=1), 2 * LEAST, axis=0)

    assert projection.shape == (128, DIMENSIONS)
    assert np.allclose(np.cov(centred.T), np.eye(DIMENSIONS), atol=1e-3)


def test_its_first_directions_are_those_that_tell_classes_apart(classes):
    vectors, labels = classes
    _, projection = discriminant([vectors], labels)
    told = projection[:, :10]

    assert (np.linalg.norm(told[:12], axis=0) > 5 * np.linalg.norm(told[12:], axis=0)).all()


def test_rare_classes_are_left_out(classes):
    vectors, labels = classes
    more = np.vstack([vectors, np.full((LEAST - 1, 128), 1e3, np.float32)])

    known, with_rare = (discriminant([one], own)[0] for one, own in ((vectors, labels), (more, [*labels, *RARE])))
    assert np.allclose(known, with_rare)


def test_a_vector_is_of_the_phone_in_its_middle_between_those_beside_it():
    stretch = Stretch(np.zeros(16_000 // 2, np.float32), [("HH", 0.08, 0.2), ("AY", 0.2, 0.4)])

    assert list(stretch.labels()) == [
        *((i, ("", "HH", "AY")) for i in range(2, 5)),
        *((i, ("HH", "AY", "")) for i in range(5, 10)),
    ]


def test_stretches_have_all_words_and_as_many_seconds_as_phrases_have(monkeypatch):
    words = [Word(f"w{i}", 1.0 + 0.4 * i, (("A", 0.2), ("B", 0.2))) for i in range(20)]
    monkeypatch.setattr("export.look.discriminant.corpus.read", lambda path: np.zeros(12 * 16_000, np.float32))

    found = list(stretches([("one.flac", words)], np.random.default_rng(1)))

    assert sum(len(one.phones) for one in found) == 40
    assert all(one.phones[-1][2] - one.phones[0][1] < LENGTHS[1] + 0.5 for one in found)
