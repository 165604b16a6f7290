import json
from dataclasses import replace

import numpy as np
import pytest

from kwsd.errors import KeywordError, ModelError, StoreError
from kwsd.keywords import store as stored
from kwsd.keywords.keyword import Keyword, Template, check_name
from kwsd.keywords.store import Store
from kwsd.tokenizer.codebook import unit
from kwsd.tokenizer.frames import Frames


def template(seed=0, audio=None):
    rng = np.random.default_rng(seed)
    vectors = unit(rng.standard_normal((20, 8)).astype(np.float32))
    heard = Frames(np.arange(20) * 0.04, vectors, rng.integers(0, 9, 20).astype(np.int32))
    return Template(f"{seed}.wav", heard, 0.1, 0.7, audio)


@pytest.fixture
def keyword():
    return Keyword("hey snips", (template(0), template(1, b"fLaC")), 0.25, "subsequence", "abc", "as asked")


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "keywords")


def test_a_keyword_comes_back_as_it_was_saved(store, keyword):
    store.save(keyword)
    back = store.load("hey snips")

    assert (back.name, back.threshold, back.scorer, back.model, back.rule) == (
        "hey snips",
        0.25,
        "subsequence",
        "abc",
        "as asked",
    )
    for ours, theirs in zip(keyword.templates, back.templates, strict=True):
        assert np.array_equal(ours.heard.vectors, theirs.heard.vectors)
        assert np.array_equal(ours.frames.tokens, theirs.frames.tokens)
        assert (ours.recording, ours.start, ours.end, ours.audio) == (
            theirs.recording,
            theirs.start,
            theirs.end,
            theirs.audio,
        )


def test_negatives_come_back_as_they_were_saved(store, enrolment):
    first, second, *rest = enrolment.keyword.templates
    store.save(replace(enrolment.keyword, templates=(*rest, first), negatives=(second,)))
    found = store.load(enrolment.keyword.name)

    assert [negative.recording for negative in found.negatives] == [second.recording]
    assert np.array_equal(found.negatives[0].frames.vectors, second.frames.vectors)
    assert [template.recording for template in found.templates] == [t.recording for t in (*rest, first)]


def test_a_store_that_does_not_exist_yet_is_empty(store):
    assert store.names() == []


def test_a_keyword_that_is_not_there_is_named_with_those_that_are(store, keyword):
    store.save(keyword)

    with pytest.raises(KeywordError, match=r'no keyword "hey".*"hey snips"'):
        store.load("hey")


def test_a_failed_write_leaves_the_old_keyword_and_no_litter(store, keyword, monkeypatch):
    path = store.save(keyword)
    before = path.read_bytes()

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(stored.os, "fsync", full)
    with pytest.raises(StoreError, match="No space left"):
        store.save(replace(keyword, threshold=0.9))

    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_a_keyword_of_a_newer_version_is_refused(store, keyword):
    path = store.save(keyword)
    with np.load(path) as data:
        arrays = dict(data)
    facts = json.loads(str(arrays["keyword"])) | {"format": 99}
    with path.open("wb") as file:
        np.savez(file, **{**arrays, "keyword": np.array(json.dumps(facts))})

    with pytest.raises(StoreError, match="format 99, written by a newer kwsd"):
        store.load("hey snips")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 rubbish", b"rubbish"])
def test_a_damaged_file_is_refused_by_name(store, keyword, content):
    path = store.save(keyword)
    path.write_bytes(content)

    with pytest.raises(StoreError, match="damaged"):
        store.load("hey snips")


def test_a_truncated_file_is_refused_by_name(store, keyword):
    path = store.save(keyword)
    path.write_bytes(path.read_bytes()[:700])

    with pytest.raises(StoreError, match="damaged"):
        store.load("hey snips")


def test_a_keyword_of_another_model_is_refused_with_the_command_that_mends_it(store, keyword, tokenizer):
    store.save(keyword)

    with pytest.raises(ModelError, match='run `kwsd enroll "hey snips" --replace RECORDINGS'):
        store.load_all((), tokenizer)


def test_a_keyword_whose_audio_was_kept_needs_no_recordings_to_be_enrolled_again(store, keyword, tokenizer):
    kept = tuple(replace(t, audio=b"fLaC") for t in keyword.templates)
    store.save(replace(keyword, templates=kept))

    with pytest.raises(ModelError, match='run `kwsd enroll "hey snips" --replace`'):
        store.load_all((), tokenizer)


