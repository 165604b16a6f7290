"""Make the training data: `python -m export.prepare --shared ../shared`. What is already made is kept.

Streams of audio, the same as telephones and recorders keep it, the teacher's vectors of each stream, the words and
phones of what was said, and simulated rooms.
"""

from __future__ import annotations

from pathlib import Path

import click

from export import align, corpus, recorded, rooms, teacher


@click.command()
@click.option("--shared", type=click.Path(path_type=Path), default=Path("../shared"), show_default=True)
@click.option("--seed", default=20261121, show_default=True)
def main(shared: Path, seed: int) -> None:
    """Unpack and decode the corpora, simulate rooms and recorders, align what was said, and run the teacher."""
    cache = corpus.default_cache()
    try:
        corpus.prepare(shared, cache, seed)
        rooms.prepare(cache, seed)
        for name in align.TRANSCRIBED:
            align.align(shared, cache, name, "train")
        for path in sorted((cache / "train").glob("speech-*.raw")):
            teacher.embed_stream(corpus.stream(cache, path.stem), path.with_suffix(".teacher"))
        recorded.prepare(cache, "speech-1", seed)
    except (corpus.CorpusError, teacher.TeacherError) as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"{error}: make room below {cache} and run again, what is whole is kept") from error


if __name__ == "__main__":
    main()
