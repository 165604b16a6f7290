"""`kwsd search`: a phrase found in an archive, shown, cut out and played."""

import csv
import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import soundfile as sf
from bad_recordings import empty, missing, silent, text, too_short
from cli_helpers import complaint, contents, sentences

from kwsd.archive import clips
from kwsd.archive.indexing.index_writer import build
from kwsd.archive.search.hit import Hit
from kwsd.archive.search.methods import METHODS as KNOWN
from kwsd.archive.segments.manifest import Manifest
from kwsd.archive.storage.folder import MANIFEST
from kwsd.archive.storage.local import LocalFolder
from kwsd.audio.decode import AudioFile
from kwsd.cli.search import _line
from kwsd.errors import ArchiveError, AudioError, ConfigError
from kwsd.keywords.store import Store
from kwsd.settings.archive import METHODS, SearchConfig


@pytest.fixture(scope="session")
def archive(tmp_path_factory, long_recording, recordings, shared_tokenizer):
    """An index of the long recording and the short ones, which no test writes to."""
    folder = tmp_path_factory.mktemp("archive") / "index"
    build(folder, [long_recording, recordings[0].parent], shared_tokenizer)
    return folder


@pytest.fixture
def spoilt(archive, tmp_path):
    """A copy of it that may be spoilt."""
    return shutil.copytree(archive, tmp_path / "index")


@pytest.fixture
def talk(tmp_path, speech, shared_tokenizer):
    """20 s of talk with two "hey snips", in stereo at 44.1 kHz, and an index of it."""
    path, index = tmp_path / "talk.wav", tmp_path / "talk.index"
    time = np.arange(20 * 44_100) / 44_100
    left = np.interp(time, np.arange(len(speech)) / 16_000, speech)
    sf.write(path, np.stack([left, left / 2], axis=1), 44_100)
    build(index, [path], shared_tokenizer)
    return path, index


def found(result):
    """The hits that were printed as JSON."""
    return [json.loads(line) for line in result.stdout.splitlines()]


def said(examples):
    """When the phrase is said in the long recording."""
    with (examples / "long.tsv").open() as file:
        return [(float(row["start"]), float(row["end"])) for row in csv.DictReader(file, delimiter="\t")]


@pytest.mark.parametrize("method", ["pairs", "dtw"])
def test_an_enrolled_keyword_is_found_where_it_is_said(kwsd, store, examples, archive, method):
    result = kwsd("search", "hey snips", "--store", store, "--index", archive, "--jsonl", "--method", method)
    hits = [(hit["start"], hit["end"]) for hit in found(result) if hit["path"] == str(examples / "long.ogg")]
    truly = [hit for hit in hits if any(hit[0] < end and start < hit[1] for start, end in said(examples))]

    assert result.exit_code == 0
    assert len(truly) == len(said(examples))


def test_a_recording_is_found_in_itself(kwsd, recordings, archive):
    first, second, *_ = found(kwsd("search", "--wav", recordings[1], "--index", archive, "--jsonl"))

    assert str(recordings[1]) in (first["path"], second["path"])  # the same voice says it elsewhere, too
    assert set(first) == {"rank", "path", "start", "end", "score", "probability", "heard", "index"}
    assert (first["rank"], first["heard"]) == (1, None)


def test_several_recordings_vote_as_those_of_a_keyword_do(kwsd, store, recordings, archive):
    wavs = [part for path in recordings for part in ("--wav", path)]
    together = kwsd("search", *wavs, "--index", archive)
    enrolled = kwsd("search", "hey snips", "--store", store, "--index", archive)
    alone = kwsd("search", *wavs[:2], "--index", archive)

    assert together.exit_code == 0
    assert together.stdout == enrolled.stdout != alone.stdout


def test_a_line_has_rank_score_times_and_file(kwsd, store, archive):
    lines = kwsd("search", "hey snips", "--store", store, "--index", archive, "--top", "3").stdout.splitlines()

    assert [int(line.split()[0]) for line in lines] == [1, 2, 3]
    assert all(
        re.fullmatch(r"  \d  ( {0,2}\d+%|   -)  0\.\d\d  \d\d:\d\d\.\d\d - \d\d:\d\d\.\d\d  /.*", line)
        for line in lines
    )


