"""What the page asks about keywords."""

import base64
import io
import json
from dataclasses import replace

import pytest
import soundfile as sf

from kwsd.keywords.store import Store

NAME = "/api/keywords/hey%20snips"


@pytest.fixture
def wavs(recordings):
    """The recordings as the WAV files of a browser at 48 kHz would be: another rate, 16 bits."""

    def wav(path):
        samples, rate = sf.read(path)
        buffer = io.BytesIO()
        sf.write(buffer, samples.repeat(3), 3 * rate, format="WAV", subtype="PCM_16")
        return buffer.getvalue()

    return [wav(path) for path in recordings]


def send(page, wavs, name="my phrase", save=True):
    pairs = {f"take {number}": base64.b64encode(wav).decode() for number, wav in enumerate(wavs)}
    return page.post(f"/api/keywords/{name}/recordings", json={"recordings": pairs, "save": save})


def test_keywords_are_listed_with_their_recordings(page, kept):
    (facts,) = page.get("/api/keywords").json()

    assert facts["name"] == "hey snips"
    assert facts["threshold"] == kept.threshold
    assert [one["name"] for one in facts["recordings"]] == [one.recording for one in kept.templates]


def test_a_keyword_that_cannot_be_read_is_listed_with_the_reason(page, store):
    (store / "broken.kwsd").write_bytes(b"no archive")
    broken = next(one for one in page.get("/api/keywords").json() if one["name"] == "broken")

    assert "broken.kwsd" in broken["problem"]


def test_the_false_alarms_rise_with_the_threshold_to_those_promised(page, kept):
    curve = page.get(f"{NAME}/curve").json()
    near = min(range(len(curve["thresholds"])), key=lambda i: abs(curve["thresholds"][i] - kept.threshold))

    assert curve["alarms"] == sorted(curve["alarms"])
    assert 0.3 < curve["alarms"][near] < 0.8
    assert len(curve["distances"]) == 5


def test_a_recording_can_be_heard(page, kept):
    reply = page.get(f"{NAME}/recordings/1")

    assert reply.headers["content-type"] == "audio/flac"
    assert reply.content == kept.templates[1].audio


def test_a_recording_that_is_not_there_is_a_sentence(page):
    reply = page.get(f"{NAME}/recordings/5")

    assert reply.status_code == 400
    assert reply.json()["error"] == '"hey snips" has no recording 6: it has 5'


def test_a_keyword_is_enrolled_from_recordings_of_the_browser(page, store, wavs):
    learned = send(page, wavs).json()

    assert learned["recordings"] == 5
    assert learned["misses"] < 0.5
    assert all(template.audio for template in Store(store).load("my phrase").templates)


def test_a_preview_stores_nothing(page, store, wavs):
    assert send(page, wavs, save=False).status_code == 200
    assert Store(store).names() == ["hey snips"]


def test_recordings_are_added_to_a_keyword(page, store, wavs):
    send(page, wavs[:2])

    assert send(page, wavs[2:3]).json()["recordings"] == 3


def test_a_take_is_checked_at_once(page, wavs):
    facts = page.post("/api/take", content=wavs[0]).json()

    assert 0.5 < facts["end"] - facts["start"] < 1.5


def test_a_recording_with_numbers_that_are_none_is_refused(page):
    buffer = io.BytesIO()
    sf.write(buffer, [0.1, float("nan")] * 8000, 16000, format="WAV", subtype="FLOAT")
    reply = page.post("/api/take", content=buffer.getvalue())

    assert reply.status_code == 400


def test_what_is_too_long_is_refused_before_it_is_read_to_its_end(page, monkeypatch):
    monkeypatch.setattr("kwsd.web.requests.LONGEST", 1000)
    reply = page.post("/api/keywords/a/recordings", content=b" " * 2000)

    assert reply.status_code == 400
    assert "longer than" in reply.json()["error"]


@pytest.mark.parametrize("body", [b"", b"no audio", b"RIFF\0\0\0\0WAVE"])
def test_what_is_no_recording_is_refused_with_a_sentence(page, body):
    reply = page.post("/api/take", content=body)

    assert reply.status_code == 400
    assert reply.json()["error"] == "the recording is not a WAV recording: record it again"


def test_silence_is_refused_with_a_sentence(page):
    buffer = io.BytesIO()
    sf.write(buffer, [0.0] * 16000, 16000, format="WAV")
    reply = page.post("/api/take", content=buffer.getvalue())

    assert reply.status_code == 400
    assert reply.json()["error"] == "the recording is silent: check that the microphone is not muted"


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"recordings": {"a": "%%"}}', b'{"recordings": {}, "x": 1}', b"[" * 9999]
)
def test_a_malformed_request_is_refused_with_a_sentence(page, body):
    reply = page.post("/api/keywords/a/recordings", content=body)

    assert reply.status_code == 400
    assert reply.json()["error"].startswith("the request cannot be read")


def test_a_recording_is_removed_and_the_keyword_learned_anew(page, store, kept):
    assert page.delete(f"{NAME}/recordings/0").status_code == 200
    left = Store(store).load("hey snips").templates

    assert [one.recording for one in left] == [one.recording for one in kept.templates[1:]]


def test_a_negative_is_listed_last_and_can_be_removed(page, store, kept):
    Store(store).save(replace(kept, negatives=(replace(kept.templates[0], recording="chips.flac", audio=None),)))
    (facts,) = page.get("/api/keywords").json()
    page.delete(f"{NAME}/recordings/5")
    left = Store(store).load("hey snips")

    assert [one["negative"] for one in facts["recordings"]] == [False] * 5 + [True]
    assert (len(left.templates), left.negatives, left.threshold) == (5, (), kept.threshold)


def test_a_keyword_is_removed(page, store):
    assert page.delete(NAME).status_code == 200
    assert Store(store).names() == []
    assert json.loads(page.delete(NAME).content)["error"].startswith('there is no keyword "hey snips"')
