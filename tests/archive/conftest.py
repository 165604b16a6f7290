"""What several tests of archives need."""

from __future__ import annotations

import pytest
import soundfile as sf

from kwsd.archive.indexing.index_writer import add, build


@pytest.fixture(scope="module")
def several(tmp_path_factory, long_recording, shared_tokenizer):
    """An index of five segments."""
    location = tmp_path_factory.mktemp("several") / "index"
    samples, rate = sf.read(long_recording, dtype="float32")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kwsd.archive.indexing.compaction.MAX_CODES", 700)
        for index, first in enumerate(range(0, 240, 48)):
            path = location.parent / f"{index}.wav"
            sf.write(path, samples[first * rate :][: 48 * rate], rate)
            (add if index else build)(location, [path], shared_tokenizer)
    return location
