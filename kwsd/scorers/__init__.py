"""Scorers: compiled kernels of local costs and alignment, each with a readable twin in `kwsd.scorers.reference`.

A matrix of local costs stands between what is compared and how it is aligned: rows are stream frames, columns template
frames. `cosine_costs` makes one of vectors, `substitution_costs` says what to look up for tokens. `inner_products`,
`paired_products` and `PackedVectors`, templates ready for many calls, have the same bits for any number of rows on any
processor.

- `dtw`, `dtw_costs`: two whole sequences, dynamic time warping (Sakoe & Chiba 1978).
- `edit_distance`, `edit_distances`: two whole token sequences (Levenshtein 1966; Hyyrö 2003 for unit costs).
- `smith_waterman`, `smith_waterman_each`: the stretches of two token sequences that match best (Smith & Waterman 1981).
- `subsequence_dtw`: a template anywhere in a sequence (Müller 2007).
- `SubsequenceDTW`, `SubsequenceEditDistance` (Sellers 1980), `WindowedDTW`, `WindowedEditDistance`: many templates
  along a stream, frame by frame, with constant work per frame; the windows are those of Wav2Tok, eq. 19.
"""

from kwsd.errors import KwsdError
from kwsd.scorers.alignment import Alignment
from kwsd.scorers.tokens import compress, mean_vectors, substitution_costs


class KernelsMissingError(KwsdError, ImportError):
    """Compiled kernels are not there or do not load.

    Args:
        what: the kernels.
        error: of their import.
    """

    def __init__(self, what: str, error: ImportError) -> None:
        super().__init__(
            f"{what} do not load ({error}): install kwsd with `pip install .`, "
            "or run `python setup.py build_ext --inplace` in its source folder"
        )


try:
    from kwsd.scorers._costs import PackedVectors, cosine_costs, inner_products, paired_products
    from kwsd.scorers._dtw import SubsequenceDTW, dtw, dtw_costs, subsequence_dtw
    from kwsd.scorers._edit_distance import SubsequenceEditDistance, edit_distance, edit_distances
    from kwsd.scorers._smith_waterman import smith_waterman, smith_waterman_each
    from kwsd.scorers._windows import WindowedDTW, WindowedEditDistance
except ImportError as error:
    raise KernelsMissingError("the compiled scorers", error) from error

__all__ = [
    "Alignment",
    "KernelsMissingError",
    "PackedVectors",
    "SubsequenceDTW",
    "SubsequenceEditDistance",
    "WindowedDTW",
    "WindowedEditDistance",
    "compress",
    "cosine_costs",
    "dtw",
    "dtw_costs",
    "edit_distance",
    "edit_distances",
    "inner_products",
    "mean_vectors",
    "paired_products",
    "smith_waterman",
    "smith_waterman_each",
    "subsequence_dtw",
    "substitution_costs",
]
