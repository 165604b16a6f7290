"""Keyword files of strangers: what is not a keyword is refused in one sentence, and nothing large is made of it."""

import io
import resource
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from keyword_archives import packed, parts, rezipped, with_directory_fields

from kwsd.enrolment.enroll import reenroll
from kwsd.errors import KeywordError, StoreError
from kwsd.keywords import keyword_file
from kwsd.keywords.keyword import Contrast
from kwsd.keywords.store import Store

LONGEST = keyword_file.MOST_TEMPLATES + 1


@pytest.fixture(scope="module")
def keyword(enrolment):
    return enrolment.keyword


@pytest.fixture
def refused(tmp_path):
    """Imports a content into a new store, and returns the sentence with which it is refused."""

    def check(content):
        path, store = tmp_path / "stranger.kwsd", Store(tmp_path / "store")
        path.write_bytes(content)
        with pytest.raises(StoreError) as error:
            store.import_file(path)
        assert store.names() == []
        return str(error.value)

    return check


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("name", 7),
        ("name", "../../etc/passwd"),
        ("name", ""),
        ("threshold", None),
        ("threshold", "0.5"),
        ("threshold", True),
        ("threshold", float("nan")),
        ("threshold", float("inf")),
        ("threshold", 10**400),
        ("scorer", "another"),
        ("scorer", ["dtw"]),
        ("model", None),
        ("model", "\x1b[2J"),
        ("rule", 1.5),
        ("rule", "x" * 10_000),
        ("templates", []),
        ("templates", None),
        ("templates", {"0": {}}),
        ("format", "1"),
        ("format", None),
    ],
)
def test_a_header_with_a_wrong_value_is_refused(refused, keyword, key, value):
    header, arrays = parts(keyword)

    assert "is not a keyword file or is damaged" in refused(packed(header | {key: value}, arrays))


@pytest.mark.parametrize("key", ["format", "name", "threshold", "scorer", "model", "rule", "templates"])
def test_a_header_without_one_of_its_keys_is_refused(refused, keyword, key):
    header, arrays = parts(keyword)
    del header[key]

    assert f"missing required field `{key}`" in refused(packed(header, arrays))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("recording", None),
        ("start", float("nan")),
        ("start", -1.0),
        ("start", 1e300),
        ("end", 0.0),
        ("end", None),
        ("offset", float("inf")),
        ("scale", 0.0),
        ("scale", float("nan")),
        ("scale", -1.0),
    ],
)
def test_a_recording_with_a_wrong_value_is_refused(refused, keyword, key, value):
    header, arrays = parts(keyword)
    header["templates"][1][key] = value

    assert "is not a keyword file or is damaged" in refused(packed(header, arrays))


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("vectors_0", lambda a: a[:, :-1]),
        ("vectors_0", lambda a: a * np.float32(np.nan)),
        ("vectors_0", lambda a: a * np.float32(1.1)),
        ("vectors_0", lambda a: a * np.float32(1e38)),
        ("vectors_0", lambda a: a.astype(np.float64)),
        ("vectors_0", lambda a: a.astype(">f4")),
        ("vectors_0", lambda a: a[:-1]),
        ("vectors_0", np.asfortranarray),
        ("vectors_0", lambda a: a[0]),
        ("vectors_0", lambda a: a[:0]),
        ("time_0", lambda a: a[::-1]),
        ("time_0", lambda a: a * np.nan),
        ("time_0", lambda a: a + 1e9),
        ("time_0", lambda a: a[:0]),
        ("tokens_0", lambda a: -1 - a),
        ("tokens_0", lambda a: a.astype(np.int64)),
        ("tokens_0", lambda a: a.astype("U")),
        ("audio_0", lambda _: np.zeros(40, np.uint8)),
        ("audio_0", lambda _: np.zeros(40, np.float64)),
    ],
)
def test_an_array_of_another_type_range_or_shape_is_refused(refused, keyword, name, change):
    header, arrays = parts(keyword)
    arrays[name] = change(arrays.get(name))

    assert "is not a keyword file or is damaged" in refused(packed(header, arrays))


