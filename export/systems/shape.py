"""The sizes of a system: feature bins, hidden units, tokens."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Shape:
    """The sizes that decide a system's weights.

    Attributes:
        bins: of the features.
        hidden: units of each direction of each recurrent layer; z has twice as many dimensions.
        tokens: K, the size of the codebook.
    """

    bins: int = 257
    hidden: int = 304
    tokens: int = 25

    @property
    def dim(self) -> int:
        """Dimensions of z."""
        return 2 * self.hidden

    def as_dict(self) -> dict[str, int]:
        """Plain values, for a checkpoint."""
        return asdict(self)
