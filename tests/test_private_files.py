"""What gives away a voice is readable for its owner only, whatever the umask; a killed save leaves nothing."""

import multiprocessing
import os
import stat
from pathlib import Path

import numpy as np
import pytest

from kwsd.archive import Archive, Settings, clips
from kwsd.archive.indexing.token_log import TokenLog
from kwsd.atomic_write import replacing
from kwsd.errors import StoreError
from kwsd.events.zeromq import ZeroMQPublisher
from kwsd.keywords.store import Store
from kwsd.private_files import make_private
from kwsd.spotting import plot, trace
from kwsd.spotting.score_track import ScoreTrack

PATIENCE = 30  # s


@pytest.fixture(params=[0o000, 0o022, 0o077], ids="umask {:03o}".format)
def umask(request):
    before = os.umask(request.param)
    yield
    os.umask(before)


def _modes(folder):
    """The modes of a folder and of everything below it, as octal digits."""
    found = (folder, *folder.rglob("*"))
    return {(path.is_dir(), f"{stat.S_IMODE(path.stat().st_mode):o}") for path in found}


PRIVATE = {(True, "700"), (False, "600")}


def test_a_keyword_and_its_export_are_for_their_owner(umask, tmp_path, enrolment):
    store = Store(tmp_path / "data" / "kwsd" / "keywords")
    store.save(enrolment.keyword)
    store.export(enrolment.keyword.name, tmp_path / "data" / "out.kwsd")

    assert _modes(tmp_path / "data") == PRIVATE


def test_a_keyword_that_others_could_read_is_for_its_owner_once_it_is_saved_again(tmp_path, enrolment):
    store = Store(tmp_path)
    path = store.save(enrolment.keyword)
    path.chmod(0o644)
    store.save(enrolment.keyword)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_index_is_for_its_owner(umask, tmp_path, recordings, tokenizer):
    index = tmp_path / "archives" / "index"
    Archive.build(index, recordings[:2], tokenizer, settings=Settings(graph=True))

    assert _modes(tmp_path / "archives") == PRIVATE


def test_a_token_log_is_for_its_owner(umask, tmp_path, speech, tokenizer):
    log = TokenLog(str(tmp_path / "logs" / "index"), tokenizer, "microphone")
    log.push(tokenizer.push(speech), 0.0)
    log.close()

    assert _modes(tmp_path / "logs") == PRIVATE


def test_a_socket_and_the_folders_made_for_it_are_for_their_owner(umask, ipc):
    folder = Path(ipc.removeprefix("ipc://")).parent / "state"
    publisher = ZeroMQPublisher([f"ipc://{folder}/run/events.ipc"])
    found = _modes(folder)
    publisher.close()

    assert found == PRIVATE


def test_clips_are_for_their_owner(umask, tmp_path):
    folder = clips.folder_for(tmp_path / "found" / "clips")
    clips.write(clips.Clip(np.zeros(1600, np.float32), 16_000), folder / "clip.flac")

    assert _modes(tmp_path / "found") == PRIVATE


def test_traces_and_pictures_are_for_their_owner_even_where_there_was_a_file(umask, tmp_path, enrolment):
    found, keywords = trace.Trace(), [enrolment.keyword]
    time, distance = np.arange(3.0), np.ones((3, 1))
    found.add(ScoreTrack(time, distance, distance, distance))
    out = tmp_path / "trace.npz"
    out.touch(0o666)
    trace.save(out, found, keywords)
    plot.plot(tmp_path / "track.png", time, distance.astype(np.float32), keywords, [])

    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}


def test_a_folder_that_is_there_keeps_its_mode(tmp_path):
    tmp_path.chmod(0o755)
    make_private(tmp_path / "inner")

    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755
    assert stat.S_IMODE((tmp_path / "inner").stat().st_mode) == 0o700


def test_a_device_is_never_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(StoreError, match="it is a device or a pipe"), replacing(tmp_path / "pipe") as file:
        file.write(b"content")
    assert (tmp_path / "pipe").is_fifo()


def _hold(path, parent):
    with replacing(path) as file:
        file.write(b"slow")
        parent.send("ready")
        parent.poll(PATIENCE)


@pytest.fixture
def slow_save(tmp_path):
    """A save to tmp_path / "slow" in another process, which waits in its middle; and what lets it go on."""
    # A pipe and no event: to set an event for which a killed process waited may block for ever.
    context = multiprocessing.get_context("spawn")
    child, other = context.Pipe()
    process = context.Process(target=_hold, args=(tmp_path / "slow", other))
    process.start()
    other.close()
    assert child.poll(PATIENCE)
    assert child.recv() == "ready"
    yield process, child
    child.close()
    process.join(PATIENCE)


def test_what_a_killed_save_left_is_removed_by_the_next(tmp_path, slow_save):
    process, _ = slow_save
    process.kill()
    process.join(PATIENCE)
    left = [path.name for path in tmp_path.iterdir()]
    with replacing(tmp_path / "quick") as file:
        file.write(b"quick")

    assert len(left) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["quick"]


def test_a_save_leaves_one_that_goes_on_in_another_process_alone(tmp_path, slow_save):
    process, child = slow_save
    with replacing(tmp_path / "quick") as file:
        file.write(b"quick")
    child.close()
    process.join(PATIENCE)

    assert process.exitcode == 0
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"quick": b"quick", "slow": b"slow"}


def test_hidden_files_of_other_programs_stay(tmp_path):
    (tmp_path / ".download.part").touch()
    with replacing(tmp_path / "file"):
        pass

    assert (tmp_path / ".download.part").exists()
