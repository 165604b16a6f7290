"""Which passages of files the second look refuses, when it hears them again."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kwsd.audio.files import FileSource
from kwsd.errors import AudioError
from kwsd.keywords.keyword import Keyword
from kwsd.second_look.span import TAIL
from kwsd.spotting.detection import Detection
from kwsd.spotting.recent import RecentAudio
from kwsd.spotting.second_look import MEMORY, Confirmation

Span = tuple[float, float]
"""The seconds at which a passage starts and ends."""


@dataclass(frozen=True)
class HeardAgain:
    """What a second look makes of passages that are near to a keyword.

    Attributes:
        heard: how many could be heard again.
        refused: how many of them it refuses.
    """

    heard: int
    refused: int

    def confirmed(self, usual: float) -> float:
        """The share of such passages that it confirms, and `usual` if none was heard.

        One passage that was confirmed is added, among as many as usually hold one: for a half Laplace's rule of
        succession.
        """
        return (self.heard - self.refused + 1) / (self.heard + 1 / usual)


def heard_again(keyword: Keyword, passages: Mapping[Path, Sequence[Span]]) -> HeardAgain:
    """What the second look of a keyword makes of passages of files; those of files that cannot be read are left out.

    Raises:
        ModelError: as `refused`.
    """
    answers: list[bool] = []
    for path, spans in passages.items():
        with suppress(AudioError):
            answers += refused(keyword, path, spans)
    return HeardAgain(len(answers), sum(answers))


def refused(keyword: Keyword, path: Path, spans: Sequence[Span]) -> list[bool]:
    """Whether the second look of a keyword refuses each passage of a file, as it refuses detections.

    The file is decoded once, as far as the last passage, in memory that does not depend on its length.

    Args:
        keyword: with a second look.
        path: of the file.
        spans: of the passages, in any order.

    Raises:
        AudioError: the file cannot be read.
        ModelError: the second look is not installed, or another one.
    """
    audio = RecentAudio(0.0, MEMORY)
    confirmation = Confirmation([keyword], audio.between)
    source = FileSource(path)
    found = [False] * len(spans)
    waiting = deque(sorted(range(len(spans)), key=lambda i: spans[i][1]))

    def judge(known: float) -> None:
        """Judge the passages of which all that is heard lies before a second."""
        while waiting and spans[waiting[0]][1] + TAIL <= known:
            i = waiting.popleft()
            found[i] = confirmation.refuses(0, Detection(keyword.name, *spans[i], 0.0, keyword.threshold))

    for block in source.blocks():
        audio.push(block.samples)
        judge(block.time + block.seconds)
        if not waiting:
            source.close()
    judge(np.inf)
    return found
