import errno
import json
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("export.corpus", reason="the trainer is not beside the tests")

from export.evaluate.errors import EvaluationError
from export.evaluate.results import Result, Results, Value

SETTING = {"matching": "edit, compressed", "k": 25}
RESULT = Result(
    "speech-search", "tokb", SETTING, {"mrr": Value(0.5, 0.4, 0.6), "seconds": Value(0.01)}, "made words", 90, 1, 2.5
)


def test_what_was_written_is_read_back(tmp_path):
    Results(tmp_path / "deep" / "results").write(RESULT)

    assert list(Results(tmp_path / "deep" / "results")) == [RESULT]


def test_a_measurement_is_there_only_with_its_setting_seed_and_size(tmp_path):
    results = Results(tmp_path)
    results.write(RESULT)

    assert results.has("speech-search", "tokb", SETTING, 1, False)
    assert not results.has("speech-search", "toka", SETTING, 1, False)
    assert not results.has("speech-search", "tokb", {"matching": "edit", "k": 25}, 1, False)
    assert not results.has("speech-search", "tokb", SETTING, 2, False)
    assert not results.has("speech-search", "tokb", SETTING, 1, True)


def test_measuring_again_replaces_the_measurement(tmp_path):
    results = Results(tmp_path)
    results.write(RESULT)
    results.write(replace(RESULT, queries=91))

    assert [result.queries for result in results] == [91]


def test_packed_measurements_are_there_as_before_until_they_are_measured_again(tmp_path):
    results = Results(tmp_path)
    results.write(RESULT)
    results.write(replace(RESULT, system="toka"))
    before = list(results)
    results.pack()

    assert [path.name for path in tmp_path.iterdir()] == ["results.jsonl"]
    assert list(results) == before
    assert results.has("speech-search", "tokb", SETTING, 1, False)
    results.write(replace(RESULT, queries=91))
    assert [result.queries for result in results] == [90, 91]


def test_a_full_disk_keeps_the_old_measurement_and_says_what_to_do(tmp_path, monkeypatch):
    results = Results(tmp_path)
    results.write(RESULT)
    whole = Path.write_text

    def half(self, text):
        whole(self, text[: len(text) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", half)
    with pytest.raises(
        EvaluationError, match=r"cannot be written .*No space left on device.*: make room and run again"
    ):
        results.write(replace(RESULT, queries=91))

    assert list(results) == [RESULT]
    assert [path.suffix for path in tmp_path.iterdir()] == [".json"]


def test_a_measurement_that_was_cut_off_is_measured_again(tmp_path):
    results = Results(tmp_path)
    results.write(RESULT)
    path = next(tmp_path.iterdir())
    path.write_text(path.read_text()[:50])

    assert not results.has("speech-search", "tokb", SETTING, 1, False)
    assert list(results) == []


@pytest.mark.parametrize(
    "text", ["[]", "7", "{}", '{"values": 1}', '{"values": {"mrr": 1}}', '{"values": {}}', "{", ""]
)
def test_other_json_files_are_passed_over(tmp_path, text):
    results = Results(tmp_path)
    results.write(RESULT)
    (tmp_path / "another.json").write_text(text)
    (tmp_path / "folder.json").mkdir()

    assert list(results) == [RESULT]


def test_files_are_plain_json_under_names_that_any_disk_takes(tmp_path):
    Results(tmp_path).write(replace(RESULT, setting={"method": "a/b: c", "segment": 0.8}))
    path = next(tmp_path.iterdir())

    assert path.name == "speech-search.tokb.method=a_b__c.segment=0_8.json"
    assert json.loads(path.read_text())["values"]["mrr"] == {"value": 0.5, "low": 0.4, "high": 0.6}


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(EvaluationError, match=r"file.* cannot be made .*: name another folder with --out"):
        Results(tmp_path / "file")
