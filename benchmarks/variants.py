"""Size, speed and accuracy of the encoder with weights of 32, 16 and 8 bits: `python -m benchmarks.variants`.

Needs the training run that the shipped model is of, and the trainer's packages.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import click
import onnx
import soundfile as sf
from onnxruntime.quantization import QuantType, quantize_dynamic

from benchmarks.detection import Data, average, evaluate
from benchmarks.protocol import Protocol
from benchmarks.speed import Case, measure, speech
from export import corpus, to_onnx
from export.bank import build
from export.bank import speech as background
from export.model import WINDOW
from kwsd.tokenizer.tokenizer import Tokenizer

VARIANTS = ("float32", "float16", "int8")
FIXED = (WINDOW, WINDOW // 2 + 1)  # rows of the Fourier matrix and of the mel filters, which stay as they are


def variant(kind: str, run: Path, shared: Path, folder: Path) -> Path:
    """The graph of a run with such weights, written to a folder."""
    out = folder / f"{kind}.onnx"
    onnx.save(to_onnx.build(run, shared, halved=kind == "float16"), out)
    if kind == "int8":
        quantize_dynamic(out, out, ["MatMul"], weight_type=QuantType.QInt8, nodes_to_exclude=kept(out))
    return out


def kept(path: Path) -> list[str]:
    """The matrix products of the front end, which would leak loud bands into quiet ones."""
    graph = onnx.load(path).graph
    fixed = {t.name for t in graph.initializer if list(t.dims)[:1] and t.dims[0] in FIXED}
    return [node.name for node in graph.node if fixed & set(node.input)]


@click.command()
@click.option("--shared", type=click.Path(path_type=Path), default=Path("../shared"), show_default=True)
@click.option("--run", type=click.Path(path_type=Path), default=None, help="Folder of the training run.")
@click.option("--hours", default=0.7, show_default=True, help="Length of each variant's background bank.")
def main(shared: Path, run: Path | None, hours: float) -> None:
    """Write, time and judge each variant; each gets a background bank of its own."""
    click.echo("| weights | MB | s of audio per CPU s | miss % at 0 alarms | at 1 | noisy, at 0 | at 1 | EER % |")
    click.echo("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        audio = Path(folder) / "speech.wav"
        sf.write(audio, speech(shared, 600.0), corpus.RATE)
        for kind in VARIANTS:
            path = variant(kind, run or corpus.default_cache() / "run", shared, Path(folder))
            cpu, _ = measure(Case("", 0, audio, path), 3)
            tokenizer, protocol = Tokenizer(path), Protocol(shared)
            bank = build(tokenizer, background(shared, hours, seed=20261121))
            found = average(evaluate("subsequence", tokenizer, bank, Data.hear(tokenizer, protocol), protocol))
            figures = (found.miss_at_0, found.miss_at_1, found.noisy_at_0, found.noisy_at_1, found.equal_error)
            rates = " | ".join(f"{value:.1f}" for value in figures)
            click.echo(f"| {kind} | {path.stat().st_size / 1e6:.1f} | {600 / cpu:.0f} | {rates} |")


if __name__ == "__main__":
    main()
