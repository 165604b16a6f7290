"""Keyword files taken apart, and put together again with one thing changed."""

import io
import json
import zipfile

import numpy as np

from kwsd.keywords.keyword_file import to_bytes


def parts(keyword):
    """The header and the arrays of a keyword's file."""
    with np.load(io.BytesIO(to_bytes(keyword))) as data:
        arrays = dict(data)
    return json.loads(str(arrays.pop("keyword"))), arrays


def packed(header, arrays, save=np.savez):
    """The content of a file with this header, JSON or text, and these arrays."""
    buffer = io.BytesIO()
    text = header if isinstance(header, str) else json.dumps(header)
    save(buffer, keyword=np.array(text), **arrays)
    return buffer.getvalue()


def rezipped(content, **options):
    """The same archive, written by zipfile with these options."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w", **options) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    return buffer.getvalue()


def with_directory_fields(content, offset, value):
    """The content with two bytes set in every entry of the archive's directory."""
    changed, place = bytearray(content), 0
    while (place := changed.find(b"PK\x01\x02", place)) >= 0:
        changed[place + offset : place + offset + 2] = value.to_bytes(2, "little")
        place += 4
    return bytes(changed)
