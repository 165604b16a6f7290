"""An index as background speech: its codes as frames, from which the threshold of a keyword is learned."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from operator import attrgetter
from pathlib import Path

import numpy as np

from kwsd.archive.archive import Archive
from kwsd.archive.segments.decoded import decoded
from kwsd.archive.segments.documents import Document
from kwsd.archive.segments.quantizer import Codes, Quantizer
from kwsd.enrolment.calibration import HOURS
from kwsd.enrolment.false_alarms import false_alarm_model, model_beside
from kwsd.enrolment.outliers import leave_one_out
from kwsd.enrolment.place import Heard
from kwsd.errors import ArchiveError
from kwsd.keywords.keyword import Keyword
from kwsd.tokenizer.background_bank import Bank
from kwsd.tokenizer.codebook import MERGED
from kwsd.tokenizer.frames import Frames
from kwsd.tokenizer.tokenizer import Tokenizer

AT_ONCE = 4096  # codes that are turned into frames together
NOT_ENOUGH = ("levenshtein",)  # scorers that compare tokens, which an index does not keep


def heard_in_index(
    archive: Archive, tokenizer: Tokenizer, keyword: Keyword, bank: Bank, alarms_per_hour: float
) -> Iterator[Heard]:
    """What an index heard, one document after another.

    Two frames have one code, and both get its vector. That makes distances larger, small ones more than large ones. By
    how much, for this keyword, is measured on the bank of background speech, whose codes are of single frames, and on
    the keyword's recordings.

    Raises:
        ArchiveError: the keyword's scorer needs more than an index keeps.
    """
    if keyword.scorer in NOT_ENOUGH:
        raise ArchiveError(
            f'"{keyword.name}" is spotted by its tokens, which an index does not keep: give recordings as background'
        )
    settings = archive.manifest.settings
    quantizer = Quantizer(tokenizer.codebook, settings.stages, settings.vectors)
    scale, shift = _exactness(keyword, bank, quantizer, tokenizer, alarms_per_hour)
    for segment in archive.segments:
        for index in np.flatnonzero(segment.alive).tolist():
            document, codes = segment.documents[index], segment.part(index)
            if codes.filled:
                yield Heard(
                    document.path, _pieces(codes, document.origin, tokenizer), scale, shift, _unchanged_file(document)
                )


def _unchanged_file(document: Document) -> Path | None:
    """The file of a document; None where it was heard live, and where it is not there any more as it was."""
    path = Path(document.path)
    try:
        facts = path.stat() if math.isnan(document.began) else None
    except OSError:
        return None
    return path if facts and (facts.st_size, facts.st_mtime_ns) == (document.size, document.modified) else None


def _exactness(
    keyword: Keyword, bank: Bank, quantizer: Quantizer, tokenizer: Tokenizer, alarms_per_hour: float
) -> tuple[float, float]:
    """Scale and shift with which two distances from codes are what they are from frames.

    The two are the bank's threshold for a rate of alarms, and the median distance of the recordings from one another.
    """

    def coded(frames: Frames) -> Frames:
        codes = Codes.join([quantizer.push(frames), quantizer.flush()])
        return decoded(codes, 0.0, tokenizer.hop, tokenizer.codebook).part(0, len(frames))

    begun = bank.beginning(HOURS)
    whole = coded(Frames.join(begun.frames()))
    rough = replace(begun, codes=tokenizer.codebook.encode(whole.vectors), tokens=whole.tokens)
    hits, coded_hits = (
        leave_one_out(keyword, tokenizer, heard) for heard in (attrgetter("heard"), lambda one: coded(one.heard))
    )
    far = false_alarm_model(keyword, begun, tokenizer).threshold(alarms_per_hour)
    coded_far = model_beside(keyword, rough, tokenizer.codebook, coded_hits).threshold(alarms_per_hour)
    if not hits:
        return 1.0, far - coded_far
    near, coded_near = float(np.median(hits)), float(np.median(coded_hits))
    scale = (far - near) / (coded_far - coded_near) if far > near and coded_far > coded_near else 1.0
    return scale, far - scale * coded_far


def _pieces(codes: Codes, origin: float, tokenizer: Tokenizer) -> Iterator[Frames]:
    """The frames of a document whose first code is of so many seconds, AT_ONCE codes at a time."""
    hop = tokenizer.hop
    for first in range(0, codes.filled, AT_ONCE):
        middle = origin + MERGED * first * hop
        yield decoded(codes, middle, hop, tokenizer.codebook, first, first + AT_ONCE)
