"""Which words and phrases sound almost alike: one phone or one word apart. They are the hardest negatives."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence

Phones = tuple[str, ...]


def neighbours(spellings: Mapping[str, Sequence[Phones]]) -> dict[str, list[str]]:
    """The near words of each word or phrase that has any.

    Single words are near if they are equal with at most one phone left out of each; phrases, if they have as many words
    and all but one in common. What sounds the same is not near.

    Args:
        spellings: the phones of each word of a phrase, by its text.
    """
    groups: dict[Hashable, list[str]] = defaultdict(list)
    for text, words in spellings.items():
        for key in set(_keys(words)):
            groups[key].append(text)
    near: dict[str, set[str]] = defaultdict(set)
    for group in groups.values():
        for text in group:
            near[text].update(other for other in group if spellings[other] != spellings[text])
    return {text: sorted(others) for text, others in near.items() if others}


def _keys(words: Sequence[Phones]) -> Iterator[Hashable]:
    """What near words have in common."""
    if len(words) == 1:
        phones = words[0]
        yield phones
        yield from (phones[:i] + phones[i + 1 :] for i in range(len(phones)))
    else:
        yield from ((i, len(words), *words[:i], *words[i + 1 :]) for i in range(len(words)))
