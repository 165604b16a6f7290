"""Who may ask the server behind `kwsd monitor`."""

import pytest

pytest.importorskip("starlette", reason="needs Starlette: pip install 'kwsd[web]'")

from kwsd.web.guard import is_own_name
from kwsd.web.token import read_token

API = ["/api/keywords", "/api/state", "/api/live", "/api/hits", "/api/keywords/hey%20snips/recordings/0"]


@pytest.mark.parametrize("path", API)
def test_without_the_token_nothing_is_told(stranger, path):
    assert stranger.get(path).status_code == 401


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer x", "Basic " + "t" * 32, "Bearer " + "t" * 31, "Bearer é"])
def test_a_wrong_token_is_refused(stranger, given):
    reply = stranger.get("/api/keywords", headers={"Authorization": given.encode()})

    assert reply.status_code == 401


def test_a_token_in_the_address_or_in_a_cookie_does_not_count(stranger):
    reply = stranger.get(f"/api/keywords?token={'t' * 32}", headers={"Cookie": f"token={'t' * 32}"})

    assert reply.status_code == 401


@pytest.mark.parametrize("origin", ["https://evil.example", "http://127.0.0.1:8000", "null", ""])
def test_another_page_changes_nothing(page, store, origin):
    reply = page.delete("/api/keywords/hey%20snips", headers={"Origin": origin})

    assert reply.status_code == 403
    assert list(store.glob("*.kwsd"))


@pytest.mark.parametrize("host", ["evil.example", "evil.example:7393", "127.0.0.1.evil.example", "[", ""])
def test_a_name_that_is_not_this_machines_is_refused(page, host):
    assert page.get("/api/keywords", headers={"Host": host}).status_code == 421
    assert page.get("/", headers={"Host": host}).status_code == 421


def test_addresses_and_the_machines_own_name_are_its_names(monkeypatch):
    monkeypatch.setattr("socket.gethostname", lambda: "Kitchen.home.arpa")
    names = ["127.0.0.1:7393", "[::1]:7393", "192.168.1.10", "localhost", "kitchen.local:7393", "kitchen.home.arpa"]

    assert all(map(is_own_name, names))


@pytest.mark.parametrize(
    "path",
    [
        "/../server.py",
        "/%2e%2e/server.py",
        "/..%2fserver.py",
        "/static/../../../../etc/passwd",
        "/api/hits/..%2f..%2fstore%2fhey%20snips.kwsd",
        "/api/hits/%2fetc%2fpasswd",
        "/api/keywords/..%2fstore/recordings/0",
        "/api/keywords/%2e%2e/curve",
    ],
)
def test_no_path_leads_out_of_the_folders(page, path):
    assert page.get(path).status_code in (400, 404)


def test_replies_tell_the_browser_to_load_nothing_from_elsewhere(page):
    for path in ("/", "/api/keywords", "/api/nothing"):
        headers = page.get(path).headers

        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert headers["x-frame-options"] == "DENY"
        assert headers["cache-control"] == "no-store"
        assert "access-control-allow-origin" not in headers


def test_the_page_names_no_other_server(page):
    text = page.get("/").text

    assert "http" not in text


def test_the_token_is_made_once_and_for_its_owner_alone(tmp_path):
    path = tmp_path / "kwsd" / "monitor-token"
    token = read_token(path)

    assert len(token) == 32
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_token(path) == token
