"""Events at an MQTT broker, Debian's mosquitto, also when it goes away for a while."""

import json

import pytest
from bridge_samples import detection, status, until
from structlog.testing import capture_logs

pytest.importorskip("paho.mqtt.client", reason="needs paho-mqtt: pip install 'kwsd[mqtt]'")

from kwsd.bridges.discovery import Discovery
from kwsd.bridges.layouts import HermesLayout, OwnLayout
from kwsd.bridges.mqtt import Mqtt
from kwsd.settings.bridges import Broker


@pytest.fixture
def bridge(mosquitto, reader):
    """Makes a bridge that is connected."""
    made = []

    def make(layout=None, prefix=None):
        own = OwnLayout("kwsd")
        discovery = Discovery(prefix, "Kitchen ear", own, "kwsd/availability") if prefix else None
        one = Mqtt(
            Broker("127.0.0.1", mosquitto.port, False), None, None, layout or own, "kwsd/availability", discovery
        )
        made.append(one)
        until(lambda: ("kwsd/availability", "online") in reader)
        return one

    yield make
    for one in made:
        one.close()


def payloads(reader, topic):
    return [json.loads(payload) for name, payload in reader if name == topic]


def test_a_detection_is_published_below_its_keyword(bridge, reader):
    bridge().send(detection().to_dict())
    until(lambda: payloads(reader, "kwsd/detection/hey snips"))

    assert payloads(reader, "kwsd/detection/hey snips") == [detection().to_dict()]


def test_the_last_status_is_kept_by_the_broker(bridge, reader, mosquitto):
    import paho.mqtt.subscribe as later  # noqa: PLC0415

    bridge().send(status().to_dict())
    until(lambda: payloads(reader, "kwsd/status"))
    message = later.simple("kwsd/status", hostname="127.0.0.1", port=mosquitto.port)

    assert message.retain
    assert json.loads(message.payload) == status().to_dict()


def test_letters_that_topics_give_a_meaning_are_replaced(bridge, reader):
    bridge().send(detection(keyword="c# + go").to_dict())

    assert until(lambda: payloads(reader, "kwsd/detection/c_ _ go"))[0]["keyword"] == "c# + go"


def test_a_bridge_that_ends_is_offline(bridge, reader):
    bridge().close()
    until(lambda: ("kwsd/availability", "offline") in reader)

    assert reader[-1] == ("kwsd/availability", "offline")


def test_events_resume_after_the_broker_was_away_and_the_gap_is_told(bridge, reader, mosquitto):
    one = bridge()
    one.send(status(1).to_dict())
    until(lambda: payloads(reader, "kwsd/status"))
    mosquitto.stop()
    until(lambda: not one._client.is_connected())
    for number in (2, 3, 4):
        one.send(detection(number).to_dict())
    reader.clear()
    mosquitto.start()
    until(lambda: payloads(reader, "kwsd/lost"))
    one.send(detection(5).to_dict())
    until(lambda: payloads(reader, "kwsd/detection/hey snips"))

    assert [message["count"] for message in payloads(reader, "kwsd/lost")] == [3]
    assert [message["sequence"] for message in payloads(reader, "kwsd/detection/hey snips")] == [5]
    assert payloads(reader, "kwsd/status")[-1] == status(1).to_dict()


def test_a_bridge_may_start_before_its_broker(mosquitto, reader):
    mosquitto.stop()
    reader.clear()
    one = Mqtt(Broker("127.0.0.1", mosquitto.port, False), None, None, OwnLayout("kwsd"), "kwsd/availability")
    one.send(detection().to_dict())
    mosquitto.start()
    until(lambda: payloads(reader, "kwsd/lost"))
    one.close()

    assert payloads(reader, "kwsd/lost")[0]["count"] == 1


@pytest.mark.parametrize(("password", "connects"), [("right", True), ("wrong", False)])
def test_a_broker_may_ask_for_a_password(mosquitto, password, connects):
    mosquitto.stop()
    mosquitto.ask_for_a_password("ear", "right")
    mosquitto.start()
    with capture_logs() as logs:
        one = Mqtt(Broker("127.0.0.1", mosquitto.port, False), "ear", password, OwnLayout("kwsd"), "kwsd/availability")
        until(lambda: logs)
        one.close()

    assert logs[0]["event"] == ("connected" if connects else "the broker refuses the connection")


