"""Where a setting comes from: flag > KWSD_* > TOML > default."""

import pytest
from cli_helpers import complaint


@pytest.fixture
def settings(strange_home):
    """Writes the user's settings file."""

    def write(text, name="config.toml"):
        path = strange_home / "kwsd" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    return write


def store_of(result):
    """The store that `kwsd keywords list` found empty."""
    assert result.exit_code == 0
    return result.stderr.removeprefix("no keyword is enrolled in ").strip()


def test_the_default_store_is_in_the_data_folder(kwsd, strange_home):
    assert store_of(kwsd("keywords", "list")) == str(strange_home / "kwsd" / "keywords")


def test_the_file_beats_the_default(kwsd, settings):
    settings('store = "/from-the-file"')

    assert store_of(kwsd("keywords", "list")) == "/from-the-file"


def test_the_table_of_a_verb_beats_what_is_set_for_all(kwsd, settings):
    settings('store = "/for-all"\n[keywords]\nstore = "/for-keywords"\n[keywords.list]\nstore = "/for-the-list"')

    assert store_of(kwsd("keywords", "list")) == "/for-the-list"


def test_the_variable_beats_the_file(kwsd, settings, monkeypatch):
    settings('store = "/from-the-file"')
    monkeypatch.setenv("KWSD_STORE", "/from-the-variable")

    assert store_of(kwsd("keywords", "list")) == "/from-the-variable"


def test_the_flag_beats_the_variable(kwsd, monkeypatch):
    monkeypatch.setenv("KWSD_STORE", "/from-the-variable")

    assert store_of(kwsd("keywords", "list", "--store", "/from-the-flag")) == "/from-the-flag"


def test_another_file_can_be_named_by_flag_and_by_variable(kwsd, settings, monkeypatch):
    settings('store = "/mine"')
    other = settings('store = "/other"', "other.toml")
    monkeypatch.setenv("KWSD_CONFIG", str(other))

    assert store_of(kwsd("keywords", "list")) == "/other"
    assert store_of(kwsd("--config", settings('store = "/third"', "third.toml"), "keywords", "list")) == "/third"


def test_every_option_is_a_variable(kwsd, store, recordings, monkeypatch):
    monkeypatch.setenv("KWSD_STORE", str(store))
    monkeypatch.setenv("KWSD_SCAN_JSONL", "1")
    monkeypatch.setenv("KWSD_SCAN_KEYWORD", "hey snips,hey snips")

    assert '"keyword": "hey snips"' in kwsd("scan", recordings[0]).stdout


def test_lists_and_flags_can_be_in_the_file(kwsd, store, recordings, settings):
    settings(f'store = "{store}"\n[scan]\nkeyword = ["hey snips"]\njsonl = true\nrefractory = 2')

    assert '"keyword": "hey snips"' in kwsd("scan", recordings[0]).stdout


def test_a_tilde_is_the_home_folder(kwsd, settings, strange_home):
    settings('store = "~/words"')

    assert store_of(kwsd("keywords", "list")) == str(strange_home / "words")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("stroe = '/x'", 'unknown setting "stroe": is "store" meant?'),
        ("[scan]\nrefractori = 1", 'unknown setting "scan.refractori": is "scan.refractory" meant?'),
        ("[scam]\nworkers = 1", 'unknown setting "scam"'),
        ("[scan]\nheartbeat = 1", 'unknown setting "scan.heartbeat"'),
        ("[scan]\nworkers = 'two'", "sets \"scan.workers\" to 'two': give a whole number"),
        ("[scan]\nworkers = true", 'sets "scan.workers" to true: give a whole number'),
        ("[scan]\nkeyword = 'one'", "sets \"scan.keyword\" to 'one': give a list of texts"),
        ("[scan]\njsonl = 'yes'", "sets \"scan.jsonl\" to 'yes': give true or false"),
        ("store = 3", 'sets "store" to 3: give a text'),
        ("scan = 3", 'sets "scan" to a value: make it a table'),
        ("[enroll]\nscorer = 'ears'", 'sets "enroll.scorer" to a value that does not fit'),
        ("store = ", "is not TOML"),
    ],
)
def test_a_mistake_in_the_file_is_a_sentence_with_key_and_file(kwsd, settings, text, words):
    path = settings(text)
    sentence = complaint(kwsd("keywords", "list"))

    assert str(path) in sentence
    assert words in sentence


def test_a_file_that_was_named_must_be_there(kwsd, tmp_path):
    assert "cannot be read" in complaint(kwsd("--config", tmp_path / "gone.toml", "keywords", "list"))
