import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install 'kwsd[train]'")
pytest.importorskip("export.corpus", reason="the trainer is not beside the tests")

from made_sounds import made_words, mrr  # noqa: E402

from export.systems import encoder, mips  # noqa: E402
from export.systems.frame_alignment import AlignedFrames  # noqa: E402
from export.systems.lamb import Lamb  # noqa: E402
from export.systems.mips import MIPS, info_nce  # noqa: E402
from export.systems.shape import Shape  # noqa: E402
from export.systems.system import Batch  # noqa: E402

SMALL = Shape(bins=16, hidden=16, tokens=8)


def plain(z, places, drawn):
    """Both directions of the loss, term by term."""
    n = len(places)
    x = [z[places.row[k], places.frame[k]].numpy() for k in range(n)]
    y = [z[places.other[k], drawn[k]].numpy() for k in range(n)]

    def alike(k, j):
        return places.row[k] == places.row[j] and abs(places.place[k] - drawn[j]) <= 3

    terms = []
    for k in range(n):
        right = np.exp(x[k] @ y[k] / 0.05)
        forth = sum(np.exp(x[k] @ y[j] / 0.05) for j in range(n) if not alike(k, j))
        back = sum(np.exp(x[j] @ y[k] / 0.05) for j in range(n) if not alike(j, k))
        terms += [-np.log(right / (right + forth)), -np.log(right / (right + back))]
    return np.mean(terms)


def test_the_loss_is_the_mean_of_both_directions_as_it_is_written():
    z = torch.nn.functional.normalize(torch.randn(4, 12, 5, dtype=torch.float64), dim=2)
    places = AlignedFrames.of(torch.tensor([10, 12, 9, 8]))
    drawn = places.near(3)

    assert info_nce(z, places, drawn).item() == pytest.approx(plain(z, places, drawn))


def test_a_pair_that_is_all_alike_is_contrasted_with_the_other_pairs_only():
    z = torch.nn.functional.normalize(torch.randn(2, 3, 5), dim=2)
    places = AlignedFrames.of(torch.tensor([3, 3]))

    assert info_nce(z, places, places.near(3)).item() == 0


def test_padding_plays_no_part(monkeypatch):
    monkeypatch.setattr(encoder, "DROPOUT", 0.0)
    system, batch = MIPS(SMALL), Batch.of([take for word in made_words(3, takes=2) for take in word])
    padded = Batch(torch.nn.functional.pad(batch.features, (0, 0, 0, 9), value=5.0), batch.lengths)
    losses = []
    for given in (batch, padded):
        torch.manual_seed(4)
        losses.append(system.loss(given)["loss"].item())

    assert losses[0] == pytest.approx(losses[1], abs=1e-5)


def test_of_a_large_batch_only_so_many_frames_are_contrasted(monkeypatch):
    monkeypatch.setattr(mips, "MOST", 10)
    contrasted = []

    def counted(z, places, drawn):
        contrasted.append(set(zip(places.row.tolist(), places.frame.tolist(), strict=True)))
        return info_nce(z, places, drawn)

    monkeypatch.setattr(mips, "info_nce", counted)
    system, batch = MIPS(SMALL), Batch.of([take for word in made_words(3, takes=2) for take in word])
    losses = [system.loss(batch)["loss"] for _ in range(2)]

    assert [len(frames) for frames in contrasted] == [10, 10]
    assert contrasted[0] != contrasted[1]
    assert torch.isfinite(torch.stack(losses)).all()


def test_training_finds_words_amid_chance_also_such_as_it_never_heard():
    torch.manual_seed(0)
    words, unheard = made_words(), made_words(seed=2)
    system, rng, losses = MIPS(SMALL), np.random.default_rng(3), []
    optimizer = Lamb(system.parameters(), lr=0.01)
    before = mrr(system, words), mrr(system, unheard)
    for _ in range(150):
        chosen = rng.choice(len(words), 6, replace=False)
        pairs = [words[i][take] for i in chosen for take in rng.choice(4, 2, replace=False)]
        loss = system.train().loss(Batch.of(pairs))["loss"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())

    assert np.mean(losses[-20:]) < 0.4 * np.mean(losses[:20])
    assert mrr(system, words) > before[0] + 0.3
    assert mrr(system, unheard) > before[1] + 0.2
