import queue
import signal
import sys
import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest
from audio_signals import chirp, click, click_time, joined, similarity, split
from fake_portaudio import FakeSoundDevice

from kwsd.audio import Microphone
from kwsd.errors import DeviceError, DriverStuckError

PATIENCE = 30.0  # s until what does not come is taken for stuck
YETI = "Blue Yeti: USB Audio (hw:2,0)"


@pytest.fixture
def library(monkeypatch):
    fake = FakeSoundDevice()
    monkeypatch.setitem(sys.modules, "sounddevice", fake)
    return fake


@pytest.fixture
def yeti(library):
    library.plug(YETI, rate=44100).refresh()
    return library


class Clock(SimpleNamespace):
    """The clock that the callback looks at."""

    def __init__(self):
        super().__init__(now=50.0, monotonic=lambda: self.now, time=lambda: 1e9 + self.now, sleep=lambda seconds: None)


@pytest.fixture
def clock(monkeypatch):
    fake = Clock()
    monkeypatch.setattr("kwsd.audio.microphone.time", fake)
    return fake


class Reader:
    """A thread that reads the blocks of a microphone."""

    def __init__(self, microphone):
        self._microphone = microphone
        self.blocks, self.ticks = queue.SimpleQueue(), queue.SimpleQueue()
        self.error = None
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self):
        try:
            for block in self._microphone.blocks():
                (self.blocks if block.seconds else self.ticks).put(block)
        except DeviceError as error:
            self.error = error

    def next(self):
        return self.blocks.get(timeout=PATIENCE)

    def stop(self):
        self._microphone.close()
        self.join()

    def join(self):
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()


class Status:
    """The status reports of a microphone, in a queue."""

    def __init__(self):
        self._said = queue.SimpleQueue()

    def __call__(self, status, **facts):
        self._said.put((status, facts))

    def next(self):
        return self._said.get(timeout=PATIENCE)

    @property
    def empty(self):
        return self._said.empty()


def wait_for(condition):
    until = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.001)


def spoken(library, samples, size=441):
    """The blocks that come of it, with the microphone closed afterwards."""
    microphone = Microphone()
    for piece in split(samples, [size]):
        library.speak(piece)
    blocks = microphone.blocks()
    heard = []
    while sum(block.seconds for block in heard) < len(samples) / library.stream.rate - 0.15:
        heard.append(next(blocks))
    microphone.close()
    blocks.close()
    return heard


@pytest.mark.parametrize("rate", [16000, 44100, 48000])
def test_a_device_is_opened_at_its_own_rate_and_resampled(library, rate):
    library.default_name = "mic"
    library.plug("mic", rate=rate).refresh()
    heard = spoken(library, chirp(2.0, rate))

    assert similarity(joined(heard), chirp(2.0, 16000)) > 0.999


@pytest.mark.parametrize("rate", [16000, 44100, 48000])
def test_what_was_said_at_a_time_is_heard_at_that_time(library, rate):
    library.default_name = "mic"
    library.plug("mic", rate=rate).refresh()

    assert click_time(joined(spoken(library, click(0.5, 1.0, rate))), 16000) == pytest.approx(0.5, abs=0.001)


def test_a_device_without_a_mono_mode_gives_its_first_channel(library):
    library.default_name = "array"
    library.plug("array", rate=16000, channels=8, mono=False).refresh()
    heard = joined(spoken(library, chirp(0.5, 16000), size=160))

    assert library.stream.channels == 8
    assert np.array_equal(heard, chirp(0.5, 16000)[: len(heard)])


def test_a_drivers_nan_does_not_spread(library):
    library.default_name = "mic"
    library.plug("mic", rate=44100).refresh()
    samples = chirp(1.0, 44100)
    samples[100] = np.nan

    assert np.isfinite(joined(spoken(library, samples))).all()


def test_blocks_carry_the_unix_time_at_which_they_were_heard(yeti, clock):
    reader = Reader(Microphone("yeti"))
    yeti.speak(np.zeros(44100))
    wall = reader.next().wall
    reader.stop()

    assert wall == 1e9 + 49.0


def test_audio_that_portaudio_lost_is_counted_and_moves_the_time(yeti, clock):
    microphone = Microphone("yeti")
    for later, overflow in ((0.5, False), (0.5, False), (2.0, True)):
        clock.now += later
        yeti.speak(np.zeros(22050), overflow)
    blocks = microphone.blocks()
    heard = [next(blocks) for _ in range(4)]
    microphone.close()
    blocks.close()

    (resumed,) = [block for block in heard if block.lost]
    assert resumed.lost == pytest.approx(1.5)
    assert resumed.time == pytest.approx(2.5)
    assert microphone.overflows == 1


