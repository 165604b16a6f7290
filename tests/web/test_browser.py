"""The page in a real browser, Debian's chromium, beside a kwsd that listens at a file at the pace of time."""

import itertools
import shutil
import time

import pytest
import soundfile as sf
from web_helpers import PATIENCE, until

from kwsd.archive import Archive
from kwsd.control.client import ControlClient
from kwsd.control.messages import Keywords
from kwsd.enrolment.hit import Hit
from kwsd.events.messages import HeartbeatEvent
from kwsd.events.zeromq import ZeroMQPublisher
from kwsd.keywords.store import Store

playwright = pytest.importorskip("playwright.sync_api", reason="needs Playwright: pip install playwright")

CHROMIUM = shutil.which("chromium")
if CHROMIUM is None:
    pytest.skip("needs a browser: apt-get install chromium", allow_module_level=True)

PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def said(recordings, tmp_path_factory):
    """A WAV file of three seconds that says the phrase once, which is the microphone of the browser."""
    path = tmp_path_factory.mktemp("microphone") / "said.wav"
    samples, rate = sf.read(recordings[0])
    sf.write(path, samples, rate)
    return path


@pytest.fixture(scope="module")
def browser(said):
    with playwright.sync_playwright() as driver:
        microphone = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
        arguments = ["--no-sandbox", *microphone, f"--use-file-for-fake-audio-capture={said}"]
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield chromium
        chromium.close()


@pytest.fixture
def indexed(config, long_recording, shared_tokenizer):
    Archive.build(config.index[0], [long_recording], shared_tokenizer)


@pytest.fixture
def tab(browser, served):
    """The page, opened with its token; it ends with what went wrong in its scripts."""
    errors = []
    with browser.new_context() as context:
        context.grant_permissions(["microphone"])
        page = context.new_page()
        page.set_default_timeout(1000 * PATIENCE)
        page.on("pageerror", lambda error: errors.append(error))  # noqa: PLW0108 - Playwright sets an attribute of it
        page.on("dialog", lambda dialog: dialog.accept())
        page.goto(f"{served.place}/#token={served.token}")
        yield page
    assert errors == []


def spotted(config):
    with ControlClient(config.control) as client:
        return client.ask(Keywords()).keywords[0]


def test_live_distances_move(listening, tab):
    distance = tab.get_by_label("distance of hey snips", exact=True)
    seen = {until(distance.text_content)}

    assert until(lambda: seen.add(distance.text_content()) or len(seen) > 3)


def test_a_detection_appears_and_can_be_played_and_answered(listening, tab, config):
    tab.locator("#detections li", has_text="hey snips").wait_for()
    until(lambda: len(list(config.hits.glob("*.flac"))))
    tab.get_by_role("button", name="play hey snips").first.click()
    tab.get_by_role("button", name="True").first.click()
    tab.get_by_text("recordings: 6").wait_for()

    assert len(Store(config.store).load("hey snips").templates) == 6


def test_a_threshold_that_is_moved_takes_effect_and_can_be_kept(listening, tab, config):
    slider = tab.get_by_label("threshold of hey snips")
    expected = tab.locator(".expected")
    tab.get_by_text("0 of 5 recordings would be missed").wait_for()
    before, words = spotted(config).threshold, expected.text_content()
    slider.focus()
    slider.press("PageDown")
    until(lambda: spotted(config).threshold < before)
    tab.get_by_role("button", name="Keep").click()
    until(lambda: Store(config.store).load("hey snips").threshold == spotted(config).threshold)

    assert expected.text_content() != words


def test_a_phrase_is_enrolled_with_the_microphone_and_removed(tab, config):
    tab.get_by_label("Name of the phrase").fill("my phrase")
    tab.get_by_role("button", name="Record").click()
    tab.get_by_role("button", name="Stop").wait_for()
    tab.wait_for_timeout(3000)
    tab.get_by_role("button", name="Stop").click()
    tab.locator("#takes li").wait_for()
    tab.get_by_role("button", name="Enrol").click()
    tab.get_by_role("button", name="remove my phrase").wait_for()
    (template,) = Store(config.store).load("my phrase").templates
    tab.get_by_role("button", name="remove my phrase").click()
    until(lambda: Store(config.store).names() == ["hey snips"])

    assert template.audio
    assert 0.5 < template.seconds < 1.5