@pytest.mark.parametrize(
    ("start", "shown"),
    [(59.996, "01:00.00"), (754.5, "12:34.50"), (3599.999, "1:00:00.00"), (36_754.5, "10:12:34.50")],
)
def test_hours_are_shown_where_there_are_some(start, shown):
    assert _line(1, Hit("a.wav", start, start + 1, 0.5), 1).split()[3] == shown


def test_what_was_heard_live_has_the_time_of_day(monkeypatch):
    line = _line(12, Hit("kitchen", 5.0, 5.7, 0.5, 1_700_000_000.25), 20)

    assert re.fullmatch(r" 12     -  0\.50  2023-11-1\d \d\d:\d\d:20\.25 - \d\d:\d\d:20\.95  kitchen", line)


@pytest.mark.parametrize("options", [(), ("hey snips", "--wav", "a.wav")])
def test_there_is_one_thing_to_search_for(kwsd, archive, options):
    assert "to search for: give" in complaint(kwsd("search", *options, "--index", archive))


def test_the_index_may_be_a_variable_and_has_to_be_said(kwsd, store, archive, monkeypatch):
    missing = kwsd("search", "hey snips", "--store", store)
    monkeypatch.setenv("KWSD_INDEX", str(archive))

    assert missing.exit_code == 2
    assert "KWSD_INDEX" in missing.stderr
    assert kwsd("search", "hey snips", "--store", store).exit_code == 0


def test_a_keyword_that_is_not_enrolled_is_refused(kwsd, store, archive):
    assert 'no keyword "hello"' in complaint(kwsd("search", "hello", "--store", store, "--index", archive))


def test_a_keyword_of_another_model_is_refused_with_the_command_that_makes_it_anew(kwsd, store, enrolment, archive):
    Store(store).save(replace(enrolment.keyword, model="0" * 12))
    sentence = complaint(kwsd("search", "hey snips", "--store", store, "--index", archive))

    assert 'kwsd enroll "hey snips" --replace' in sentence


@pytest.mark.parametrize("spoil", [empty, silent, text, too_short, missing])
def test_a_recording_that_cannot_be_searched_for_is_refused(kwsd, archive, recordings, tmp_path, spoil):
    spoil(tmp_path / "phrase.wav", recordings[0])
    sentence = complaint(kwsd("search", "--wav", tmp_path / "phrase.wav", "--index", archive))

    assert "phrase.wav cannot be searched for" in sentence


def test_what_is_no_index_is_refused(kwsd, recordings, tmp_path):
    sentence = complaint(kwsd("search", "--wav", recordings[0], "--index", tmp_path / "nowhere"))

    assert "is not an index: make one with `kwsd index build`" in sentence


@pytest.mark.parametrize(
    ("change", "words"),
    [({"format": 99}, "written by a newer kwsd"), ({"model": "0" * 12}, "was made with model 000000000000")],
)
def test_an_index_that_cannot_be_searched_is_refused(kwsd, recordings, spoilt, change, words):
    (spoilt / MANIFEST).write_text(json.dumps(json.loads((spoilt / MANIFEST).read_text()) | change))

    assert words in complaint(kwsd("search", "--wav", recordings[0], "--index", spoilt))


def test_an_empty_index_holds_nothing(kwsd, recordings, tmp_path):
    kwsd("index", "build", tmp_path / "index", tmp_path / "gone.wav")
    result = kwsd("search", "--wav", recordings[0], "--index", tmp_path / "index")

    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == f"nothing was found in the index {tmp_path / 'index'}\n"


def test_a_phrase_that_is_not_there_is_said_not_to_be_there(kwsd, recordings, tmp_path, examples):
    speech, rate = sf.read(examples / "long.ogg", dtype="float32")
    for number in range(6):
        sf.write(tmp_path / f"{number}.flac", speech[20 * rate * number :][: 100 * rate][::-1], rate)
    kwsd("index", "build", tmp_path / "index", *tmp_path.glob("*.flac"))
    search = ("search", "--wav", recordings[0], "--index", tmp_path / "index")
    everything, probable = kwsd(*search, "--jsonl", "--top", "60"), kwsd(*search, "--at-least", "0.8")
    sentence = (
        f"nothing was found in the index {tmp_path / 'index'} that is the phrase with a probability of 0.8 or more"
    )

    assert max(hit["probability"] for hit in found(everything)) < 0.8
    assert (probable.exit_code, probable.stdout, probable.stderr) == (0, "", sentence + "\n")