def test_an_overflow_of_unknown_length_still_breaks_the_stream(yeti, clock):
    microphone = Microphone("yeti")
    for overflow in (False, True):
        clock.now += 0.5
        yeti.speak(np.zeros(22050), overflow)
    blocks = microphone.blocks()
    heard = [next(blocks) for _ in range(3)]
    microphone.close()
    blocks.close()

    assert [block.lost > 0 for block in heard] == [False, False, True]


def test_a_consumer_that_is_too_slow_misses_the_oldest_and_is_told(yeti):
    microphone = Microphone("yeti", seconds=1.0)
    for _ in range(30):
        yeti.speak(np.zeros(4410))
    block = next(microphone.blocks())
    microphone.close()

    assert block.lost == pytest.approx(2.4, abs=0.11)  # three seconds were put, and over one second half is dropped
    assert block.time == pytest.approx(block.lost)
    assert microphone.dropped == pytest.approx(block.lost)


def test_a_microphone_that_comes_back_is_heard_again(yeti):
    status = Status()
    reader = Reader(Microphone("yeti", stall=0.3, on_status=status))
    yeti.speak(np.zeros(44100))
    before = reader.next()
    yeti.unplug(YETI)
    lost = status.next()
    yeti.plug("Blue Yeti: USB Audio (hw:5,0)", rate=48000)
    yeti.started.acquire()
    assert yeti.started.acquire(timeout=PATIENCE)
    yeti.speak(np.zeros(48000))
    back = status.next()
    after = reader.next()
    while not after.lost:
        after = reader.next()
    reader.stop()

    assert lost == ("microphone-lost", {"device": YETI, "reason": "no audio for 0.3 s"})
    assert back == ("microphone-back", {"device": "Blue Yeti: USB Audio (hw:5,0)", "rate": 48000, "lost": after.lost})
    assert before.lost == 0
    assert after.time == pytest.approx(1.0 + after.lost)
    assert status.empty


def test_the_time_without_a_microphone_is_counted_as_lost(yeti, clock):
    microphone = Microphone("yeti", stall=0.02)
    yeti.started.acquire()
    yeti.speak(np.zeros(44100))
    reader = Reader(microphone)
    assert yeti.started.acquire(timeout=PATIENCE)
    clock.now += 10.0
    yeti.speak(np.zeros(44100))
    lost = 0.0
    while not lost:
        lost = reader.next().lost
    reader.stop()

    assert lost == pytest.approx(9.0)


def test_the_same_microphone_is_opened_again_and_not_another(yeti):
    status = Status()
    microphone = Microphone(0, stall=0.02, on_status=status)
    reader = Reader(microphone)
    yeti.unplug(YETI)
    yeti.plug("Webcam").plug(YETI)
    status.next()
    yeti.started.acquire()
    assert yeti.started.acquire(timeout=PATIENCE)
    reader.stop()

    assert (microphone.device.index, microphone.device.name) == (1, YETI)


def test_who_asked_for_the_default_gets_what_is_the_default_by_then(yeti):
    yeti.default_name = YETI
    microphone = Microphone(stall=0.02)
    reader = Reader(microphone)
    yeti.plug("Webcam")
    yeti.default_name = "Webcam"
    yeti.unplug(YETI)
    yeti.started.acquire()
    assert yeti.started.acquire(timeout=PATIENCE)
    reader.stop()

    assert microphone.device.name == "Webcam"


def test_a_microphone_that_stays_away_is_looked_for_until_it_is_closed(yeti):
    status = Status()
    reader = Reader(Microphone("yeti", stall=0.01, on_status=status))
    yeti.plug("Webcam").unplug(YETI)
    status.next()
    for _ in range(3):
        assert yeti.restarted.acquire(timeout=PATIENCE)
    reader.stop()

    assert status.empty
    assert len(yeti.streams) == 1
    assert yeti.stream.closed


def test_closing_ends_a_wait_for_sound_and_lets_go_of_the_device(yeti):
    reader = Reader(Microphone("yeti"))
    reader.stop()

    assert yeti.stream.closed


def test_a_microphone_may_be_closed_before_it_was_used(yeti):
    microphone = Microphone("yeti")
    microphone.close()
    microphone.close()

    assert yeti.stream.closed
    assert list(microphone.blocks()) == []


def test_a_signal_handler_may_close_the_microphone_that_its_thread_reads(yeti):
    microphone = Microphone("yeti")
    before = signal.signal(signal.SIGALRM, lambda *_: microphone.close())
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    blocks = list(microphone.blocks())
    signal.signal(signal.SIGALRM, before)

    assert blocks == []


