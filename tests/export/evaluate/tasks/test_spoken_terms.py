import dataclasses
import math

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install 'kwsd[train]'")
pytest.importorskip("export.corpus", reason="the trainer is not beside the tests")
pytest.importorskip("usearch", reason="H-QuEST needs usearch: pip install 'kwsd[search]'")

from export.evaluate.archive_search.methods import (  # noqa: E402
    METHODS,
    Aligned,
    BruteForce,
    HQuest,
    InvertedIndex,
    Ranked,
)
from export.evaluate.archive_search.precision import Query, average_precision, measure  # noqa: E402
from export.evaluate.archive_search.segments import cut_up, whole  # noqa: E402
from export.evaluate.errors import EvaluationError  # noqa: E402
from export.evaluate.tasks import spoken_terms  # noqa: E402  after the skip
from export.systems.system import Encoded  # noqa: E402

TOKENS = 40
CODEBOOK = np.random.default_rng(1).standard_normal((TOKENS, 16))
CODEBOOK = (CODEBOOK / np.linalg.norm(CODEBOOK, axis=1, keepdims=True)).astype(np.float32)


def said(tokens):
    tokens = np.asarray(tokens, np.int32)
    return Encoded(CODEBOOK[tokens], tokens)


def chance(count, length=20, seed=0):
    """Segments of random tokens, each held for two frames."""
    rng = np.random.default_rng(seed)
    return [np.repeat(rng.integers(TOKENS, size=length), 2) for _ in range(count)]


def planted(query, count=60, where=37):
    segments = chance(count)
    segments[where][6 : 6 + len(query)] = query
    return whole([said(s) for s in segments])


def literal_cosines(query, segments):
    """H-QuEST, eq. 3-5, term by term."""
    terms = sorted({t for s in segments for t in s})
    rarity = {t: math.log(len(segments) / sum(t in s for s in segments)) for t in terms}
    q, *vectors = ([list(d).count(t) / len(d) * rarity[t] for t in terms] for d in (query, *segments))
    norm = [math.sqrt(sum(x * x for x in v)) for v in (q, *vectors)]
    products = [sum(a * b for a, b in zip(q, v, strict=True)) for v in vectors]
    return products, [p / (norm[0] * n) for p, n in zip(products, norm[1:], strict=True)]


def runs(tokens):
    return [t for i, t in enumerate(tokens) if i == 0 or t != tokens[i - 1]]


@pytest.mark.parametrize("method", METHODS)
def test_every_method_finds_the_planted_segment_first(method):
    query = np.repeat([3, 17, 8, 30, 21, 5], 2)
    found = METHODS[method](planted(query)).search(said(query), 5)

    assert found.segments[0] == 37
    assert np.all(np.diff(found.scores) <= 0)


@pytest.mark.parametrize("method", METHODS)
def test_no_method_finds_what_is_not_allowed(method):
    query = np.repeat([3, 17, 8, 30, 21, 5], 2)
    allowed = np.arange(60) % 2 == 0
    found = METHODS[method](planted(query)).search(said(query), 60, allowed)

    assert len(found.segments) > 10
    assert allowed[found.segments].all()


@pytest.mark.parametrize("method", METHODS)
def test_a_list_is_no_longer_than_asked_for_and_names_no_segment_twice(method):
    found = METHODS[method](planted(np.repeat([3, 17, 8], 2))).search(said([3, 17, 8]), 7)

    assert len(found.segments) == len(set(found.segments.tolist())) == 7


def test_tf_idf_and_the_inverted_index_are_the_equations_written_out():
    segments, query = chance(30, length=8), chance(1, length=6, seed=9)[0]
    archive = whole([said(s) for s in segments])
    products, cosines = literal_cosines(runs(query), [runs(s) for s in segments])
    brute = BruteForce(archive).search(said(query), 30)
    index = InvertedIndex(archive).search(said(query), 30)

    assert np.allclose(brute.scores, np.sort([c for c in cosines if c > 0])[::-1], atol=1e-6)
    assert np.allclose(np.array(cosines)[brute.segments], brute.scores, atol=1e-6)
    assert np.allclose(np.array(products)[index.segments], index.scores, atol=1e-6)


def test_the_graph_gives_hquest_the_candidates_of_brute_force():
    archive = whole([said(s) for s in chance(200)])
    agree = []
    for query in chance(10, length=6, seed=5):
        hquest = HQuest(archive, shortlist=20).search(said(query), 20).segments
        agree.append(len(set(hquest.tolist()) & set(BruteForce(archive).search(said(query), 20).segments.tolist())))

    assert np.mean(agree) >= 19


def test_hquest_ranks_the_order_of_tokens_where_tf_idf_sees_only_which_there_are():
    query = np.array([1, 2, 3, 4, 5, 6])
    archive = whole([said(s) for s in (query[::-1], query, *chance(20))])

    assert HQuest(archive).search(said(query), 1).segments[0] == 1
    assert HQuest(archive).search(said(query), 1).scores[0] == pytest.approx(1.001, abs=1e-4)


def test_aligned_is_hquest_whose_shortlist_holds_all_segments():
    archive = whole([said(s) for s in chance(80)])
    query = said(chance(1, length=6, seed=5)[0])
    everything, listed = Aligned(archive).search(query, 80), HQuest(archive, shortlist=80).search(query, 80)
    known = listed.scores > 0.01

    assert everything.segments[:10].tolist() == listed.segments[:10].tolist()
    assert np.allclose(everything.scores[: known.sum()], listed.scores[known], atol=1e-5)


