"""Events as HTTP requests: what is sent, what is tried again, and how a receiver checks it."""

import hashlib
import hmac
import json
import socket

import pytest
from bridge_samples import detection, until

from kwsd.bridges.webhook import Webhook


@pytest.fixture
def sent(web, monkeypatch):
    """The requests of a webhook that was given these messages, with the server's answers to each try."""
    monkeypatch.setattr("kwsd.bridges.webhook.FIRST_PAUSE", 0.01)

    def send(*messages, answers=(), secret=None, patience=20.0, tries=None):
        web.statuses = list(answers)
        webhook = Webhook(web.url, secret, patience, 5.0)
        for message in messages:
            webhook.send(message)
        until(lambda: len(web.requests) >= (tries or len(messages)))
        webhook.close()
        return [(headers, json.loads(body)) for headers, body in web.requests]

    return send


def test_a_detection_is_posted_as_json(sent):
    ((headers, body),) = sent(detection().to_dict())

    assert body == detection().to_dict()
    assert headers["Content-Type"] == "application/json"
    assert headers["X-Kwsd-Event"] == "detection"
    assert "X-Kwsd-Signature" not in headers


def test_a_request_is_signed_over_its_time_stamp_and_its_body(sent, web):
    sent(detection().to_dict(), secret="s3cret")
    ((headers, body),) = web.requests
    meant = hmac.new(b"s3cret", headers["X-Kwsd-Timestamp"].encode() + b"." + body, hashlib.sha256).hexdigest()

    assert headers["X-Kwsd-Signature"] == f"sha256={meant}"


@pytest.mark.parametrize("answer", [500, 503, 429])
def test_what_the_server_could_not_take_is_sent_again(sent, answer):
    requests = sent(detection(2).to_dict(), detection(3).to_dict(), answers=[answer, answer], tries=4)

    assert [body["sequence"] for _, body in requests] == [2, 2, 2, 3]


@pytest.mark.parametrize("answer", [400, 404, 302])
def test_what_the_server_refuses_is_given_up_and_told_with_the_next(sent, answer):
    requests = sent(detection(2).to_dict(), detection(3).to_dict(), answers=[answer], tries=3)

    assert [(body["event"], body.get("count")) for _, body in requests] == [
        ("detection", None),
        ("lost", 1),
        ("detection", None),
    ]


def test_after_its_patience_a_message_is_given_up(sent):
    requests = sent(detection(2).to_dict(), detection(3).to_dict(), answers=[500], patience=0.0, tries=3)

    assert [body["event"] for _, body in requests] == ["detection", "lost", "detection"]


def test_a_server_that_comes_back_gets_the_message(web, monkeypatch):
    monkeypatch.setattr("kwsd.bridges.webhook.FIRST_PAUSE", 0.01)
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    webhook = Webhook(f"http://127.0.0.1:{port}/", None, 20.0, 5.0)
    webhook.send(detection().to_dict())
    until(webhook._outbox._waiting.empty)
    webhook._url = web.url
    until(lambda: web.requests)
    webhook.close()

    assert json.loads(web.requests[0][1]) == detection().to_dict()
