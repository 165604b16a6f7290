"""Searches of an index on the page."""

import pytest

from kwsd.archive import Archive
from kwsd.keywords.store import Store


@pytest.fixture(autouse=True)
def indexed(config, long_recording, shared_tokenizer):
    Archive.build(config.index[0], [long_recording], shared_tokenizer)


def test_a_keyword_is_found_where_it_is_said(page):
    hits = page.get("/api/index/hey%20snips").json()

    assert hits[0]["file"] == "long.ogg"
    assert any(abs(hit["start"] - 10.07) < 0.5 for hit in hits[:8])


def test_a_hit_can_be_played(page):
    (first, *_) = page.get("/api/index/hey%20snips").json()

    assert page.get(f"/api/index/hits/{first['number']}").content.startswith(b"fLaC")


def test_the_next_search_learns_from_what_was_called_right_and_wrong(page):
    first, second, *_ = page.get("/api/index/hey%20snips").json()
    judged = {"right": [second["number"]], "wrong": [first["number"]]}
    again = page.post("/api/index/hey%20snips", json=judged).json()

    assert [hit["right"] for hit in again].count(True) == 1
    assert abs(next(hit["start"] for hit in again if hit["right"]) - second["start"]) < 0.2
    assert not any(abs(hit["start"] - first["start"]) < 0.2 for hit in again)


def test_right_hits_are_added_to_the_keyword(page, config):
    before, hits = Store(config.store).load("hey snips"), page.get("/api/index/hey%20snips").json()
    judged = {"right": [hits[0]["number"]], "wrong": [hits[-1]["number"]]}
    sentence = page.post("/api/index/hey%20snips/keyword", json=judged).json()
    after = Store(config.store).load("hey snips")

    assert (len(after.templates), len(after.negatives)) == (len(before.templates) + 1, 1)
    assert f"threshold {after.threshold:.3f}, before {before.threshold:.3f}" in sentence


def test_no_hits_are_nothing_to_add(page, config):
    before = Store(config.store).version()

    assert page.post("/api/index/hey%20snips/keyword", json={}).json()["error"]
    assert Store(config.store).version() == before


@pytest.mark.parametrize("judged", [{"right": [99]}, {"right": ["a"]}, {"left": []}, [1]])
def test_what_is_no_verdict_on_a_hit_is_a_sentence(page, judged):
    assert page.post("/api/index/hey%20snips", json=judged).json()["error"]


def test_a_hit_that_no_search_found_is_a_sentence(page):
    reply = page.get("/api/index/hits/99")

    assert reply.json()["error"] == "that hit is of an old search: search again"


def test_the_folders_of_the_recordings_are_not_told(page, long_recording):
    assert str(long_recording.parent) not in page.get("/api/index/hey%20snips").text


def test_a_keyword_that_is_not_there_is_a_sentence(page):
    assert page.get("/api/index/other").json()["error"].startswith('there is no keyword "other"')
