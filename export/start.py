"""Go on from an exported model: its weights for the encoder and codebook, and targets turned to agree with it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper

from export import corpus, teacher
from export.corpus import CorpusError
from export.model import HOP
from export.targets import Targets
from export.windows import LAG
from kwsd.tokenizer.tokenizer import Tokenizer

HALF = "_half"  # ends the names of weights that are stored as float16
HEARD = 1200.0  # seconds of clean speech on which targets and vectors are compared

Weights = dict[str, torch.Tensor]


def weights(path: Path) -> Weights:
    """The encoder's and codebook's parameters in an ONNX file that `export.to_onnx` wrote, by their names in training.

    Raises:
        CorpusError: the file is not such a graph.
    """
    try:
        graph = onnx.load(path).graph
    except Exception as error:  # onnx and protobuf raise types of their own
        raise CorpusError(f"{path} is not an ONNX file: name a model that export.to_onnx wrote") from error
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    found = {name: torch.tensor(values) for name, values in stored.items() if name.startswith("encoder.")}
    for node in graph.node:
        name = node.name.lstrip("/").replace("/", ".")
        if node.op_type == "MatMul" and name.startswith("encoder.") and not name.startswith("encoder.front"):
            matrix = stored.get(f"{node.input[1]}{HALF}", stored.get(node.input[1]))
            found[f"{name.removesuffix('.MatMul')}.weight"] = torch.tensor(matrix, dtype=torch.float32).T.contiguous()
    found |= _taps(graph, stored)
    if "codebook_value" not in stored or "encoder.project.weight" not in found:
        raise CorpusError(f"{path} is an ONNX graph but not a kwsd tokenizer: name a model that export.to_onnx wrote")
    found["codebook.centroids"] = torch.tensor(stored["codebook_value"])
    return found


def _taps(graph: onnx.GraphProto, stored: dict[str, NDArray[np.float32]]) -> Weights:
    """The taps of the depthwise convolutions, which `export.model.Block` multiplies by in turn, the last tap first."""
    rows: dict[str, list[NDArray[np.float32]]] = {}
    for node in graph.node:
        block = node.name.split("/")[2] if node.name.startswith("/encoder/blocks.") else ""
        constants = [stored[name] for name in node.input if name.startswith("onnx::Mul") and name in stored]
        if node.op_type == "Mul" and block and constants:
            rows.setdefault(block, []).append(constants[0])
    return {f"encoder.{block}.taps": torch.tensor(np.stack([*taps[1:], taps[0]])) for block, taps in rows.items()}


def agreeing(targets: Targets, model: Path, cache: Path, stem: str) -> Targets:
    """The targets rotated to agree best with a model's vectors of clean speech (Procrustes), and the model's codebook.

    Principal components have no fixed sign and order; a run that goes on from a model must mean by each what it means.

    Raises:
        ModelError: the file is not a tokenizer that this code made.
    """
    tokenizer = Tokenizer(model)
    frames = int(HEARD / tokenizer.hop)
    spoken = tokenizer.push(corpus.to_float(corpus.stream(cache, stem)[: frames * HOP])).vectors
    wanted = targets(teacher.vectors(cache / "train" / f"{stem}.teacher")[: frames - LAG])
    left, _, right = np.linalg.svd(wanted.T @ spoken[LAG:])
    turned = (targets.project @ left @ right).astype(np.float32)
    return replace(targets, project=turned, centroids=tokenizer.codebook.centroids)
