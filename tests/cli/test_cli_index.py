"""`kwsd index`: made, kept in line with its files, looked after, and whole whatever happens."""

import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time

import pytest
from bad_recordings import silent, text
from cli_helpers import complaint, contents, sentences

from kwsd.archive.segments.manifest import Manifest
from kwsd.archive.storage.folder import MANIFEST
from kwsd.archive.storage.local import LocalFolder

PATIENCE = 60  # s until a process that does not end is taken for stuck
SMALL_BATCHES = """
import sys
from kwsd.archive.indexing import update as updating
from kwsd.cli import main
updating.BATCH_FILES, updating.SAVE_INTERVAL = 1, -1.0
main(sys.argv[1:])
"""


@pytest.fixture
def index(tmp_path):
    return tmp_path / "index"


@pytest.fixture
def built(kwsd, index, copied):
    """An index of the copied recordings."""
    assert kwsd("index", "build", index, copied[0].parent).exit_code == 0
    return index


@pytest.fixture
def in_two(kwsd, index, long_recording, copied):
    """An index of two segments, too unlike in size to be joined: the long recording and a short one."""
    kwsd("index", "build", index, long_recording)
    kwsd("index", "add", index, copied[0])
    first, second = Manifest.load(LocalFolder(index)).entries
    return index, first.name, second.name


@pytest.fixture
def slowly():
    """Starts `kwsd ARGUMENTS...` as a process that commits every file by itself; killed when the test ends."""
    started = []

    def begin(*arguments):
        command = [sys.executable, "-c", SMALL_BATCHES, *map(str, arguments)]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE))
        return started[-1]

    yield begin
    for process in started:
        process.kill()
        process.communicate(timeout=PATIENCE)


def _copies(folder, recordings, count):
    folder.mkdir()
    pairs = [(i, path) for i in range(count) for path in recordings]
    return [shutil.copy(path, folder / f"{i:03d}-{path.name}") for i, path in pairs]


def _wait_for(index, segments):
    """Until a build that runs has committed so many."""
    for _ in range(PATIENCE * 100):
        if (index / MANIFEST).exists() and len(json.loads((index / MANIFEST).read_text())["entries"]) >= segments:
            return
        time.sleep(0.01)
    pytest.fail("the build does not get on")


def counts(result):
    """Added, unchanged, dropped."""
    found = re.match(r"(\d+) files? added, (\d+) unchanged, (\d+) dropped", result.stdout)
    return tuple(map(int, found.groups()))


def facts(kwsd, index, *options):
    result = kwsd("index", "info", index, "--json", *options)
    return json.loads(result.stdout)


def test_a_build_says_what_was_heard_and_how_large_it_is(kwsd, index, recordings):
    result = kwsd("index", "build", index, recordings[0].parent)
    heard, size = result.stdout.splitlines()

    assert result.exit_code == 0
    assert re.fullmatch(r"5 files added, 0 unchanged, 0 dropped: 16 s of audio in .* times real time\)", heard)
    assert re.fullmatch(rf"{index}: 16 s of audio in [\d.]+ kB, [\d.]+ kB an hour, 1 segment", size.replace("MB", "kB"))


def test_several_workers_make_the_same_index(kwsd, index, copied, tmp_path):
    kwsd("index", "build", index, *copied)
    kwsd("index", "build", tmp_path / "another", *copied, "--workers", "2")

    assert contents(tmp_path / "another") == contents(index)


def test_a_second_build_hears_nothing(kwsd, built, copied):
    before = contents(built)
    result = kwsd("index", "build", built, copied[0].parent)

    assert counts(result) == (0, 5, 0)
    assert contents(built) == before


def test_a_file_that_was_only_touched_is_not_heard_again(kwsd, built, copied):
    os.utime(copied[0])

    assert counts(kwsd("index", "build", built, copied[0].parent)) == (0, 5, 0)


