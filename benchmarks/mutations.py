"""Random changes of bytes, of JSON values and of arrays, as damage and strangers make them."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 7, 255, 2**31 - 1, 2**31, 2**32, 2**63 - 1, 2**63, 2**64, -(2**63), 10**400,
    0.5, -0.0, 1e-300, 1e300, float("nan"), float("inf"), float("-inf"),
    "", "0", "x" * 5000, "\x1b[2J", "\x00", "\udcff", "../../etc/passwd", "/dev/zero", "caf\u00e9",
    [], {}, [0] * 2000, [[[[[]]]]], {"a": {"b": {}}},
)  # fmt: skip
_NUMBERS = ((size, number) for size in (1, 2, 4, 8) for number in (0, 1, -1, 127, 2 ** (8 * size - 1) - 1))
WORDS = tuple(number.to_bytes(size, "little", signed=True) for size, number in _NUMBERS)


def changed_bytes(random: Generator, content: bytes, most: int = 4) -> bytes:
    """A content with one to `most` changes."""
    changed = bytearray(content)
    for _ in range(random.integers(1, most + 1)):
        _CHANGES[random.integers(len(_CHANGES))](random, changed)
    return bytes(changed)


def changed_json(random: Generator, facts: Any) -> str:
    """JSON with one value replaced, deleted or repeated."""
    changed = copy.deepcopy(facts)
    holder: Any = changed
    while True:
        keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        if not keys:
            break
        key = keys[random.integers(len(keys))]
        if isinstance(holder[key], dict | list) and random.random() < 0.75:
            holder = holder[key]
            continue
        if random.random() < 0.1:
            del holder[key]
        elif isinstance(holder, list) and random.random() < 0.1:
            holder.append(copy.deepcopy(holder[key]))
        else:
            holder[key] = VALUES[random.integers(len(VALUES))]
        break
    return json.dumps(changed)


def changed_array(random: Generator, array: NDArray[Any]) -> NDArray[Any]:
    """An array with other values, another shape or another type."""
    kind = random.integers(5)
    if kind == 0 and array.ndim:
        return array[: random.integers(len(array) + 1)]
    if kind == 1:
        with np.errstate(invalid="ignore", over="ignore"):
            return array.astype(_TYPES[random.integers(len(_TYPES))])
    if kind == 2 and array.ndim:
        return array[::-1] if random.random() < 0.5 else np.concatenate([array, array])
    if kind == 3 and array.ndim:
        return array.reshape(-1) if random.random() < 0.5 else np.swapaxes(array, 0, -1)
    content = changed_bytes(random, array.tobytes())
    size = len(array.tobytes())
    return np.frombuffer((content + bytes(size))[:size], array.dtype).reshape(array.shape)


def one_of(random: Generator, items: Sequence[Any]) -> Any:
    """A random item."""
    return items[int(random.integers(len(items)))]


_TYPES = (np.int8, np.uint8, np.int16, np.int64, np.float32, np.float64, np.dtype(">i4"))


def _place(random: Generator, content: bytearray) -> int:
    """A place in a content, often near to its beginning or its end, where the headers are."""
    near = int(random.integers(max(1, min(len(content), 512))))
    return (near, max(0, len(content) - near), int(random.integers(len(content) + 1)))[random.integers(3)]


def _flip(random: Generator, content: bytearray) -> None:
    place = _place(random, content)
    if place < len(content):
        content[place] ^= 1 << int(random.integers(8))


def _overwrite(random: Generator, content: bytearray) -> None:
    place, word = _place(random, content), WORDS[random.integers(len(WORDS))]
    content[place : place + len(word)] = word


def _cut(random: Generator, content: bytearray) -> None:
    place = _place(random, content)
    del content[place : place + int(2 ** random.integers(12))]


def _truncate(random: Generator, content: bytearray) -> None:
    del content[_place(random, content) :]


def _repeat(random: Generator, content: bytearray) -> None:
    place = _place(random, content)
    content[place:place] = content[place : place + int(2 ** random.integers(12))]


def _insert(random: Generator, content: bytearray) -> None:
    place = _place(random, content)
    content[place:place] = random.bytes(int(2 ** random.integers(8)))


_CHANGES: tuple[Callable[[Generator, bytearray], None], ...] = (_flip, _overwrite, _cut, _truncate, _repeat, _insert)
