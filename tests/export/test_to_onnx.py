import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install 'kwsd[train]'")
onnx = pytest.importorskip("onnx")
pytest.importorskip("export.corpus", reason="the trainer is not beside the tests")

from export import codes, corpus, to_onnx  # noqa: E402  after the skip
from export.model import HOP, Shape  # noqa: E402
from export.train import Run, Student, TrainingError  # noqa: E402
from kwsd.tokenizer.codebook import nearest, unit  # noqa: E402
from kwsd.tokenizer.tokenizer import Tokenizer  # noqa: E402

SMALL = Shape(bands=16, stem=12, channels=16, hidden=24, dilations=(1, 2), dim=8, tokens=6, sound=4, phones=6)


@pytest.fixture
def run(tmp_path):
    """A run's folder with an untrained student, and stages that were fitted after it."""
    torch.manual_seed(0)
    student = Student(SMALL)
    torch.save({"student": student.state_dict(), "step": 7, "shape": SMALL.as_dict()}, tmp_path / "trained.pt")
    np.save(tmp_path / "stages.npy", np.random.default_rng(0).standard_normal((4, 256, 8)).astype(np.float32))
    return tmp_path


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::torch.jit.TracerWarning", "ignore::UserWarning")
@pytest.mark.parametrize(("halved", "near"), [(False, 1e-4), (True, 2e-2)])
def test_the_graph_says_what_the_trained_encoder_says(run, speech, halved, near):
    onnx.save(to_onnx.build(run, run, halved), run / "small.onnx")
    tokenizer = Tokenizer(run / "small.onnx")
    samples = speech[: 40 * HOP]
    frames = tokenizer.push(samples)

    student, _ = to_onnx.load(run / "trained.pt")
    with torch.no_grad():
        z, _, _ = student.encoder(torch.from_numpy(samples[None]), student.encoder.states())
        tokens = student.codebook(z).argmax(dim=2)[0].numpy()

    assert np.allclose(frames.vectors, z[0].numpy(), atol=near)
    assert (frames.tokens == tokens).mean() >= (0.9 if halved else 1)
    assert tokenizer.codebook.centroids.shape == (6, 8)
    assert np.array_equal(tokenizer.codebook.stages, np.load(run / "stages.npy"))


def test_a_run_that_was_never_trained_is_said_in_a_sentence(tmp_path):
    with pytest.raises(corpus.CorpusError, match=r"export\.train"):
        to_onnx.build(tmp_path, tmp_path)


def test_each_stage_of_a_fitted_code_book_takes_up_more_of_the_vectors():
    vectors = unit(np.random.default_rng(1).standard_normal((3000, 6)).astype(np.float32))
    stages = codes.fit(vectors, seed=5, stages=3, words=16)

    left, lengths = vectors, [1.0]
    for words in stages:
        left = left - words[nearest(left, words)]
        lengths.append(float(np.linalg.norm(left, axis=1).mean()))

    assert lengths == sorted(lengths, reverse=True)
    assert lengths[-1] < 0.5
    assert np.array_equal(stages, codes.fit(vectors, seed=5, stages=3, words=16))


def test_a_share_of_what_the_last_phase_changed_is_kept(tmp_path):
    run = Run.__new__(Run)
    run.folder, run.device, run.step, run.student = tmp_path, torch.device("cpu"), 9, Student(SMALL)
    run._write("before.pt", {name: weight + 1 for name, weight in run.student.state_dict().items()})
    run.model = None
    run.finish(0.75)

    trained, step = to_onnx.load(tmp_path / "trained.pt")
    kept, after = trained.codebook.centroids, run.student.codebook.centroids

    assert step == 9
    assert torch.allclose(kept, after + 0.75)


def test_a_full_disk_is_said_in_a_sentence_and_leaves_the_last_checkpoint(tmp_path, monkeypatch):
    run = Run.__new__(Run)
    run.folder, run.step, run.student = tmp_path, 9, Student(SMALL)
    run._write("checkpoint.pt", run.student.state_dict())
    before = (tmp_path / "checkpoint.pt").read_bytes()

    def full(_state, path):
        path.write_bytes(b"half")
        raise RuntimeError("No space left on device")

    monkeypatch.setattr(torch, "save", full)

    with pytest.raises(TrainingError, match="make room"):
        run._write("checkpoint.pt", run.student.state_dict())
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.pt"]
    assert (tmp_path / "checkpoint.pt").read_bytes() == before
