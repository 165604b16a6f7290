"""Misses and false alarms on real recordings: `python -m benchmarks.detection`, see docs/benchmarks.md."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

import click
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from benchmarks.measures import Figures, dips, equal_error, frames_of, lowest
from benchmarks.peers import SpeechEmbedding
from benchmarks.protocol import Protocol
from benchmarks.wordnet import measure_wordnet
from export.bank import speech
from export.corpus import CorpusError
from kwsd.enrolment.enroll import LEARNED, enroll
from kwsd.enrolment.threshold import Rule
from kwsd.errors import KwsdError
from kwsd.keywords.keyword import Keyword
from kwsd.spotting.matching import SCORERS
from kwsd.spotting.score_track import KeywordScorer
from kwsd.tokenizer.background_bank import Bank
from kwsd.tokenizer.frames import Frames
from kwsd.tokenizer.tokenizer import Tokenizer


@dataclass(frozen=True)
class Data:
    """All audio of the protocol as one tokenizer hears it."""

    clean: list[Frames]
    noisy: list[Frames]
    words: list[Frames]
    background: Frames
    labels: NDArray[np.str_]

    @classmethod
    def hear(cls, tokenizer: Tokenizer, protocol: Protocol) -> Data:
        """Tokenize everything once."""
        clips = protocol.clips()
        clean = [frames_of(tokenizer, [protocol.padded(c.samples)]) for c in tqdm(clips, desc="clips")]
        noisy = [frames_of(tokenizer, [protocol.padded(protocol.noisy(c))]) for c in tqdm(clips, desc="noisy clips")]
        words = [frames_of(tokenizer, [protocol.padded(x)]) for x in tqdm(protocol.other_words(), desc="other words")]
        background = frames_of(tokenizer, tqdm(protocol.background(), desc="background"))
        return cls(clean, noisy, words, background, np.array([c.keyword for c in clips]))


def measure(keywords: list[Keyword], names: list[str], data: Data, tokenizer: Tokenizer) -> list[Figures]:
    """The figures of each keyword, of which several may be of one word."""
    scorer = KeywordScorer(keywords[0].scorer, keywords, tokenizer.hop, tokenizer.codebook)
    clean, noisy, words = (lowest(scorer, clips) for clips in (data.clean, data.noisy, data.words))
    scorer.reset()
    track = scorer.push(data.background).distance
    hours = len(track) * tokenizer.hop / 3600
    rows = []
    for k, (keyword, name) in enumerate(zip(keywords, names, strict=True)):
        own = data.labels == name
        alarms = dips(track[:, k], tokenizer.hop)
        miss = [100 * float(np.mean(s[own, k] >= alarms[n])) for s in (clean, noisy) for n in (0, 1)]
        others = np.concatenate([clean[~own, k], words[:, k]])
        own_miss = 100 * float(np.mean(clean[own, k] > keyword.threshold))
        own_alarms = float(np.sum(alarms <= keyword.threshold)) / hours
        error = 100 * equal_error(clean[own, k], others)
        rows.append(Figures(miss[0], miss[1], miss[2], miss[3], error, own_miss, own_alarms))
    return rows


def evaluate(
    scorer: str, tokenizer: Tokenizer, bank: Bank, data: Data, protocol: Protocol, rule: Rule = LEARNED
) -> list[Figures]:
    """Enrol every draw of every word with the product's own code, and measure."""
    pairs = [(name, draw) for name in protocol.keywords for draw in protocol.draws(name)]
    keywords = [enroll(name, draw, tokenizer, scorer=scorer, bank=bank, threshold=rule).keyword for name, draw in pairs]
    return measure(keywords, [name for name, _ in pairs], data, tokenizer)


def average(rows: list[Figures]) -> Figures:
    """The mean of every figure."""
    return Figures(*(float(np.mean([getattr(r, f) for r in rows])) for f in Figures.__dataclass_fields__))


def line(label: str, figures: Figures) -> str:
    """A row of the Markdown table."""
    return f"| {label} | " + " | ".join(f"{value:.1f}" for value in asdict(figures).values()) + " |"


def judge(tokenizer: Tokenizer, bank: Bank, protocol: Protocol, scorers: Sequence[str]) -> dict[str, list[Figures]]:
    """The figures of each scorer, and of the default one with the other threshold rule."""
    data = Data.hear(tokenizer, protocol)
    results = {scorer: evaluate(scorer, tokenizer, bank, data, protocol) for scorer in scorers}
    results["subsequence, midpoint rule"] = evaluate("subsequence", tokenizer, bank, data, protocol, Rule("midpoint"))
    return results


def measure_embedding(protocol: Protocol) -> list[Figures]:
    """The same for the speech embedding; its bank is speech of the training split."""
    embedding = SpeechEmbedding()
    tokenizer = cast(Tokenizer, embedding)
    data = Data.hear(tokenizer, protocol)
    heard = frames_of(tokenizer, speech(protocol.shared, 0.7, seed=20261121))
    bank = Bank(heard.vectors, heard.tokens, embedding.hop, embedding.digest)
    return evaluate("subsequence", tokenizer, bank, data, protocol)


PEERS = {"speech-embedding": measure_embedding, "efficientword-net": measure_wordnet}

HEADER = """| scorer | miss % at 0 alarms | at 1 | noisy, at 0 | at 1 | EER % | own threshold: miss % | alarms/h |
|---|---|---|---|---|---|---|---|"""


@click.command()
@click.option("--shared", type=click.Path(path_type=Path), default=Path("../shared"), show_default=True)
@click.option(
    "--model", type=click.Path(path_type=Path), default=None, help="ONNX file; the shipped model if not given."
)
@click.option("--bank", type=click.Path(path_type=Path), default=None, help="Background bank of that model.")
@click.option("--scorer", "scorers", multiple=True, type=click.Choice(SCORERS), help="Only these.")
@click.option("--peer", "peers", multiple=True, type=click.Choice(tuple(PEERS)), help="Measure it too.")
@click.option("--out", type=click.Path(path_type=Path), default=None, help="Write the figures as JSON.")
def main(
    shared: Path,
    model: Path | None,
    bank: Path | None,
    scorers: tuple[str, ...],
    peers: tuple[str, ...],
    out: Path | None,
) -> None:
    """Measure every scorer on `../shared/eval`."""
    try:
        loaded = Bank.load(bank) if bank else Bank.shipped()
        results = judge(Tokenizer(model), loaded, Protocol(shared), scorers or SCORERS)
        results |= {label: measure_peer(Protocol(shared)) for label, measure_peer in PEERS.items() if label in peers}
    except (KwsdError, CorpusError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(HEADER)
    for label, rows in results.items():
        click.echo(line(label, average(rows)))
    if out:
        out.write_text(json.dumps({k: [asdict(r) for r in rows] for k, rows in results.items()}, indent=1))


if __name__ == "__main__":
    main()