def test_a_search_learns_from_lines_of_the_one_before(kwsd, recordings, archive):
    search = ("search", "--wav", recordings[0], "--index", archive, "--top", "8")
    lines = kwsd(*search).stdout.splitlines()
    first, second, *_ = found(kwsd(*search, "--jsonl"))
    learned = kwsd(*search, "--like", lines[1], "--unlike", lines[0], "--jsonl")
    places = [(hit["path"], round(hit["start"], 1)) for hit in found(learned)]

    assert learned.exit_code == 0
    assert places[0] == (second["path"], round(second["start"], 1))
    assert (first["path"], round(first["start"], 1)) not in places


@pytest.mark.parametrize("option", ["--like", "--unlike"])
def test_what_is_no_hit_of_the_index_is_refused(kwsd, recordings, archive, option):
    search = ("search", "--wav", recordings[0], "--index", archive, option)

    assert "is not a hit: give its line" in complaint(kwsd(*search, "monday.ogg"))
    assert "give a hit of this index" in complaint(kwsd(*search, "00:09.98 - 00:10.70  /monday.ogg"))


@pytest.mark.parametrize("probability", ["-0.1", "1.5"])
def test_a_probability_lies_between_0_and_1(kwsd, recordings, archive, probability):
    assert complaint(kwsd("search", "--wav", recordings[0], "--index", archive, "--at-least", probability))


def test_an_index_with_nothing_as_long_as_the_phrase_holds_nothing(kwsd, recordings, tmp_path):
    sf.write(tmp_path / "short.wav", np.zeros(4_000), 16_000)
    kwsd("index", "build", tmp_path / "index", tmp_path / "short.wav")
    result = kwsd("search", "--wav", recordings[0], "--index", tmp_path / "index")

    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == f"nothing was found in the index {tmp_path / 'index'}\n"


@pytest.mark.parametrize("verb", [("search",), ("index", "build")])
def test_help_loads_nothing_heavy(verb):
    program = f"import sys; from kwsd.cli import main\ntry: main([*{verb}, '--help'])\nfinally: print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout

    assert "Example" in loaded
    assert not {"numpy", "onnxruntime", "soundfile", "soxr", "sounddevice", "tqdm"} & set(loaded.split())


@pytest.mark.parametrize("spoil", [lambda path: path.unlink(), lambda path: path.write_bytes(path.read_bytes()[:200])])
def test_a_damaged_segment_is_said_and_the_others_are_searched(kwsd, recordings, tokenizer, talk, tmp_path, spoil):
    path, index = talk
    short = shutil.copy(recordings[0], tmp_path / "short.flac")
    kwsd("index", "add", index, short)
    entries = Manifest.load(LocalFolder(index)).entries
    spoil(index / entries[1].name)
    result = kwsd("search", "--wav", recordings[0], "--index", index, "--jsonl")
    (sentence,) = sentences(result)

    assert entries[1].name in sentence
    assert "kwsd index verify" in sentence
    assert {hit["path"] for hit in found(result)} == {str(path)}


@pytest.mark.parametrize("options", [("--top", "0"), ("--top", "-1")])
def test_numbers_out_of_range_are_refused(kwsd, recordings, archive, options):
    assert "give 1 or more" in complaint(kwsd("search", "--wav", recordings[0], "--index", archive, *options))


def test_the_methods_are_those_that_there_are():
    assert set(METHODS) == set(KNOWN)
    assert METHODS[0] == "pairs"


def test_another_method_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="choose one of pairs"):
        SearchConfig(index=("x",), keyword="hey snips", store=tmp_path, method="ears")


