import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install 'kwsd[train]'")
pytest.importorskip("export.corpus", reason="the trainer is not beside the tests")

from made_sounds import made_words, mrr  # noqa: E402

from export.systems import encoder  # noqa: E402
from export.systems.frame_alignment import AlignedFrames  # noqa: E402
from export.systems.lamb import Lamb  # noqa: E402
from export.systems.shape import Shape  # noqa: E402
from export.systems.stft import STFT  # noqa: E402
from export.systems.system import Batch, TrainingError  # noqa: E402
from export.systems.triplet import Triplet, triplet  # noqa: E402

SMALL = Shape(bins=16, hidden=16, tokens=8)


def learn(system, words, optimizer, steps):
    """Train on pairs; what the loss was."""
    rng, losses = np.random.default_rng(3), []
    for _ in range(steps):
        chosen = rng.choice(len(words), 6, replace=False)
        pairs = [words[i][take] for i in chosen for take in rng.choice(len(words[0]), 2, replace=False)]
        loss = system.train().loss(Batch.of(pairs))["loss"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


@pytest.mark.parametrize(("a", "b"), [(1, 1), (3, 9), (7, 10), (10, 7), (25, 25), (24, 25)])
def test_a_place_is_the_frame_that_holds_the_middle_of_a_frame_if_time_ran_evenly(a, b):
    places = AlignedFrames.of(torch.tensor([5, 6, a, b]))
    short, long = min(a, b), max(a, b)
    of_second = places.row >= 2

    assert places.frame[of_second].tolist() == list(range(short))
    assert places.place[of_second].tolist() == [int((i + 0.5) * long / short) for i in range(short)]
    assert set(places.row[of_second].tolist()) == {3 if a > b else 2}
    assert set(places.other[of_second].tolist()) == {2 if a > b else 3}
    assert len(places) == 5 + short


def drawn_frames(draw, lengths, times=300):
    """For each anchor, everything that is drawn for it."""
    places = AlignedFrames.of(torch.tensor(lengths))
    return places, torch.stack([draw(places) for _ in range(times)]).T


def test_positives_are_all_frames_near_the_place_and_no_others():
    places, drawn = drawn_frames(lambda p: p.near(1), [8, 11])

    for place, found in zip(places.place.tolist(), drawn.tolist(), strict=True):
        assert set(found) == {j for j in range(11) if abs(j - place) <= 1}


def test_negatives_are_all_frames_far_from_the_place_and_no_others():
    places, drawn = drawn_frames(lambda p: p.far(5), [9, 16])

    for place, found in zip(places.place.tolist(), drawn.tolist(), strict=True):
        assert set(found) == {j for j in range(16) if abs(j - place) > 5}


def test_a_recording_without_far_frames_gives_the_farthest():
    places, drawn = drawn_frames(lambda p: p.far(5), [4, 5], times=20)

    for place, found in zip(places.place.tolist(), drawn.tolist(), strict=True):
        farthest = max(abs(j - place) for j in range(5))
        assert {abs(j - place) for j in found} == {farthest}


def test_the_loss_is_the_mean_over_anchors_as_it_is_written():
    z = torch.nn.functional.normalize(torch.randn(4, 9, 5), dim=2)
    places = AlignedFrames.of(torch.tensor([6, 9, 8, 7]))
    positive, negative = places.near(1), places.far(5)
    terms = []
    for k in range(len(places)):
        a, other = z[places.row[k], places.frame[k]].numpy(), z[places.other[k]].numpy()
        p, n = other[positive[k]], other[negative[k]]
        terms.append(max(0.0, np.sqrt(((a - p) ** 2).sum()) - np.sqrt(((a - n) ** 2).sum()) + 0.4))

    assert len(terms) == 6 + 7
    assert triplet(z, places, positive, negative).item() == pytest.approx(np.mean(terms), abs=1e-6)


def test_padding_plays_no_part(monkeypatch):
    monkeypatch.setattr(encoder, "DROPOUT", 0.0)
    system, batch = Triplet(SMALL), Batch.of([take for word in made_words(3, takes=2) for take in word])
    padded = Batch(torch.nn.functional.pad(batch.features, (0, 0, 0, 9), value=5.0), batch.lengths)
    losses = []
    for given in (batch, padded):
        torch.manual_seed(4)
        losses.append(system.loss(given)["loss"].item())

    assert losses[0] == pytest.approx(losses[1], abs=1e-6)


def test_gradients_are_finite_where_two_frames_are_the_same():
    z = torch.nn.functional.normalize(torch.ones(2, 8, 4), dim=2).requires_grad_()
    places = AlignedFrames.of(torch.tensor([8, 8]))
    loss = triplet(z, places, places.near(1), places.far(5))
    loss.backward()

    assert loss.item() == pytest.approx(0.4)
    assert torch.isfinite(z.grad).all()


def test_training_finds_words_amid_chance_also_such_as_it_never_heard():
    torch.manual_seed(0)
    words, unheard = made_words(), made_words(seed=2)
    system = Triplet(SMALL)
    before = mrr(system, words), mrr(system, unheard)
    losses = learn(system, words, Lamb(system.parameters(), lr=0.01), 150)

    assert np.mean(losses[-20:]) < 0.2 * np.mean(losses[:20])
    assert mrr(system, words) > before[0] + 0.3
    assert mrr(system, unheard) > before[1] + 0.2


def test_the_baseline_without_learning_gives_the_magnitudes_as_unit_vectors():
    magnitudes = np.random.default_rng(5).uniform(0.1, 2, (7, 16)).astype(np.float32)
    features = np.log(magnitudes) - np.log(magnitudes).mean()
    system = STFT(SMALL)
    found = system.encode([features, features[:4]])

    assert np.allclose(found[0].z, magnitudes / np.linalg.norm(magnitudes, axis=1, keepdims=True), atol=1e-6)
    assert found[0].tokens.tolist() == (found[0].z @ system.codebook.numpy().T).argmax(axis=1).tolist()
    assert np.array_equal(found[0].z[:4], found[1].z)


def test_the_baseline_without_learning_says_that_it_cannot_be_trained():
    system = STFT(SMALL)

    assert not list(system.parameters())
    with pytest.raises(TrainingError, match="has no weights to train"):
        system.loss(Batch.of([np.zeros((4, 16), np.float32)] * 2))
