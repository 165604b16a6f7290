"""`kwsd keywords` and the store behind it."""

import json
from dataclasses import replace

import pytest
from cli_helpers import complaint, contents, sentences

from kwsd.keywords import keyword_file
from kwsd.keywords.store import Store


@pytest.fixture
def newer(store, enrolment, monkeypatch):
    """The store, with one more keyword that a later kwsd wrote."""
    monkeypatch.setattr(keyword_file, "FORMAT", 99)
    Store(store).save(replace(enrolment.keyword, name="from the future"))
    monkeypatch.undo()
    return store


def test_the_list_has_a_line_for_each_keyword(kwsd, store, enrolment):
    Store(store).save(replace(enrolment.keyword, name="another"))
    result = kwsd("keywords", "list", "--store", store)

    assert result.exit_code == 0
    assert [line.split("  ")[0].rstrip() for line in result.stdout.splitlines()] == ["another", "hey snips"]


def test_an_empty_store_is_an_empty_list(kwsd, tmp_path):
    result = kwsd("keywords", "list", "--json", "--store", tmp_path / "nowhere")

    assert result.exit_code == 0
    assert json.loads(result.stdout) == []


def test_the_list_as_json_has_thresholds_and_lengths(kwsd, store, enrolment):
    (one,) = json.loads(kwsd("keywords", "list", "--json", "--store", store).stdout)

    assert one["name"] == "hey snips"
    assert one["threshold"] == enrolment.keyword.threshold
    assert one["templates"] == [len(template.frames) for template in enrolment.keyword.templates]


def test_damaged_files_are_said_and_do_not_hide_the_others(kwsd, damaged):
    result = kwsd("keywords", "list", "--store", damaged)
    broken, null = sentences(result)

    assert "broken.kwsd" in broken
    assert "null.kwsd" in null
    assert result.stdout.startswith("hey snips")


def test_a_keyword_of_a_newer_kwsd_is_said_and_stays(kwsd, newer):
    before = contents(newer)
    (sentence,) = sentences(kwsd("keywords", "list", "--store", newer))

    assert "written by a newer kwsd: upgrade" in sentence
    assert contents(newer) == before


def test_adding_to_a_keyword_of_a_newer_kwsd_is_refused(kwsd, newer, recordings):
    before = contents(newer)
    sentence = complaint(kwsd("enroll", "from the future", *recordings, "--store", newer))

    assert "written by a newer kwsd: upgrade" in sentence
    assert contents(newer) == before


def test_a_keyword_is_shown_with_its_recordings(kwsd, store, recordings):
    shown = kwsd("keywords", "show", "hey snips", "--store", store).stdout

    assert "threshold" in shown
    assert all(path.name in shown for path in recordings)


def test_a_keyword_is_shown_as_json(kwsd, store, enrolment):
    facts = json.loads(kwsd("keywords", "show", "hey snips", "--json", "--store", store).stdout)

    assert facts["model"] == enrolment.keyword.model
    assert facts["rule"] == enrolment.keyword.rule
    assert [one["audio"] for one in facts["recordings"]] == [False] * 5


def test_a_keyword_that_is_not_there_is_told_with_those_that_are(kwsd, store):
    assert '(there: "hey snips")' in complaint(kwsd("keywords", "show", "hello", "--store", store))


def test_removed_keywords_are_gone_and_unknown_ones_are_said(kwsd, store):
    (sentence,) = sentences(kwsd("keywords", "remove", "hello", "hey snips", "--store", store))

    assert 'no keyword "hello"' in sentence
    assert Store(store).names() == []


def test_an_exported_keyword_can_be_imported_elsewhere(kwsd, store, tmp_path):
    out, other = tmp_path / "phrase.kwsd", tmp_path / "other"
    kwsd("keywords", "export", "hey snips", out, "--store", store)
    result = kwsd("keywords", "import", out, "--store", other)

    assert result.exit_code == 0
    assert contents(other) == contents(store)


def test_an_export_without_a_file_goes_to_one_of_its_name(kwsd, store, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    kwsd("keywords", "export", "hey snips", "--store", store)

    assert (tmp_path / "hey snips.kwsd").read_bytes() == (store / "hey snips.kwsd").read_bytes()


def test_an_export_overwrites_only_when_told_to(kwsd, store, tmp_path):
    out = tmp_path / "precious"
    out.write_text("precious")

    assert "--replace" in complaint(kwsd("keywords", "export", "hey snips", out, "--store", store))
    assert out.read_text() == "precious"
    assert kwsd("keywords", "export", "hey snips", out, "--store", store, "--replace").exit_code == 0


def test_an_import_keeps_what_is_there_and_takes_the_others(kwsd, store, enrolment, tmp_path):
    more, text = tmp_path / "more", tmp_path / "text.kwsd"
    text.write_text("no keyword")
    for name in ("hey snips", "another"):
        Store(more).save(replace(enrolment.keyword, name=name, threshold=0.1))
    refused = sentences(kwsd("keywords", "import", *sorted(more.iterdir()), text, "--store", store))

    assert len(refused) == 2
    assert "there is a keyword" in refused[0]
    assert "text.kwsd" in refused[1]
    assert Store(store).load("hey snips").threshold == enrolment.keyword.threshold
    assert Store(store).load("another").threshold == 0.1


def test_an_import_replaces_when_told_to(kwsd, store, enrolment, tmp_path):
    path = Store(tmp_path / "more").save(replace(enrolment.keyword, threshold=0.1))
    kwsd("keywords", "import", path, "--replace", "--store", store)

    assert Store(store).load("hey snips").threshold == 0.1
