"""The file format of a keyword: an .npz archive with a JSON header and the arrays of each template.

Keyword files are passed on, so a file is read as the work of a stranger: every type, range, shape and size is checked
before anything is made of it, and nothing is written that would not be read.
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Annotated, Any, NoReturn

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from kwsd.errors import KeywordError, StoreError
from kwsd.keywords.keyword import Contrast, Keyword, Template, check_name
from kwsd.keywords.plain_archive import arrays_in
from kwsd.printable import printable
from kwsd.second_look.distance import REACH
from kwsd.settings.enrolment import ScorerName
from kwsd.tokenizer.frames import Frames

FORMAT = 1
LARGEST = 64 << 20  # bytes of a file
MOST_TEMPLATES = 1000
MOST_FRAMES = 1024  # of a phrase, as the kernels of the archive have it
MOST_LOOKS = 16  # of a recording
LONGEST_NAME = 255  # characters of a recording's name
LONGEST_VECTOR = 1.005  # a unit vector with what rounding adds
LATEST = 1e6  # s
FLAC = b"fLaC"  # the first bytes of audio that is kept

_Number = Annotated[float, Meta(ge=-1e6, le=1e6)]
_Behind = Annotated[float, Meta(ge=0, le=1e6)]
_Line = Annotated[str, Meta(max_length=300, pattern=r"^[^\x00-\x1f\x7f-\x9f]*\Z")]


class _TemplateHeader(msgspec.Struct, frozen=True):
    recording: str
    start: Annotated[float, Meta(ge=0, le=LATEST)]
    end: Annotated[float, Meta(ge=0, le=LATEST)]
    offset: _Number
    scale: Annotated[float, Meta(ge=1e-6, le=1e6)]
    weight: Annotated[float, Meta(ge=1e-6, le=1)] = 1.0
    narrow: bool = False
    said: Annotated[str, Meta(max_length=LONGEST_NAME)] = ""
    looks: Annotated[int, Meta(ge=0, le=MOST_LOOKS)] = 0
    behind: Annotated[tuple[_Behind, ...], Meta(max_length=MOST_LOOKS)] = ()


class _ContrastHeader(msgspec.Struct, frozen=True):
    text: _Line
    voices: Annotated[list[_Line], Meta(min_length=1, max_length=MOST_TEMPLATES)]


class _Version(msgspec.Struct, frozen=True):
    format: int


class _Header(msgspec.Struct, frozen=True):
    name: str
    threshold: _Number
    scorer: ScorerName
    model: _Line
    rule: _Line
    templates: Annotated[list[_TemplateHeader], Meta(min_length=1, max_length=MOST_TEMPLATES)]
    negatives: Annotated[list[_TemplateHeader], Meta(max_length=MOST_TEMPLATES)] = []
    contrasts: Annotated[list[_ContrastHeader], Meta(max_length=MOST_TEMPLATES)] = []
    second_model: _Line = ""
    reach: Annotated[float, Meta(ge=1, le=100)] = REACH["usual"]
    words: _Line = ""
    confirmed: Annotated[float, Meta(ge=0, le=1)] = 0.0


class _NewerFormatError(Exception):
    """A later kwsd wrote the file; the first argument is its format."""


def to_bytes(keyword: Keyword) -> bytes:
    """The content of a keyword's file.

    Raises:
        KeywordError: the keyword is too large, or a part of it is out of range, so that it could not be read again.
    """
    buffer = io.BytesIO()
    np.savez(buffer, keyword=np.array(json.dumps(_facts(keyword))), **_arrays(keyword))
    content = buffer.getvalue()
    try:
        _keyword(content)
    except (ValueError, msgspec.ValidationError) as error:
        raise KeywordError(f'the keyword "{keyword.name}" cannot be stored ({error}): enroll it again') from error
    return content


def read(path: Path) -> Keyword:
    """The keyword in a file.

    Raises:
        StoreError: the file is missing, damaged, not a keyword, or of a newer format.
    """
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise StoreError(f"the keyword file {path} cannot be read: {error.strerror or error}") from error
    try:
        return _keyword(content)
    except _NewerFormatError as error:
        raise StoreError(
            f"{path} is of format {error.args[0]}, written by a newer kwsd: upgrade this one to read it"
        ) from error
    except Exception as error:  # zipfile raises many types for what is damaged or made to do harm
        reason = printable(str(error))[:LONGEST_NAME]
        raise StoreError(f"{path} is not a keyword file or is damaged ({reason}): enroll the keyword again") from error


def _keyword(content: bytes) -> Keyword:
    """The keyword in the content of a file.

    Raises:
        ValueError, msgspec.ValidationError: a part of it is out of range; the message is a clause.
        Exception: it cannot be read.
    """
    if len(content) > LARGEST:
        _refuse(f"it has more than {LARGEST >> 20} MB")
    arrays = arrays_in(content)
    facts = json.loads(str(arrays["keyword"]))
    if (version := msgspec.convert(facts, _Version).format) > FORMAT:
        raise _NewerFormatError(version)
    header = msgspec.convert(facts, _Header)
    every = tuple(_template(arrays, i, one) for i, one in enumerate((*header.templates, *header.negatives)))
    if len({template.heard.vectors.shape[1] for template in every}) > 1:
        _refuse("its recordings are of different models")
    templates, negatives = every[: len(header.templates)], every[len(header.templates) :]
    contrasts = tuple(_contrast(arrays, i, one) for i, one in enumerate(header.contrasts))
    if len({len(one.voices) for one in contrasts}) > 1 or len(contrasts) == 1:
        _refuse("its contrasts are not of the same voices")
    dims = {spoken.shape[1] for one in contrasts for spoken in one.spoken}
    if dims - {templates[0].heard.vectors.shape[1]}:
        _refuse("its contrasts are of another model")
    looks = [template.look for template in templates if template.look]
    if len({len(look) for look in looks}) > 1 or len({one.shape[1] for look in looks for one in look}) > 1:
        _refuse("its recordings have different second looks")
    return Keyword(
        check_name(header.name),
        templates,
        header.threshold,
        header.scorer,
        header.model,
        header.rule,
        negatives,
        contrasts,
        header.second_model,
        header.reach,
        header.words,
        header.confirmed,
    )


def _facts(keyword: Keyword) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "name": keyword.name,
        "threshold": keyword.threshold,
        "scorer": keyword.scorer,
        "model": keyword.model,
        "rule": keyword.rule,
        "templates": [_header(template) for template in keyword.templates],
        "negatives": [_header(template) for template in keyword.negatives],
        "contrasts": [{"text": one.text, "voices": one.voices} for one in keyword.contrasts],
        "second_model": keyword.second_model,
        "reach": keyword.reach,
        "words": keyword.words,
        "confirmed": keyword.confirmed,
    }


def _arrays(keyword: Keyword) -> dict[str, Any]:
    arrays: dict[str, Any] = {}
    for i, template in enumerate((*keyword.templates, *keyword.negatives)):
        arrays[f"time_{i}"] = template.heard.time
        arrays[f"vectors_{i}"] = template.heard.vectors
        arrays[f"tokens_{i}"] = template.heard.tokens
        if template.audio is not None:
            arrays[f"audio_{i}"] = np.frombuffer(template.audio, np.uint8)
        arrays |= {f"look_{i}_{j}": vectors for j, vectors in enumerate(template.look)}
    for i, contrast in enumerate(keyword.contrasts):
        arrays |= {f"spoken_{i}_{j}": vectors for j, vectors in enumerate(contrast.spoken)}
    return arrays


def _header(template: Template) -> dict[str, Any]:
    facts = {name: getattr(template, name) for name in _TemplateHeader.__struct_fields__ if name != "looks"}
    return facts | {"looks": len(template.look)}


def _template(arrays: dict[str, NDArray[Any]], i: int, header: _TemplateHeader) -> Template:
    audio = _array(arrays, f"audio_{i}", np.uint8, 1).tobytes() if f"audio_{i}" in arrays else None
    if audio is not None and not audio.startswith(FLAC):
        _refuse("a recording in it is not FLAC")
    names = {"recording": printable(header.recording)[:LONGEST_NAME], "said": printable(header.said)[:LONGEST_NAME]}
    facts = msgspec.structs.asdict(header) | names
    del facts["looks"]
    look = tuple(_unit_vectors(arrays, f"look_{i}_{j}") for j in range(header.looks))
    if not all(1 <= len(vectors) <= MOST_FRAMES for vectors in look):
        _refuse("a second look in it is too long or too short")
    if header.behind and len(header.behind) != len(look):
        _refuse("words in it are not known in each condition of a second look")
    template = Template(heard=_frames(arrays, i), audio=audio, look=look, **facts)
    if not 1 <= len(template.frames) <= MOST_FRAMES:
        _refuse(f"a phrase in it has {len(template.frames)} frames")
    return template


def _contrast(arrays: dict[str, NDArray[Any]], i: int, header: _ContrastHeader) -> Contrast:
    spoken = tuple(_unit_vectors(arrays, f"spoken_{i}_{j}") for j in range(len(header.voices)))
    if not all(1 <= len(vectors) <= MOST_FRAMES for vectors in spoken):
        _refuse("what a synthetic voice says in it is too long or too short")
    return Contrast(header.text, tuple(header.voices), spoken)


def _frames(arrays: dict[str, NDArray[Any]], i: int) -> Frames:
    time = _array(arrays, f"time_{i}", np.float64, 1)
    vectors = _unit_vectors(arrays, f"vectors_{i}")
    tokens = _array(arrays, f"tokens_{i}", np.int32, 1)
    if not len(time) == len(vectors) == len(tokens):
        _refuse("its arrays are of different lengths")
    if not (np.abs(time).max(initial=0) <= LATEST and (np.diff(time) > 0).all()):
        _refuse("the times of its frames do not rise")
    if tokens.min(initial=0) < 0:
        _refuse("a token in it is negative")
    return Frames(time, vectors, tokens)


def _unit_vectors(arrays: dict[str, NDArray[Any]], name: str) -> NDArray[np.float32]:
    vectors = _array(arrays, name, np.float32, 2)
    # A single large component is refused first: the square of one could be infinite.
    if not (
        np.abs(vectors).max(initial=0) <= LONGEST_VECTOR
        and np.linalg.norm(vectors, axis=1).max(initial=0) <= LONGEST_VECTOR
    ):
        _refuse("its vectors are not unit vectors")
    return vectors


def _array(arrays: dict[str, NDArray[Any]], name: str, dtype: type, dimensions: int) -> NDArray[Any]:
    array = arrays.get(name)
    if array is None or array.dtype != dtype or array.ndim != dimensions:
        _refuse(f"its array {name} is missing or of another type")
    return array


def _refuse(reason: str) -> NoReturn:
    raise ValueError(reason)
