"""Fit what a second look tells of pairs that discovery finds: `python -m export.second_look_of_pairs`.

To be run after `export.look.to_onnx`. Phrases that recur are looked for in a third of LibriSpeech
`train`; each pair of places is heard again as `kwsd.archive.discovery.second_look` does, and is right
if both say the same words.
"""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import astuple
from pathlib import Path

import click

from export import corpus
from export.align import Word
from export.discovered import Transcripts
from export.search_calibration import SPLIT, built, logistic
from export.spoken_queries import Templates, aligned_clips
from kwsd.archive import Settings
from kwsd.archive.discovery.group import SHORTEST
from kwsd.archive.discovery.heard import Heard
from kwsd.archive.discovery.pairs import find_pairs
from kwsd.archive.discovery.second_look import CALIBRATION, LEAST, Weights, compare, shorter
from kwsd.errors import KwsdError
from kwsd.second_look.look import second_look
from kwsd.tokenizer.codebook import MERGED
from kwsd.tokenizer.tokenizer import Tokenizer
from kwsd.tokenizer.voice_activity import VoiceActivity

EVERY = 3  # recording that is looked through
Spoken = tuple[corpus.Clip, Sequence[Word]]


def examples(clips: Sequence[Spoken], tokenizer: Tokenizer) -> Iterator[tuple[float, float, float, bool]]:
    """For each pair what its probability is told by, and whether it is right."""
    truth, step = Transcripts(clips), MERGED * tokenizer.hop
    with tempfile.TemporaryDirectory() as folder:
        segment = built(Path(folder), 0, [clip for clip, _ in clips], Templates(tokenizer), tokenizer, Settings())
        heard = Heard.of([segment], tokenizer.codebook)
        activity = VoiceActivity.for_model(tokenizer.digest)
        pairs = find_pairs(heard, math.ceil(SHORTEST / step - 1e-9), activity, least=LEAST)
        found = compare(pairs, heard, step)
        for far, pair in zip(found.far.tolist(), found.places, strict=True):
            yield 1.0, far, math.log(shorter(*pair)), truth.same_words(*pair)


@click.command()
@click.option("--shared", type=click.Path(path_type=Path), default=Path("../shared"), show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=CALIBRATION, show_default=False)
def main(shared: Path, out: Path) -> None:
    """Fit the weights, and write them with the digest of the network."""
    try:
        tokenizer, look = Tokenizer(None), second_look()
        clips = list(aligned_clips(shared, corpus.default_cache(), (SPLIT,)))
    except (corpus.CorpusError, KwsdError) as error:
        raise click.ClickException(str(error)) from error
    rows = list(examples(clips[::EVERY], tokenizer))
    weights = Weights(*logistic(rows))
    content = {"second_look": look.digest, "split": SPLIT, "weights": astuple(weights)}
    out.write_text(json.dumps(content, indent=1) + "\n")
    click.echo(f"{out}: {len(rows)} pairs, of which {sum(row[-1] for row in rows)} are right")


if __name__ == "__main__":
    main()
