"""A server of control, and clients that are closed when a test ends."""

from contextlib import ExitStack, closing

import pytest
import zmq
from control_helpers import Clerk, Wire

from kwsd.control.server import ControlServer


@pytest.fixture
def clerk():
    return Clerk()


@pytest.fixture
def server(clerk, ipc):
    with closing(ControlServer(ipc, clerk)) as one:
        yield one


@pytest.fixture
def connect(server):
    """Connect a client of this kind of socket to the server."""
    with ExitStack() as stack, zmq.Context() as context:

        def make(kind=zmq.REQ):
            wire = Wire(context, server.endpoint, kind)
            stack.callback(wire.socket.close)
            return wire

        yield make
        stack.close()
