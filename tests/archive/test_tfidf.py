import math
import sys
from dataclasses import replace

import numpy as np
import pytest
import soundfile as sf

from kwsd.archive import Archive, Query, Settings
from kwsd.archive.indexing import index_writer
from kwsd.archive.search import hnsw, tfidf
from kwsd.archive.search.smith_waterman import tokens_of
from kwsd.archive.search.windows import STEP, WINDOW, Windows
from kwsd.archive.segments import segment
from kwsd.archive.segments.documents import Document
from kwsd.archive.segments.manifest import Manifest
from kwsd.archive.segments.quantizer import Codes
from kwsd.archive.storage.local import LocalFolder
from kwsd.errors import ArchiveError

FRAMES = [200, 1, 0, 2, 3, 29, 30, 31, 45, 46, 60, 61, 17, 90]  # codes of documents, at the edges of windows
REMOVED = (5, 10)
METHODS = ["hquest", "exact", "inverted"]


# --- What the paper's equations say, as plainly as it can be written -------------------------------------------------


def plain_windows(documents):
    """Windows as lists of tokens, those of removed documents included."""
    for index, codes in enumerate(documents):
        start = 0
        while start < len(codes):
            part = codes[start : start + WINDOW]
            yield index, [b for a, b in zip([None, *part], part, strict=False) if a != b]
            if start + WINDOW >= len(codes):
                break
            start += STEP


def tf(token, document):
    return document.count(token) / len(document)


def idf(token, documents):
    holding = sum(token in document for document in documents)
    return math.log(len(documents) / holding) if holding else 0.0


def cosine(query, document, documents):
    a, b = ([tf(t, tokens) * idf(t, documents) for t in range(256)] for tokens in (query, document))
    lengths = math.hypot(*a) * math.hypot(*b)
    return sum(x * y for x, y in zip(a, b, strict=True)) / lengths if lengths else 0.0


def products(query, document, documents):
    shared = set(query) & set(document)
    return sum(tf(t, query) * tf(t, document) * idf(t, documents) ** 2 for t in shared)


# --- Against them ----------------------------------------------------------------------------------------------------


@pytest.fixture(params=range(3))
def documents(request):
    """Documents of few different tokens, many of them in runs."""
    draw = np.random.default_rng(request.param)
    return [np.repeat(draw.integers(0, 30, n), draw.integers(1, 4, n))[:n].tolist() for n in FRAMES]


@pytest.fixture
def part(documents, tmp_path):
    """A segment of these documents, of which some were removed."""
    codes = np.concatenate([np.array(codes, np.uint8) for codes in documents])[:, None]
    rows = [Document(f"/{n}.wav", 1, 1, "", n / 12.5, 0.0, len(codes)) for n, codes in enumerate(documents)]
    folder, coded = (
        LocalFolder(tmp_path),
        Codes(codes, np.zeros(len(codes), np.uint8), np.zeros((len(codes), 0), np.int8)),
    )
    entry = segment.write(folder, "00000000.segment", rows, coded)
    return segment.read(folder, replace(entry, dropped=REMOVED))


@pytest.fixture
def query(documents):
    return [token for token, before in zip(documents[0][50:62], documents[0][49:61], strict=True) if token != before]


def expected(documents, query, score):
    listed = list(plain_windows(documents))
    every = [tokens for _, tokens in listed]
    scores = [score(query, tokens, every) for tokens in every]
    return {
        number: score
        for number, ((document, _), score) in enumerate(zip(listed, scores, strict=True))
        if score > 0 and document not in REMOVED
    }


def test_windows_are_those_that_a_slow_reader_cuts(documents, part):
    windows = Windows(part)
    tokens = windows.tokens(np.arange(len(windows)))

    assert [part.tolist() for part in np.split(tokens.token, np.cumsum(tokens.count)[:-1])] == [
        one for _, one in plain_windows(documents)
    ]
    assert (part.words(tokens.onset) == tokens.token).all()


def test_inverse_document_frequencies_are_those_of_the_segments_windows(documents, part):
    every = [tokens for _, tokens in plain_windows(documents)]

    assert tfidf.rarity_of(Windows(part)) == pytest.approx([idf(t, every) for t in range(256)], abs=1e-6)


