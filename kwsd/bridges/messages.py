"""What bridges hand on: an event as plain values, or how many events were lost."""

from __future__ import annotations

import time
from typing import Any

Message = dict[str, Any]
"""An event as `Event.to_dict` gives it, or what `lost` returns."""

LOST = "lost"


def lost(count: int) -> Message:
    """The message that so many events did not arrive."""
    return {"event": LOST, "count": count, "wall": time.time()}
