"""The tokenizer as a stream: audio in, frames out; onnxruntime runs the encoder and its codebook."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from kwsd.errors import AudioError, ModelError
from kwsd.tokenizer.codebook import Codebook
from kwsd.tokenizer.frames import Frames
from kwsd.tokenizer.models import shipped

FORMAT = "2"
LARGEST_RUN = 64  # hops that one call of the graph handles: large enough to be efficient, small enough for the cache


class Tokenizer:
    """A stream of 16 kHz mono samples to 25 frames a second; a frame depends on past samples only.

    Any split of the samples over `push` gives the one-shot answer. A frame comes out as soon as its last sample is in;
    its time lies `delay` seconds before that sample, in the middle of the speech that it describes.

    Args:
        path: an ONNX file written by `export.to_onnx`; the shipped model if None.

    Attributes:
        rate: samples per second.
        hop: seconds between frames.
        delay: seconds from a frame's time to the last sample that it needs.
        dim: length m of a vector.
        codebook: centroids of tokens, words of codes; the token of z is argmax_k z . w_k (Wav2Tok, section 3.1).
        digest: the first 12 hex digits of the file's SHA-256; keywords keep it.
        metadata: the graph's own: training data, commit, metrics.

    Raises:
        ModelError: the file is missing or is not a kwsd tokenizer.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or shipped("base.onnx")
        self.digest = _digest(self.path)
        self._session = _session(self.path)
        self.metadata: Mapping[str, str] = self._session.get_modelmeta().custom_metadata_map
        self.rate, hop = int(self._fact("rate")), int(self._fact("hop"))
        self._hop = hop
        self.hop = hop / self.rate
        self.delay = float(self._fact("delay"))
        self.dim = int(self._fact("dim"))
        self._inputs = [i.name for i in self._session.get_inputs()]
        states = [name.removeprefix("state_") for name in self._inputs[1:]]
        self._outputs = ["vectors", "tokens", *(f"next_state_{i}" for i in states)]
        constants = ["codebook", "stages", *(f"first_state_{i}" for i in states)]
        centroids, stages, *self._first = _constants(self._session, hop, constants)
        self.codebook = Codebook(centroids, stages)
        self._states: list[NDArray[np.float32]]
        self._pending: NDArray[np.float32]
        self._count: int
        self.reset()

    def another(self) -> Tokenizer:
        """A tokenizer for another stream, which shares the memory of the model with this one."""
        other = copy.copy(self)
        other.reset()
        return other

    def push(self, samples: NDArray[np.float32]) -> Frames:
        """The frames that became complete with these samples [n] in [-1, 1]; n may be 0.

        Raises:
            AudioError: a sample is not a finite number; the stream goes on as if the call had not been made.
        """
        if not np.isfinite(samples).all():
            raise AudioError("the audio holds samples that are not numbers: check the decoder or the device it is from")
        joined = np.concatenate([self._pending, samples.astype(np.float32, copy=False)])
        whole = len(joined) // self._hop * self._hop
        self._pending = joined[whole:]
        step = LARGEST_RUN * self._hop
        return self._frames([self._run(joined[i : min(i + step, whole)]) for i in range(0, whole, step)])

    @property
    def pending(self) -> float:
        """Seconds of the samples pushed so far that are not in a frame yet."""
        return len(self._pending) / self.rate

    def flush(self) -> Frames:
        """The remaining frames of the samples pushed so far, as if silence followed; then a new stream begins."""
        owed = len(self._pending) + round(self.delay * self.rate)
        frames = self.push(np.zeros(-(-owed // self._hop) * self._hop - len(self._pending), np.float32))
        self.reset()
        return frames

    def reset(self) -> None:
        """Begin a new stream: the next sample is its first."""
        self._states = self._first
        self._pending = np.zeros(0, np.float32)
        self._count = 0

    def _run(self, samples: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
        feed = dict(zip(self._inputs, [samples[None], *self._states], strict=True))
        vectors, tokens, *self._states = self._session.run(self._outputs, feed)
        return vectors, tokens

    def _frames(self, parts: list[tuple[NDArray[np.float32], NDArray[np.int32]]]) -> Frames:
        if not parts:
            return Frames(np.zeros(0), np.zeros((0, self.dim), np.float32), np.zeros(0, np.int32))
        vectors = np.concatenate([v for v, _ in parts])
        ends = np.arange(self._count + 1, self._count + 1 + len(vectors), dtype=np.float64) * self.hop
        self._count += len(vectors)
        return Frames(ends - self.delay, vectors, np.concatenate([t for _, t in parts]))

    def _fact(self, name: str) -> str:
        try:
            return str(self.metadata[f"kwsd.{name}"])
        except KeyError:
            raise ModelError(f"{self.path} is an ONNX graph but not a kwsd tokenizer: kwsd.{name} is missing") from None


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:12]
    except OSError as error:
        raise ModelError(
            f"the model {path} cannot be read ({error.strerror}): reinstall kwsd or name another"
        ) from error


def _session(path: Path) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    try:
        session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own types are private
        raise ModelError(f"{path} is not an ONNX model that onnxruntime can load: name a kwsd tokenizer") from error
    found = session.get_modelmeta().custom_metadata_map.get("kwsd.format")
    if found != FORMAT:
        said = f"is of format {found}" if found else "does not say its format"
        raise ModelError(f"{path} {said}, this kwsd reads format {FORMAT}: use the model that came with it")
    return session


def _constants(session: ort.InferenceSession, hop: int, names: list[str]) -> list[NDArray[np.float32]]:
    """Outputs of the graph that are the same for any input."""
    samples, *states = session.get_inputs()
    feed = {samples.name: np.zeros((1, hop), np.float32)} | {i.name: np.zeros(i.shape, np.float32) for i in states}
    constants: list[NDArray[np.float32]] = session.run(names, feed)
    return constants