def test_an_exported_keyword_can_be_imported_elsewhere(store, keyword, tmp_path):
    store.save(keyword)
    store.export("hey snips", tmp_path / "out.kwsd")
    other = Store(tmp_path / "other")

    assert other.import_file(tmp_path / "out.kwsd").name == "hey snips"
    assert other.names() == ["hey snips"]


def test_an_import_does_not_overwrite_unasked(store, keyword, tmp_path):
    store.save(keyword)
    store.export("hey snips", tmp_path / "out.kwsd")

    with pytest.raises(KeywordError, match="--replace"):
        store.import_file(tmp_path / "out.kwsd")
    assert store.import_file(tmp_path / "out.kwsd", replace=True).name == "hey snips"


def test_a_removed_keyword_is_gone(store, keyword):
    store.save(keyword)
    store.remove("hey snips")

    assert store.names() == []


def test_a_keyword_that_cannot_be_removed_is_an_error_with_the_reason(store, keyword, monkeypatch):
    store.save(keyword)

    def refuse(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.unlink", refuse)
    with pytest.raises(StoreError, match=r'"hey snips" in .* cannot be removed: Permission denied'):
        store.remove("hey snips")


@pytest.mark.parametrize("name", ["", "  ", "a/b", "a\\b", "a\nb", "a\x00b", "a\u200fb", ".hidden", "x" * 500])
def test_a_name_that_cannot_be_a_file_or_a_topic_is_refused(name):
    with pytest.raises(KeywordError):
        check_name(name)


@pytest.mark.parametrize("name", ["hey snips", "sesam, öffne dich!", "小爱同学", "x" * 60, "語" * 60])
def test_names_in_any_language_make_files(store, keyword, name):
    store.save(replace(keyword, name=name))

    assert store.load(name).name == name


def test_a_keyword_whose_frames_do_not_fit_the_model_that_it_names_is_refused(store, keyword, tokenizer):
    store.save(replace(keyword, model=tokenizer.digest))  # 8 dimensions, the model has more

    with pytest.raises(ModelError, match=r"the frames of .* are not those of model"):
        store.load_all((), tokenizer)


def test_a_token_that_the_model_does_not_have_is_refused(store, enrolment, tokenizer):
    first, *others = enrolment.keyword.templates
    tokens = first.heard.tokens.copy()
    tokens[0] = len(tokenizer.codebook)
    strange = replace(first, heard=replace(first.heard, tokens=tokens))
    store.save(replace(enrolment.keyword, templates=(strange, *others)))

    with pytest.raises(ModelError, match=r"the frames of .* are not those of model"):
        store.load_all((), tokenizer)


@pytest.mark.parametrize("name", ["HEY SNIPS", "Hey snips", "hey \uff53nips", "hey \u017fnips"])
def test_a_name_that_is_the_same_file_on_another_system_is_refused(store, keyword, name):
    store.save(keyword)

    with pytest.raises(KeywordError, match='there is a keyword "hey snips", which is the same name'):
        store.save(replace(keyword, name=name))
    assert store.names() == ["hey snips"]


def test_a_file_that_another_system_named_with_other_codes_for_the_same_letters_is_found(store, keyword):
    path = store.save(replace(keyword, name="caf\u00e9"))
    path.rename(path.with_name("cafe\u0301.kwsd"))

    assert store.load("caf\u00e9").name == "caf\u00e9"
    assert store.load(*store.names()).name == "caf\u00e9"


def test_a_file_that_holds_a_keyword_of_another_name_is_refused(store, keyword):
    path = store.save(keyword)
    path.rename(path.with_name("another.kwsd"))

    with pytest.raises(StoreError, match=r'another\.kwsd holds the keyword "hey snips": move it away and import it'):
        store.load("another")


def test_a_keyword_that_could_not_be_read_again_is_not_written(store, keyword):
    with pytest.raises(KeywordError, match=r"cannot be stored .*threshold"):
        store.save(replace(keyword, threshold=float("nan")))
    assert store.names() == []


def test_a_name_has_one_spelling():
    assert check_name(" cafe\u0301 ") == "caf\u00e9"
