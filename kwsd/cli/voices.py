"""What `--say` says, as recordings; warnings of voices that fail go to standard error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwsd.cli.group import warn
from kwsd.settings.say import SayConfig

if TYPE_CHECKING:
    from kwsd.enrolment.template import Recording


def said_by_voices(config: SayConfig | None) -> list[Recording]:
    """The recordings of synthetic voices, none without `--say`.

    Raises:
        SayError: no voice speaks the language, or all fail.
    """
    if config is None:
        return []
    from kwsd.say.takes import said

    return said(config.text, config.language, config.voices, warn)
