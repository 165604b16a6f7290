"""The packed audio, decoded by all cores into one row of samples."""

from __future__ import annotations

import io
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import soundfile as sf
import soxr
from numpy.typing import NDArray

from export.corpus import RATE


def decoded(content: bytes) -> NDArray[np.int16]:
    """The samples of a file at RATE; none if it cannot be decoded."""
    try:
        samples, rate = sf.read(io.BytesIO(content), dtype="float32", always_2d=True)
    except (OSError, sf.LibsndfileError):
        return np.zeros(0, np.int16)
    mono = soxr.resample(samples.mean(axis=1), rate, RATE)
    pcm: NDArray[np.int16] = (np.clip(mono, -1, 1) * 32767).astype(np.int16)
    return pcm


def load(folder: Path, processes: int) -> tuple[NDArray[np.int16], NDArray[np.int64]]:
    """All samples, and [clips + 1] where each clip begins; what was decoded before is kept."""
    if (folder / "starts.npy").exists():
        return np.load(folder / "samples.npy"), np.load(folder / "starts.npy")
    places = np.load(folder / "audio.npy")
    parts = [(folder / f"audio-{i}.bin").read_bytes() for i in range(int(places[:, 0].max()) + 1)]
    contents = [parts[part][at : at + size] for part, at, size in places]
    with ProcessPoolExecutor(processes) as pool:
        clips = list(pool.map(decoded, contents, chunksize=64))
    starts = np.concatenate([[0], np.cumsum([len(clip) for clip in clips])])
    samples = np.concatenate(clips)
    np.save(folder / "samples.npy", samples)
    np.save(folder / "starts.npy", starts)
    return samples, starts


if __name__ == "__main__":
    load(Path(sys.argv[1]), int(sys.argv[2]))
