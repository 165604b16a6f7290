"""Events to hand on, and places to hand them on to."""

import getpass
import os
import shutil
import socket
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from bridge_samples import PATIENCE, until


class WebServer:
    """Answers each request with the next of the statuses, and 204 after them; keeps what it got."""

    def __init__(self):
        self.statuses, self.requests = [], []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.requests.append((dict(self.headers), body))
                self.send_response(outer.statuses.pop(0) if outer.statuses else 204)
                self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/heard"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def web():
    server = WebServer()
    yield server
    server.server.shutdown()
    server.server.server_close()


class Mosquitto:
    """Debian's broker on a port of its own."""

    def __init__(self, folder):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.config = folder / "mosquitto.conf"
        self.config.write_text(f"listener {self.port} 127.0.0.1\nallow_anonymous true\n")
        self.process = None

    def ask_for_a_password(self, user, password):
        """Let nobody else connect from the next start on."""
        file = self.config.with_name("passwords")
        subprocess.run(["mosquitto_passwd", "-b", "-c", file, user, password], check=True)
        self.config.write_text(f"listener {self.port} 127.0.0.1\nuser {getpass.getuser()}\npassword_file {file}\n")

    def start(self):
        self.process = subprocess.Popen(["mosquitto", "-c", self.config], stderr=subprocess.DEVNULL)
        until(self.answers)

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait(PATIENCE)
            self.process = None

    def answers(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


@pytest.fixture
def mosquitto(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "/usr/sbin", prepend=os.pathsep)  # where Debian puts it
    if not shutil.which("mosquitto"):
        pytest.skip("needs a broker: apt-get install mosquitto")
    broker = Mosquitto(tmp_path)
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def reader(mosquitto):
    """What a client of the broker receives, topic and payload, in order; it connects again when the broker is back."""
    mqtt = pytest.importorskip("paho.mqtt.client", reason="needs paho-mqtt: pip install 'kwsd[mqtt]'")
    received = []
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
    client.reconnect_delay_set(1, 1)
    client.on_connect = lambda client, *rest: client.subscribe("#")
    client.on_message = lambda client, data, message: received.append((message.topic, message.payload.decode()))
    client.connect("127.0.0.1", mosquitto.port)
    client.loop_start()
    yield received
    client.disconnect()
    client.loop_stop()