def test_files_that_the_browser_decodes_are_enrolled(tab, config, recordings):
    tab.get_by_label("Name of the phrase").fill("from files")
    tab.get_by_label("or files").set_input_files(recordings[:3])
    tab.get_by_role("status").get_by_text("3 recordings").wait_for()
    tab.get_by_role("button", name="Enrol").click()
    tab.get_by_role("button", name="remove from files").wait_for()

    assert len(Store(config.store).load("from files").templates) == 3


def test_an_index_is_searched_and_its_hits_are_played(indexed, tab):
    tab.get_by_role("button", name="Search").click()
    tab.get_by_role("button", name="play long.ogg at 0:1", exact=False).first.click()

    assert tab.locator("#found li").count() == 20


def test_a_search_learns_from_the_buttons_of_its_hits(indexed, tab):
    tab.get_by_role("button", name="Search").click()
    tab.get_by_role("button", name="right: long.ogg", exact=False).nth(1).click()
    tab.get_by_role("button", name="wrong: long.ogg", exact=False).first.click()
    tab.get_by_role("button", name="Search again").click()
    tab.locator('#found button[aria-pressed="true"]:disabled').wait_for()

    assert tab.locator('#found button[aria-pressed="true"]').count() == 1


@pytest.fixture
def hit(config, speech, kept):
    """A detection that was kept before the page is opened."""
    facts = {"distance": 0.35, "threshold": kept.threshold, "model": kept.model, "heard": 1_750_000_000.25}
    return Hit("hey snips", speech[: 3 * 16000], 0.98, 1.7, **facts).save(config.hits)


def test_a_detection_of_earlier_is_called_false_and_that_is_taken_back(hit, tab, config):
    tab.locator("#detections li", has_text="0.350 of").get_by_role("button", name="False").click()
    tab.get_by_text("negatives: 1").wait_for()
    tab.locator("summary").click()
    tab.locator("#keywords li", has_text="not the phrase").get_by_role("button", name="remove").click()
    until(lambda: not Store(config.store).load("hey snips").negatives)


def test_nothing_is_wider_than_a_phone(listening, tab):
    tab.set_viewport_size(PHONE)
    tab.get_by_text("0 of 5 recordings would be missed").wait_for()

    assert tab.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_everything_is_reached_by_keyboard(listening, tab):
    tab.get_by_text("0 of 5 recordings would be missed").wait_for()
    focused = set()
    for _ in range(20):
        tab.keyboard.press("Tab")
        focused.add(tab.evaluate("document.activeElement.ariaLabel || document.activeElement.textContent"))

    assert {"Pause", "threshold of hey snips", "remove hey snips", "Record"} <= focused


def beat(sequence, stream, level):
    facts = {"uptime": 5.0, "processed": 5.0, "dropped": 0.0, "detections": 0, "load": 0.01, "queue": 0.0}
    common = {"instance": "5eed1e55", "wall": time.time(), "model": "0123456789ab"}
    return HeartbeatEvent(sequence=sequence, stream=stream, level=level, latency=0.1, **facts, **common)


def test_the_health_of_every_microphone_is_shown(tab, config):
    with ZeroMQPublisher([config.endpoint]) as publisher:
        numbers = itertools.count(1)

        def shown():
            publisher.publish(beat(next(numbers), "kitchen", -20.0))
            publisher.publish(beat(next(numbers), "bedroom", None))
            return "bedroom" in tab.locator("#health").inner_text()

        until(shown)
        health = tab.locator("#health").inner_text()

    assert "kitchen" in health
    assert "-20 dBFS" in health
    assert "silence" in health


def test_a_kwsd_that_ends_and_starts_again_is_shown_so(listening, tab, again):
    tab.locator("#state", has_text="listening").wait_for()
    listening.terminate()
    tab.locator("#state", has_text="not listening").wait_for()
    again()
    tab.locator("#state:not(.off)", has_text="listening").wait_for()


def test_without_the_token_the_page_says_where_to_get_it(browser, served):
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(served.place)

        page.get_by_text("open the address that `kwsd monitor` printed").first.wait_for()


def test_without_a_kwsd_the_page_says_so(tab):
    tab.get_by_text("not listening").wait_for()
    tab.get_by_text("start `kwsd listen`", exact=False).first.wait_for()

    assert tab.get_by_role("button", name="remove hey snips").is_visible()
