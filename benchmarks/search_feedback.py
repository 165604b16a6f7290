"""What a search learns from each click: `python -m benchmarks.search_feedback`.

Words and phrases of LibriSpeech `dev` are searched for, as in `benchmarks.search`. A simulated user listens to the
first hit that was not judged yet, and says whether it is right; the query learns from it and is asked again. Beside it
what judging alone brings, where the list only loses its wrong hits and has its right ones first.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from tqdm import tqdm

from benchmarks import corpora
from benchmarks.product import Product, command
from benchmarks.search import Answer, Questions, figures, judged
from benchmarks.tables import table
from export.search_calibration import built
from export.spoken_queries import Said, Templates, aligned
from kwsd.archive import Feedback, Hit, Settings
from kwsd.archive.search.methods import find
from kwsd.archive.segments.segment import Segment
from kwsd.tokenizer.tokenizer import Tokenizer

WORDS, PHRASES = 200, 100  # queries
CLICKS = 3
SHORTEST = 0.25  # s of a hit that is judged; a shorter one cannot be learned from
TOP = 160  # hits of a search, the asking speaker's included
HEADER = ("queries", "clicks", "P@1", "P@5", "MAP", "P@1, judged only", "P@5", "MAP")


@dataclass(frozen=True)
class Listener:
    """Who knows what is said where.

    Attributes:
        segment: that is searched.
        templates: of the queries.
        tokenizer: of the model.
        speaker_of: the speaker of each file.
    """

    segment: Segment
    templates: Templates
    tokenizer: Tokenizer
    speaker_of: dict[str, str]

    def answers(self, said: Sequence[Said], relevant: Sequence[Said]) -> Iterator[tuple[Answer, Answer]]:
        """How good the list is after each click, from none on: of a search that learns, and of one that does not."""
        first = self._hits(said, Feedback())
        lists, known = {"learned": first, "judged": first}, {"learned": Feedback(), "judged": Feedback()}
        for click_number in range(CLICKS + 1):
            if click_number:
                for kind, shown in lists.items():
                    known[kind] = self._click(known[kind], shown, relevant)
                lists = {"learned": self._hits(said, known["learned"]), "judged": first}
            learned, plain = (judged(_ordered(known[kind], lists[kind]), relevant) for kind in ("learned", "judged"))
            yield learned, plain

    def _hits(self, said: Sequence[Said], feedback: Feedback) -> list[Hit]:
        codebook, hop = self.tokenizer.codebook, self.tokenizer.hop
        query = feedback.refine(self.templates.query(said), [self.segment], codebook, hop)
        speakers = {one.speaker for one in said}
        found = find([self.segment], query, codebook, hop, top=TOP).hits
        return [hit for hit in found if self.speaker_of[hit.path] not in speakers]

    def _click(self, known: Feedback, shown: Sequence[Hit], relevant: Sequence[Said]) -> Feedback:
        """What is known when the first hit that was not judged has been listened to."""
        old = (*known.right, *known.wrong)
        long = (hit for hit in shown if hit.end - hit.start > SHORTEST)
        fresh = next((hit for hit in long if not any(hit.overlaps(one) for one in old)), None)
        if fresh is None:
            return known
        if any(one.is_at(Path(fresh.path), fresh.start, fresh.end) for one in relevant):
            return Feedback((*known.right, fresh), known.wrong)
        return Feedback(known.right, (*known.wrong, fresh))


def _ordered(known: Feedback, shown: Sequence[Hit]) -> list[Hit]:
    """What is known to be right, then the list without what was judged."""
    old = (*known.right, *known.wrong)
    return [*known.right, *(hit for hit in shown if not any(hit.overlaps(one) for one in old))]


@command(__doc__)
def main(product: Product) -> dict[str, Any]:
    """P@1, P@5 and MAP after each click, query labels resampled."""
    tokenizer = product.tokenizer
    clips, words, phrases = aligned(product.protocol.shared, corpora.default_cache(), ("dev",))
    speaker_of = {str(clip.path): clip.speaker for clip in clips}
    speakers, templates = set(speaker_of.values()), Templates(tokenizer)
    asked = [
        Questions("words", words, words.queries(WORDS, speakers)),
        Questions("phrases", phrases, phrases.queries(PHRASES, speakers)),
    ]
    rows: list[list[object]] = []
    with tempfile.TemporaryDirectory() as folder:
        segment = built(Path(folder), 0, clips, templates, tokenizer, Settings())
        listener = Listener(segment, templates, tokenizer, speaker_of)
        for questions in asked:
            every = [
                list(listener.answers(said[:1], questions.truth.relevant(said[0].label, {said[0].speaker})))
                for said in tqdm(questions.queries, desc=questions.name, leave=False)
            ]
            for clicks in range(CLICKS + 1):
                learned, plain = (
                    figures(questions, [answers[clicks][kind] for answers in every])[:3] for kind in (0, 1)
                )
                rows.append([questions.name, clicks, *learned, *(f"{one.mean:.1f}" for one in plain)])
    click.echo(f"\n{sum(clip.seconds for clip in clips) / 3600:.1f} h of LibriSpeech dev.\n\n{table(HEADER, rows)}")
    return {f"{name}, {clicks}": [str(cell) for cell in cells] for name, clicks, *cells in rows}


if __name__ == "__main__":
    main()