def test_a_driver_that_never_lets_go_ends_the_stream_with_an_error(yeti, monkeypatch):
    monkeypatch.setattr("kwsd.audio.driver.DEADLINE", 0.05)
    yeti.closes.clear()
    reader = Reader(Microphone("yeti", stall=0.02))
    reader.join()
    yeti.closes.set()

    assert str(reader.error) == "the sound driver does not return from closing a microphone: start kwsd again"


def test_a_driver_that_does_not_return_from_opening_is_given_up(yeti, monkeypatch):
    monkeypatch.setattr("kwsd.audio.driver.DEADLINE", 0.05)
    yeti.opens.clear()
    with pytest.raises(DriverStuckError) as given_up:
        Microphone("yeti")
    yeti.opens.set()

    assert f"does not return from opening the microphone '{YETI}': start kwsd again" in str(given_up.value)


def test_a_driver_that_does_not_return_from_opening_again_ends_the_stream_with_an_error(yeti, monkeypatch):
    monkeypatch.setattr("kwsd.audio.driver.DEADLINE", 0.05)
    microphone = Microphone("yeti", stall=0.02)
    yeti.opens.clear()
    reader = Reader(microphone)
    reader.join()
    yeti.opens.set()

    assert isinstance(reader.error, DriverStuckError)


def test_the_stream_goes_on_and_can_be_closed_while_the_driver_does_not_return(yeti, monkeypatch):
    monkeypatch.setattr("kwsd.audio.microphone.CLOSE_TIMEOUT", 0.05)
    microphone = Microphone("yeti", stall=0.02)
    yeti.opens.clear()
    reader = Reader(microphone)
    assert yeti.restarted.acquire(timeout=PATIENCE)  # it now opens the device
    ticks = [reader.ticks.get(timeout=PATIENCE) for _ in range(5)]
    reader.stop()
    yeti.opens.set()

    assert {tick.seconds for tick in ticks} == {0.0}
    assert reader.error is None


def test_what_a_device_lost_while_it_stalled_is_lost_and_what_was_only_late_is_not(yeti, clock):
    status = Status()
    microphone = Microphone("yeti", stall=0.2, on_status=status)
    yeti.speak(np.zeros(44100))
    reader = Reader(microphone)
    lost = []
    for gap, heard in ((5.0, 1.0), (2.0, 2.0)):
        assert status.next()[0] == "microphone-lost"
        clock.now += gap
        yeti.speak(np.zeros(round(44100 * heard)))
        lost.append(status.next()[1]["lost"])
    reader.stop()

    assert lost == pytest.approx([4.0, 0.0], abs=0.01)


def test_a_microphone_that_is_lost_does_not_disturb_another_one(yeti):
    yeti.plug("Webcam").refresh()
    webcam = Microphone("Webcam")
    stream = yeti.stream
    reader = Reader(Microphone("yeti", stall=0.02))
    first = yeti.stream
    facts = yeti.plugged[0]
    yeti.unplug(YETI)
    wait_for(lambda: first.closed)
    yeti.plugged.append(facts)
    wait_for(lambda: yeti.stream is not first and yeti.stream.running)
    reader.stop()

    assert not stream.closed
    assert not yeti.restarted.acquire(blocking=False)
    webcam.close()


def test_after_a_hundred_faults_in_a_row_the_microphone_is_heard_at_the_right_time(yeti, clock):
    random, status, expected = np.random.default_rng(0), Status(), 1.0
    reader = Reader(Microphone("yeti", stall=0.02, on_status=status))
    clock.now += 1.0
    yeti.speak(np.zeros(44100))
    heard = [reader.next()]
    for fault in random.choice(["unplugged", "stalled", "late"], 100):
        assert status.next()[0] == "microphone-lost"
        gap, rate = random.uniform(0.5, 5.0), yeti.plugged[0]["rate"]
        if fault == "unplugged":
            rate = int(random.choice([16000, 44100, 48000]))
            yeti.unplug(yeti.plugged[0]["name"])
            yeti.restarted.acquire(timeout=PATIENCE)
            yeti.plug(f"Blue Yeti: USB Audio (hw:{random.integers(9)},0)", rate=rate)
            wait_for(lambda rate=rate: yeti.stream.running and yeti.stream.rate == rate)
        clock.now += gap
        yeti.speak(np.zeros(round(rate * (gap if fault == "late" else 0.5))))
        assert status.next()[0] == "microphone-back"
        expected += gap
        while heard[-1].time + heard[-1].seconds < expected - 0.15:
            heard.append(reader.next())
    reader.stop()

    assert heard[-1].time + heard[-1].seconds == pytest.approx(expected, abs=0.15)
    assert heard[-1].wall - heard[-1].time == pytest.approx(1e9 + 50, abs=0.15)
