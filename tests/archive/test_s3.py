"""An index in an object store that speaks S3: moto's server, on this machine, in a process of its own."""

import contextlib
import os
import re
import socket
import subprocess
import sys
import threading
import urllib.request

import pytest

s3fs = pytest.importorskip("s3fs", reason="s3fs is not installed: pip install s3fs")
pytest.importorskip("moto.server", reason='moto is not installed: pip install "moto[server,s3]"')

from kwsd.archive import Archive  # noqa: E402
from kwsd.archive.indexing.index_writer import add  # noqa: E402
from kwsd.archive.statistics import damaged  # noqa: E402
from kwsd.errors import ArchiveError  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")  # of the clients
INDEX = "s3://bucket/index"


class Wire:
    """A TCP proxy before the server. While `cut` is set, it closes a connection in the middle of a segment's upload."""

    def __init__(self, port: int) -> None:
        self.cut, self.cuts, self._port = False, 0, port
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._socket.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._socket.accept()
                server = socket.create_connection(("127.0.0.1", self._port))
                threading.Thread(target=self._carry, args=(client, server, True), daemon=True).start()
                threading.Thread(target=self._carry, args=(server, client, False), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, up: bool) -> None:
        with contextlib.suppress(OSError), source, target:
            while data := source.recv(4096):
                if up and self.cut and re.match(rb"PUT \S+\.segment", data):
                    target.sendall(data[:-100])
                    self.cuts += 1
                    target.shutdown(socket.SHUT_RDWR)
                    source.shutdown(socket.SHUT_RDWR)
                    return
                target.sendall(data)


@pytest.fixture(scope="module")
def server():
    """The port of a server that is empty and asks for no credentials."""
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        port = next(int(found[1]) for line in process.stderr if (found := re.search(r"http://127.0.0.1:(\d+)", line)))
        threading.Thread(target=process.stderr.read, daemon=True).start()
        yield port
        process.terminate()


@pytest.fixture
def wire(server, monkeypatch, tmp_path):
    """A server with an empty bucket, and the environment in which s3fs finds it."""
    wire = Wire(server)
    for name, value in {
        "AWS_ENDPOINT_URL": wire.address,
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": os.devnull,
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }.items():
        monkeypatch.setenv(name, value)
    for variable in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(variable, raising=False)
    s3fs.S3FileSystem.clear_instance_cache()
    post(server, "reset", b"")
    s3fs.S3FileSystem().mkdir("bucket")
    yield wire
    wire.close()


def post(port, what, data):
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/moto-api/{what}", data, {"Content-Type": "text/plain"}, method="POST"
    )
    with urllib.request.urlopen(request) as reply:
        reply.read()


def test_it_is_built_searched_and_verified(wire, tokenizer, recordings):
    archive, report = Archive.build(INDEX, recordings[:3], tokenizer)

    assert report.added == 3
    assert archive.search(recordings[:1], top=1)[0].path == str(recordings[0])
    assert damaged(INDEX)[1] == []
    assert archive.folder.names() == ["00000000.segment", "index.json"]


def test_an_upload_that_is_interrupted_changes_nothing_and_can_be_repeated(wire, tokenizer, recordings):
    Archive.build(INDEX, recordings[:2], tokenizer)
    wire.cut = True

    with pytest.raises(ArchiveError, match=r"^the index s3://bucket/index cannot be written: "):
        add(INDEX, recordings[2:3], tokenizer)

    archive = Archive.open(INDEX, tokenizer)
    assert wire.cuts
    assert not archive.problems
    assert {hit.path for hit in archive.search(recordings[:1])} == set(map(str, recordings[:2]))
    wire.cut = False
    assert add(INDEX, recordings[2:3], tokenizer).added == 1
    assert Archive.open(INDEX, tokenizer).search(recordings[2:3], top=1)[0].path == str(recordings[2])


def test_credentials_that_the_store_does_not_know_are_named_in_one_sentence(wire, server, tokenizer, recordings):
    Archive.build(INDEX, recordings[:2], tokenizer)
    s3fs.S3FileSystem.clear_instance_cache()
    post(server, "reset-auth", b"0")
    try:
        for act in (
            lambda: Archive.open(INDEX, tokenizer),
            lambda: Archive.build("s3://bucket/other", recordings[:1], tokenizer),
        ):
            with pytest.raises(ArchiveError, match=r"access was refused \(.+\): check the credentials") as refused:
                act()
            assert "\n" not in str(refused.value)
    finally:
        post(server, "reset-auth", b"inf")


def test_a_bucket_that_is_not_there_is_named_in_one_sentence(wire, tokenizer, recordings):
    with pytest.raises(ArchiveError, match=r"^the index s3://nowhere/index cannot be written: .*bucket does not exist"):
        Archive.build("s3://nowhere/index", recordings[:1], tokenizer)


def test_a_store_that_does_not_answer_is_named_in_one_sentence(wire, tokenizer, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    s3fs.S3FileSystem.clear_instance_cache()

    with pytest.raises(ArchiveError, match=r"^the index s3://bucket/index cannot be read: Could not connect"):
        Archive.open(INDEX, tokenizer)
