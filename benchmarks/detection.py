"""Misses and false alarms on real recordings: `python -m benchmarks.detection`, see docs/benchmarks.md."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple
from pathlib import Path

import click
import numpy as np

from benchmarks import efficientword_net, options, speech_embedding
from benchmarks.corpora import CorpusError
from benchmarks.measures import Figures, figures, frames_of, lowest
from benchmarks.protocol import Audio, Protocol
from benchmarks.tables import table
from kwsd.enrolment.enroll import LEARNED, enroll
from kwsd.enrolment.threshold import Rule
from kwsd.errors import KwsdError
from kwsd.keywords.keyword import Keyword
from kwsd.spotting.matching import SCORERS
from kwsd.spotting.score_track import KeywordScorer
from kwsd.tokenizer.background_bank import Bank
from kwsd.tokenizer.frames import Frames
from kwsd.tokenizer.tokenizer import Tokenizer

Data = Audio[Frames]


def encoded(tokenizer: Tokenizer, protocol: Protocol) -> Data:
    """All audio of the protocol as a tokenizer represents it."""
    return protocol.encoded(lambda pieces: frames_of(tokenizer, pieces))


def measure(keywords: list[Keyword], names: list[str], data: Data, tokenizer: Tokenizer) -> list[Figures]:
    """The figures of each keyword, of which several may be of one word."""
    scorer = KeywordScorer(keywords[0].scorer, keywords, tokenizer.hop, tokenizer.codebook)
    clean, noisy, words = (lowest(scorer, clips) for clips in (data.clean, data.noisy, data.words))
    scorer.reset()
    track = scorer.push(data.background).distance
    return [
        figures(
            clean[:, k], noisy[:, k], words[:, k], track[:, k], data.labels == name, keyword.threshold, tokenizer.hop
        )
        for k, (keyword, name) in enumerate(zip(keywords, names, strict=True))
    ]


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


def judge(tokenizer: Tokenizer, bank: Bank, protocol: Protocol, scorers: Sequence[str]) -> dict[str, list[Figures]]:
    """The figures of each scorer, and of the default one with the other threshold rule."""
    data = encoded(tokenizer, protocol)
    results = {scorer: evaluate(scorer, tokenizer, bank, data, protocol) for scorer in scorers}
    results["subsequence, midpoint rule"] = evaluate("subsequence", tokenizer, bank, data, protocol, Rule("midpoint"))
    return results


def measure_embedding(protocol: Protocol) -> list[Figures]:
    """The same for the speech embedding."""
    embedding, bank = speech_embedding.loaded(protocol.shared)
    return evaluate("subsequence", embedding, bank, encoded(embedding, protocol), protocol)


PEERS = {"speech-embedding": measure_embedding, "efficientword-net": efficientword_net.measure}

COLUMNS = ("miss % at 0 alarms", "at 1", "noisy, at 0", "at 1", "EER %", "own threshold: miss %", "alarms/h")


@click.command()
@options.shared
@options.model
@options.bank
@click.option("--scorer", "scorers", multiple=True, type=click.Choice(SCORERS), help="Only these.")
@click.option("--peer", "peers", multiple=True, type=click.Choice(tuple(PEERS)), help="Measure it too.")
@options.out
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
    click.echo(table(("scorer", *COLUMNS), ((label, *astuple(average(rows))) for label, rows in results.items())))
    options.write(results, out)


if __name__ == "__main__":
    main()
