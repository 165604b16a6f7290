"""Checks of a graph's content before usearch reads it: usearch believes every number in it, and a wrong one crashes.

The content is a matrix of vectors, a head of 64 bytes, five numbers, the level of each node, and the nodes. A node is
its key, its level, and for each layer from 0 to its level the number of its neighbours and their slots.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

AT_ONCE = 1 << 15  # nodes that are in memory at a time

_MATRIX = struct.Struct("<2I")  # rows and bytes a row
_HEAD = struct.Struct("<7s6x4s3QB22x")  # magic, kinds, present, deleted, dimensions, several vectors a key
_GRAPH = struct.Struct("<5Q")  # nodes, neighbours, neighbours in layer 0, top level, slot of the entry
_NODE = np.dtype([("key", "<u8"), ("level", "<i2")])
_PART = 2  # bytes; every number in a node begins at a multiple of that


def check_graph(content: NDArray[np.uint8], empty: bytes, windows: int) -> None:
    """Check that the content is a graph of so many windows.

    Args:
        content: of the graph, one-dimensional.
        empty: what usearch saves of an index of the same kind without a vector.
        windows: the number of vectors that it must have; their keys are their numbers.

    Raises:
        ValueError: it is not, or it names a node that it does not have.
    """
    try:
        rows, columns = _MATRIX.unpack_from(content.data)
        _require(rows == windows and columns == _MATRIX.unpack_from(empty)[1])
        start = _MATRIX.size + rows * columns
        head, graph = _HEAD.unpack_from(content.data, start), _GRAPH.unpack_from(content.data, start + _HEAD.size)
    except struct.error:
        raise ValueError("it is too short") from None
    wanted = _HEAD.unpack_from(empty, _MATRIX.size)
    _require(head == (*wanted[:2], windows, 0, *wanted[4:]))
    _require(graph[:3] == (windows, *_GRAPH.unpack_from(empty, _MATRIX.size + _HEAD.size)[1:3]))
    if windows:
        _check_nodes(content[start + _HEAD.size + _GRAPH.size :], *graph)


def _check_nodes(
    content: NDArray[np.uint8], nodes: int, neighbours: int, in_layer_0: int, top: int, entry: int
) -> None:
    levels = content[: 2 * nodes].view("<i2") if len(content) >= 2 * nodes else np.zeros(0, "<i2")
    _require(len(levels) == nodes and levels.min() >= 0 and levels.max() == top)
    _require(entry < nodes and levels[entry] == top)
    first, more = 4 * (1 + in_layer_0), 4 * (1 + neighbours)
    sizes = _NODE.itemsize + first + more * levels.astype(np.int64)
    begins = np.concatenate([[2 * nodes], 2 * nodes + np.cumsum(sizes)])
    _require(begins[-1] == len(content))
    parts = content.view("<u2")
    for slots in _chunks(nodes):
        _check_heads(_rows(parts, begins[slots], _NODE.itemsize).view(_NODE)[:, 0], slots, levels)
        for layer in range(int(levels[slots].max()) + 1):
            begin = begins[slots][levels[slots] >= layer] + _NODE.itemsize + (first + more * (layer - 1)) * (layer > 0)
            _check_layer(_rows(parts, begin, more if layer else first).view("<u4"), levels, layer)


def _chunks(nodes: int) -> Iterator[NDArray[np.int64]]:
    return (np.arange(first, min(first + AT_ONCE, nodes)) for first in range(0, nodes, AT_ONCE))


def _rows(parts: NDArray[np.uint16], begins: NDArray[np.int64], size: int) -> NDArray[np.uint16]:
    """[n, size / 2] the bytes that begin at each of these [n]."""
    rows: NDArray[np.uint16] = parts[begins[:, None] // _PART + np.arange(size // _PART)]
    return rows


def _check_heads(heads: NDArray[np.void], slots: NDArray[np.int64], levels: NDArray[np.int16]) -> None:
    _require(bool((heads["key"] == slots.astype(np.uint64)).all() and (heads["level"] == levels[slots]).all()))


def _check_layer(rows: NDArray[np.uint32], levels: NDArray[np.int16], layer: int) -> None:
    """Check lists of neighbours [n, 1 + most], each with its length first."""
    counts, slots = rows[:, 0], rows[:, 1:]
    used = np.arange(slots.shape[1]) < counts[:, None]
    named = slots[used]
    _require(bool((counts <= slots.shape[1]).all() and (named < len(levels)).all()))
    _require(bool((levels[named] >= layer).all()))


def _require(right: bool) -> None:
    if not right:
        raise ValueError("it is not the graph of this segment")
