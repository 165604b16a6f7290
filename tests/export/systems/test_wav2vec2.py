import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install 'kwsd[train]'")
pytest.importorskip("export.corpus", reason="the trainer is not beside the tests")

from export.systems import encoder, wav2vec2  # noqa: E402  after the skip
from export.systems.prototypes import prototypes  # noqa: E402
from export.systems.relation import contrast  # noqa: E402
from export.systems.shape import Shape  # noqa: E402
from export.systems.system import Batch  # noqa: E402
from export.systems.wav2vec2 import Wav2Vec2, contrastive, distractors, spans  # noqa: E402
from export.systems.wav2vec_tok import Wav2VecTok  # noqa: E402

SMALL = Shape(bins=16, hidden=16, tokens=8)


@pytest.fixture(autouse=True)
def small_transformer(monkeypatch):
    monkeypatch.setattr(encoder, "MODEL", 24)
    monkeypatch.setattr(encoder, "WIDE", 48)


def made_words(count=12, takes=2, seed=1):
    """Words of six sounds, each take warped and noisy."""
    rng = np.random.default_rng(seed)
    sounds = rng.standard_normal((8, 16))

    def take(word):
        t = int(rng.integers(18, 28))
        at = np.sort(0.3 * rng.uniform(0, 5, t) + 0.7 * np.linspace(0, 5, t))
        said = np.stack([np.interp(at, range(6), bin_) for bin_ in word.T], axis=1)
        return (said + 0.5 * rng.standard_normal((t, 16))).astype(np.float32)

    return [[take(word) for _ in range(takes)] for word in sounds[rng.integers(8, size=(count, 6))]]


def batch(count=3):
    return Batch.of([take for word in made_words(count) for take in word])


def losses(system, words, steps):
    """What each step of training cost, part by part."""
    rng, found = np.random.default_rng(3), []
    optimizer = torch.optim.Adam(system.parameters(), lr=3e-3)
    for _ in range(steps):
        chosen = rng.choice(len(words), 4, replace=False)
        parts = system.train().loss(Batch.of([take for i in chosen for take in words[i]]))
        optimizer.zero_grad()
        parts["loss"].backward()
        optimizer.step()
        found.append({name: value.item() for name, value in parts.items()})
    return found


def mask_of(*lengths):
    return torch.arange(max(lengths))[None] < torch.tensor(lengths)[:, None]


def test_some_frames_of_each_recording_are_masked_but_never_all_and_none_of_the_padding():
    torch.manual_seed(6)
    mask = mask_of(25, 2, 5, 6, 40)
    for _ in range(200):
        hidden = spans(mask)
        assert not (hidden & ~mask).any()
        assert (hidden.sum(dim=1) >= 1).all()
        assert (hidden.sum(dim=1) < mask.sum(dim=1)).all()


def test_masked_frames_lie_in_spans():
    torch.manual_seed(6)
    hidden = spans(mask_of(*[400] * 30)).numpy()
    edges = np.diff(np.pad(hidden.astype(int), ((0, 0), (1, 1))), axis=1)
    runs = [np.flatnonzero(row == -1) - np.flatnonzero(row == 1) for row in edges]
    ends = np.flatnonzero(hidden[:, -1])

    # A span that begins near the end is cut short.
    assert all((run >= 5)[: -1 if row in ends else None].all() for row, run in enumerate(runs))
    assert hidden.mean() == pytest.approx(1 - 0.9**5, abs=0.03)


def test_a_recording_of_one_frame_is_not_masked_and_costs_nothing():
    parts = Wav2Vec2(SMALL).loss(Batch.of([np.ones((1, 16), np.float32)] * 2))

    assert not spans(mask_of(1, 1)).any()
    assert parts["told"] == 0
    assert torch.isfinite(parts["loss"])


def test_distractors_are_the_other_masked_frames_of_the_recording_or_of_the_batch_if_there_are_few():
    torch.manual_seed(6)
    rows = torch.tensor([0] * 4 + [2] * 21 + [3] * 20)
    drawn = torch.cat([distractors(rows) for _ in range(100)], dim=1)

    for frame, found in enumerate(drawn.tolist()):
        allowed = range(4, 25) if rows[frame] == 2 else range(45)
        assert set(found) == set(allowed) - {frame}
    assert distractors(rows).shape == (45, 20)


