"""A whole Home Assistant, where there is one: `KWSD_TEST_HASS=/path/to/hass`."""

import os
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

pytest.importorskip("wyoming", reason="needs wyoming: pip install 'kwsd[wyoming]'")
home_assistant = pytest.importorskip("benchmarks.home_assistant", reason="the benchmarks are not beside the tests")


@pytest.fixture
def hass():
    pytest.importorskip("websockets", reason="needs websockets: pip install websockets")
    if not (found := os.environ.get("KWSD_TEST_HASS")):
        pytest.skip("needs a Home Assistant: set KWSD_TEST_HASS to its program hass")
    if not shutil.which("mosquitto", path=f"/usr/sbin{os.pathsep}{os.environ['PATH']}"):
        pytest.skip("needs a broker: apt-get install mosquitto")
    return Path(found)


def test_a_voice_assistant_and_the_entities_of_mqtt_get_the_detections(hass):
    result = CliRunner().invoke(home_assistant.main, ["--core", str(hass), "--seconds", "50"], catch_exceptions=False)

    assert result.exit_code == 0
    assert "wake words: hey snips; later: another phrase, hey snips" in result.output
    assert "its voice assistant: 2 answers" in result.output
    assert "the entity of 2 detections: 2 answers" in result.output
    assert "False" not in result.output
