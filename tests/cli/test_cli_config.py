"""`kwsd config`: which settings count, where they come from, and whether a file of them is right."""

import tomllib

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


def line_of(result, key):
    """The line that shows a setting."""
    assert result.exit_code == 0, result.output
    return next(line for line in result.stdout.splitlines() if line.startswith(f"{key} = "))


def test_a_default_is_shown_as_one(kwsd):
    assert line_of(kwsd("config", "show", "listen", "--origin"), "heartbeat") == "heartbeat = 10.0  # default"


def test_a_line_of_the_file_is_named(kwsd, settings):
    path = settings('log-level = "debug"\n\n[listen]\nqueue = 5')
    shown = kwsd("config", "show", "listen", "--origin")

    assert line_of(shown, "queue") == f"queue = 5.0  # {path}, line 4"
    assert line_of(kwsd("config", "show", "--origin"), "log-level") == f'log-level = "debug"  # {path}, line 1'


def test_what_is_set_for_all_verbs_is_named_with_its_line(kwsd, settings):
    path = settings('\nstore = "/for-all"')

    assert line_of(kwsd("config", "show", "scan", "--origin"), "store") == f'store = "/for-all"  # {path}, line 2'


def test_a_variable_beats_the_file(kwsd, settings, monkeypatch):
    settings("store = '/file'\n[listen]\nqueue = 5\nkeyword = ['hey']")
    monkeypatch.setenv("KWSD_LISTEN_QUEUE", "6")
    monkeypatch.setenv("KWSD_STORE", "/variable")
    shown = kwsd("config", "show", "listen", "--origin")

    assert line_of(shown, "queue") == "queue = 6.0  # KWSD_LISTEN_QUEUE"
    assert line_of(shown, "store") == 'store = "/variable"  # KWSD_STORE'
    assert line_of(shown, "keyword").startswith('keyword = ["hey"]  # ')


def test_what_is_shown_is_a_settings_file_with_the_same_settings(kwsd, settings, monkeypatch):
    settings('store = "/caf\\u00e9 \\"x\\""\n[listen]\nkeyword = ["a", "b"]\njsonl = true')
    shown = kwsd("config", "show").stdout
    monkeypatch.delenv("XDG_CONFIG_HOME")
    path = settings(shown, "copy.toml")

    assert tomllib.loads(shown)["listen"]["keyword"] == ["a", "b"]
    assert kwsd("config", "check", path).stdout == f"{path} is right\n"
    assert kwsd("--config", path, "config", "show").stdout == shown


def test_passwords_and_secrets_are_not_shown(kwsd, settings, monkeypatch):
    settings('[bridge.webhook]\nsecret = "hidden-in-a-file"')
    monkeypatch.setenv("KWSD_BRIDGE_MQTT_PASSWORD", "hidden-in-a-variable")
    shown = kwsd("config", "show", "--origin").stdout

    assert "hidden" not in shown
    assert "# password is set, and not shown  # KWSD_BRIDGE_MQTT_PASSWORD" in shown.splitlines()
    assert "# secret is set, and not shown" in shown


def test_a_verb_that_does_not_exist_is_refused(kwsd):
    assert complaint(kwsd("config", "show", "lisen")) == "there is no verb 'lisen': `kwsd --help` lists them"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("\n[listen]\nqueu = 1", 'line 3, has an unknown setting "listen.queu": is "listen.queue" meant?'),
        ("[listen]\nqueue = 'ten'", "line 2, sets \"listen.queue\" to 'ten': give a number"),
        ("[listen]\nqueue = 0.1", 'line 2, sets "listen.queue" to 0.1: give 0.5 s or more'),
        ("[ctl.scores]\nrate = true", 'line 2, sets "ctl.scores.rate" to true: give a number'),
        ("[lisen]\nqueue = 1", 'line 1, has an unknown setting "lisen"'),
    ],
)
def test_a_file_that_is_wrong_is_told_with_its_line_and_the_nearest_key(kwsd, settings, text, words):
    path = settings(text, "other.toml")

    assert complaint(kwsd("config", "check", path)).startswith(f"{path}, {words}")


def test_the_file_that_is_used_is_checked_unless_another_is_named(kwsd, settings):
    path = settings("[listen]\nqueue = 5")

    assert kwsd("config", "check").stdout == f"{path} is right\n"


def test_a_variable_that_is_wrong_is_told(kwsd, monkeypatch):
    monkeypatch.setenv("KWSD_LISTEN_QUEUE", "ten")
    result = kwsd("config", "show", "listen")

    assert result.exit_code == 2
    assert "'ten' is not a valid float" in result.stderr
