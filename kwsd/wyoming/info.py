"""What the server says about itself: one wake program, with every keyword as a model."""

from __future__ import annotations

from collections.abc import Sequence

from wyoming.info import Attribution, Info, WakeModel, WakeProgram

from kwsd._version import __version__
from kwsd.keywords.keyword import Keyword

PROGRAM = "kwsd"
_MADE_BY = Attribution(name="kwsd", url="https://pypi.org/project/kwsd/")


def info(keywords: Sequence[Keyword]) -> Info:
    """The answer to "describe". Home Assistant reads the first wake program only, so there is no other."""
    program = WakeProgram(
        name=PROGRAM,
        attribution=_MADE_BY,
        installed=True,
        description="Your own phrases, from a handful of recordings",
        version=__version__,
        models=[_model(keyword) for keyword in keywords],
    )
    return Info(wake=[program])


def _model(keyword: Keyword) -> WakeModel:
    return WakeModel(
        name=keyword.name,
        attribution=Attribution(name="you", url=""),
        installed=True,
        description=keyword.name,
        version=keyword.model,
        languages=[],  # any: a keyword is known by its recordings
        phrase=keyword.name,
    )
