"""PortAudio by sounddevice, imported only when a microphone is used: the list of devices and one input stream.

Every function that calls the driver returns within `kwsd.audio.driver.DEADLINE`, or raises DriverStuckError.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakSet

from kwsd.audio.driver import bounded
from kwsd.errors import DeviceError

BLOCK = 0.02  # s of audio per callback

Callback = Callable[[Any, int, Any, Any], None]

_open_streams: WeakSet[Any] = WeakSet()


@dataclass(frozen=True)
class Device:
    """An input device in PortAudio's list.

    Attributes:
        index: PortAudio's index, which can change when devices are plugged in or unplugged.
        name: the name that the driver gives.
        host_api: "ALSA", "JACK Audio Connection Kit", ...
        channels: the largest number of input channels.
        rate: the default sample rate in Hz.
        is_default: whether it is the system's default input device.
    """

    index: int
    name: str
    host_api: str
    channels: int
    rate: int
    is_default: bool

    @property
    def model(self) -> str:
        """The name without ALSA's card number, which can change when the device is plugged in again."""
        return re.sub(r"\s*\(hw:\d+,\d+\)$", "", self.name)


def load() -> Any:
    """The imported module sounddevice.

    Raises:
        DeviceError: sounddevice or PortAudio is not installed.
    """
    try:
        import sounddevice  # noqa: PLC0415  # loads PortAudio, which only microphones need
    except OSError:
        raise DeviceError("PortAudio is not installed; on Debian: apt install libportaudio2") from None
    except ImportError:
        raise DeviceError("sounddevice is not installed; pip install sounddevice") from None
    return sounddevice


def devices() -> list[Device]:
    """The input devices in PortAudio's order; an empty list if there are none.

    Raises:
        DeviceError: PortAudio is not installed, fails or does not return.
    """
    return bounded(_devices, "listing the devices")


def choose(wanted: int | str | None, found: Sequence[Device]) -> Device:
    """The device with this index, name or part of a name (upper or lower case); None is the system's default.

    Raises:
        DeviceError: there is no such device, or there are several; the message lists them.
    """
    if not found:
        raise DeviceError("no microphone was found; plug one in, and see that this user may use it (group audio)")
    matches = _matches(wanted, found)
    if len(matches) == 1:
        return matches[0]
    asked = "the default microphone" if wanted is None else f"a microphone {wanted!r}"
    if not matches:
        raise DeviceError(f"{asked} does not exist; there is {_described(found)}")
    raise DeviceError(f"{asked} could be any of {_described(matches)}; give more of the name, or the number")


def find_same(last: Device, found: Sequence[Device]) -> Device:
    """The device that was opened before, found by its name; its index may have changed.

    Raises:
        DeviceError: it is not in the list.
    """
    same = [device for device in found if device.model == last.model]
    if not same:
        raise DeviceError(f"the microphone {last.name!r} is not there")
    return next((device for device in same if device.name == last.name), same[0])


def open_stream(device: Device, callback: Callback) -> Any:
    """A running input stream of float32 at the device's own rate: mono, or all channels if mono is not supported.

    Raises:
        DeviceError: the device cannot be opened, or the driver does not return.
    """
    stream = bounded(lambda: _open_any(device, callback), f"opening the microphone {device.name!r}")
    _open_streams.add(stream)
    return stream


def close_stream(stream: Any, seconds: float | None = None) -> None:
    """Close the stream.

    Raises:
        DriverStuckError: the driver did not close it within so many seconds.
    """
    _open_streams.discard(stream)
    bounded(lambda: _close(stream), "closing a microphone", seconds)


def reinitialize() -> None:
    """Initialize PortAudio again, because only then it lists new devices; nothing while another microphone is open.

    Raises:
        DeviceError: PortAudio fails or does not return.
    """
    if not _open_streams:  # PortAudio closes all of them
        bounded(_reinitialize, "starting again")


def _devices() -> list[Device]:
    library = load()
    try:
        apis = [api["name"] for api in library.query_hostapis()]
        default = library.default.device[0]
        listed = list(library.query_devices())
    except library.PortAudioError as error:
        raise DeviceError(f"PortAudio cannot list the devices: {error}") from None
    return [_parsed(facts, apis, default) for facts in listed if facts["max_input_channels"] > 0]


def _parsed(facts: Any, apis: Sequence[str], default: int) -> Device:
    return Device(
        index=facts["index"],
        name=facts["name"],
        host_api=apis[facts["hostapi"]],
        channels=facts["max_input_channels"],
        rate=round(facts["default_samplerate"]),
        is_default=facts["index"] == default,
    )


def _matches(wanted: int | str | None, found: Sequence[Device]) -> list[Device]:
    if wanted is None:
        return [device for device in found if device.is_default]
    if isinstance(wanted, int) or wanted.isdecimal():
        return [device for device in found if device.index == int(wanted)]
    part = wanted.casefold()
    exact = [device for device in found if device.name.casefold() == part]
    return exact or [device for device in found if part in device.name.casefold()]


def _described(found: Sequence[Device]) -> str:
    return ", ".join(f"{device.index}: {device.name!r} ({device.host_api})" for device in found)


def _open_any(device: Device, callback: Callback) -> Any:
    library = load()
    try:
        return _open(library, device, 1, callback)
    except library.PortAudioError as error:
        reason = error
    # Some raw devices do not support mono.
    try:
        return _open(library, device, device.channels, callback)
    except library.PortAudioError:
        raise DeviceError(f"the microphone {device.name!r} will not open: {reason}") from None


def _open(library: Any, device: Device, channels: int, callback: Callback) -> Any:
    stream = library.InputStream(
        samplerate=device.rate,
        blocksize=round(device.rate * BLOCK),
        device=device.index,
        channels=channels,
        dtype="float32",
        callback=callback,
    )
    try:
        stream.start()
    except library.PortAudioError:
        stream.close()
        raise
    return stream


def _close(stream: Any) -> None:
    # Without an abort before it, close sometimes waits for ever.
    stream.abort(ignore_errors=True)
    stream.close(ignore_errors=True)


def _reinitialize() -> None:
    library = load()
    try:
        if library._initialized:
            library._terminate()
        library._initialize()
    except library.PortAudioError as error:
        raise DeviceError(f"PortAudio does not start again: {error}") from None
