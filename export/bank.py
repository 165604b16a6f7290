"""Make the bank of background speech that ships: `python -m export.bank`, after `export.to_onnx`."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from export import corpus
from export.background import background
from kwsd.errors import KwsdError
from kwsd.tokenizer.background_bank import Bank
from kwsd.tokenizer.frames import Frames
from kwsd.tokenizer.tokenizer import Tokenizer

RUNNING = 0.75  # share of the bank that is running speech: what most microphones hear most of the time
SOURCES = ("librispeech", "ljspeech", "alphanumeric", "dspspeech", "arabic-commands")


def speech(shared: Path, hours: float, seed: int) -> Iterator[NDArray[np.float32]]:
    """Training clips in a seeded order, most of the time running speech, until there are that many hours of them."""
    rng = random.Random(seed)
    cache = corpus.default_cache()
    english = corpus.clips(shared, SOURCES[0], cache)
    others = [clip for name in SOURCES[1:] for clip in corpus.clips(shared, name, cache)]
    for pool, share in ((english, RUNNING), (others, 1 - RUNNING)):
        left = hours * 3600 * share
        for clip in rng.sample(pool, len(pool)):
            if left <= 0:
                break
            left -= clip.seconds
            yield corpus.read(clip.path)


def build(tokenizer: Tokenizer, pieces: Iterator[tuple[str, NDArray[np.float32]]]) -> Bank:
    """The bank of one unbroken stream of clips and the kinds that they are of, kind after kind."""
    tokenizer.reset()
    parts, kinds, end = [], dict[str, int](), 0
    for name, piece in tqdm(pieces, desc="bank", unit="clip"):
        parts.append(tokenizer.push(piece))
        end += len(parts[-1])
        kinds[name] = end
    return Bank.of(Frames.join(parts), tokenizer.codebook, tokenizer.hop, tokenizer.digest, tuple(kinds.items()))


@click.command()
@click.option("--shared", type=click.Path(path_type=Path), default=Path("../shared"), show_default=True)
@click.option(
    "--model", type=click.Path(path_type=Path), default=None, help="ONNX file; the shipped model if not given."
)
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("kwsd/tokenizer/models/background.npz"), show_default=True
)
@click.option("--hours", default=8.4, show_default=True)
@click.option("--seed", default=20261121, show_default=True)
def main(shared: Path, model: Path | None, out: Path, hours: float, seed: int) -> None:
    """Tokenize background speech and keep its codes and tokens."""
    try:
        bank = build(Tokenizer(model), background(shared, hours, seed))
    except (corpus.CorpusError, KwsdError) as error:
        raise click.ClickException(str(error)) from error
    bank.save(out)
    kinds = ", ".join(f"{name} {part.hours:.2f} h" for name, part in bank.parts().items())
    click.echo(f"{out}: {bank.hours:.2f} h ({kinds}), {out.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
