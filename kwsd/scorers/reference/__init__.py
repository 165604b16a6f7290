"""The readable twins of the compiled kernels: same names, same arguments, same results to the last bit, much slower.

They add float32 numbers in the order in which the kernels do. Nothing falls back to them; they are what the kernels are
tested against, and where to read what a scorer does.
"""

from kwsd.scorers.reference.costs import cosine_costs, inner_products, paired_products
from kwsd.scorers.reference.dtw import dtw, dtw_costs, subsequence_dtw
from kwsd.scorers.reference.edit_distance import edit_distance, edit_distances
from kwsd.scorers.reference.smith_waterman import smith_waterman, smith_waterman_each
from kwsd.scorers.reference.streams import (
    SubsequenceDTW,
    SubsequenceEditDistance,
    WindowedDTW,
    WindowedEditDistance,
)

__all__ = [
    "SubsequenceDTW",
    "SubsequenceEditDistance",
    "WindowedDTW",
    "WindowedEditDistance",
    "cosine_costs",
    "dtw",
    "dtw_costs",
    "edit_distance",
    "edit_distances",
    "inner_products",
    "paired_products",
    "smith_waterman",
    "smith_waterman_each",
    "subsequence_dtw",
]