def test_tokens_that_no_segment_has_find_nothing_and_break_nothing():
    archive = whole([said(s % 10) for s in chance(5)])

    for method in ("tf-idf", "inverted", "hquest", "boaw+dtw"):
        assert len(METHODS[method](archive).search(said([35, 36, 37]), 3).segments) == 0


def test_an_archive_whose_segments_are_all_alike_has_nothing_to_tell_apart():
    archive = whole([said([1, 2, 3])] * 4)

    assert len(HQuest(archive).search(said([1, 2]), 3).segments) == 0


def test_recordings_are_cut_into_segments_that_overlap_by_half_and_leave_nothing_out():
    archive = cut_up([said(np.zeros(11)), said(np.zeros(3))], 4)

    assert archive.start.tolist() == [0, 2, 4, 6, 8, 0]
    assert archive.end.tolist() == [4, 6, 8, 10, 11, 3]
    assert archive.recording.tolist() == [0, 0, 0, 0, 0, 1]


def test_average_precision_is_that_of_an_example_by_hand():
    hits = np.array([True, False, True, False, False])

    assert average_precision(hits, 3) == pytest.approx((1 / 1 + 2 / 3 + 0) / 3)
    assert math.isnan(average_precision(hits, 0))


def test_precision_counts_the_first_one_three_and_five():
    class Fixed:
        def search(self, query, count, allowed=None):
            return Ranked(np.arange(6), -np.arange(6.0))

    query = Query("a", said([1]), np.array([1, 0, 1, 0, 0, 1], bool), np.ones(6, bool))
    values = measure(Fixed(), [query], seed=1)

    assert [round(values[f"p@{k}"].value, 4) for k in (1, 3, 5)] == [1, 0.6667, 0.4]
    assert values["map"].value == pytest.approx((1 + 2 / 3 + 3 / 6) / 3)


def test_a_segment_holds_a_word_when_enough_of_the_word_lies_in_it(words, encode):
    said_first = words.test_utterances[:1]
    archive = cut_up(encode([said_first[0].samples()]), 50)
    holding = spoken_terms.Holding(archive, said_first, encode.seconds)
    word = said_first[0].words[1]  # lies at 0.5 to 1 s, and so wholly in the first two segments of 1 s
    others = {w.text for w in said_first[0].words}

    assert holding.word(word.text)[:2].all()
    assert not holding.word("nobody said it").any()
    assert {w for w in others if holding.word(w)[0]} == {w.text for w in said_first[0].words[:2]}
    assert not holding.others(said_first[0].speaker).any()


@pytest.fixture
def task(monkeypatch, words, encode):
    monkeypatch.setattr(spoken_terms, "word_sets", lambda experiment: words)
    monkeypatch.setattr(spoken_terms, "audio_encoder", lambda *_, **__: encode)
    return encode


def test_a_clean_voice_is_found_by_every_method_and_the_results_say_so(task, experiment):
    spoken_terms.run(experiment)
    rows = {r.setting["method"]: r for r in experiment.results if "segment" in r.setting}

    assert set(rows) == set(METHODS)
    assert all(r.system == "tokb" and r.quick and r.queries == 10 for r in rows.values())
    assert all(rows[m].values["p@1"].value >= 0.8 for m in ("hquest", "dtw", "boaw+dtw"))
    assert all(0 < r.values["map"].value <= 1 and r.values["seconds"].value > 0 for r in rows.values())


def test_a_query_ranks_segments_of_its_own_as_in_the_papers_test_sets(task, experiment):
    spoken_terms.run(experiment)
    parts = [r for r in experiment.results if "part" in r.setting]
    rng = np.random.default_rng(1)
    relevant, allowed = rng.random((2, 400)) < np.array([[0.1], [0.8]])
    sets = spoken_terms.with_own_segments([Query(str(i), said([1]), relevant, allowed) for i in range(100)], seed=1)

    assert {r.setting["part"] for r in parts} == {1, 2, 3}
    assert sum(r.queries for r in parts if r.setting["method"] == "dtw") == 10
    assert [len(one) for one in sets] == [30, 30, 30]
    assert {(int(q.allowed.sum()), q.wanted) for one in sets for q in one} == {(50, 10)}


def test_what_was_measured_is_not_measured_again(task, experiment):
    spoken_terms.run(experiment)
    before = len(task.heard)
    spoken_terms.run(experiment)

    assert len(task.heard) == before > 0


def test_single_words_are_searched_as_documents(task, experiment, takes, monkeypatch):
    monkeypatch.setattr(spoken_terms.registry, "read", lambda *_: takes)
    full = dataclasses.replace(experiment, quick=False, systems=("kwsd",), corpora={"dspspeech": experiment.out})
    monkeypatch.setattr(spoken_terms, "SEGMENTS", (1.0,))
    spoken_terms.run(full)
    rows = {(r.setting["set"], r.setting["method"]): r for r in full.results if "set" in r.setting}

    assert len(rows) == 10
    assert rows["dspspeech", "hquest"].values["p@1"].value == 1
    assert "on which the system was trained" in rows["dspspeech", "hquest"].data


def test_too_small_a_corpus_is_refused_in_one_sentence(task, experiment, words):
    words.test[:] = words.test[:1]

    with pytest.raises(EvaluationError, match="name a larger corpus"):
        spoken_terms.run(experiment)
