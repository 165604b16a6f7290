"""The file of what was learned about a keyword: a damaged one is named."""

import pytest

from kwsd.errors import StoreError
from kwsd.keywords import experience


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"7",
        b"\xff",
        b'{"keyword": 7}',
        b'{"keyword": "x", "hours": -1}',
        b'{"keyword": "x", "dips": [[1]]}',
        b'{"keyword": "x", "more": ' + b"[" * 100_000,
    ],
)
def test_a_damaged_file_is_named(tmp_path, enrolment, content):
    path = tmp_path / "hey snips.learned"
    path.write_bytes(content)

    with pytest.raises(StoreError, match=r"hey snips\.learned is damaged"):
        experience.load(path, enrolment.keyword)
