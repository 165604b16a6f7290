"""What a client of control gets, and what a hostile one does not."""

import json
from contextlib import closing
from tempfile import TemporaryDirectory

import pytest
import zmq
from control_helpers import PATIENCE, Clerk, Wire
from hypothesis import given, settings
from hypothesis import strategies as st

from kwsd.control.client import ControlClient
from kwsd.control.messages import LONGEST, Done, Pause, RequestError, Scores, Status, Stop
from kwsd.control.server import ControlServer
from kwsd.errors import EndpointError


def test_a_request_is_carried_out_and_its_reply_has_the_same_id(connect, clerk):
    reply = connect().ask({"verb": "pause", "id": "7"})

    assert reply == {"reply": "done", "message": "it is done", "version": 1, "id": "7"}
    assert clerk.asked == [Pause(id="7")]


def test_what_cannot_be_carried_out_gets_an_error(connect):
    reply = connect().ask({"verb": "stop", "id": "7"})

    assert (reply["reply"], reply["error"], reply["id"]) == ("error", "it does not stop", "7")


def test_a_malformed_request_gets_an_error_with_its_id_and_the_next_one_is_answered(connect, clerk):
    client = connect()
    refused = client.ask({"verb": "enable", "id": "7"})

    assert (refused["reply"], refused["id"]) == ("error", "7")
    assert clerk.asked == []
    assert client.ask({"verb": "status"})["reply"] == "done"


def test_a_dealer_needs_no_empty_frame_and_may_ask_for_much_at_once(connect):
    client = connect(zmq.DEALER)
    for number in range(50):
        client.socket.send(json.dumps({"verb": "status", "id": str(number)}).encode())

    assert [client.receive()["id"] for _ in range(50)] == [str(number) for number in range(50)]


def test_a_request_that_is_too_long_is_not_read(connect, clerk):
    client = connect(zmq.DEALER)
    client.socket.send(b" " * LONGEST + b'{"verb": "pause"}')

    assert connect().ask({"verb": "status"})["reply"] == "done"
    assert clerk.asked == [Status()]


def test_clients_do_not_see_the_replies_of_others(connect):
    first, second = connect(), connect()
    first.socket.send(b'{"verb": "status", "id": "first"}')
    second.socket.send(b'{"verb": "status", "id": "second"}')

    assert (second.receive()["id"], first.receive()["id"]) == ("second", "first")


@pytest.fixture(scope="module")
def asked():
    """Sends a request to a server and returns the reply."""
    with (
        TemporaryDirectory(prefix="kwsd-test-") as folder,
        closing(ControlServer(f"ipc://{folder}/control.ipc", Clerk())) as server,
        zmq.Context() as context,
    ):
        wire = Wire(context, server.endpoint)
        yield wire.ask
        wire.socket.close()


NEARLY = st.from_regex(r'\{"verb": ?"(enable|scores|x)".{0,40}').map(str.encode)


@settings(deadline=None, max_examples=200)
@given(bodies=st.lists(st.binary(max_size=300) | st.text().map(str.encode) | NEARLY, min_size=1, max_size=20))
def test_whatever_is_sent_gets_a_reply(asked, bodies):
    assert {asked(body)["reply"] for body in bodies} <= {"done", "error"}


def test_scores_are_sent_to_those_who_asked_at_most_so_often(server, connect):
    client, other = connect(zmq.DEALER), connect()
    assert not server.wants_scores
    assert client.ask({"verb": "scores", "rate": 1, "keywords": ["hey"], "id": "s"})["reply"] == "done"
    assert server.wants_scores

    for number in range(30):
        server.send_scores(number, {"hey": 30.0 - number, "you": 0.5})
    first = client.receive()

    assert first == {"reply": "scores", "time": 0.0, "distances": {"hey": 30.0}, "version": 1, "id": "s"}
    assert other.ask({"verb": "status"})["reply"] == "done"
    assert not client.socket.poll(200)


def test_what_is_sent_next_is_the_lowest_since_the_last(server, connect):
    client = connect(zmq.DEALER)
    client.ask({"verb": "scores", "rate": 20})
    server.send_scores(0, {"hey": 0.9})
    client.receive()
    server.send_scores(0.01, {"hey": 0.2})
    server.send_scores(0.02, {"hey": 0.7})
    reply = None
    for number in range(1, 2000):
        server.send_scores(number, {"hey": 0.8})
        if client.socket.poll(10):
            reply = client.receive()
            break

    assert reply["distances"] == {"hey": 0.2}


def test_scores_end_when_they_are_switched_off_and_when_the_client_leaves(server, connect):
    client, leaving = connect(zmq.DEALER), connect(zmq.DEALER)
    client.ask({"verb": "scores"})
    leaving.ask({"verb": "scores"})
    assert client.ask({"verb": "scores", "rate": 0})["message"] == "no scores are sent any more"
    assert server.wants_scores

    leaving.socket.close()
    for _ in range(round(100 * PATIENCE)):
        if not server.wants_scores:
            break
        connect().ask({"verb": "status"})

    assert not server.wants_scores


def test_the_client_of_kwsd_asks_and_is_refused_in_a_sentence(server):
    with ControlClient(server.endpoint) as client:
        assert client.ask(Pause()) == Done(message="it is done")
        with pytest.raises(RequestError, match=r"^it does not stop$"):
            client.ask(Stop())


def test_the_client_of_kwsd_gets_scores(server):
    with ControlClient(server.endpoint) as client:
        client.ask(Scores(rate=20))
        server.send_scores(1.5, {"hey": 0.5})
        reply = next(client.scores(PATIENCE))

    assert (reply.time, reply.distances) == (1.5, {"hey": 0.5})


def test_without_a_daemon_the_client_says_so_at_once(ipc):
    with pytest.raises(EndpointError, match="no kwsd listens at"):
        ControlClient(ipc)
