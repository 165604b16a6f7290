"""What callers say: words with their times in `corpus/telephone`, which has no transcripts.

`python -m export.look.transcribed`, before `pack`. Whisper tiny.en hears each recording before a short and
before a long silence; what it hears the same twice is aligned.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import click
import numpy as np
from tqdm import tqdm

from export import align, corpus
from export.augment import Samples
from kwsd.errors import KwsdError
from kwsd.second_look.decoder import Decoder, plain
from kwsd.second_look.encoder import Encoder

NAME, SPLIT = "telephone", "train"
BEFORE, AFTER = 0.3, (1.5, 5.0)  # s of silence around a recording
LONGEST = 20.0  # s of a recording
LEAST = -1.2  # mean log-probability of a token
TOKENS, BEAM = 60, 3


class Transcriber:
    """Transcripts by Whisper tiny.en as kwsd runs it."""

    def __init__(self) -> None:
        self._encoder = Encoder()
        self._decoder = Decoder(self._encoder)

    def __call__(self, samples: Samples) -> str:
        """The words of a recording of at most LONGEST; none where the hearings do not agree."""
        first, *others = (self._heard(samples, after) for after in AFTER)
        return first if all(other == first for other in others) else ""

    def _heard(self, samples: Samples, after: float) -> str:
        padded = np.pad(samples, (round(BEFORE * corpus.RATE), round(after * corpus.RATE)))
        heard = self._encoder.view(self._encoder.states(padded)[None])
        asked = {"beam_size": BEAM, "max_length": TOKENS, "return_scores": True}
        (found,) = self._encoder.model.generate(heard, [self._decoder.prompt], **asked)
        if found.scores[0] < LEAST:
            return ""
        return once(plain(self._decoder.tokenizer.decode(found.sequences_ids[0])).split())


def once(words: list[str]) -> str:
    """The words, of which Whisper repeats those of a short recording until it has no more tokens."""
    for size in range(1, len(words) // 2 + 1):
        if all(word == before for word, before in zip(words[size:], words, strict=False)):
            return " ".join(words[:size])
    return " ".join(words)


@lru_cache(maxsize=1)
def transcriber() -> Transcriber:
    """One for all recordings of a process."""
    return Transcriber()


def transcript(clip: corpus.Clip) -> str:
    """The words of a clip; none where they are not known."""
    try:
        return transcriber()(corpus.read(clip.path))
    except corpus.CorpusError:
        return ""


def transcribed(clips: list[corpus.Clip]) -> Iterator[corpus.Clip]:
    """Clips whose words can be told, with these."""
    short = [clip for clip in clips if clip.seconds <= LONGEST]
    with ProcessPoolExecutor() as pool:
        found = pool.map(transcript, short, chunksize=8)
        for clip, text in zip(short, tqdm(found, total=len(short), desc="transcribe"), strict=True):
            if text:
                yield replace(clip, text=text)


@click.command()
@click.option("--shared", type=click.Path(path_type=Path), default=Path("../shared"), show_default=True)
def main(shared: Path) -> None:
    """Transcribe and align callers' recordings."""
    cache = corpus.default_cache()
    try:
        out = align.path_of(cache, NAME, SPLIT)
        if not out.exists():
            clips = list(transcribed(corpus.clips(shared, NAME, cache, SPLIT)))
            align.write(out, clips, corpus.unpack(shared, NAME, cache))
    except (corpus.CorpusError, KwsdError) as error:
        raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    main()
