"""Write the trained network as ONNX: `python -m export.look.to_onnx --net NET.pt`.

Of several networks the mean of the weights is written: of one that went on from another and of that, for example.
Input `states` [2 n, 384], output `vectors` [n, DIM]; large weights are stored as float16.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from export.look.net import DIM, Comparison
from export.look.whisper import WIDTH
from export.start import HALF
from export.to_onnx import halve_weights
from kwsd.second_look.comparison import NETWORK


class Graph(nn.Module):
    """What the second look runs."""

    def __init__(self, net: Comparison) -> None:
        super().__init__()
        self.net = net

    def forward(self, states: Tensor) -> Tensor:
        """Unit vectors of all that was heard."""
        held = torch.ones(1, 1)
        vectors: Tensor = self.net(states[None], held)[0][0]
        return vectors


def untrained() -> Comparison:
    """A network without a discriminant, for weights to be loaded into."""
    return Comparison(np.zeros(WIDTH, np.float32), np.zeros((WIDTH, DIM), np.float32))


def load(path: Path) -> Comparison:
    """The network of a run, see `export.look.train`, or of a graph, which has no phones."""
    net = untrained()
    if path.suffix == ".onnx":
        net.load_state_dict(weights(onnx.load(path)), strict=False)
    else:
        net.load_state_dict({name: value.float() for name, value in torch.load(path, weights_only=True)["net"].items()})
    return net.eval()


def mean_of(nets: Sequence[Comparison]) -> Comparison:
    """The network whose weights are the mean of those of some."""
    mean, every = untrained(), [net.state_dict() for net in nets]
    mean.load_state_dict({name: torch.stack([one[name] for one in every]).mean(0) for name in every[0]})
    return mean.eval()


def weights(model: onnx.ModelProto) -> dict[str, Tensor]:
    """The parameters in a graph that `main` wrote, by their names in training."""
    stored = {one.name: numpy_helper.to_array(one).astype(np.float32) for one in model.graph.initializer}
    named = {name.removesuffix(HALF): torch.tensor(values) for name, values in stored.items()}
    for node in model.graph.node:
        if node.op_type == "Identity" and node.input[0] in named:
            named[node.output[0]] = named[node.input[0]]
        if node.op_type == "MatMul":
            layer = node.name.removeprefix("/").removesuffix("/MatMul").replace("/", ".")
            named[f"{layer}.weight"] = named[node.input[1]].T.contiguous()
    return {name.removeprefix("net."): value for name, value in named.items() if name.startswith("net.")}


def trace(net: Comparison) -> onnx.ModelProto:
    """The graph, with the number of vectors left open."""
    content = io.BytesIO()
    torch.onnx.export(
        Graph(net),
        (torch.zeros(8, WIDTH),),
        content,  # type: ignore[arg-type]
        input_names=["states"],
        output_names=["vectors"],
        dynamic_axes={"states": {0: "states"}, "vectors": {0: "vectors"}},
        opset_version=17,
        dynamo=False,
    )
    return onnx.load_from_string(content.getvalue())


@click.command()
@click.option(
    "--net", "nets", type=click.Path(path_type=Path), required=True, multiple=True, help="Trained, or a graph."
)
@click.option("--out", type=click.Path(path_type=Path), default=Path("kwsd/second_look") / NETWORK, show_default=True)
def main(nets: tuple[Path, ...], out: Path) -> None:
    """Write the graph."""
    model = trace(mean_of([load(net) for net in nets]))
    halve_weights(model)
    onnx.save(model, out)
    click.echo(f"{out}: {out.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
