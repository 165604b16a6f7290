"""What takes the bytes of an index, and what a smaller code costs: `python -m benchmarks.index_size`; docs/archive.md.

`codes`: LibriSpeech is heard once; then it is coded with different numbers of bytes, and each index is asked for the
words and phrases of `benchmarks.search`. The vectors are kept in the cache.
`postings`: ways to store the posting lists, their size, and the processor time to read those of a query.
"""

from __future__ import annotations

import contextlib
import importlib
import tempfile
import time
import zlib
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from benchmarks import corpora
from benchmarks.measures import frames_of
from benchmarks.product import Product, command_of_parts
from benchmarks.search import PHRASES, WORDS, Questions, figures
from benchmarks.tables import table
from export.spoken_queries import Templates, aligned
from kwsd.archive import Archive, Settings
from kwsd.archive.indexing.segment_builder import origin
from kwsd.archive.search.pair_terms import pair_terms
from kwsd.archive.segments import segment
from kwsd.archive.segments.alternation import bytes_between
from kwsd.archive.segments.documents import Document
from kwsd.archive.segments.manifest import Manifest
from kwsd.archive.segments.posting_lists import PostingLists
from kwsd.archive.segments.quantizer import Codes, Quantizer
from kwsd.archive.segments.segment import Segment
from kwsd.archive.statistics import info
from kwsd.archive.storage.local import LocalFolder
from kwsd.tokenizer.codebook import MERGED, merged

CASES = (6, 5, 4)  # bytes of a whole code
TURNS, QUERIES = 5, 20
Vectors = NDArray[np.float32]
Compress = Callable[[bytes], bytes]


def heard(product: Product, clips: Sequence[corpora.Clip]) -> list[Vectors]:
    """The vectors [n, m] of each recording, 12.5 a second; kept in the cache."""
    place = corpora.default_cache() / "index-size"
    place.mkdir(parents=True, exist_ok=True)
    vectors, lengths = place / f"{product.tokenizer.digest[:16]}.npy", place / f"{product.tokenizer.digest[:16]}-n.npy"
    if not lengths.exists():
        found = [
            merged(frames_of(product.tokenizer, [samples]).vectors)
            for _, samples in corpora.decodable(tqdm(clips, desc="hear", unit="clip"))
        ]
        np.save(vectors, np.concatenate(found))
        np.save(lengths, np.array([len(one) for one in found]))
    return np.split(np.load(vectors), np.cumsum(np.load(lengths))[:-1])


def coded(
    product: Product, paths: Sequence[Path], vectors: Sequence[Vectors], stages: int
) -> tuple[list[Document], Codes]:
    """The documents of recordings that were heard, and their codes."""
    coder, hop = Quantizer(product.tokenizer.codebook, stages, vectors=False), MERGED * product.tokenizer.hop
    parts = [coder.code(one) for one in vectors]
    documents = [
        Document(str(path), 0, 0, "", len(heard) * hop, origin(product.tokenizer), len(codes))
        for path, heard, codes in zip(paths, vectors, parts, strict=True)
    ]
    return documents, Codes.join(parts)


def write(
    product: Product, place: Path, segments: Iterable[tuple[Sequence[Document], Codes]], settings: Settings
) -> None:
    """An index of these segments."""
    place.mkdir()
    folder, entries = LocalFolder(place), []
    for number, (documents, codes) in enumerate(segments):
        entries.append(segment.write(folder, f"{number:08d}.segment", documents, codes, small=settings.small))
    Manifest(product.tokenizer.digest, settings, tuple(entries), len(entries)).save(folder)


def codes(product: Product) -> dict[str, Any]:
    """Bytes and accuracy with different codes."""
    clips, words, phrases = aligned(product.protocol.shared, corpora.default_cache(), ("dev", "train"))
    speakers, templates = {clip.speaker for clip in clips if clip.split == "dev"}, Templates(product.tokenizer)
    paths, vectors = [clip.path for clip in clips], heard(product, clips)
    speaker_of = {str(clip.path): clip.speaker for clip in clips}
    asked = [
        Questions("words", words, words.queries(WORDS, speakers)),
        Questions("phrases", phrases, phrases.queries(PHRASES, speakers)),
    ]
    rows: list[list[object]] = []
    sizes: list[list[object]] = []
    for stages in CASES:
        with tempfile.TemporaryDirectory() as folder:
            place, began = Path(folder) / "index", time.process_time()
            write(product, place, [coded(product, paths, vectors, stages)], Settings(stages=stages))
            took = time.process_time() - began
            archive = Archive.open(place, product.tokenizer)
            hours = sum(map(len, vectors)) * MERGED * product.tokenizer.hop / 3600
            name = f"{stages} and {bytes_between(stages)} bytes"
            parts = info(str(place)).bytes
            sizes.append([name, *(f"{parts[key] / hours / 1e3:.0f}" for key in PARTS), f"{took / hours:.2f}"])
            for questions in asked:
                answers = questions.ask(archive, templates, "pairs", speaker_of)
                rows.append([questions.name, name, *figures(questions, answers)])
                click.echo(f"{rows[-1]}", err=True)
    rows.sort(key=lambda row: str(row[0]) != "words")
    click.echo(f"\n{table(('code', *(f'{part}, kB an hour' for part in PARTS), 's an hour to code'), sizes)}\n")
    click.echo(table(("queries", "code", "P@1", "P@5", "MAP", "found in the first 100"), rows))
    return {str(row[0]): row[1:] for row in sizes}