@pytest.fixture
def contrasted(keyword):
    """The keyword with two texts of two voices."""
    spoken = [template.frames.vectors for template in keyword.templates]
    texts = (
        Contrast("hey snips", ("a", "b"), tuple(spoken[:2])),
        Contrast("hey chips", ("a", "b"), tuple(spoken[2:4])),
    )
    return replace(keyword, contrasts=texts)


def test_contrasts_are_read_as_they_were_written(tmp_path, contrasted):
    path = tmp_path / "contrasted.kwsd"
    path.write_bytes(keyword_file.to_bytes(contrasted))

    for read, written in zip(keyword_file.read(path).contrasts, contrasted.contrasts, strict=True):
        assert (read.text, read.voices) == (written.text, written.voices)
        assert all(np.array_equal(one, other) for one, other in zip(read.spoken, written.spoken, strict=True))


@pytest.mark.parametrize(
    "change",
    [
        lambda header, _: header["contrasts"].pop(),
        lambda header, _: header["contrasts"][1]["voices"].pop(),
        lambda header, _: header["contrasts"][1]["voices"].clear(),
        lambda header, _: header["contrasts"][1].update(text="\x1b[2J"),
        lambda header, _: header["contrasts"][1].update(voices=None),
        lambda _, arrays: arrays.pop("spoken_1_0"),
        lambda _, arrays: arrays.update(spoken_1_0=arrays["spoken_1_0"][:0]),
        lambda _, arrays: arrays.update(spoken_1_0=arrays["spoken_1_0"][:, :5]),
        lambda _, arrays: arrays.update(spoken_1_0=arrays["spoken_1_0"] * np.float32(2)),
        lambda _, arrays: arrays.update(spoken_1_0=arrays["spoken_1_0"].astype(np.float64)),
    ],
)
def test_contrasts_with_a_wrong_value_are_refused(refused, contrasted, change):
    header, arrays = parts(contrasted)
    change(header, arrays)

    assert "is not a keyword file or is damaged" in refused(packed(header, arrays))


@pytest.fixture
def looked(keyword):
    """The keyword with a second look of two conditions."""
    vectors = keyword.templates[0].frames.vectors
    templates = tuple(
        replace(template, look=(vectors, vectors[::-1]), behind=(0.0, 2.25)) for template in keyword.templates
    )
    return replace(
        keyword, templates=templates, second_model="0123456789abcdef", reach=1.25, words="hey snips", confirmed=1 / 32
    )


def test_a_second_look_is_read_as_it_was_written(tmp_path, looked):
    path = tmp_path / "looked.kwsd"
    path.write_bytes(keyword_file.to_bytes(looked))
    read = keyword_file.read(path)

    assert (read.second_model, read.reach) == (looked.second_model, looked.reach)
    assert (read.words, read.behind, read.confirmed) == (looked.words, looked.behind, 1 / 32)
    for one, other in zip(read.looks, looked.looks, strict=True):
        assert all(map(np.array_equal, one, other))


@pytest.mark.parametrize(
    "change",
    [
        lambda header, _: header["templates"][0].update(looks=1),
        lambda header, _: header["templates"][0].update(looks=3),
        lambda header, _: header["templates"][0].update(looks=-1),
        lambda header, _: header["templates"][0].update(looks=10**6),
        lambda header, _: header["templates"][0].update(behind=[1.0]),
        lambda header, _: header["templates"][0].update(behind=[1e9, 0.0]),
        lambda header, _: header["templates"][0].update(behind=[-0.5, 1.0]),
        lambda header, _: header["templates"][0].update(behind="hey snips"),
        lambda header, _: header.update(words="hey\nsnips"),
        lambda header, _: header.update(reach=0.0),
        lambda header, _: header.update(confirmed=-0.1),
        lambda header, _: header.update(confirmed=1.1),
        lambda header, _: header.update(second_model="\x1b[2J"),
        lambda _, arrays: arrays.pop("look_0_1"),
        lambda _, arrays: arrays.update(look_0_1=arrays["look_0_1"][:0]),
        lambda _, arrays: arrays.update(look_0_1=arrays["look_0_1"][:, :5]),
        lambda _, arrays: arrays.update(look_0_1=arrays["look_0_1"] * np.float32(2)),
        lambda _, arrays: arrays.update(look_0_1=arrays["look_0_1"].astype(np.float64)),
    ],
)
def test_a_second_look_with_a_wrong_value_is_refused(refused, looked, change):
    header, arrays = parts(looked)
    change(header, arrays)

    assert "is not a keyword file or is damaged" in refused(packed(header, arrays))


