"""A query that learns from hits that were right or wrong."""

import pytest

from kwsd.archive import Archive, Feedback, Hit, Query
from kwsd.archive.search.feedback import read_hit
from kwsd.cli.search import _json, _line
from kwsd.errors import ArchiveError


@pytest.fixture(scope="module")
def archive(tmp_path_factory, long_recording, shared_tokenizer):
    return Archive.build(tmp_path_factory.mktemp("feedback") / "index", [long_recording], shared_tokenizer)[0]


@pytest.fixture(scope="module")
def query(recordings, shared_tokenizer):
    return Query.of_recordings(recordings[:1], shared_tokenizer)


@pytest.mark.parametrize(
    "hit",
    [
        Hit("/talks/monday.ogg", 9.98, 10.7, 0.66, probability=0.87),
        Hit("/talks/a - b 01:02.03.ogg", 3599.5, 3600.25, 0.5),
        Hit("kitchen", 5.0, 5.75, 0.5, 1_700_000_000.25),
    ],
)
def test_a_hit_is_read_from_the_lines_that_a_search_prints(hit):
    line = _line(3, hit, 20)
    shown = [read_hit(line), read_hit(line[line.index("0.") + 6 :]), read_hit(_json(3, hit))]

    for one in shown:
        assert (one.path, one.heard) == (hit.path, hit.heard)
        assert one.end - one.start == pytest.approx(hit.end - hit.start, abs=0.011)
        assert hit.heard is not None or one.start == pytest.approx(hit.start, abs=0.006)


@pytest.mark.parametrize(
    "line", ["", "monday.ogg", "00:09.98 monday.ogg", "{", "{}", '{"path": "a", "start": "x", "end": 1}', "[" * 9999]
)
def test_what_is_no_hit_is_refused(line):
    with pytest.raises(ArchiveError, match="is not a hit: give its line"):
        read_hit(line)


def test_a_right_hit_is_found_first_and_the_others_said_like_it_come_nearer(archive, query):
    before = archive.search(query, top=8)
    chosen = before[3]
    after = archive.search(query, top=8, feedback=Feedback(right=(chosen,)))

    assert after[0].overlaps(chosen)
    assert after[0].score > chosen.score


def test_a_wrong_hit_is_not_found_again_and_what_is_like_it_gets_farther(archive, query):
    before = archive.search(query, top=60)
    after = archive.search(query, top=60, feedback=Feedback(wrong=(before[0],)))
    scores = {(hit.path, hit.start, hit.end): hit.score for hit in before}
    same = [(hit, scores[key]) for hit in after if (key := (hit.path, hit.start, hit.end)) in scores]

    assert not any(hit.overlaps(before[0]) for hit in after)
    assert same
    assert all(hit.score <= score for hit, score in same)


def test_a_hit_that_was_printed_is_as_good_as_the_hit(archive, query):
    found = archive.search(query, top=2)[1]
    read = read_hit(_line(2, found, 2))

    assert archive.search(query, feedback=Feedback(right=(read,))) == archive.search(
        query, feedback=Feedback(right=(found,))
    )


def test_no_feedback_changes_nothing(archive, query):
    assert archive.search(query, feedback=Feedback()) == archive.search(query)


@pytest.mark.parametrize("hit", [Hit("/elsewhere.ogg", 1, 2, 0.5), Hit("kitchen", 1, 2, 0.5, 1_700_000_000.0)])
def test_a_hit_of_another_index_is_refused(archive, query, hit):
    with pytest.raises(ArchiveError, match="give a hit of this index"):
        archive.search(query, feedback=Feedback(right=(hit,)))


def test_a_time_after_the_end_and_a_hit_that_is_too_short_are_refused(archive, query, long_recording):
    with pytest.raises(ArchiveError, match="give a hit of this index"):
        archive.search(query, feedback=Feedback(wrong=(Hit(str(long_recording), 1e6, 1e6 + 1, 0.5),)))
    with pytest.raises(ArchiveError, match="too short to learn from"):
        archive.search(query, feedback=Feedback(right=(Hit(str(long_recording), 10.0, 10.1, 0.5),)))
