"""What `kwsd search` searches for, and the keyword that is made of it and of hits that were right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kwsd.cli.group import complain, warn
from kwsd.cli.voices import said_by_voices
from kwsd.settings.archive import SearchConfig

if TYPE_CHECKING:
    from kwsd.archive import Feedback, Query
    from kwsd.enrolment.template import Recording
    from kwsd.keywords.keyword import Keyword
    from kwsd.keywords.store import Store
    from kwsd.tokenizer.tokenizer import Tokenizer


MANY_MISSES = 0.3  # of which it is said what can be done


@dataclass(frozen=True)
class Asked:
    """An enrolled keyword or recordings of a phrase, and what is known of earlier hits."""

    store: Store
    keyword: Keyword | None
    recordings: Sequence[Path | Recording]
    known: Feedback

    @classmethod
    def of(cls, config: SearchConfig, tokenizer: Tokenizer) -> Asked:
        """What the settings ask for; a text is said by voices."""
        from kwsd.archive import Feedback
        from kwsd.archive.search.feedback import read_hit
        from kwsd.keywords.store import Store

        known = Feedback(*(tuple(map(read_hit, lines)) for lines in (config.like, config.unlike)))
        store = Store(config.store)
        if config.keyword is None:
            return cls(store, None, [*config.recordings, *said_by_voices(config.say)], known)
        (keyword,) = store.load_all([config.keyword], tokenizer)
        return cls(store, keyword, (), known)

    def query(self, tokenizer: Tokenizer, second_look: bool, words: str = "") -> Query:
        """The query, which has not learned from hits yet; recordings are heard a second time if it is wanted.

        Args:
            tokenizer: is reset.
            second_look: whether it is wanted.
            words: that the recordings say, if they are known.
        """
        from kwsd.archive import Query
        from kwsd.second_look import look

        if self.keyword:
            return Query.of_keyword(self.keyword)
        return Query.of_recordings(self.recordings, tokenizer, look.second_look() if second_look else None, words)

    def save(self, config: SearchConfig, tokenizer: Tokenizer) -> bool:
        """Save a keyword of it and of the known hits, and say so; returns whether every recording was used.

        Raises:
            KeywordError: the name is not allowed, is that of another keyword than the one that is searched for, or no
                recording can be used.
            AudioError: a hit cannot be cut out of its file.
            ModelError: the second look is wanted and not installed.
        """
        from kwsd.archive.confirmed import expectation, keyword_of
        from kwsd.keywords.keyword import check_name

        name = check_name(config.save_keyword or "")
        before, others = self._before(name, tokenizer), self.store.others(name, tokenizer)
        made = keyword_of(
            name,
            self.recordings,
            self.known,
            tokenizer,
            adding_to=before,
            others=others,
            second_look=config.second_look,
            alarms_per_hour=config.false_alarms_per_hour,
        )
        path, keyword = self.store.save(made.keyword), made.keyword
        for sentence in made.warnings:
            warn(sentence)
        for sentence in made.refused:
            complain(sentence)
        counts = f"{len(keyword.templates)} recordings and {len(keyword.negatives)} negatives"
        click.echo(f'"{name}" has {counts}, threshold {keyword.threshold:.3f}; saved as {path}', err=True)
        click.echo(expectation(made), err=True)
        if made.misses and made.misses.rate > MANY_MISSES:
            look = "" if keyword.looks else "--second-look, "
            warn(
                f"it will be missed often: give {look}more --false-alarms-per-hour, or --like with hits by other "
                "speakers"
            )
        return not made.refused

    def _before(self, name: str, tokenizer: Tokenizer) -> Keyword | None:
        """The keyword that is added to."""
        from kwsd.errors import KeywordError
        from kwsd.keywords.store import check_model

        self.store.check_spelling(name)
        if name not in self.store.names():
            return self.keyword
        if self.keyword and self.keyword.name != name:
            raise KeywordError(
                f'"{name}" is there already: save the hits under a new name, or as "{self.keyword.name}"'
            )
        before = self.store.load(name)
        check_model(before, tokenizer)
        return before
