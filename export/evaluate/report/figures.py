"""The pictures of the report: search by system, query time by archive size, and tokenizations side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from export.corpora.utterance import Excerpt, cut
from export.evaluate.errors import EvaluationError
from export.evaluate.experiment import Experiment
from export.evaluate.matching.distances import MATCHINGS
from export.evaluate.report.training_runs import DOMAINS, Training
from export.evaluate.results import Result, Value
from export.systems.features import SPEECH
from export.systems.registry import TITLES
from kwsd.scorers import compress
from kwsd.spotting.plot import load

if TYPE_CHECKING:
    from export.evaluate.encoders import AudioEncoder

DPI = 110
LASTS = 0.5, 0.9  # s, of the word whose tokenizations are drawn: long enough to see, short enough to read
USUAL = 25  # K of the runs whose learning curves are drawn
LEARNED = {"dtw": "DTW over vectors", "edit, compressed": "edit distance over compressed tokens"}
KINDS = 25  # tokens of a codebook, one colour each; larger ones use a colour for several


def query_time(results: Iterable[Result], path: Path) -> bool:
    """Draw the time of a query against the number of archived utterances, a line a method; whether there was any."""
    lines: dict[str, list[tuple[float, float]]] = {}
    for result in results:
        if result.task == "query-time" and "seconds" in result.values and "utterances" in result.setting:
            label = f"{TITLES.get(result.system, result.system)}, {result.setting.get('method')}"
            point = float(result.setting["utterances"]), 1000 * result.values["seconds"].value
            lines.setdefault(label, []).append(point)
    if not lines:
        return False
    figure = load().figure.Figure((7, 4.2), dpi=DPI, layout="constrained")
    axes = figure.subplots()
    for label, points in lines.items():
        axes.plot(*zip(*sorted(points), strict=True), marker="o", markersize=4, label=label)
    axes.set(xscale="log", yscale="log", xlabel="archived utterances", ylabel="time of a query, ms")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    _save(figure, path)
    return True


def speech_search(results: Iterable[Result], path: Path) -> bool:
    """Draw the MRR of speech search and its interval, a line a system, a mark a matching; whether there was any."""
    found: dict[str, dict[str, Value]] = {}
    for result in results:
        if result.task == "speech-search" and result.setting.get("matching") in MATCHINGS and "mrr" in result.values:
            found.setdefault(result.system, {})[str(result.setting["matching"])] = result.values["mrr"]
    if not found:
        return False
    names = [name for name in TITLES if name in found]
    figure = load().figure.Figure((7, 1 + 0.4 * len(names)), dpi=DPI, layout="constrained")
    axes = figure.subplots()
    for shift, matching in zip(np.linspace(-0.24, 0.24, len(MATCHINGS)), MATCHINGS, strict=True):
        held = [(i + shift, found[name][matching]) for i, name in enumerate(names) if matching in found[name]]
        _marks(axes, held, matching)
    axes.set_yticks(range(len(names)), [TITLES[name] for name in names])
    axes.invert_yaxis()
    axes.set(xlabel="MRR of speech search")
    axes.grid(axis="x", alpha=0.3)
    figure.legend(loc="outside upper center", ncols=len(MATCHINGS), fontsize=8)
    _save(figure, path)
    return True


def learning_curves(runs: Sequence[Training], path: Path) -> bool:
    """Draw what each run was worth while it learned, by DTW and by compressed tokens, as SVG; whether there was any."""
    drawn = [run for run in runs if run.tokens == USUAL and all(m in one for one in run.judged for m in LEARNED)]
    domains = [domain for domain in DOMAINS if any(run.domain == domain for run in drawn)]
    if not domains:
        return False
    load().rcParams["svg.hashsalt"] = path.name  # the same picture for the same runs
    figure = load().figure.Figure((9, 3.2 * len(domains)), layout="constrained")
    panels = figure.subplots(len(domains), len(LEARNED), squeeze=False, sharey="row")
    for (row, domain), (column, (matching, said)) in product(enumerate(domains), enumerate(LEARNED.items())):
        axes = panels[row, column]
        for run in (run for run in drawn if run.domain == domain):
            colour = f"C{list(TITLES).index(run.name) % 10}"
            points = [(one["step"], one[matching]) for one in run.judged]
            axes.plot(*zip(*points, strict=True), color=colour, marker=".", linewidth=1, label=TITLES[run.name])
        axes.set(title=f"{domain}, {said}", xlabel="step", ylabel="held-out MRR")
        axes.grid(alpha=0.3)
    panels[0, 0].legend(fontsize=7)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})
    return True


def _marks(axes: Any, held: Sequence[tuple[float, Value]], label: str) -> None:
    if not held:
        return
    at = [value.value for _, value in held]
    below = [0.0 if value.low is None else max(0.0, value.value - value.low) for _, value in held]
    above = [0.0 if value.high is None else max(0.0, value.high - value.value) for _, value in held]
    axes.errorbar(at, [y for y, _ in held], xerr=(below, above), fmt="o", markersize=4, capsize=2, label=label)


def tokenizations(experiment: Experiment, path: Path) -> None:
    """Draw how each system of the experiment tokenizes one word as two speakers say it (Wav2Tok, appendix A).

    The word is drawn by the experiment's seed from those of unseen speakers.

    Raises:
        EvaluationError: there is no such word.
        TrainingError: a system cannot be trained.
    """
    from export.evaluate.data.spoken_words import word_sets  # noqa: PLC0415
    from export.evaluate.encoders import audio_encoder  # noqa: PLC0415  # with figures of results alone, nothing is encoded

    pair = two_speakers(word_sets(experiment).test, experiment.seed)
    recordings: Sequence[NDArray[np.float32]] = cut(pair, SPEECH.rate)
    rows: dict[str, tuple[float, list[NDArray[np.int32]]]] = {}
    for name in experiment.systems:
        encode: AudioEncoder = audio_encoder(experiment, name, "speech")
        rows[name] = encode.seconds, [encoded.tokens for encoded in encode(recordings)]
    draw(path, pair[0].label, recordings, rows)


def two_speakers(excerpts: Sequence[Excerpt], seed: int) -> tuple[Excerpt, Excerpt]:
    """A word and two speakers who say it, drawn by the seed.

    Raises:
        EvaluationError: no word of a length that can be drawn has two speakers.
    """
    spoken: dict[str, dict[str, Excerpt]] = {}
    for excerpt in excerpts:
        if LASTS[0] <= excerpt.end - excerpt.start <= LASTS[1]:
            spoken.setdefault(excerpt.label, {}).setdefault(excerpt.speaker, excerpt)
    words = sorted(word for word, by in spoken.items() if len(by) >= 2)
    if not words:
        raise EvaluationError(f"no word of {LASTS[0]} to {LASTS[1]} s has two speakers: name a larger corpus")
    by = spoken[words[int(np.random.default_rng(seed).integers(len(words)))]]
    first, second = sorted(by)[:2]
    return by[first], by[second]


def draw(
    path: Path,
    word: str,
    recordings: Sequence[NDArray[np.float32]],
    rows: Mapping[str, tuple[float, Sequence[NDArray[np.int32]]]],
) -> None:
    """Draw recordings [n] side by side, the spectrogram above, below it a line of tokens a system.

    Args:
        path: the picture.
        word: what is said.
        recordings: at 16 kHz.
        rows: by system, the seconds from frame to frame and the tokens [t] of each recording.
    """
    longest = max(len(samples) for samples in recordings) / SPEECH.rate
    figure = load().figure.Figure((4.6 * len(recordings), 2.4 + 0.5 * len(rows)), dpi=DPI, layout="constrained")
    heights = [4] + [1] * len(rows)
    panels = figure.subplots(1 + len(rows), len(recordings), sharex=True, squeeze=False, height_ratios=heights)
    for column, samples in enumerate(recordings):
        _spectrogram(panels[0, column], samples)
        panels[0, column].set_title(f'"{word}", speaker {column + 1}', fontsize=9)
        for row, (name, (seconds, tokens)) in enumerate(rows.items(), 1):
            _tokens(panels[row, column], tokens[column], seconds)
            panels[row, column].set_ylabel(TITLES.get(name, name), rotation=0, ha="right", va="center", fontsize=8)
        panels[-1, column].set(xlim=(0, longest), xlabel="s")
    _save(figure, path)


def _spectrogram(axes: Any, samples: NDArray[np.float32]) -> None:
    """As the systems encode it: each bin without its mean."""
    features = SPEECH(samples)
    extent = (0, len(features) * SPEECH.seconds, 0, SPEECH.rate / 2000)
    axes.imshow(features.T, origin="lower", aspect="auto", extent=extent, cmap="gray_r")
    axes.set_ylabel("kHz", fontsize=8)


def _tokens(axes: Any, tokens: NDArray[np.int32], seconds: float) -> None:
    """Each run of one token as a box of its colour, with its number."""
    axes.set(ylim=(0, 1), yticks=[])
    colours = load().colormaps["turbo"]
    for token, onset, offset in zip(*compress(tokens), strict=True):
        # Neighbours in number need not sound alike, and should not look alike.
        colour = colours((int(token) * 7 % KINDS) / (KINDS - 1))
        axes.broken_barh([(onset * seconds, (offset - onset) * seconds)], (0, 1), facecolors=[colour], alpha=0.6)
        middle = (onset + offset) / 2 * seconds
        axes.text(middle, 0.5, str(token), ha="center", va="center", fontsize=6, rotation=90, clip_on=True)


def _save(figure: Any, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)
