"""The untrained baseline: the BiLSTM encoder with its random initial weights."""

from __future__ import annotations

from typing import ClassVar

from export.systems.system import System


class Untrained(System):
    """The BiLSTM of the other systems before its first step, with a codebook fitted to what it says."""

    learns: ClassVar[bool] = False