def test_clips_are_the_hits_with_half_a_second_around(kwsd, recordings, talk, tmp_path):
    path, index = talk
    result = kwsd("search", "--wav", recordings[0], "--index", index, "--jsonl", "--clips", tmp_path / "new" / "clips")
    hits, written = found(result), sorted((tmp_path / "new" / "clips").iterdir())
    samples = sf.read(path, dtype="float32")[0].mean(axis=1)

    assert result.exit_code == 0
    assert [one.name for one in written] == [f"{hit['rank']:03d}-talk-{hit['start']:.2f}.flac" for hit in hits]
    for hit, one in zip(hits, written, strict=True):
        clip, rate = sf.read(one, dtype="float32")
        first, last = (round(44_100 * time) for time in (max(0, hit["start"] - 0.5), hit["end"] + 0.5))
        assert rate == 44_100
        assert clip == pytest.approx(samples[first:last], abs=1e-4)


def test_clips_are_cut_out_of_an_mp3_as_a_player_has_it(speech, tmp_path):
    sf.write(tmp_path / "talk.mp3", speech, 16_000)
    whole = sf.read(tmp_path / "talk.mp3", dtype="float32", frames=len(speech))[0]
    clip = clips.cut(Hit(str(tmp_path / "talk.mp3"), 10.0, 11.0, 0.5))

    assert clip.samples == pytest.approx(whole[152_000:184_000], abs=1e-4)


def test_hits_in_their_order_are_cut_out_of_an_mp3_that_is_read_once(speech, tmp_path, monkeypatch):
    path, opened = str(tmp_path / "talk.mp3"), []
    sf.write(path, speech, 16_000)
    hits = [Hit(path, start, start + 1.0, 0.5) for start in (0.2, 3.0, 3.5, 10.0, 19.5, 2.0)]
    apart = [clips.cut(hit).samples for hit in hits]
    monkeypatch.setattr(clips, "AudioFile", lambda path: opened.append(path) or AudioFile(path))
    cutter = clips.Cutter()
    together = [cutter.cut(hit).samples for hit in hits]
    cutter.close()

    assert len(opened) == 2  # once more for the last, which is before the one before it
    for one, other in zip(apart, together, strict=True):
        assert one == pytest.approx(other)


def test_a_clip_never_takes_the_place_of_another_file(kwsd, recordings, talk, tmp_path):
    search = ("search", "--wav", recordings[0], "--index", talk[1], "--top", "2", "--clips", tmp_path / "clips")
    first, _ = kwsd(*search).stdout.splitlines()
    before = contents(tmp_path / "clips")
    min((tmp_path / "clips").iterdir()).write_bytes(b"precious")
    max((tmp_path / "clips").iterdir()).unlink()
    result = kwsd(*search)
    (sentence,) = sentences(result)

    assert "is there already: name another folder" in sentence
    assert first in result.stdout
    assert min((tmp_path / "clips").iterdir()).read_bytes() == b"precious"
    assert list(contents(tmp_path / "clips").values())[1] == list(before.values())[1]


def test_a_clip_of_a_file_that_is_gone_is_said_and_the_others_are_cut(kwsd, copied, tmp_path):
    index = tmp_path / "index"
    kwsd("index", "build", index, *copied)
    copied[0].unlink()
    result = kwsd("search", "--wav", copied[1], "--index", index, "--clips", tmp_path / "clips")
    gone = sentences(result)

    assert gone
    assert all(f"{copied[0]} does not exist" in sentence for sentence in gone)
    assert len(result.stdout.splitlines()) == len(gone) + len(list((tmp_path / "clips").iterdir()))


def test_what_was_heard_live_cannot_be_cut_out():
    with pytest.raises(AudioError, match="heard live"):
        clips.cut(Hit("kitchen", 1.0, 2.0, 0.5, heard=1e9))


def test_a_file_that_became_shorter_cannot_be_cut_out(recordings):
    with pytest.raises(AudioError, match="is shorter than it was"):
        clips.cut(Hit(str(recordings[0]), 100.0, 101.0, 0.5))


def test_clips_need_a_folder(kwsd, recordings, archive):
    result = kwsd("search", "--wav", recordings[0], "--index", archive, "--clips", recordings[0])

    assert "cannot be a folder" in complaint(result)
    assert result.stdout == ""


