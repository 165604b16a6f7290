"""Search an index in parts, on one machine or on several, and find what a search of the whole finds.

A search of a part is a generator. Where it must know something of the whole index, such as how rare a pair of codes is,
it yields a question that says what it knows of its part, and is sent the answer for all parts together. The searches of
all parts ask the same questions in the same order.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Arrays = Sequence[NDArray[Any]]
Result = TypeVar("Result")


@dataclass(frozen=True)
class Sum:
    """What is the sum of these arrays over all parts? The answer is as many arrays."""

    arrays: Arrays

    @staticmethod
    def answer(questions: Sequence[Sum]) -> list[NDArray[Any]]:
        """The answer to the question of every part."""
        return [np.sum(several, axis=0) for several in zip(*(one.arrays for one in questions), strict=True)]


@dataclass(frozen=True)
class Limit:
    """Which value do the `count` smallest of all parts not exceed? Asked of each of these arrays.

    The answer is a number for each array, infinite where all parts together have fewer finite values.
    """

    arrays: Arrays
    count: int

    @classmethod
    def of(cls, arrays: Arrays, count: int) -> Limit:
        """The question with the `count` smallest values of each array only."""
        return cls([np.partition(one, count - 1)[:count] if len(one) > count else one for one in arrays], count)

    @staticmethod
    def answer(questions: Sequence[Limit]) -> list[float]:
        """The answer to the question of every part."""
        joined = (np.concatenate(several) for several in zip(*(one.arrays for one in questions), strict=True))
        count = questions[0].count
        return [float(np.partition(one, count - 1)[count - 1]) if len(one) >= count else np.inf for one in joined]


Question = Sum | Limit
Rounds = Generator[Question, Any, Result]
"""The search of a part: yields questions, is sent their answers, and returns its result."""


def answer(questions: Sequence[Any]) -> Any:
    """The answer to one question of every part, given all of them."""
    return type(questions[0]).answer(questions)


def together(parts: Sequence[Rounds[Result]]) -> list[Result]:
    """The results of the searches of all parts, at least one, on this machine."""
    known: Any = None
    while True:
        questions, results = [], []
        for part in parts:
            try:
                questions.append(part.send(known))
            except StopIteration as end:
                results.append(end.value)
        if results:
            return results
        known = answer(questions)
