"""The systems by their names, in the order of the tables."""

from __future__ import annotations

from importlib import import_module

from export.systems.shape import Shape
from export.systems.system import System, TrainingError

# Each is the class of the same place in a module of `export.systems`.
CLASSES = {
    "stft": "stft.STFT",
    "log-stft": "stft_log.LogSTFT",
    "untrained": "untrained.Untrained",
    "triplet": "triplet.Triplet",
    "mips": "mips.MIPS",
    "wav2vec2": "wav2vec2.Wav2Vec2",
    "wav2vec-tok": "wav2vec_tok.Wav2VecTok",
    "toka": "toka.TokA",
    "tokb": "tokb.TokB",
    "tokb-batch": "tokb_batch.TokBBatch",
    "tokb-nosim": "tokb_nosim.TokBNoSim",
    "tokb-trans": "tokb_transformer.TokBTransformer",
}
TITLES = {
    "stft": "STFT",
    "log-stft": "log STFT",
    "untrained": "untrained encoder",
    "triplet": "Triplet",
    "mips": "MIPS",
    "wav2vec2": "Wav2Vec 2.0",
    "wav2vec-tok": "Wav2Vec-Tok",
    "toka": "TokA",
    "tokb": "TokB",
    "tokb-batch": "TokB + batch negatives",
    "tokb-nosim": "TokB + NoSim",
    "tokb-trans": "TokB + Trans",
    "kwsd": "kwsd's own",
}


def build(name: str, shape: Shape) -> System:
    """A system with fresh weights.

    Raises:
        TrainingError: there is no system of that name.
    """
    return kind(name)(shape)


def kind(name: str) -> type[System]:
    """The class of a system.

    Raises:
        TrainingError: there is no system of that name.
    """
    if name not in CLASSES:
        raise TrainingError(f'there is no system "{name}": choose from {", ".join(CLASSES)}')
    module, cls = CLASSES[name].split(".")
    found: type[System] = getattr(import_module(f"export.systems.{module}"), cls)
    return found