def test_arrays_for_fewer_recordings_than_the_header_names_are_refused(refused, keyword):
    header, arrays = parts(keyword)
    header["templates"] += header["templates"]

    assert "time_5 is missing" in refused(packed(header, arrays))


def test_more_recordings_than_a_keyword_may_have_are_refused(refused, keyword):
    header, arrays = parts(keyword)
    header["templates"] = header["templates"][:1] * LONGEST

    assert "length <= 1000" in refused(packed(header, arrays))


def test_objects_are_refused(refused, keyword):
    header, arrays = parts(keyword)

    assert "not an array of numbers or text" in refused(packed(header, arrays | {"time_0": np.array([{}, None])}))


@pytest.mark.parametrize("text", ["[" * 100_000, '{"format": ' * 100_000, "", "7", "{", '"\\ud800"'])
def test_a_header_that_is_not_an_object_is_refused(refused, keyword, text):
    assert "is not a keyword file or is damaged" in refused(packed(text, parts(keyword)[1]))


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_compressed_archive_is_refused(refused, keyword, method):
    content = rezipped(keyword_file.to_bytes(keyword), compression=method)

    assert "it is compressed or encrypted" in refused(content)


@pytest.mark.parametrize(("field", "value"), [(8, 1), (10, 99)])
def test_an_encrypted_archive_and_one_of_an_unknown_method_are_refused(refused, keyword, field, value):
    content = with_directory_fields(keyword_file.to_bytes(keyword), field, value)

    assert "it is compressed or encrypted" in refused(content)


def test_an_archive_of_very_many_entries_is_refused_before_they_are_listed(refused):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(5001):
            archive.writestr(str(number), b"")

    assert "more than 5000 entries" in refused(buffer.getvalue())


def test_entries_that_claim_more_than_the_file_has_are_refused(refused, keyword):
    content = with_directory_fields(keyword_file.to_bytes(keyword), 26, 0x7000)

    assert "is not a keyword file or is damaged" in refused(content)


def test_an_array_that_claims_more_than_its_entry_has_takes_no_memory(refused, keyword):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (900000000, 900000000), }\n"
        archive.writestr("keyword.npy", b"\x93NUMPY\x01\0" + len(header).to_bytes(2, "little") + header)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    assert "of another size than its header says" in refused(buffer.getvalue())
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < before + 50_000  # kB


def test_a_file_that_is_too_large_is_refused(refused, monkeypatch):
    monkeypatch.setattr(keyword_file, "LARGEST", 1 << 20)

    assert "more than 1 MB" in refused(bytes(2 << 20))


def test_control_characters_in_the_name_of_a_recording_are_escaped(tmp_path, keyword):
    header, arrays = parts(keyword)
    header["templates"][0]["recording"] = "\x1b]0;title\x07\ud800.wav"
    path = tmp_path / "odd.kwsd"
    path.write_bytes(packed(header, arrays))

    assert keyword_file.read(path).templates[0].recording == r"\x1b]0;title\x07\ud800.wav"


def test_a_field_that_a_later_version_adds_is_passed_over(tmp_path, keyword):
    header, arrays = parts(keyword)
    header["more"] = header["templates"][0]["more"] = 1
    path = tmp_path / "later.kwsd"
    path.write_bytes(packed(header, arrays))

    assert keyword_file.read(path).name == keyword.name


@pytest.mark.parametrize("audio", [b"fLaC", b"fLaC" + bytes(range(256)) * 20])
def test_kept_audio_that_cannot_be_decoded_is_refused_when_it_is_needed(tokenizer, keyword, audio):
    strange = replace(keyword, templates=tuple(replace(one, audio=audio) for one in keyword.templates))

    with pytest.raises(KeywordError, match="enroll the keyword again from recordings"):
        reenroll(strange, tokenizer)
