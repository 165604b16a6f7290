import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install 'kwsd[train]'")
pytest.importorskip("export.corpus", reason="the trainer is not beside the tests")

from export import start  # noqa: E402  after the skip
from export.corpus import CorpusError  # noqa: E402
from export.model import HOP, Shape  # noqa: E402
from export.train import Run, Student  # noqa: E402
from kwsd.tokenizer.models import shipped  # noqa: E402
from kwsd.tokenizer.tokenizer import Tokenizer  # noqa: E402


def test_the_weights_of_an_exported_model_give_its_vectors(speech):
    student = Student(Shape())
    left_out = student.load_state_dict(start.weights(shipped("base.onnx")), strict=False)
    samples = speech[: 40 * HOP]
    with torch.no_grad():
        z, _, _ = student.encoder(torch.from_numpy(samples[None]), student.encoder.states())

    assert np.allclose(z[0].numpy(), Tokenizer().push(samples).vectors, atol=1e-5)
    assert not left_out.unexpected_keys
    assert all("sound" in name or "phones" in name for name in left_out.missing_keys)


def test_a_file_that_is_no_model_is_said_in_a_sentence(tmp_path):
    (tmp_path / "other.onnx").write_bytes(b"no graph")

    with pytest.raises(CorpusError, match=r"export\.to_onnx"):
        start.weights(tmp_path / "other.onnx")


def test_a_run_that_started_from_a_model_keeps_its_share_of_it(tmp_path):
    run = Run.__new__(Run)
    run.folder, run.device, run.step, run.student = tmp_path, torch.device("cpu"), 9, Student(Shape())
    run.model = shipped("base.onnx")
    run.finish(0.25)

    kept, name = torch.load(tmp_path / "trained.pt", weights_only=True)["student"], "encoder.project.weight"
    own, former = run.student.state_dict(), start.weights(run.model)
    assert torch.allclose(kept[name], 0.75 * own[name] + 0.25 * former[name], atol=1e-6)
    assert torch.equal(kept["phones.centroids"], own["phones.centroids"])