def test_changed_files_are_heard_again_and_vanished_ones_dropped(kwsd, built, copied, long_recording):
    shutil.copy(copied[1], copied[0])
    copied[2].unlink()
    result = kwsd("index", "build", built, copied[0].parent)
    listed = [one["path"] for one in facts(kwsd, built, "--files")["documents"]]

    assert counts(result) == (1, 3, 1)
    assert listed == [str(path) for path in copied if path.exists()]


def test_add_drops_nothing(kwsd, built, copied, long_recording):
    copied[0].unlink()
    result = kwsd("index", "add", built, long_recording)

    assert counts(result) == (1, 0, 0)
    assert facts(kwsd, built)["files"] == 6


def test_add_needs_an_index(kwsd, index, recordings):
    assert "kwsd index build" in complaint(kwsd("index", "add", index, recordings[0]))


def test_removed_files_are_no_longer_in_it(kwsd, built, copied):
    result = kwsd("index", "remove", built, copied[0], copied[1])

    assert result.stdout == "2 files dropped\n"
    assert facts(kwsd, built)["files"] == 3
    assert copied[0].exists()


def test_removing_what_is_not_there_removes_nothing(kwsd, built, copied):
    before = contents(built)

    assert "has no " in complaint(kwsd("index", "remove", built, copied[0], "nowhere"))
    assert contents(built) == before


def test_info_is_told_to_people(kwsd, built, copied):
    shown = kwsd("index", "info", built, "--files").stdout

    assert "5 files, 16 s of audio" in shown
    assert "5 and 3 bytes a code" in shown
    assert all(f"s  {path}\n" in shown for path in copied)


def test_info_as_json_accounts_for_every_byte(kwsd, built):
    found = facts(kwsd, built)
    parts = sum(size for name, size in found["bytes"].items() if name != "all")
    on_disk = sum(path.stat().st_size for path in built.glob("*.segment"))

    assert found["bytes"]["all"] == parts == on_disk
    assert found["settings"] == {"stages": 5, "vectors": False, "graph": False, "small": False}
    assert (found["files"], found["segments"], found["dropped"]) == (5, 1, 0)


def test_compact_leaves_out_what_was_dropped(kwsd, built, copied):
    kwsd("index", "remove", built, copied[0])
    worn = facts(kwsd, built)
    kwsd("index", "compact", built)
    compact = facts(kwsd, built)

    assert (worn["dropped"], compact["dropped"]) == (0.2, 0)
    assert compact["bytes"]["all"] < worn["bytes"]["all"]
    assert compact["files"] == worn["files"] == 4


def test_an_index_becomes_small_and_large_again(kwsd, built, copied):
    before, as_built = facts(kwsd, built), segments(built)
    assert "run `kwsd index compact --small`" in complaint(kwsd("index", "build", built, *copied, "--small"))

    kwsd("index", "compact", built, "--small")
    small = facts(kwsd, built)
    assert small["settings"]["small"]
    assert small["bytes"]["postings"] == 0
    assert small["bytes"]["all"] < before["bytes"]["all"]
    assert small["bytes"]["all"] == sum(size for name, size in small["bytes"].items() if name != "all")
    assert "5 and 3 bytes a code, small" in kwsd("index", "info", built).stdout

    kwsd("index", "compact", built)
    assert counts(kwsd("index", "build", built, *copied, "--small")) == (0, 5, 0)
    assert facts(kwsd, built) == small

    kwsd("index", "compact", built, "--no-small")
    assert facts(kwsd, built) == before
    assert segments(built) == as_built


def segments(index):
    """What the segments of an index hold, whatever their names."""
    return [path.read_bytes() for path in sorted(index.glob("*.segment"))]


def test_an_index_keeps_its_settings(kwsd, index, copied, recordings):
    kwsd("index", "build", index, copied[0], "--stages", "2", "--vectors")
    again = kwsd("index", "build", index, copied[0], "--stages", "2")
    kwsd("index", "build", index, copied[0])

    assert counts(again) == (0, 1, 0)
    assert facts(kwsd, index)["settings"] == {"stages": 2, "vectors": True, "graph": False, "small": False}
    assert facts(kwsd, index)["bytes"]["vectors"] > 0