def test_the_contrastive_loss_is_the_mean_over_masked_frames_as_it_is_written():
    torch.manual_seed(6)
    context = torch.nn.functional.normalize(torch.randn(30, 6), dim=1)
    words, tokens = torch.randn(9, 6), torch.randint(9, (30,))
    said, others = words[tokens], distractors(torch.arange(30) // 24)
    terms = []
    for k in range(30):

        def likely(j, c=context[k]):
            return float(torch.exp(torch.cosine_similarity(c, said[j], dim=0) / 0.1))

        wrong = sum(likely(j) for j in others[k].tolist() if tokens[j] != tokens[k])
        terms.append(-np.log(likely(k) / (likely(k) + wrong)))

    assert contrastive(context, said, tokens, others).item() == pytest.approx(np.mean(terms), rel=1e-5)


def test_a_frame_whose_distractors_all_have_its_own_code_word_costs_nothing():
    said = torch.randn(1, 6).expand(5, 6)
    context = torch.nn.functional.normalize(torch.randn(5, 6), dim=1)

    assert contrastive(context, said, torch.zeros(5, dtype=torch.long), distractors(torch.zeros(5).long())) == 0


@pytest.mark.parametrize("system", [Wav2Vec2, Wav2VecTok])
def test_padding_plays_no_part(monkeypatch, system):
    monkeypatch.setattr(encoder, "DROPOUT", 0.0)
    made, given = system(SMALL), batch()
    padded = Batch(torch.nn.functional.pad(given.features, (0, 0, 0, 9), value=5.0), given.lengths)
    found = []
    for one in (given, padded):
        torch.manual_seed(4)
        found.append({name: part.item() for name, part in made.loss(one).items()})

    assert found[0] == pytest.approx(found[1], abs=1e-4)


def test_masked_latents_are_hidden_from_the_context_and_the_context_sees_the_others(monkeypatch):
    monkeypatch.setattr(encoder, "DROPOUT", 0.0)
    hidden = torch.zeros(2, 20, dtype=torch.bool)
    hidden[:, 5:10] = True
    monkeypatch.setattr(wav2vec2, "spans", lambda mask: hidden)
    system, given, latents = Wav2Vec2(SMALL), Batch.of([np.ones((20, 16), np.float32)] * 2), torch.randn(2, 20, 32)
    heard = []
    system.context.register_forward_hook(lambda module, given, out: heard.append(out.detach()))
    for changed in (5, 9, 10):
        for value in (0.0, 3.0):
            other = latents.clone()
            other[0, changed] += value
            system.guessed(other, given)

    assert torch.equal(heard[0], heard[1])
    assert torch.equal(heard[2], heard[3])
    assert not torch.allclose(heard[4][0, 5:10], heard[5][0, 5:10])


def test_for_matching_z_is_the_context_without_masks_and_tokens_are_those_of_the_latents():
    system, recordings = Wav2Vec2(SMALL), [take for word in made_words(2) for take in word]
    found = system.encode(recordings)
    alone = Batch.of(recordings[:1])
    latents = system.latents(alone)

    assert np.allclose(found[0].z, system(alone)[0].detach().numpy(), atol=1e-5)
    assert np.allclose(np.linalg.norm(found[0].z, axis=1), 1, atol=1e-5)
    assert found[0].tokens.tolist() == system.quantizer.tokens(latents)[0].tolist()
    assert max(e.tokens.max() for e in found) < 9


def test_pairs_add_the_contrast_of_their_prototypes_over_the_quantizers_tokens():
    system, given = Wav2VecTok(SMALL).eval(), batch()
    torch.manual_seed(4)
    parts = system.loss(given)
    torch.manual_seed(4)
    alone = Wav2Vec2.loss(system, given)
    z, tokens = system.represent(given)
    p, has = prototypes(z, tokens, given.mask, 9)
    expected = contrast(p[0::2], has[0::2], p[1::2], has[1::2], system.relation)

    assert torch.allclose(parts["pairs"], expected)
    assert torch.allclose(parts["loss"], alone["loss"] + expected)


def test_every_weight_but_the_unused_codebook_is_trained():
    system = Wav2VecTok(SMALL)
    system.loss(batch(6))["loss"].backward()

    assert all(weight.grad is not None and weight.grad.abs().sum() > 0 for weight in system.parameters())


def test_training_tells_masked_frames_by_their_context_far_better_than_chance():
    torch.manual_seed(1)
    found = losses(Wav2Vec2(SMALL), made_words(), 120)

    assert np.mean([step["told"] for step in found[-20:]]) < 0.6 * np.mean([step["told"] for step in found[:20]])
    assert np.mean([step["unused"] for step in found[-20:]]) < 0.3


def test_training_on_pairs_lowers_the_loss_and_its_contrast_of_prototypes():
    torch.manual_seed(1)
    found = losses(Wav2VecTok(SMALL), made_words(), 120)

    for part, share in (("loss", 0.8), ("pairs", 0.6)):
        assert np.mean([step[part] for step in found[-20:]]) < share * np.mean([step[part] for step in found[:20]])
