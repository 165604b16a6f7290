"""Information in the tokens: mutual information with the spoken phone, and with the frame's place in the word.

No table of the papers has it, but it explains theirs: a token should tell the phone, and not the place.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from tqdm import tqdm

from export import align
from export.corpora.utterance import Excerpt, cut
from export.evaluate.data.spoken_words import word_sets
from export.evaluate.encoders import AudioEncoder, audio_encoder
from export.evaluate.experiment import Experiment
from export.evaluate.results import Result, Value

TASK = "token-contents"
PLACES = 8  # equal parts of a word
CLIPS, QUICK_CLIPS = 1500, 60
UNKNOWN = "?"

Phones = dict[str, list[align.Word]]


def run(experiment: Experiment) -> None:
    """Measure what is missing, a result for each system.

    Raises:
        CorpusError, EvaluationError: the words cannot be read.
        TrainingError: a system cannot be trained.
    """
    missing = [s for s in experiment.systems if not experiment.has(TASK, s, {})]
    if not missing:
        return
    sets = word_sets(experiment)
    clips = sets.test[:: max(1, len(sets.test) // (QUICK_CLIPS if experiment.quick else CLIPS))]
    phones = _aligned(experiment, clips)
    for system in tqdm(missing, desc=TASK, unit="system"):
        encode, began = audio_encoder(experiment, system, "speech"), time.perf_counter()
        token, place, phone = (np.array(c) for c in zip(*_frames(encode, clips, phones), strict=True))
        values = {"place": Value(explained(token, place))}
        if (phone != UNKNOWN).any():
            values["phone"] = Value(explained(token[phone != UNKNOWN], phone[phone != UNKNOWN]))
        took = time.perf_counter() - began
        kept = Result(TASK, system, {}, values, sets.data, len(clips), experiment.seed, took, experiment.quick)
        experiment.results.write(kept)


def explained(tokens: ArrayLike, of: ArrayLike) -> float:
    """The share of the entropy of `of` [n] that tokens [n] take away: mutual information over entropy, 0 to 1."""
    _, token = np.unique(np.asarray(tokens), return_inverse=True)
    _, other = np.unique(np.asarray(of), return_inverse=True)
    joint = np.zeros((token.max() + 1, other.max() + 1))
    np.add.at(joint, (token, other), 1 / len(token))
    known = _entropy(joint.sum(axis=0))
    return (known + _entropy(joint.sum(axis=1)) - _entropy(joint.ravel())) / known if known else 0.0


def _entropy(shares: NDArray[np.float64]) -> float:
    held = shares[shares > 0]
    return float(-(held * np.log(held)).sum())


def _frames(encode: AudioEncoder, clips: Sequence[Excerpt], phones: Phones) -> Iterator[tuple[int, int, str]]:
    """Token, place within the word, and phone of each frame."""
    for clip, encoded in zip(clips, encode(cut(clips, encode.rate)), strict=True):
        for number, token in enumerate(encoded.tokens.tolist()):
            place = min(PLACES * number // len(encoded.tokens), PLACES - 1)
            at = clip.start + (number + 0.5) / len(encoded.tokens) * (clip.end - clip.start)
            yield token, place, _spoken(phones.get(str(clip.utterance.path), []), at)


def _spoken(words: Sequence[align.Word], at: float) -> str:
    """The phone at a time in a recording."""
    for word in words:
        if word.start <= at < word.end:
            for phone, seconds in zip(word.phones, np.cumsum([s for _, s in word.phones]), strict=True):
                if at < word.start + seconds:
                    return phone[0]
    return UNKNOWN


def _aligned(experiment: Experiment, clips: Sequence[Excerpt]) -> Phones:
    """The phones of the recordings that `export.align` aligned, by the path of the recording; others have none."""
    found: Phones = {}
    root = experiment.cache / "corpus"
    paths = {clip.utterance.path: clip.utterance.split for clip in clips if clip.utterance.path.is_relative_to(root)}
    corpora = {(path.relative_to(root).parts[0], split) for path, split in paths.items()}
    for name, split in sorted(corpora):
        if align.path_of(experiment.cache, name, split).exists():
            for path, word in align.words(experiment.cache, name, split):
                found.setdefault(str(root / name / path), []).append(word)
    return found