def test_home_assistant_gets_an_event_entity_for_each_keyword_and_one_for_the_state(bridge, reader):
    bridge(prefix="homeassistant").send(status(keywords=["hey snips", "okay kwsd"]).to_dict())
    until(lambda: payloads(reader, "kwsd/status"))
    configs = {topic: json.loads(text) for topic, text in reader if topic.startswith("homeassistant/")}

    assert sorted(one["name"] for one in configs.values()) == ["State", "hey snips", "okay kwsd"]
    event = next(one for one in configs.values() if one["name"] == "hey snips")
    assert (event["state_topic"], event["event_types"]) == ("kwsd/detection/hey snips", ["detected"])
    assert event["availability_topic"] == "kwsd/availability"
    assert event["device"]["name"] == "Kitchen ear"
    assert len({one["unique_id"] for one in configs.values()}) == 3
    assert all(topic.count("/") == 4 and topic.isascii() and " " not in topic for topic in configs)


def test_an_entity_goes_when_its_keyword_does(bridge, reader):
    one = bridge(prefix="homeassistant")
    one.send(status(1, keywords=["hey snips", "okay kwsd"]).to_dict())
    one.send(status(2, keywords=["hey snips"]).to_dict())
    until(lambda: len(payloads(reader, "kwsd/status")) == 2)
    removed = [topic for topic, payload in reader if topic.startswith("homeassistant/event") and not payload]
    named = {topic: json.loads(text)["name"] for topic, text in reader if topic.startswith("homeassistant/") and text}

    assert [named[topic] for topic in removed] == ["okay kwsd"]


def test_entities_stay_while_kwsd_starts_again_or_another_stream_has_other_keywords(bridge, reader):
    one = bridge(prefix="homeassistant")
    one.send(status(1, keywords=["hey snips"]).to_dict())
    one.send(status(2, keywords=[], state="starting").to_dict())
    one.send(status(3, keywords=["okay kwsd"]).to_dict() | {"stream": "bedroom"})
    until(lambda: len(payloads(reader, "kwsd/status")) == 3)

    assert [topic for topic, payload in reader if topic.startswith("homeassistant/") and not payload] == []


def test_an_entity_goes_whose_keyword_was_removed_while_no_bridge_ran(bridge, reader):
    first = bridge(prefix="homeassistant")
    first.send(status(1, keywords=["hey snips", "okay kwsd"]).to_dict())
    until(lambda: payloads(reader, "kwsd/status"))
    first.close()
    until(lambda: ("kwsd/availability", "offline") in reader)
    reader.clear()
    bridge(prefix="homeassistant").send(status(1, keywords=["hey snips"]).to_dict())
    until(lambda: any(topic.startswith("homeassistant/event") and not payload for topic, payload in reader))
    kept = {topic: payload for topic, payload in reader if topic.startswith("homeassistant/event")}

    assert [json.loads(payload)["name"] for payload in kept.values() if payload] == ["hey snips"]
    assert len(kept) == 2


def test_the_entities_of_a_stream_go_when_kwsd_starts_anew_without_it(bridge, reader):
    one = bridge(prefix="homeassistant")
    one.send(status(1, keywords=["okay kwsd"]).to_dict() | {"stream": "bedroom"})
    one.send(status(1, keywords=["hey snips"]).to_dict() | {"instance": "0ther000"})
    until(lambda: len(payloads(reader, "kwsd/status")) == 2)
    kept = {topic: payload for topic, payload in reader if topic.startswith("homeassistant/event")}

    assert [json.loads(payload)["name"] for payload in kept.values() if payload] == ["hey snips"]


def test_the_template_makes_the_event_that_home_assistant_asks_for():
    jinja2 = pytest.importorskip("jinja2", reason="Home Assistant's templates are Jinja's")
    (_, config) = Discovery("homeassistant", "kwsd", OwnLayout("kwsd"), "kwsd/availability").publications(["hey snips"])
    template = json.loads(config.payload)["value_template"]
    event = json.loads(jinja2.Template(template).render(value_json=detection().to_dict()))

    assert event == {"event_type": "detected", "distance": 0.25, "stream": "kitchen"}


def test_the_layout_of_hermes_has_detections_only(bridge, reader):
    one = bridge(layout=HermesLayout("kitchen"))
    one.send(status().to_dict())
    one.send(detection().to_dict())
    (message,) = until(lambda: payloads(reader, "hermes/hotword/hey snips/detected"))

    assert (message["modelId"], message["siteId"], message["modelType"]) == ("hey snips", "kitchen", "personal")
    assert [topic for topic, _ in reader if topic.startswith("kwsd/") and not topic.endswith("availability")] == []
