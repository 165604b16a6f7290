import math

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install 'kwsd[train]'")
pytest.importorskip("export.corpus", reason="the trainer is not beside the tests")

from export.systems.prototypes import prototypes  # noqa: E402  after the skip
from export.systems.registry import CLASSES, TITLES, build, kind  # noqa: E402
from export.systems.relation import TEMPERATURE, Relation, contrast, contrast_in_batch, cosine  # noqa: E402
from export.systems.shape import Shape  # noqa: E402
from export.systems.system import Batch, TrainingError  # noqa: E402
from export.systems.toka import clustering  # noqa: E402

SMALL = Shape(bins=12, hidden=10, tokens=6)


def recordings(count=6, seed=3, least=5, most=14):
    rng = np.random.default_rng(seed)
    return [rng.standard_normal((int(rng.integers(least, most)), 12)).astype(np.float32) for _ in range(count)]


def plain_prototypes(z, tokens):
    """Eq. 1-2 with lists: the unit mean of the frames of each token that a recording has."""
    found = {}
    for k in sorted(set(tokens)):
        mean = np.mean([frame for frame, token in zip(z, tokens, strict=True) if token == k], axis=0)
        found[k] = mean / np.linalg.norm(mean)
    return found


def plain_direction(score, one, other):
    """Eq. 4 (or 8): the terms of the tokens that both have, each against all tokens of the other."""
    terms = []
    for k, p in one.items():
        if k in other:
            total = sum(math.exp(score(p, q) / TEMPERATURE) for q in other.values())
            terms.append(-math.log(math.exp(score(p, other[k]) / TEMPERATURE) / total))
    return terms


def plain_pairs(system, batch, score):
    """Eq. 6 (or 10): both directions, averaged over the terms of all pairs."""
    z = system(batch).detach().numpy().astype(np.float64)
    there, back = [], []
    for i in range(0, len(z), 2):
        made = []
        for row in (i, i + 1):
            frames = z[row, : int(batch.lengths[row])]
            made.append(plain_prototypes(frames, (frames @ system.codebook.numpy().T).argmax(axis=1).tolist()))
        there += plain_direction(score, made[0], made[1])
        back += plain_direction(score, made[1], made[0])
    return np.mean(there) + np.mean(back)


def plain_clusters(system, batch):
    """Eq. 11 with loops."""
    z = system(batch).detach().numpy()
    terms = [
        1 - max(float(frame @ w) for w in system.codebook.numpy())
        for row, length in zip(z, batch.lengths.tolist(), strict=True)
        for frame in row[:length]
    ]
    return np.mean(terms)


def test_prototypes_are_the_unit_means_of_the_frames_of_each_token():
    torch.manual_seed(1)
    z = torch.nn.functional.normalize(torch.randn(2, 9, 5), dim=2)
    tokens, lengths = torch.randint(4, (2, 9)), [9, 6]
    mask = torch.arange(9)[None] < torch.tensor(lengths)[:, None]
    made, has = prototypes(z, tokens, mask, 4)

    for row, length in enumerate(lengths):
        plain = plain_prototypes(z[row, :length].numpy(), tokens[row, :length].tolist())
        assert has[row].nonzero().flatten().tolist() == sorted(plain)
        for k, p in plain.items():
            assert np.allclose(made[row, k], p, atol=1e-6)
        assert not made[row][~has[row]].any()


@pytest.mark.parametrize("name", ["toka", "tokb", "tokb-nosim", "tokb-trans"])
def test_the_loss_is_the_literal_transcription_of_its_equations(name):
    torch.manual_seed(2)
    system = build(name, SMALL).eval()
    batch = Batch.of(recordings())
    if name == "toka":

        def score(p, q):
            return float(p @ q)
    else:
        weights = (system.relation.scale * SMALL.dim * system.relation.free.softmax(dim=0)).detach().numpy()

        def score(p, q):
            return 1 / (1 + math.exp(-(2.0 - float(np.abs(p - q) @ weights))))

    parts = system.loss(batch)
    pairs, clusters = plain_pairs(system, batch, score), plain_clusters(system, batch)

    assert parts["pairs"].item() == pytest.approx(pairs, rel=1e-4)
    assert parts["clusters"].item() == pytest.approx(clusters, rel=1e-4)
    assert parts["loss"].item() == pytest.approx(system.alpha * pairs + system.gamma * clusters, rel=1e-4)


