"""Where a setting comes from: flag > KWSD_* > TOML > default."""

import tomllib

import pytest
from cli_helpers import complaint
from hypothesis import given
from hypothesis import settings as trials
from hypothesis import strategies as st

from kwsd.settings.lines import line_of


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
        (
            "device = 'USB'",
            "sets \"device\" to 'USB': give a list of texts in quotes for [listen]; or set it for one verb, under [",
        ),
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


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("stroe = '/x'", 1),
        ("# store\n\nstroe = '/x'", 3),
        ("store = '/x'\n[scan]\n\nrefractori = 1", 4),
        ("store = '/x'\n\n[scam]\nworkers = 1", 3),
        ("scan.jsonl = true\nscan.workers = 0", 2),
        ("[scan]\nkeyword = [\n  'one',\n  'two',\n]\nworkers = 0", 6),
        ("log-level = 'info'\nscan = { jsonl = true, workers = 0 }", 2),
        ("['scan']\n\"workers\" = 0", 2),
        ("store = '''\n[scan]\nworkers = 0\n'''\n[scan]\nworkers = 0", 6),
        ("store = 'x' # [scan]\r\n[scan]\r\nworkers = 0\r\n", 3),
        ("[listen]\nqueue = 1\n[index.build]\nstages = 7", 4),
        ("[listen]\njsonl = true\n\n[[scan]]\nworkers = 1", 4),
    ],
)
def test_a_mistake_in_the_file_is_told_with_its_line(kwsd, settings, text, line):
    path = settings(text)

    assert complaint(kwsd("keywords", "list")).startswith(f"{path}, line {line}, ")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[scan]\nworkers = 0", 'sets "scan.workers" to 0: give 1 to 1024'),
        ("[scan]\nworkers = 0x" + "F" * 10_000, 'sets "scan.workers" to a number of 40000 bits: give 1 to 1024'),
        ("[listen]\nqueue = nan", 'sets "listen.queue" to nan: give 0.5 s or more'),
        ("[listen]\nqueue = " + "9" * 400, "give 0.5 s or more"),
        ("[listen]\nheartbeat = 1e300", "give 0 to 1e+09 s"),
        ("[listen]\nlog-keep = -inf", "give more than 0, or leave it out to keep all"),
        ("[scan]\non = 'ray:10001'", "give ray for this machine's or a new one"),
        ("[enroll]\nthreshold = -1", 'sets "enroll.threshold" to -1: give 0 to 1000000'),
        ("store = 2024-02-29", 'sets "store" to 2024-02-29: give a text'),
        ("store" + ".a" * 20_000 + " = 1", 'sets "store" to'),
        ("x" * 100_000 + " = 1", 'unknown setting "xxx'),
        ("a = " + "[" * 100_000, "nested too deeply"),
        ("[listen]\nqueue = " + "9" * 5000, "is not TOML"),
    ],
    ids=lambda text: text[:30],
)
def test_strange_values_in_the_file_are_refused_in_a_short_sentence(kwsd, settings, text, words):
    path = settings(text)
    sentence = complaint(kwsd("keywords", "list"))

    assert words in sentence
    assert len(sentence) < len(str(path)) + 900


def test_a_file_that_is_not_utf8_is_told_with_its_line(kwsd, settings):
    path = settings("")
    path.write_bytes(b'store = "/x"\nmodel = "\xff"\n')

    assert complaint(kwsd("keywords", "list")) == f"the settings file {path}, line 2, is not TOML: it is not UTF-8"


def test_a_folder_is_no_settings_file(kwsd, strange_home):
    (strange_home / "kwsd" / "config.toml").mkdir(parents=True)

    assert "cannot be read: Is a directory" in complaint(kwsd("keywords", "list"))


def test_a_heartbeat_that_no_clock_can_wait_for_is_refused(kwsd, store):
    assert "give 0 to 1e+09 s" in complaint(kwsd("listen", "--stdin", "--store", store, "--heartbeat", "1e300"))


def test_a_store_whose_path_is_too_long_is_refused(kwsd, settings):
    settings(f'store = "{"y" * 5000}"')

    assert "cannot be read: File name too long" in complaint(kwsd("keywords", "list"))


def test_no_line_is_better_than_a_long_search_for_it(kwsd, settings):
    path = settings("log-level = [\n" + "[1],\n" * 20_000 + "]\nstroe = 1")

    assert complaint(kwsd("keywords", "list")).startswith(f'{path} sets "log-level" to [[1], ')


KEYS = st.sampled_from(["a", "b", '"c d"', "'e.f'", "g . h", 'a."b.c"'])
VALUES = st.sampled_from(
    ["1", "'x'", '"""\n[a]\nb = 1\n"""', "[\n 1, # ]\n 2,\n]", "{ a = 1 }", "'''\n\n'''", "[[1], [\n]]"]
)
FILLING = st.lists(st.sampled_from(["", "# a = 1", "  "]), max_size=2)


@trials(deadline=None)  # the machine may be busy
@given(st.lists(st.tuples(st.booleans(), KEYS, VALUES, FILLING), max_size=8))
def test_the_line_of_a_key_is_where_its_statement_begins(statements):
    lines, table, expected = [], (), {}
    for number, (opens, key, value, filling) in enumerate(statements):
        lines += filling
        name = f"n{number}.{key}"
        path = (f"n{number}", *only_path(tomllib.loads(f"{key} = 1")))
        table = path if opens else table
        expected[path if opens else (*table, *path)] = len(lines) + 1
        lines += (f"[{name}]" if opens else f"{name} = {value}").split("\n")
    text = "\n".join(lines)
    tomllib.loads(text)

    assert {path: line_of(text, path) for path in expected} == expected
    assert line_of(text, ("nowhere",)) is None


def only_path(content):
    """The keys of nested tables of one key each."""
    path = []
    while isinstance(content, dict):
        ((key, content),) = content.items()
        path.append(key)
    return tuple(path)
