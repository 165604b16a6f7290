"""Make the training data: `python -m export.prepare --shared ../shared`. What is already made is kept.

Three kinds of it: streams of audio, the teacher's vectors of each, and the words and phones of what was said.
"""

from __future__ import annotations

from pathlib import Path

import click

from export import align, corpus, teacher


@click.command()
@click.option("--shared", type=click.Path(path_type=Path), default=Path("../shared"), show_default=True)
@click.option("--seed", default=20261121, show_default=True)
def main(shared: Path, seed: int) -> None:
    """Unpack and decode the corpora, align what was said, and run the teacher over every stream of speech."""
    cache = corpus.default_cache()
    try:
        corpus.prepare(shared, cache, seed)
        for name in align.TRANSCRIBED:
            align.align(shared, cache, name, "train")
        for path in sorted((cache / "train").glob("speech-*.raw")):
            teacher.embed_stream(corpus.stream(cache, path.stem), path.with_suffix(".teacher"))
    except (corpus.CorpusError, teacher.TeacherError) as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"{error}: make room below {cache} and run again, what is whole is kept") from error


if __name__ == "__main__":
    main()
