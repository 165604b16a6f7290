import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install 'kwsd[train]'")
pytest.importorskip("export.corpus", reason="the trainer is not beside the tests")

from export.labels import UNKNOWN  # noqa: E402
from export.model import HOP, Codebook, Encoder, Shape, fourier, mel_filters  # noqa: E402  after the skip
from export.recipe import Phase, Recipe  # noqa: E402
from export.targets import clustered  # noqa: E402
from export.train import Student, total  # noqa: E402
from export.windows import WARM, Batch  # noqa: E402

SMALL = Shape(bands=16, stem=12, channels=16, hidden=24, dilations=(1, 2), dim=8, tokens=6, sound=4, phones=6)


@pytest.fixture
def encoder():
    torch.manual_seed(0)
    return Encoder(SMALL).eval()


def test_a_window_in_pieces_gives_the_same_vectors_as_in_one(encoder):
    samples = torch.randn(1, 20 * HOP) * 0.1
    whole = encoder(samples, encoder.states())[:2]

    states, parts = encoder.states(), []
    for first, last in ((0, 1), (1, 7), (7, 20)):
        *vectors, states = encoder(samples[:, first * HOP : last * HOP], states)
        parts.append(vectors)

    for kind in (0, 1):
        assert torch.allclose(torch.cat([p[kind] for p in parts], dim=1), whole[kind], atol=1e-5)


def test_the_fourier_matrix_is_the_windowed_transform():
    x = np.random.default_rng(0).standard_normal(400).astype(np.float32)
    spectrum = np.fft.rfft(x * np.hanning(401)[:400])
    cosines, sines = np.split(x @ fourier().numpy(), 2)

    assert np.allclose(cosines, spectrum.real, atol=1e-3)
    assert np.allclose(sines, -spectrum.imag, atol=1e-3)


def test_mel_filters_cover_the_band_and_weigh_the_same():
    filters = mel_filters(64)

    assert torch.allclose(filters.sum(dim=0), torch.ones(64), atol=1e-5)
    assert (filters[4:190].sum(dim=1) > 0).all()


def test_training_on_speech_lowers_the_loss_and_names_more_phones(speech):
    torch.manual_seed(0)
    student = Student(SMALL)
    samples = torch.from_numpy(speech[: 8 * 50 * HOP].reshape(8, -1))
    mel, _ = student.encoder.front(samples, student.encoder.states(8)[0])
    heard = (mel.reshape(8, 50, 4, -1).mean(dim=2)[:, WARM:] - mel.mean(dim=(0, 1))) @ torch.randn(
        SMALL.bands, SMALL.dim
    )
    targets = torch.nn.functional.normalize(heard, dim=2)
    clusters = torch.from_numpy(clustered(targets.reshape(-1, SMALL.dim).numpy(), 6, np.random.default_rng(0)))
    phones = (targets @ clusters.T).argmax(dim=2)
    phones[:, :5] = UNKNOWN
    batch, phase = Batch(samples, targets, phones, None), Phase(80, 1e-2, 0.0, (0, 0), phones=1.0)
    optimizer = torch.optim.Adam(student.parameters(), lr=1e-2)
    losses = []
    for _ in range(80):
        parts = student.losses(batch, clusters, scale=8.0)
        optimizer.zero_grad()
        total(parts, Recipe(), phase).backward()
        optimizer.step()
        losses.append({name: value.item() for name, value in parts.items()})

    assert losses[-1]["distance"] < 0.7 * losses[0]["distance"]
    assert losses[-1]["tokens"] < 0.7 * losses[0]["tokens"]
    assert losses[-1]["phones_right"] > 0.6 > losses[0]["phones_right"]


def test_a_token_is_chosen_by_cosine_whatever_the_length_of_a_centroid():
    codebook = Codebook(3, 2)
    codebook.centroids.data = torch.tensor([[9.0, 0.0], [0.0, 0.1], [-1.0, 0.0]])

    assert codebook(torch.tensor([0.6, 0.8])).argmax().item() == 1


def test_the_learning_rate_warms_up_and_ends_at_nothing():
    phase = Phase(100, 2e-3, 0.7, (0, 20))
    rates = [phase.rate_at(step / 100) for step in range(100)]

    assert rates[0] < rates[4] < rates[7]
    assert max(rates) == pytest.approx(2e-3, rel=0.01)
    assert rates[99] < 1e-5
