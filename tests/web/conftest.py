"""The application with a token, a client as the page is one, and a kwsd that listens at a file at the pace of time."""

import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest
from web_helpers import PATIENCE, until

from kwsd.enrolment.enroll import enroll
from kwsd.events.messages import from_json
from kwsd.keywords.store import Store
from kwsd.settings.monitor import MonitorConfig

pytest.importorskip("starlette", reason="needs Starlette: pip install 'kwsd[web]'")
uvicorn = pytest.importorskip("uvicorn", reason="needs uvicorn: pip install 'kwsd[web]'")
pytest.importorskip("httpx2", reason="needs httpx2, as Starlette's test client does")

TOKEN = "t" * 32
PLACE = "http://127.0.0.1:7393"


@pytest.fixture(scope="session")
def kept(recordings, shared_tokenizer, bank):
    """The keyword "hey snips" with the audio of its recordings."""
    return enroll("hey snips", recordings, shared_tokenizer, bank=bank, keep_audio=True).keyword


@pytest.fixture
def store(tmp_path, kept):
    folder = tmp_path / "store"
    Store(folder).save(kept)
    return folder


@pytest.fixture
def config(tmp_path, store, ipc):
    control = ipc.replace("events", "control")
    return MonitorConfig(
        store=store, endpoint=ipc, control=control, hits=tmp_path / "hits", index=(str(tmp_path / "index"),)
    )


@pytest.fixture
def application(config):
    from kwsd.web.app import application  # noqa: PLC0415 - an extra

    return application(config, TOKEN)


@pytest.fixture
def stranger(application):
    """A client without the token."""
    from starlette.testclient import TestClient  # noqa: PLC0415 - an extra

    return TestClient(application[0], base_url=PLACE)


@pytest.fixture
def page(stranger):
    """A client that sends what the page sends."""
    stranger.headers.update({"Authorization": f"Bearer {TOKEN}", "Origin": PLACE})
    return stranger


@pytest.fixture
def again(config, long_recording):
    """Starts a `kwsd listen` at four minutes of speech, at the pace of their time, which ends with the test."""
    started = []
    words = ["listen", "--file", long_recording, "--realtime", "--jsonl", "--heartbeat", 1, "--save-hits", config.hits]
    words += ["--store", config.store, "--endpoint", config.endpoint, "--control", config.control]

    def start():
        command = [sys.executable, "-m", "kwsd", *map(str, words)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        started.append(process)
        while getattr(from_json(process.stdout.readline()), "state", "") != "listening":
            pass
        return process

    yield start
    for process in started:
        process.terminate()
        process.communicate(timeout=PATIENCE)


@pytest.fixture
def listening(again):
    """A `kwsd listen` that has begun."""
    return again()


@pytest.fixture
def served(application):
    """The address of the application in a server of its own."""
    from kwsd.web.server import Server  # noqa: PLC0415 - an extra

    app, board = application
    server = Server(uvicorn.Config(app, port=0, log_config=None, timeout_graceful_shutdown=2), board)
    thread = threading.Thread(target=server.run)
    thread.start()
    until(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield SimpleNamespace(place=f"http://127.0.0.1:{port}", token=TOKEN, board=board)
    server.should_exit = True
    thread.join(PATIENCE)
