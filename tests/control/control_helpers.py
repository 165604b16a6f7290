"""What the tests of control send, and who answers it."""

import json

import zmq

from kwsd.control.messages import Done, RequestError

PATIENCE = 20.0
"""Seconds after which a test gives up on a message."""


class Clerk:
    """An operator that writes down what is asked of it, and refuses to stop."""

    def __init__(self):
        self.asked = []

    def answer(self, request):
        self.asked.append(request)
        if type(request).__name__ == "Stop":
            raise RequestError("it does not stop")
        return Done(message="it is done")


class Wire:
    """A client that sends any bytes."""

    def __init__(self, context, endpoint, kind=zmq.REQ):
        self.socket = context.socket(kind)
        self.socket.linger, self.socket.rcvtimeo = 0, round(1000 * PATIENCE)
        self.socket.connect(endpoint)

    def ask(self, body):
        self.socket.send(body if isinstance(body, bytes) else json.dumps(body).encode())
        return self.receive()

    def receive(self):
        return json.loads(self.socket.recv_multipart()[-1])
