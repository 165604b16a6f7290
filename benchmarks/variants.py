"""Size, speed and accuracy of the encoder with weights of 32, 16 and 8 bits: `python -m benchmarks.variants`.

Needs the training run that the shipped model is of, and the trainer's packages.
"""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from pathlib import Path

import click
import onnx
import soundfile as sf
from onnxruntime.quantization import QuantType, quantize_dynamic

from benchmarks import corpora, options
from benchmarks.detection import COLUMNS, average, encoded, evaluate
from benchmarks.protocol import Protocol
from benchmarks.speed import Case, measure
from benchmarks.tables import header, row
from export import to_onnx
from export.background import background
from export.bank import build
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
@options.shared
@click.option("--run", type=click.Path(path_type=Path), default=None, help="Folder of the training run.")
@click.option("--hours", default=1.4, show_default=True, help="Length of each variant's background bank.")
def main(shared: Path, run: Path | None, hours: float) -> None:
    """Write, time and judge each variant; each gets a background bank of its own."""
    click.echo(header(("weights", "MB", "s of audio per CPU s", *COLUMNS[:5])))
    with tempfile.TemporaryDirectory() as folder:
        audio = Path(folder) / "speech.wav"
        sf.write(audio, corpora.read_prose(shared, 600.0), corpora.RATE)
        for kind in VARIANTS:
            path = variant(kind, run or corpora.default_cache() / "run", shared, Path(folder))
            cpu, _ = measure(Case("", 0, audio, path), 3)
            tokenizer, protocol = Tokenizer(path), Protocol(shared)
            bank = build(tokenizer, background(shared, hours, seed=20261121))
            found = average(evaluate("subsequence", tokenizer, bank, encoded(tokenizer, protocol), protocol))
            size, rates = path.stat().st_size / 1e6, list(asdict(found).values())[:5]
            click.echo(row((kind, size, f"{600 / cpu:.0f}", *rates)))


if __name__ == "__main__":
    main()