def test_a_clip_that_could_not_be_written_is_not_left_half(tmp_path, monkeypatch):
    def full(self, content):
        raise OSError(28, "No space left on device")

    class Full:
        __enter__ = __exit__ = lambda self, *error: None
        write = full

    def opened(path, mode):
        path.touch()
        return Full()

    monkeypatch.setattr(clips, "open_private", opened)
    with pytest.raises(ArchiveError, match="No space left"):
        clips.write(clips.Clip(np.zeros(16_000, np.float32), 16_000), tmp_path / "clip.flac")

    assert not (tmp_path / "clip.flac").exists()


class Speaker:
    """sounddevice as far as something is played."""

    class PortAudioError(Exception):
        pass

    def __init__(self, rate=48_000.0, refuses=None):
        self.rate, self.refuses = rate, refuses
        self.played, self.stopped = [], 0

    def query_devices(self, kind):
        if self.rate is None:
            raise self.PortAudioError("Error querying device -1")
        return {"default_samplerate": self.rate}

    def play(self, samples, rate, blocking):
        if self.refuses:
            raise self.refuses
        self.played.append((samples, rate))

    def stop(self):
        self.stopped += 1


@pytest.fixture
def speaker(monkeypatch):
    def install(**facts):
        one = Speaker(**facts)
        monkeypatch.setitem(sys.modules, "sounddevice", one)
        return one

    return install


def test_hits_are_played_at_the_rate_of_the_speaker(kwsd, recordings, archive, speaker):
    library = speaker()
    result = kwsd("search", "--wav", recordings[0], "--index", archive, "--top", "2", "--jsonl", "--play")
    seconds = [hit["end"] - hit["start"] + 1 for hit in found(result)]

    assert result.exit_code == 0
    assert [rate for _, rate in library.played] == [48_000, 48_000]
    assert [len(samples) / 48_000 for samples, _ in library.played] == pytest.approx(seconds, abs=0.01)


def test_an_interrupt_ends_playing_quietly(kwsd, recordings, archive, speaker):
    library = speaker(refuses=KeyboardInterrupt())
    result = kwsd("search", "--wav", recordings[0], "--index", archive, "--play")

    assert result.exit_code == 130
    assert len(result.stdout.splitlines()) == 1  # the hit that was being played
    assert library.stopped
    assert result.stderr.strip() == ""


def test_without_a_speaker_nothing_is_searched(kwsd, recordings, archive, speaker):
    speaker(rate=None)
    result = kwsd("search", "--wav", recordings[0], "--index", archive, "--play")

    assert "no speaker was found" in complaint(result)
    assert result.stdout == ""


def test_a_speaker_that_will_not_open_is_said_once(kwsd, recordings, archive, speaker):
    speaker(refuses=Speaker.PortAudioError("Device unavailable"))
    result = kwsd("search", "--wav", recordings[0], "--index", archive, "--play")

    assert "Device unavailable" in complaint(result)


def test_several_indexes_are_searched_at_once_and_each_hit_says_which(kwsd, store, archive, talk):
    _, index = talk
    search = ("search", "hey snips", "--store", store, "-i", archive, "-i", index)
    hits, lines = found(kwsd(*search, "--jsonl")), kwsd(*search).stdout.splitlines()
    number = next(hit["rank"] for hit in hits if hit["index"] == str(index))
    without = found(kwsd(*search, "--unlike", lines[number - 1], "--jsonl"))

    assert {hit["index"] for hit in hits} == {str(archive), str(index)}
    assert all(f"  {hit['index']}  0." in line for hit, line in zip(hits, lines, strict=True))
    assert hits[number - 1]["start"] not in [hit["start"] for hit in without if hit["index"] == str(index)]


def test_an_index_among_several_that_cannot_be_opened_is_named_and_nothing_is_searched(kwsd, store, archive, tmp_path):
    result = kwsd("search", "hey snips", "--store", store, "-i", archive, "-i", tmp_path / "nothing")

    assert complaint(result) == f"{tmp_path / 'nothing'} is not an index: make one with `kwsd index build`"
    assert not result.stdout


def test_several_indexes_of_a_variable_are_separated_by_semicolons(kwsd, store, archive, talk, monkeypatch):
    monkeypatch.setenv("KWSD_INDEX", f"{archive};{talk[1]}")

    assert {hit["index"] for hit in found(kwsd("search", "hey snips", "--store", store, "--jsonl"))} == {
        str(archive),
        str(talk[1]),
    }
