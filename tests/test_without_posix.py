"""What Windows lacks is taken away: enrolment, scans, search and listening without sockets work all the same.

This is no test on Windows. It says that nothing else of POSIX is used on the way, and that files are never replaced or
deleted while they are open, which Windows refuses.
"""

import errno
import os
import signal
import socket
import subprocess
import sys
import types
from pathlib import Path

import pytest

from kwsd import atomic_write, system
from kwsd.atomic_write import STALE, replacing
from kwsd.errors import StoreError

EXAMPLES = Path(__file__).parents[1] / "examples"
PREAMBLE = """
import asyncio, concurrent.futures, ctypes.util, multiprocessing.util, os, runpy, select, signal, socket, socketserver
import subprocess, sys, tempfile, types

LACKING = {
    os: "fchmod pread getuid geteuid getgid fork kill killpg setsid mkfifo O_NOFOLLOW O_DIRECTORY O_NONBLOCK",
    select: "poll epoll",
    signal: "SIGHUP SIGALRM SIGKILL SIGPIPE SIGUSR1 SIGUSR2 alarm setitimer pthread_sigmask pthread_kill",
    socket: "AF_UNIX SO_PEERCRED",
}
for module, names in LACKING.items():
    for name in names.split():
        delattr(module, name)
def refused(self, number, callback):
    raise NotImplementedError


asyncio.SelectorEventLoop.add_signal_handler = refused
for name in ("fcntl", "grp", "pwd", "resource", "termios"):
    sys.modules[name] = None
sys.modules["msvcrt"] = types.SimpleNamespace(LK_NBLCK=2, locking=lambda handle, mode, size: None)
runpy.run_module("kwsd", run_name="__main__", alter_sys=True)
"""


@pytest.fixture
def bare_kwsd(tmp_path):
    """Runs kwsd in a process of its own without what POSIX has."""
    if not EXAMPLES.exists():
        pytest.skip("the example recordings are not beside the tests")

    def run(*words):
        command = [sys.executable, "-c", PREAMBLE, *map(str, words)]
        environ = os.environ | {"KWSD_STORE": str(tmp_path / "keywords")}
        return subprocess.run(command, capture_output=True, text=True, env=environ, timeout=300, check=False)

    return run


@pytest.fixture
def enrolled(bare_kwsd):
    made = bare_kwsd("enroll", "hey snips", *sorted((EXAMPLES / "hey-snips").glob("*.flac")))
    assert made.returncode == 0, made.stderr
    return bare_kwsd


def test_a_keyword_is_enrolled_and_found_as_with_posix(enrolled, tmp_path):
    found = enrolled("scan", EXAMPLES / "long.ogg")
    command = [sys.executable, "-m", "kwsd", "scan", EXAMPLES / "long.ogg", "--store", tmp_path / "keywords"]
    usual = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)

    assert found.stderr == ""
    assert found.stdout == usual.stdout
    assert len(found.stdout.splitlines()) >= 8


def test_an_index_is_made_and_searched(enrolled, tmp_path):
    index = tmp_path / "talks.index"
    built = enrolled("index", "build", index, EXAMPLES / "long.ogg")
    again = enrolled("index", "build", index, EXAMPLES / "long.ogg")
    found = enrolled("search", "hey snips", "--index", index, "--top", 2)

    assert built.returncode == again.returncode == 0, built.stderr + again.stderr
    assert "1 unchanged" in again.stdout
    assert len(found.stdout.splitlines()) == 2


def test_kwsd_listens_and_prints_events_without_sockets(enrolled):
    heard = enrolled("listen", "--file", EXAMPLES / "long.ogg", "--no-zmq", "--jsonl")

    assert heard.returncode == 0, heard.stderr
    assert heard.stdout.count('"event": "detection"') >= 8


