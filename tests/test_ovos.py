"""The plugin as OVOS's listener uses it."""

from importlib.metadata import entry_points

import pytest

from kwsd.errors import KeywordError, ModelError
from kwsd.keywords.store import Store

pytest.importorskip("ovos_plugin_manager", reason="needs OVOS: pip install ovos-plugin-manager")

from kwsd.ovos import KwsdHotWord

CHUNK = 2 * 1024  # bytes


@pytest.fixture
def config(tmp_path, enrolment):
    Store(tmp_path).save(enrolment.keyword)
    return {"module": "kwsd", "store": str(tmp_path)}


def pcm(speech):
    return (32767 * speech).astype("<i2").tobytes()


def found(plugin, audio):
    """At which chunks the plugin says that the wake word was spoken."""
    hits = []
    for at in range(0, len(audio), CHUNK):
        plugin.update(audio[at : at + CHUNK])
        if plugin.found_wake_word():
            hits.append(at // CHUNK)
    return hits


def test_the_wake_word_is_found_once_where_it_was_spoken(config, speech):
    (hit,) = found(KwsdHotWord("hey_snips", config), pcm(speech[: 5 * 16_000]))

    assert 1.0 < hit * 1024 / 16_000 < 2.2


def test_other_speech_is_not_the_wake_word(config, speech):
    assert found(KwsdHotWord("hey_snips", config), pcm(speech[5 * 16_000 : 9 * 16_000])) == []


def test_a_reset_forgets_what_was_heard(config, speech):
    plugin = KwsdHotWord("hey_snips", config)
    plugin.update(pcm(speech[: 3 * 16_000]))
    plugin.reset()

    assert not plugin.found_wake_word()
    assert found(plugin, pcm(speech[: 3 * 16_000]))


def test_the_keyword_may_have_another_name_than_the_wake_word(config, speech):
    plugin = KwsdHotWord("computer", config | {"keyword": "hey snips"})

    assert found(plugin, pcm(speech[: 3 * 16_000]))


def test_a_keyword_that_is_not_enrolled_is_told(config):
    with pytest.raises(KeywordError, match='there is no keyword "hey nobody"'):
        KwsdHotWord("hey_nobody", config)


def test_a_model_that_is_none_is_told(config, tmp_path):
    with pytest.raises(ModelError, match="cannot be read"):
        KwsdHotWord("hey_snips", config | {"model": str(tmp_path / "none.onnx")})


def test_ovos_finds_the_plugin():
    names = {(one.group, one.value) for one in entry_points(name="kwsd")}
    if not any(group == "opm.wake_word" for group, _ in names):
        pytest.skip("kwsd was not installed anew since it has the entry point")

    assert ("opm.wake_word", "kwsd.ovos:KwsdHotWord") in names