def test_other_settings_for_an_index_that_is_there_are_refused(kwsd, built, copied):
    before = contents(built)

    assert "other settings" in complaint(kwsd("index", "build", built, copied[0], "--stages", "3"))
    assert contents(built) == before


@pytest.mark.parametrize("options", [("--stages", "0"), ("--stages", "7"), ("--workers", "0")])
def test_numbers_out_of_range_are_refused(kwsd, index, recordings, options):
    assert "give 1 to" in complaint(kwsd("index", "build", index, recordings[0], *options))
    assert not index.exists()


def test_unreadable_files_are_said_and_the_others_are_in_it(kwsd, index, copied):
    text(copied[0], None)
    copied[1].write_bytes(copied[1].read_bytes()[: copied[1].stat().st_size // 2])
    result = kwsd("index", "build", index, *copied, copied[0].parent / "gone.wav")
    refused = sentences(result)

    assert counts(result) == (4, 0, 0)  # the one that was cut short as far as it goes
    assert "is not a recording" in refused[0]
    assert "is damaged or cut short" in refused[1]
    assert "gone.wav cannot be read" in refused[2]


def test_silence_is_audio_too(kwsd, index, tmp_path):
    silent(tmp_path / "silent.wav", None)

    assert counts(kwsd("index", "build", index, tmp_path / "silent.wav")) == (1, 0, 0)


def test_an_index_may_be_empty(kwsd, index, tmp_path):
    sentences(kwsd("index", "build", index, tmp_path / "gone.wav"))

    assert facts(kwsd, index)["files"] == 0
    assert kwsd("index", "verify", index).stdout == "0 segments are whole\n"
    assert kwsd("index", "compact", index).exit_code == 0


def test_a_folder_that_is_something_else_stays_as_it_is(kwsd, copied):
    folder = copied[0].parent
    before = contents(folder)

    assert "is not an index and not empty" in complaint(kwsd("index", "build", folder, *copied))
    assert {name: content for name, content in contents(folder).items() if name.name != "lock"} == before


@pytest.mark.parametrize("verb", ["info", "verify", "compact"])
def test_what_is_no_index_is_refused(kwsd, tmp_path, verb):
    assert "is not an index" in complaint(kwsd("index", verb, tmp_path / "home"))


def _edit(index, **facts):
    before = json.loads((index / MANIFEST).read_text())
    (index / MANIFEST).write_text(json.dumps(before | facts))


@pytest.mark.parametrize("verb", ["build", "add", "info", "remove"])
def test_an_index_of_a_newer_kwsd_is_refused_and_stays(kwsd, built, copied, verb):
    _edit(built, format=99)
    before = contents(built)
    sentence = complaint(kwsd("index", verb, built, *([] if verb == "info" else [copied[0]])))

    assert "written by a newer kwsd: upgrade" in sentence
    assert contents(built) == before


def test_an_index_of_another_model_is_refused_and_stays(kwsd, built, copied):
    _edit(built, model="0" * 12)
    before = contents(built)

    assert "was made with model 000000000000" in complaint(kwsd("index", "build", built, *copied))
    assert contents(built) == before


def test_an_index_whose_list_is_damaged_is_said(kwsd, built):
    (built / MANIFEST).write_text("{")

    assert MANIFEST in complaint(kwsd("index", "info", built))


def test_whole_segments_are_said(kwsd, built):
    assert kwsd("index", "verify", built).stdout == "1 segment is whole\n"


def _truncate(path):
    path.write_bytes(path.read_bytes()[:-100])


def _change(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _delete(path):
    path.unlink()


@pytest.mark.parametrize("spoil", [_truncate, _change, _delete])
def test_a_damaged_segment_is_named_and_healed_by_repair_and_build(kwsd, built, copied, spoil):
    (name,) = [entry.name for entry in Manifest.load(LocalFolder(built)).entries]
    spoil(built / name)
    verified = complaint(kwsd("index", "verify", built))
    repaired = kwsd("index", "verify", built, "--repair")
    again = kwsd("index", "build", built, copied[0].parent)

    assert name in verified
    assert "5 files cannot be searched" in verified
    assert repaired.exit_code == 0
    assert name in repaired.stdout
    assert counts(again) == (5, 0, 0)
    assert kwsd("index", "verify", built).exit_code == 0


@pytest.mark.parametrize("spoil", [_truncate, _delete])
@pytest.mark.parametrize("verb", ["build", "add", "remove"])
def test_a_damaged_segment_is_in_the_way_of_a_writer_who_says_so(kwsd, built, copied, spoil, verb):
    (name,) = [entry.name for entry in Manifest.load(LocalFolder(built)).entries]
    spoil(built / name)
    sentence = complaint(kwsd("index", verb, built, copied[0]))

    assert name in sentence
    assert "kwsd index verify" in sentence


def test_info_tells_of_a_damaged_segment_and_of_the_others(kwsd, in_two):
    index, _, short = in_two
    _truncate(index / short)
    result = kwsd("index", "info", index)
    (sentence,) = sentences(result)

    assert short in sentence
    assert "1 file, 4.4 min of audio" in result.stdout


def test_a_killed_build_leaves_an_index_that_the_next_one_goes_on_with(kwsd, slowly, index, recordings, tmp_path):
    folder = tmp_path / "many"
    copies = _copies(folder, recordings, 20)
    process = slowly("index", "build", index, folder)
    _wait_for(index, 3)
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=PATIENCE)
    kept = facts(kwsd, index)["files"]
    result = kwsd("index", "build", index, folder)

    assert 3 <= kept < len(copies)
    assert counts(result) == (len(copies) - kept, kept, 0)
    assert kwsd("index", "verify", index).exit_code == 0
    assert {path.name for path in index.glob("*.segment")} == {
        e.name for e in Manifest.load(LocalFolder(index)).entries
    }


def test_an_interrupted_build_ends_quietly(slowly, index, recordings, tmp_path):
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a run in the background ignores it and hands that on
    _copies(tmp_path / "many", recordings, 20)
    process = slowly("index", "build", index, tmp_path / "many")
    _wait_for(index, 1)
    process.send_signal(signal.SIGINT)

    assert process.wait(timeout=PATIENCE) == 130
    assert process.stderr.read().strip() == b""


def test_a_second_writer_is_refused(kwsd, built, copied):
    before = contents(built)
    with LocalFolder(built).writer_lock():
        sentence = complaint(kwsd("index", "add", built, copied[0]))

    assert "is being written by another process" in sentence
    assert contents(built) == before


def test_an_index_is_searched_while_it_is_built(kwsd, slowly, index, recordings, tmp_path):
    _copies(tmp_path / "many", recordings, 12)
    process = slowly("index", "build", index, tmp_path / "many")
    _wait_for(index, 1)
    results = []
    while process.poll() is None:
        results.append(kwsd("search", "--wav", recordings[0], "--index", index, "--top", "1"))

    assert process.returncode == 0
    assert len(results) > 0
    assert all(result.exit_code == 0 and result.stderr == "" for result in results)
    assert all(recordings[0].name in result.stdout for result in results[-1:])


def test_a_full_disk_is_said_and_nothing_is_lost(kwsd, start, built, copied, long_recording):
    before = contents(built)
    process = start("index", "add", built, long_recording, preexec_fn=_with_little_room)
    _, said = process.communicate(timeout=PATIENCE)

    assert process.returncode == 2
    assert len(said.splitlines()) == 1
    assert b"cannot be written" in said
    assert contents(built) == before


def _with_little_room():
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))


def test_every_option_is_a_setting_too(kwsd, built, copied, strange_home):
    (strange_home / "kwsd").mkdir()
    (strange_home / "kwsd" / "config.toml").write_text("[index.build]\nworkers = 2\nstages = 5\n")

    assert counts(kwsd("index", "build", built, *copied)) == (0, 5, 0)