PARTS = ("all", "codes", "postings", "documents")


def postings(product: Product) -> dict[str, Any]:
    """Ways to store the posting lists, and how fast those of a query are read."""
    clips, words, _ = aligned(product.protocol.shared, corpora.default_cache(), ("dev", "train"))
    vectors, templates = heard(product, clips), Templates(product.tokenizer)
    asked = [templates.query(said) for said in words.queries(QUERIES, {clip.speaker for clip in clips})]
    book = product.tokenizer.codebook
    with tempfile.TemporaryDirectory() as folder:
        paths = [clip.path for clip in clips]
        write(product, Path(folder) / "index", [coded(product, paths, vectors, 5)], Settings())
        (part,) = Archive.open(Path(folder) / "index", product.tokenizer).segments
        terms = [np.unique(pair_terms(query.templates[0], book.stages[0]).key) for query in asked]
        rows = [[name, f"{bits:.1f}", f"{each:.1f}" if each > 0.5 else ""] for name, bits, each in _ways(part, terms)]
    click.echo(f"\n{table(('posting lists', 'bits a place', 'ns a place, read'), rows)}")
    return {str(row[0]): row[1:] for row in rows}


def _ways(part: Segment, terms: Sequence[NDArray[np.int64]]) -> list[tuple[str, float, float]]:
    every = np.arange(1 << 16)
    pairs = part.pairs.lists(every)
    counts, places = pairs.counts, pairs.places
    lists = np.split(places, np.cumsum(counts)[:-1])
    words = part.words(np.arange(len(part)))
    own = sum(array.nbytes for array in PostingLists.arrays(words, part.documents.bounds).values())
    packed = [zlib.compress(_differences(one), 6) if len(one) else b"" for one in lists]
    ways: dict[str, tuple[float, Callable[[NDArray[np.int64]], object]]] = {
        "int32": (places.nbytes, lambda keys: np.concatenate([lists[key] for key in keys])),
        "Elias-Fano, as shipped": (own, lambda keys: part.pairs.lists(keys).places),
    }
    for name, (compress, decompress) in _libraries().items():
        packed = [compress(_differences(one)) if len(one) else b"" for one in lists]
        ways[f"differences by {name}"] = sum(map(len, packed)), partial(_read_packed, packed, decompress)
        whole = len(compress(b"".join(map(_differences, lists))))
        ways[f"all of them at once by {name}"] = whole, lambda keys: None
    read = sum(int(counts[keys].sum()) for keys in terms)
    return [(name, 8 * size / len(places), 1e9 * _seconds(way, terms) / read) for name, (size, way) in ways.items()]


def _libraries() -> dict[str, tuple[Compress, Compress]]:
    """How libraries compress and decompress."""
    found: dict[str, tuple[Compress, Compress]] = {"zlib": (zlib.compress, zlib.decompress)}
    with contextlib.suppress(ImportError):
        zstandard = importlib.import_module("zstandard")
        found["zstandard"] = zstandard.ZstdCompressor(19).compress, zstandard.ZstdDecompressor().decompress
    return found


def _differences(places: NDArray[np.int32]) -> bytes:
    return np.diff(places, prepend=np.int32(0)).astype("<i4").tobytes()


def _read_packed(packed: Sequence[bytes], decompress: Compress, keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """The places of these lists, whose differences were compressed one list by itself."""
    found = [np.cumsum(np.frombuffer(decompress(packed[key]), "<i4")) for key in keys if packed[key]]
    return np.concatenate(found)


def _seconds(read: Callable[[NDArray[np.int64]], object], terms: Sequence[NDArray[np.int64]]) -> float:
    """Median processor time to read the lists of all queries."""
    times = []
    for _ in range(TURNS):
        began = time.process_time()
        for keys in terms:
            read(keys)
        times.append(time.process_time() - began)
    return median(times)


main = command_of_parts(__doc__, {"codes": codes, "postings": postings})


if __name__ == "__main__":
    main()
