"""The command line in the test's own process and as a process of its own, with nothing of the user's in reach."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import structlog
from click.testing import CliRunner

from kwsd.cli import main
from kwsd.keywords.store import Store

PATIENCE = 30  # s until a process that does not end is taken for stuck


@pytest.fixture(autouse=True)
def strange_home(tmp_path, monkeypatch):
    """A home folder without settings, keywords or sockets; log messages as before afterwards."""
    for name in [name for name in os.environ if name.startswith(("KWSD_", "XDG_"))]:
        monkeypatch.delenv(name)
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    yield tmp_path / "home"
    structlog.reset_defaults()


@pytest.fixture
def kwsd():
    """Runs `kwsd ARGUMENTS...` here; the result has exit_code, stdout and stderr."""

    def run(*arguments, **options):
        return CliRunner().invoke(main, [str(one) for one in arguments], **options)

    return run


@pytest.fixture
def start():
    """Starts `kwsd ARGUMENTS...` as a process, which is killed when the test ends."""
    started = []

    # A run in the background ignores SIGINT and hands that on; a process that is started here must not.
    signal.signal(signal.SIGINT, signal.default_int_handler)

    def begin(*arguments, **options):
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
        process = subprocess.Popen([sys.executable, "-m", "kwsd", *map(str, arguments)], **pipes)
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate(timeout=PATIENCE)


@pytest.fixture
def store(tmp_path, enrolment):
    """A store with one keyword, "hey snips"."""
    folder = tmp_path / "store"
    Store(folder).save(enrolment.keyword)
    return folder


@pytest.fixture
def damaged(store):
    """The store, with two more keywords: broken.kwsd is no archive, and null.kwsd has a threshold of null."""
    (store / "broken.kwsd").write_bytes(b"no zip file")
    with np.load(store / "hey snips.kwsd") as data:
        arrays = dict(data)
    header = json.loads(str(arrays.pop("keyword"))) | {"name": "null", "threshold": None}
    with (store / "null.kwsd").open("wb") as file:
        np.savez(file, keyword=np.array(json.dumps(header)), **arrays)
    return store


@pytest.fixture
def copied(tmp_path, recordings):
    """The recordings of "hey snips" in a folder that may be spoilt."""
    folder = tmp_path / "recordings"
    folder.mkdir()
    return [Path(shutil.copy(path, folder)) for path in recordings]
