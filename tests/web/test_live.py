"""The page's server beside a kwsd that listens."""

import json

import httpx2 as httpx
import pytest
from web_helpers import PATIENCE, until


@pytest.fixture
def client(served):
    headers = {"Authorization": f"Bearer {served.token}", "Origin": served.place}
    with httpx.Client(base_url=served.place, headers=headers, timeout=PATIENCE) as client:
        yield client


def messages(client):
    with client.stream("GET", "/api/live") as reply:
        for line in reply.iter_lines():
            if line:
                yield json.loads(line.removeprefix("data: "))


def first(client, kind):
    return next(message for message in messages(client) if message["kind"] == kind)


def test_live_distances_come(listening, client):
    assert 0 < first(client, "scores")["distances"]["hey snips"] < 5


def test_detections_and_heartbeats_come(listening, client):
    assert first(client, "heartbeat")["level"] < 0
    assert first(client, "detection")["keyword"] == "hey snips"


def test_a_threshold_takes_effect_and_is_kept_if_asked(listening, client, kept):
    client.put("/api/keywords/hey%20snips/threshold", json={"threshold": 0.25, "keep": True}).raise_for_status()
    (facts,) = client.get("/api/keywords").json()

    assert facts["threshold"] == 0.25
    until(lambda: client.get("/api/spotted").json()["keywords"][0]["threshold"] == 0.25)


def test_it_can_be_paused(listening, client):
    client.put("/api/listening", json={"on": False}).raise_for_status()

    assert client.get("/api/state").json()["paused"]


def test_without_a_kwsd_the_page_is_told(client):
    assert not first(client, "connection")["listening"]
    assert client.get("/api/state").status_code == 503
    assert "start `kwsd listen`" in client.get("/api/state").json()["error"]


def test_a_kwsd_that_starts_later_is_seen(client, request):
    seen = messages(client)
    next(message for message in seen if message["kind"] == "connection" and not message["listening"])
    request.getfixturevalue("listening")

    assert next(message for message in seen if message["kind"] == "connection" and message["listening"])
    assert next(message for message in seen if message["kind"] == "scores")
