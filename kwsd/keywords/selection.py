"""Selection of the keywords to spot from a store, with the reasons why others cannot be used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kwsd.errors import KeywordError, KwsdError
from kwsd.keywords.keyword import Keyword
from kwsd.keywords.store import Store, check_model
from kwsd.tokenizer.tokenizer import Tokenizer


@dataclass(frozen=True)
class Selection:
    """The keywords to spot, at least one.

    Attributes:
        keywords: those that can be used.
        problems: a sentence for each keyword of the store that cannot be used.
        version: of the store from which they were read, see `Store.version`.
    """

    keywords: tuple[Keyword, ...]
    problems: tuple[str, ...] = ()
    version: object = None


def select(store: Store, names: Sequence[str], tokenizer: Tokenizer, before: Sequence[Keyword] = ()) -> Selection:
    """The keywords to spot.

    Args:
        store: the keywords.
        names: the keywords to load, each must be usable; if there are none, all usable keywords of the store.
        tokenizer: keywords that were made with another model are not usable.
        before: those in use until now; they stay in use where the store has a file for them that is not usable.

    Raises:
        KwsdError: a named keyword cannot be used, or no keyword of the store can.
    """
    version = store.version()  # before they are read: a change during that is another version
    if names:
        return Selection(tuple(store.load_all(dict.fromkeys(names), tokenizer)), version=version)
    in_use = {keyword.name: keyword for keyword in before}
    keywords, problems = [], []
    for name in store.names():
        try:
            keywords.append(_load(store, name, tokenizer))
        except KwsdError as error:
            problems.append(str(error))
            keywords += [in_use[name]] if name in in_use else []
    if not keywords:
        raise _no_keywords(store, problems)
    return Selection(tuple(keywords), tuple(problems), version)


def _load(store: Store, name: str, tokenizer: Tokenizer) -> Keyword:
    keyword = store.load(name)
    check_model(keyword, tokenizer)
    return keyword


def _no_keywords(store: Store, problems: Sequence[str]) -> KeywordError:
    if problems:
        return KeywordError(f"no keyword in {store.folder} can be used: {'; '.join(problems)}")
    return KeywordError(
        f'no keyword is enrolled in {store.folder}: record your phrase and run `kwsd enroll "my phrase" *.wav`'
    )
