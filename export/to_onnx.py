"""Write the trained encoder and codebook as one streaming ONNX graph: `python -m export.to_onnx`.

Inputs: `samples` [1, 640 n] and one `state_i` per layer; outputs: `vectors` [n, dim], `tokens` [n], one `next_state_i`
per layer, and constants: `codebook` [K, dim], `stages` [s, 256, dim], and the states before the first sample,
`first_state_i`.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path

import click
import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper
from torch import Tensor, nn
from torch.nn import functional

from export import corpus
from export.bank import speech
from export.codes import HOURS, fit, heard
from export.model import DELAY, HOP, RATE, WINDOW, Shape
from export.recipe import Recipe
from export.start import HALF
from export.train import Student


class Graph(nn.Module):
    """What the daemon runs: samples and states in, vectors, tokens and states out."""

    def __init__(self, student: Student) -> None:
        super().__init__()
        self.encoder = student.encoder
        self.register_buffer("centroids", functional.normalize(student.codebook.centroids, dim=1).T.contiguous())

    def forward(self, samples: Tensor, *states: Tensor) -> tuple[Tensor, ...]:
        """The graph's outputs in order."""
        z, _, after = self.encoder(samples, list(states))
        tokens = (z @ self.centroids).argmax(dim=2)
        return (z[0], tokens[0].to(torch.int32), *after)


def load(checkpoint: Path) -> tuple[Student, int]:
    """The trained student of a checkpoint, and its number of steps."""
    saved = torch.load(checkpoint, weights_only=True)
    shape = Shape(**saved["shape"])
    student = Student(shape)
    student.load_state_dict(saved["student"])
    return student.eval(), int(saved["step"])


def trace(student: Student, path: Path) -> onnx.ModelProto:
    """The graph as ONNX, with the number of hops left open."""
    states = student.encoder.states()
    names = [f"state_{i}" for i in range(len(states))]
    torch.onnx.export(
        Graph(student),
        (torch.zeros(1, 4 * HOP), *states),
        str(path),
        input_names=["samples", *names],
        output_names=["vectors", "tokens", *(f"next_{name}" for name in names)],
        dynamic_axes={"samples": {1: "samples"}, "vectors": {0: "frames"}, "tokens": {0: "frames"}},
        opset_version=17,
        dynamo=False,
    )
    return onnx.load(path)


def halve_weights(model: onnx.ModelProto) -> None:
    """Store the learned weights as float16 behind a cast; onnxruntime folds the cast away when it loads the graph.

    The Fourier matrix and the mel filters stay float32: rounding them would leak loud bands into quiet ones.
    """
    graph = model.graph
    casts = []
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < 1024 or len(values) in (WINDOW, WINDOW // 2 + 1):
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}{HALF}"))
        casts.append(helper.make_node("Cast", [f"{name}{HALF}"], [name], to=onnx.TensorProto.FLOAT))
    for node in reversed(casts):
        graph.node.insert(0, node)


def add_constants(model: onnx.ModelProto, constants: dict[str, Tensor]) -> None:
    """Outputs that do not depend on the input, so that a reader of the graph needs nothing beside it."""
    for name, tensor in constants.items():
        value = numpy_helper.from_array(tensor.detach().numpy(), f"{name}_value")
        model.graph.initializer.append(value)
        model.graph.node.append(helper.make_node("Identity", [value.name], [name]))
        model.graph.output.append(helper.make_tensor_value_info(name, value.data_type, list(value.dims)))


def describe(model: onnx.ModelProto, student: Student, facts: dict[str, str]) -> None:
    """Put what a reader of the graph must know into its metadata."""
    shape = student.encoder.shape
    facts = {
        "kwsd.format": "2",
        "kwsd.rate": str(RATE),
        "kwsd.hop": str(HOP),
        "kwsd.delay": str(DELAY),
        "kwsd.look_ahead": "0",
        "kwsd.tokens": str(shape.tokens),
        "kwsd.dim": str(shape.dim),
        **facts,
    }
    for key, value in facts.items():
        model.metadata_props.add(key=key, value=value)


def commit() -> str:
    """The commit of the code that exports, marked if the tree differs from it."""
    run = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False)
    return run.stdout.strip() or "unknown"


def code_words(student: Student, run: Path, shared: Path) -> Tensor:
    """The stages of the code book, fitted once to what a run trained and kept beside it.

    The clips are drawn as those of the background bank are, with another seed.
    """
    path = run / "stages.npy"
    if not path.exists() or path.stat().st_mtime < (run / "trained.pt").stat().st_mtime:
        seed = Recipe().seed + 1
        np.save(path, fit(heard(student.encoder, speech(shared, HOURS, seed)), seed))
    return torch.from_numpy(np.load(path))


def build(run: Path, shared: Path, halved: bool = True) -> onnx.ModelProto:
    """The graph of what a run trained, whole, with float16 or float32 weights.

    Raises:
        CorpusError: the run is not finished, or the speech that the code book is fitted to is not there.
    """
    checkpoint = run / "trained.pt"
    if not checkpoint.exists():
        raise corpus.CorpusError(f"{checkpoint} is not there: run `python -m export.train` first")
    student, step = load(checkpoint)
    with tempfile.TemporaryDirectory() as folder:
        model = trace(student, Path(folder) / "traced.onnx")
    if halved:
        halve_weights(model)
    firsts = {f"first_state_{i}": state for i, state in enumerate(student.encoder.states())}
    centroids = functional.normalize(student.codebook.centroids, dim=1)
    add_constants(model, {"codebook": centroids, "stages": code_words(student, run, shared), **firsts})
    describe(model, student, {"kwsd.commit": commit(), "kwsd.steps": str(step)})
    return model


@click.command()
@click.option("--shared", type=click.Path(path_type=Path), default=Path("../shared"), show_default=True)
@click.option("--run", type=click.Path(path_type=Path), default=None, help="Folder of the training run.")
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("kwsd/tokenizer/models/base.onnx"), show_default=True
)
@click.option("--metrics", type=click.Path(exists=True, path_type=Path), help="JSON of benchmark figures to record.")
def main(shared: Path, run: Path | None, out: Path, metrics: Path | None) -> None:
    """Export what a run trained."""
    cache = corpus.default_cache()
    try:
        model = build(run or cache / "run", shared)
    except corpus.CorpusError as error:
        raise click.ClickException(str(error)) from error
    helper.set_model_props(
        model,
        {
            **{p.key: p.value for p in model.metadata_props},
            "kwsd.data": (cache / "train" / "manifest.json").read_text(),
            "kwsd.metrics": json.dumps(json.loads(metrics.read_text())) if metrics else "{}",
        },
    )
    onnx.checker.check_model(model)
    part = out.with_suffix(".part")
    onnx.save(model, part)
    part.replace(out)
    click.echo(f"{out}: {out.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
