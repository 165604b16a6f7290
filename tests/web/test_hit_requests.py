"""Kept detections on the page: played, and called true or false."""

import pytest

from kwsd.enrolment.hit import Hit
from kwsd.keywords.store import Store


@pytest.fixture
def hit(config, speech, kept):
    """The first "hey snips" of the speech, as `kwsd listen --save-hits` keeps it."""
    facts = {"distance": 0.35, "threshold": kept.threshold, "model": kept.model, "heard": 1_750_000_000.25}
    return Hit("hey snips", speech[: 3 * 16000], 0.98, 1.7, **facts).save(config.hits)


def test_kept_detections_are_listed(page, hit):
    (facts,) = page.get("/api/hits").json()

    assert (facts["file"], facts["keyword"], facts["heard"]) == (hit.name, "hey snips", 1_750_000_000.25)


def test_a_damaged_file_is_left_out(page, config, hit):
    (config.hits / "hit-0.flac").write_bytes(b"no audio")

    assert len(page.get("/api/hits").json()) == 1


def test_its_audio_can_be_played(page, hit):
    assert page.get(f"/api/hits/{hit.name}").content == hit.read_bytes()


def test_a_false_one_becomes_a_negative(page, store, hit):
    assert page.post(f"/api/hits/{hit.name}", json={"said": False}).json().endswith("recordings: 5, negatives: 1")
    assert Store(store).load("hey snips").negatives[0].recording == hit.name


def test_a_true_one_becomes_a_recording(page, store, hit):
    assert page.post(f"/api/hits/{hit.name}", json={"said": True}).json().endswith("recordings: 6, negatives: 0")
    assert Store(store).load("hey snips").templates[-1].recording == hit.name


def test_a_file_that_is_no_hit_of_the_folder_is_not_served(page, config, hit):
    (config.hits / "secret.flac").write_bytes(b"secret")

    assert page.get("/api/hits/secret.flac").status_code == 400


def test_without_a_folder_there_are_none(page, config):
    assert page.get("/api/hits").json() == []
