"""`kwsd monitor` as a process of its own."""

import shutil
import signal
import socket
import ssl
import subprocess
import sys
import urllib.request

import pytest
from cli_helpers import complaint

pytest.importorskip("starlette", reason="needs Starlette: pip install 'kwsd[web]'")
pytest.importorskip("uvicorn", reason="needs uvicorn: pip install 'kwsd[web]'")

PATIENCE = 30  # s


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_prints_the_address_of_the_page_and_ends_on_a_signal(start, store, number):
    process = start("monitor", "--port", 0, "--store", store)
    address, _, token = process.stdout.readline().decode().strip().partition("#token=")
    with urllib.request.urlopen(address, timeout=PATIENCE) as reply:
        page = reply.read()
    process.send_signal(number)

    assert b"<title>kwsd</title>" in page
    assert len(token) == 32
    assert process.wait(PATIENCE) == 0
    assert process.stderr.read() == b""


@pytest.mark.skipif(not shutil.which("openssl"), reason="needs openssl, to make a certificate")
def test_it_serves_https_with_a_certificate(start, store, tmp_path):
    certificate, key = tmp_path / "page.pem", tmp_path / "page.key"
    request = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=kitchen", "-days", "1"]
    request += ["-addext", "subjectAltName=IP:127.0.0.1", "-out", certificate, "-keyout", key]
    subprocess.run(request, check=True, capture_output=True)
    process = start("monitor", "--port", 0, "--store", store, "--certificate", certificate, "--certificate-key", key)
    address = process.stdout.readline().decode().partition("/#")[0]
    with urllib.request.urlopen(address, context=ssl.create_default_context(cafile=certificate)) as reply:
        page = reply.read()

    assert address.startswith("https://127.0.0.1:")
    assert b"<title>kwsd</title>" in page


def test_an_address_that_is_taken_is_a_sentence(kwsd, store):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        sentence = complaint(kwsd("monitor", "--port", port, "--store", store))

    assert sentence == f"the page cannot be served at 127.0.0.1:{port}: Address already in use"


def test_a_certificate_that_cannot_be_read_is_a_sentence(kwsd, store, tmp_path):
    here = ["--certificate", tmp_path / "none.pem", "--certificate-key", tmp_path / "none.key"]

    assert "cannot be used" in complaint(kwsd("monitor", "--port", 0, "--store", store, *here))
    assert "needs both" in complaint(kwsd("monitor", "--port", 0, "--store", store, *here[:2]))


def test_a_token_that_others_can_read_is_a_sentence(kwsd, store, strange_home):
    path = strange_home / "kwsd" / "monitor-token"
    path.parent.mkdir()
    path.write_text("t" * 32)
    path.chmod(0o644)

    assert complaint(kwsd("monitor", "--store", store)).startswith("other accounts can read the token")


def test_without_the_extra_it_says_what_to_install(kwsd, store, monkeypatch):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    monkeypatch.delitem(sys.modules, "kwsd.web.server", raising=False)

    assert complaint(kwsd("monitor", "--store", store)).endswith('`pip install "kwsd[web]"`')
