"""Pauses of the writer of a pipe: the seconds that a live writer did not write are lost audio."""

from __future__ import annotations

from dataclasses import replace

from kwsd.audio.timeline import Chunk

PAUSE = 1.0  # s without audio; shorter waits are jitter
SETTLE = 0.2  # s of waiting after a pause in which a writer that was only late writes what it held back
TOLERANCE = 0.1  # s that may be missing after a pause because of jitter
AHEAD = 1.0  # s; a writer that is further ahead of the clock is not live, and its pauses lose nothing
DRIFT = 1e-3  # share by which the lead returns to 0 in a second, because the writer's clock may be a little wrong


class Pauses:
    """Chunks in their order to the same chunks, of which the first after a pause has in `lost` what is missing.

    After a pause, chunks are held back until it is known whether the writer makes up for it.
    """

    def __init__(self) -> None:
        self._held: list[Chunk] = []
        self._is_live = True
        self._lead: float | None = None  # s of audio written, less the seconds that passed; None before the first
        self._waited = 0.0  # s since the pause
        self._missing = 0.0  # s of the pause that the writer has not made up for

    def push(self, chunk: Chunk, waited: float) -> list[Chunk]:
        """The chunks that are ready; for `waited` seconds nothing could be read before this one."""
        if self._lead is None:
            self._lead = 0.0
            return [chunk]
        ready = self.flush() if waited >= PAUSE else []
        self._lead += chunk.seconds - waited - self._lead * min(1.0, DRIFT * waited)
        self._is_live = self._is_live and self._lead <= AHEAD
        if self._held:
            self._waited += waited
        elif waited < PAUSE or not self._is_live:
            return [*ready, chunk]
        else:
            self._waited = self._missing = 0.0
        self._held.append(chunk)
        self._missing += waited - chunk.seconds
        return ready + (self.flush() if self._waited >= SETTLE else [])

    def flush(self) -> list[Chunk]:
        """The chunks that are held back."""
        held, self._held = self._held, []
        if held and self._is_live and self._missing > TOLERANCE:
            self._lead = (self._lead or 0.0) + self._missing
            held[0] = replace(held[0], lost=self._missing)
        return held