@pytest.mark.parametrize(
    ("find", "score"), [(tfidf.by_brute_force, cosine), (tfidf.by_inverted_index, products)], ids=["cosine", "products"]
)
def test_windows_score_as_the_equations_say(documents, part, query, find, score):
    wanted = expected(documents, query, score)
    found = find(part, np.array(query, np.uint8), 10_000)

    assert dict(zip(found.number.tolist(), found.score.tolist(), strict=True)) == pytest.approx(wanted, rel=1e-4)
    assert (np.diff(found.score) <= 0).all()


@pytest.mark.parametrize("find", [tfidf.by_brute_force, tfidf.by_inverted_index])
def test_of_many_windows_the_best_are_given(part, query, find):
    tokens = np.array(query, np.uint8)
    every, few = find(part, tokens, 10_000), find(part, tokens, 5)

    assert len(few.number) == 5
    assert few.score.tolist() == every.score[:5].tolist()


@pytest.mark.parametrize("find", [tfidf.by_brute_force, tfidf.by_inverted_index])
def test_tokens_that_are_nowhere_find_nothing(part, find):
    assert not len(find(part, np.array([200, 201, 202], np.uint8), 10).number)


# --- On real speech --------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "index"


@pytest.fixture
def archive(folder, examples, long_recording, shared_tokenizer):
    paths = [long_recording, examples / "hey-snips"]
    return Archive.build(folder, paths, shared_tokenizer, settings=Settings(graph=True))[0]


@pytest.fixture
def truth(examples):
    rows = (examples / "long.tsv").read_text().splitlines()[1:]
    return [tuple(map(float, row.split("\t")[:2])) for row in rows]


def test_the_graph_finds_nearly_all_that_brute_force_finds(archive, monkeypatch):
    monkeypatch.setattr(hnsw, "SEARCH_EXPANSION", 64)  # far fewer than there are windows
    whole = archive.segments[0]
    draw, shares = np.random.default_rng(0), []
    for begin in draw.integers(0, len(whole) - 12, 100):
        tokens = whole.words(np.arange(begin, begin + 12))
        exact, near = tfidf.by_brute_force(whole, tokens, 20), hnsw.by_graph(whole, tokens, 20)
        shares.append(np.isin(exact.number, near.number).mean())

    assert len(Windows(whole)) > 200
    assert np.mean(shares) > 0.95


@pytest.mark.parametrize("method", METHODS)
def test_a_phrase_is_found_where_it_was_cut_from(archive, long_recording, truth, tmp_path, method):
    samples, rate = sf.read(long_recording)
    for start, end in truth[:3]:
        sf.write(tmp_path / "cut.wav", samples[int((start - 0.3) * rate) : int((end + 0.3) * rate)], rate)
        hits = archive.search([tmp_path / "cut.wav"], method=method, top=3)  # others say the phrase too
        hit = next(hit for hit in hits if hit.path == str(long_recording))

        assert start - 0.4 < hit.start < start + 0.25  # what is cut out has 0.3 s of its surroundings on both sides
        assert end - 0.25 < hit.end < end + 0.4
        assert hit.score > 0.5


@pytest.mark.parametrize("method", METHODS)
def test_recordings_of_a_phrase_vote_and_find_most_of_its_sayings(archive, long_recording, enrolment, truth, method):
    hits = [hit for hit in archive.search(enrolment.keyword, method=method) if hit.path == str(long_recording)]

    assert sum(any(hit.start < end and hit.end > start for hit in hits) for start, end in truth) >= 6


def test_a_score_is_one_where_the_query_itself_was_indexed(archive, recordings):
    path = recordings[0]
    hit = archive.search([path], method="exact", top=1)[0]

    assert hit.path == str(path)
    assert 0.7 < hit.score < 1.01


@pytest.mark.parametrize("method", METHODS)
def test_a_single_window_has_no_rare_tokens_and_is_not_found(folder, long_recording, tmp_path, tokenizer, method):
    samples, rate = sf.read(long_recording, start=10 * 16000, stop=11 * 16000)
    sf.write(tmp_path / "short.wav", samples, rate)
    tiny, _ = Archive.build(folder, [tmp_path / "short.wav"], tokenizer, settings=Settings(graph=True))

    assert len(Windows(tiny.segments[0])) == 1
    assert tiny.search([tmp_path / "short.wav"], method=method) == []