def test_in_a_batch_a_token_is_told_from_the_tokens_of_every_recording_on_the_other_side():
    torch.manual_seed(5)
    sides = torch.nn.functional.normalize(torch.randn(2, 3, 4, 5), dim=3)
    has = torch.rand(2, 3, 4) < 0.7
    expected = 0.0
    for (p, has_p), (q, has_q) in (zip(sides, has, strict=True), zip(sides.flip(0), has.flip(0), strict=True)):
        others = q[has_q]
        terms = [
            -math.log(
                math.exp(float(p[i, k] @ q[i, k]) / TEMPERATURE) / float((p[i, k] @ others.T / TEMPERATURE).exp().sum())
            )
            for i, k in (has_p & has_q).nonzero().tolist()
        ]
        expected += np.mean(terms)

    assert contrast_in_batch(sides[0], has[0], sides[1], has[1], cosine).item() == pytest.approx(expected, rel=1e-4)


def test_a_batch_that_shares_no_token_teaches_nothing():
    p, none = torch.eye(3)[None], torch.zeros(1, 3, dtype=torch.bool)

    assert contrast_in_batch(p, ~none, p, none, cosine).item() == 0


def test_padding_changes_no_loss():
    torch.manual_seed(4)
    system = build("tokb", SMALL).eval()
    batch = Batch.of(recordings())
    padded = Batch(torch.nn.functional.pad(batch.features, (0, 0, 0, 7)), batch.lengths)

    assert system.loss(padded)["loss"].item() == pytest.approx(system.loss(batch)["loss"].item(), rel=1e-5)


def test_a_token_that_the_other_recording_lacks_adds_no_term():
    p = torch.eye(3)[None]
    both, one = torch.tensor([[True, True, True]]), torch.tensor([[True, True, False]])
    alone = contrast(p[:, :2], both[:, :2], p[:, :2], both[:, :2], cosine)

    assert contrast(p, both, p, one, cosine).item() > alone.item()  # it still competes where it is
    assert contrast(p, one, p, one, cosine).item() == pytest.approx(alone.item())


def test_pairs_without_a_shared_token_have_no_loss_and_no_gradient():
    p = torch.eye(4)[None].requires_grad_()
    loss = contrast(
        p, torch.tensor([[True, True, False, False]]), p, torch.tensor([[False, False, True, True]]), cosine
    )
    loss.backward()

    assert loss.item() == 0
    assert not p.grad.any()


def test_equal_prototypes_are_as_related_as_orthogonal_ones_are_unrelated():
    torch.manual_seed(5)
    relation = Relation(608)
    one, other = torch.nn.functional.normalize(torch.randn(2, 1, 608), dim=2)

    assert relation(one, one).item() == pytest.approx(1 - relation(one, other).item(), abs=0.02)


def test_clustering_is_0_where_every_frame_is_a_centroid():
    cosines = torch.tensor([[[1.0, 0.2], [0.3, 1.0], [9.0, 9.0]]])

    assert clustering(cosines, torch.tensor([[True, True, False]])).item() == 0


@pytest.mark.parametrize("name", [name for name in CLASSES if kind(name).learns])
def test_every_system_gives_unit_vectors_and_learns_from_its_loss(name):
    torch.manual_seed(6)
    system = build(name, SMALL)
    parts = system.train().loss(Batch.of(recordings()))
    parts["loss"].backward()
    (encoded,) = system.encode(recordings(1))

    assert any(p.grad is not None and p.grad.abs().sum() > 0 for p in system.encoder.parameters())
    assert np.allclose(np.linalg.norm(encoded.z, axis=1), 1, atol=1e-5)
    assert encoded.tokens.dtype == np.int32
    assert len(encoded.tokens) == len(encoded.z)


def test_the_encoder_has_the_3_6_million_weights_of_the_paper():
    counts = [sum(p.numel() for p in build(name, Shape()).encoder.parameters()) for name in ("tokb", "tokb-trans")]

    assert all(3.5e6 < count < 3.7e6 for count in counts)


def test_every_system_has_a_title():
    assert set(CLASSES) <= set(TITLES)


def test_an_unknown_system_is_told_with_the_names_of_all():
    with pytest.raises(TrainingError, match='no system "tokc": choose from stft, log-stft, untrained, triplet'):
        build("tokc", SMALL)
