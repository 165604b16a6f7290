"""A group of places at which the same is said."""

from __future__ import annotations

from dataclasses import dataclass

from kwsd.archive.search.hit import Hit

SHORTEST = 0.4  # s that a phrase must have, unless asked otherwise


@dataclass(frozen=True)
class Group:
    """A phrase that recurs.

    Attributes:
        score: the sum of the scores of `places` but the first: more for longer, clearer and more frequent phrases.
        places: where it is said, at two places or more. The first is the one that all others are like; the others have
            the score of their alignment with it, and the first has the highest of these. With a second look the scores
            are the log-odds that a place says what the first does, and each place has the probability.
    """

    score: float
    places: tuple[Hit, ...]

    @property
    def seconds(self) -> float:
        """The mean duration of its places."""
        return sum(hit.end - hit.start for hit in self.places) / len(self.places)

    @property
    def probability(self) -> float | None:
        """The share of its places but the first that are expected to say what that says; None without a second look."""
        known = [hit.probability for hit in self.places[1:] if hit.probability is not None]
        return sum(known) / len(known) if known else None

    @property
    def files(self) -> int:
        """The number of files, or live streams, that it is said in."""
        return len({hit.path for hit in self.places})
