"""sounddevice as kwsd uses it, with devices that tests plug in, speak into and pull out."""

import threading
from types import SimpleNamespace

import numpy as np


class PortAudioError(Exception):
    pass


class FakeSoundDevice:
    """Stands in for the module. Like PortAudio it sees new devices only after a restart."""

    PortAudioError = PortAudioError

    def __init__(self):
        self._initialized = 1
        self.plugged = []
        self._listed = []
        self.default_name = None
        self.streams = []
        self.output_rate = None  # Hz, of the output device if there is one
        self.played = []
        self.started = threading.Semaphore(0)
        self.restarted = threading.Semaphore(0)
        self._change = threading.Condition()
        self.opens, self.closes = threading.Event(), threading.Event()  # unset, the driver does not return
        self.opens.set()
        self.closes.set()

    def plug(self, name, rate=48000, channels=1, **facts):
        self.plugged.append({"name": name, "rate": rate, "channels": channels, "mono": True, "refuses": None, **facts})
        return self

    def unplug(self, name):
        self.plugged = [device for device in self.plugged if device["name"] != name]

    def speak(self, samples, overflow=False):
        """Into the stream that runs, or into the next one that does."""
        with self._change:
            assert self._change.wait_for(lambda: self.streams and self.stream.running, 30.0)
            stream = self.stream
        stream.hear(samples, overflow)

    def note(self, stream, running):
        with self._change:
            stream.running = running
            self._change.notify_all()

    def refresh(self):
        self._listed = list(self.plugged)

    # What kwsd calls

    def _terminate(self):
        assert self._initialized == 1
        assert all(stream.closed for stream in self.streams), "PortAudio must not stop under an open stream"
        self._initialized = 0

    def _initialize(self):
        self._initialized = 1
        self.refresh()
        self.restarted.release()

    def _exit_handler(self):
        """What sounddevice registers with atexit."""

    @property
    def default(self):
        names = [device["name"] for device in self._listed]
        return SimpleNamespace(device=[names.index(self.default_name) if self.default_name in names else -1, -1])

    def query_hostapis(self):
        return ({"name": "ALSA"}, {"name": "JACK"})

    def query_devices(self, kind=None):
        if kind == "output":
            if self.output_rate is None:
                raise PortAudioError("Error querying device -1")
            return {"default_samplerate": float(self.output_rate)}
        return [
            {
                "index": index,
                "name": device["name"],
                "hostapi": 0,
                "max_input_channels": device["channels"],
                "default_samplerate": float(device["rate"]),
            }
            for index, device in enumerate(self._listed)
        ]

    def OutputStream(self, samplerate, **_):  # noqa: N802  # the name is sounddevice's
        assert samplerate == self.output_rate, "raw devices only open at their own rate"
        return FakeOutput(self.played)

    def InputStream(self, **options):  # noqa: N802  # the name is sounddevice's
        self.opens.wait()
        device = self._listed[options["device"]]
        if device not in self.plugged or device["refuses"]:
            raise PortAudioError(device["refuses"] or "Device unavailable [PaErrorCode -9985]")
        if options["channels"] == 1 and not device["mono"]:
            raise PortAudioError("Invalid number of channels [PaErrorCode -9998]")
        assert options["samplerate"] == device["rate"], "raw devices only open at their own rate"
        stream = FakeStream(self, **options)
        self.streams.append(stream)
        return stream

    @property
    def stream(self):
        return self.streams[-1]


class FakeStream:
    """An input stream whose callback runs when a test speaks."""

    def __init__(self, library, callback, channels, samplerate, **_):
        self._library = library
        self._callback = callback
        self.channels = channels
        self.rate = samplerate
        self.running = self.closed = False

    def start(self):
        self._library.note(self, running=True)
        self._library.started.release()

    def abort(self, ignore_errors):
        self._library.note(self, running=False)

    def close(self, ignore_errors=True):
        self._library.closes.wait()
        self.closed = True

    def hear(self, samples, overflow):
        frames = np.repeat(samples.reshape(-1, 1), self.channels, axis=1).astype(np.float32)
        frames[:, 1:] = -frames[:, 1:]
        times = SimpleNamespace(currentTime=0.0, inputBufferAdcTime=0.0, outputBufferDacTime=0.0)
        self._callback(frames, len(frames), times, SimpleNamespace(input_overflow=overflow))
        frames[:] = np.nan  # PortAudio uses the buffer again


class FakeOutput:
    """An output stream that keeps what is written to it."""

    latency = 0.1

    def __init__(self, played):
        self._played = played
        self._running = False

    def start(self):
        self._running = True

    def write(self, samples):
        assert self._running
        self._played.append(samples)

    def abort(self, ignore_errors):
        self._running = False

    def close(self, ignore_errors):
        assert not self._running
