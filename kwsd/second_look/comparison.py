"""What Whisper's encoder heard as vectors in which phrases are compared: a small network, `comparison.onnx`.

It is trained so that what two people say alike is nearer, by the alignment of `kwsd.second_look.distance`, than words
and phrases one phone or one word away, in noise, in rooms and by telephone; `export.look` trains it.
"""

from __future__ import annotations

import hashlib
from importlib.resources import files

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

NETWORK = "comparison.onnx"
Vectors = NDArray[np.float32]


class Comparison:
    """The network.

    Attributes:
        digest: of its weights; vectors of different digests cannot be compared.
    """

    def __init__(self) -> None:
        content = (files("kwsd.second_look") / NETWORK).read_bytes()
        self.digest = hashlib.sha256(content).hexdigest()[:16]
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])

    def __call__(self, states: Vectors) -> Vectors:
        """Unit vectors [n, m] of the encoder's [2 n, WIDTH], two of which are one of them."""
        vectors: Vectors = self._session.run(None, {"states": states})[0]
        return vectors