def test_what_needs_other_sockets_says_so(enrolled):
    listening = ["listen", "--file", EXAMPLES / "long.ogg"]
    for words in (listening, [*listening, "--endpoint", "tcp://127.0.0.1:0"], ["subscribe"], ["ctl", "status"]):
        refused = enrolled(*words)

        assert refused.returncode == 2
        assert "--no-zmq" in refused.stderr
        assert "Traceback" not in refused.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_wake_words_are_served_until_it_is_asked_to_stop(enrolled, tmp_path, number):
    pytest.importorskip("wyoming", reason="needs wyoming: pip install 'kwsd[wyoming]'")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        place = probe.getsockname()
    bare = PREAMBLE.replace("AF_UNIX ", "")  # of which asyncio makes a pair here, and of other sockets on Windows
    command = [sys.executable, "-c", bare, "wyoming", "--uri", f"tcp://127.0.0.1:{place[1]}"]
    environ = os.environ | {"KWSD_STORE": str(tmp_path / "keywords")}
    with subprocess.Popen(command, stderr=subprocess.PIPE, env=environ, text=True) as server:
        assert '"serving"' in server.stderr.readline()
        with socket.create_connection(place, timeout=60) as client, client.makefile("rb") as answers:
            client.sendall(b'{"type": "describe"}\n')
            answer = answers.readline()
        server.send_signal(number)

        assert b'"info"' in answer
        assert server.wait(60) == 0


@pytest.fixture
def locked_by_others(monkeypatch):
    """Windows's locks, of which these paths are locked by another process."""
    locked = set()

    def locking(handle, mode, size):
        if str(Path(f"/proc/self/fd/{handle}").readlink()) in locked:
            raise OSError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(system, "HAS_FLOCK", False)
    monkeypatch.setattr(atomic_write, "HAS_FLOCK", False)
    monkeypatch.setitem(sys.modules, "msvcrt", types.SimpleNamespace(LK_NBLCK=2, locking=locking))
    return locked


@pytest.fixture
def open_files_stay(monkeypatch):
    """Files that this process has open can be neither renamed nor deleted, as on Windows."""
    if not Path("/proc/self/fd").exists():
        pytest.skip("needs /proc/self/fd")

    def refusing(act):
        def acting(self, *args, **options):
            for handle in Path("/proc/self/fd").iterdir():
                if os.path.realpath(handle) == str(self):
                    raise PermissionError(errno.EACCES, "it is open", str(self))
            return act(self, *args, **options)

        return acting

    for name in ("replace", "unlink"):
        monkeypatch.setattr(Path, name, refusing(getattr(Path, name)))


def test_a_file_is_replaced_once_the_new_one_is_closed(tmp_path, locked_by_others, open_files_stay):
    path = tmp_path / "a"
    path.write_bytes(b"old")
    with replacing(path) as file:
        file.write(b"new")

    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_save_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, locked_by_others, open_files_stay):
    path = tmp_path / "a"
    path.write_bytes(b"old")
    with pytest.raises(StoreError), replacing(path) as file:
        file.write(b"new")
        raise OSError(errno.ENOSPC, "no space left")

    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_process_left_is_deleted_and_what_another_is_writing_is_not(
    tmp_path, locked_by_others, open_files_stay
):
    left, young, others = (tmp_path / f".kwsd-{name}.part" for name in ("left", "young", "others"))
    for part in (left, young, others):
        part.write_bytes(b"half")
    for part in (left, others):
        os.utime(part, times=(0, part.stat().st_mtime - 2 * STALE))
    locked_by_others.add(str(others))
    with replacing(tmp_path / "a") as file:
        file.write(b"new")

    assert not left.exists()
    assert young.exists()
    assert others.exists()


def test_a_lock_that_another_process_holds_is_refused(tmp_path, locked_by_others):
    path = tmp_path / "a"
    path.touch()
    with path.open("rb") as file:
        system.lock(file.fileno())
        locked_by_others.add(str(path))

        with pytest.raises(BlockingIOError):
            system.lock(file.fileno())


def test_bytes_are_read_at_an_offset_and_the_place_stays(tmp_path, monkeypatch):
    path = tmp_path / "a"
    path.write_bytes(b"0123456789")
    for has_flock in (True, False):
        monkeypatch.setattr(system, "HAS_FLOCK", has_flock)
        with path.open("rb", buffering=0) as file:
            file.read(2)

            assert system.read_at(file, 3, 5) == b"567"
            assert file.read(1) == b"2"