def test_tokens_of_a_template_repeat_no_neighbour(enrolment, tokenizer):
    for template in Query.of_keyword(enrolment.keyword).templates:
        tokens = tokens_of(template, tokenizer.codebook)
        spoken = tokenizer.codebook.encode(template)[:, 0]

        assert tokens.tolist() == [b for a, b in zip([None, *spoken], spoken, strict=False) if a != b]


# --- Graphs on disk --------------------------------------------------------------------------------------------------


def test_a_removed_recording_is_found_no_more_and_no_segment_is_without_its_graph(
    archive, folder, recordings, tokenizer
):
    assert archive.search([recordings[0]], method="hquest", top=1)[0].path == str(recordings[0])

    index_writer.remove(folder, [recordings[0]])
    less = Archive.open(folder, tokenizer)

    assert str(recordings[0]) not in {hit.path for hit in less.search([recordings[0]], method="hquest")}

    index_writer.remove(folder, recordings[1:])
    least = Archive.open(folder, tokenizer)

    assert least.segments[0].entry.name != less.segments[0].entry.name
    assert least.search([recordings[0]], method="hquest")


def test_an_index_without_graphs_says_how_to_get_them(folder, recordings, tokenizer):
    plain, _ = Archive.build(folder, recordings[:1], tokenizer)

    with pytest.raises(ArchiveError, match="has no graph: build an index with --graph"):
        plain.search(recordings[:1], method="hquest")


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.unlink(),
        lambda path: path.write_bytes(path.read_bytes()[:-100]),
        lambda path: path.write_bytes(
            path.read_bytes()[:-100] + bytes(255 - byte for byte in path.read_bytes()[-100:])
        ),
    ],
)
def test_a_missing_or_damaged_graph_is_named_and_made_anew(archive, folder, recordings, tokenizer, damage):
    name = archive.manifest.entries[0].graph
    before = (folder / name).read_bytes()
    damage(folder / name)

    with pytest.raises(ArchiveError, match=f"{name} is (missing|damaged).*`kwsd index compact`"):
        Archive.open(folder, tokenizer).search(recordings[:1], method="hquest")

    index_writer.compact(folder)

    assert (folder / name).read_bytes() == before
    assert Archive.open(folder, tokenizer).search(recordings[:1], method="hquest")


def test_an_overwritten_graph_is_named(archive, folder, recordings, tokenizer):
    path = folder / archive.manifest.entries[0].graph
    path.write_bytes(bytes(path.stat().st_size))

    with pytest.raises(ArchiveError, match=f"{path.name} is damaged"):
        Archive.open(folder, tokenizer).search(recordings[:1], method="hquest")


def test_a_graph_that_is_none_is_named(archive, folder, recordings, tokenizer):
    path = folder / archive.manifest.entries[0].graph
    content = path.read_bytes()
    path.write_bytes(content[:2048] + bytes(len(content) - 2048))

    with pytest.raises(ArchiveError, match=f"{path.name} is damaged"):
        Archive.open(folder, tokenizer).search(recordings[:1], method="hquest")


def test_graphs_that_an_interrupted_build_did_not_make_are_made_by_the_next(archive, folder, long_recording, tokenizer):
    entries = tuple(replace(entry, graph_bytes=0, graph_sha256="") for entry in archive.manifest.entries)
    replace(archive.manifest, entries=entries).save(LocalFolder(folder))
    index_writer.add(folder, [long_recording], tokenizer)

    assert Manifest.load(LocalFolder(folder)) == archive.manifest


def test_without_the_library_the_extra_is_named_before_anything_is_heard(
    archive, folder, recordings, long_recording, tokenizer, monkeypatch
):
    monkeypatch.setitem(sys.modules, "usearch", None)

    with pytest.raises(ArchiveError, match=r"kwsd\[search\]"):
        Archive.open(folder, tokenizer).search(recordings[:1], method="hquest")
    with pytest.raises(ArchiveError, match=r"kwsd\[search\]"):
        index_writer.build(
            folder.parent / "other",
            [long_recording],
            tokenizer,
            settings=Settings(graph=True),
            engine=lambda batches: pytest.fail("a recording was heard"),
        )
    assert Archive.open(folder, tokenizer).search(recordings[:1], method="exact")
