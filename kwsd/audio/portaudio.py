"""PortAudio through sounddevice, loaded only when a microphone is wanted: the list of devices and one open stream."""

from __future__ import annotations

import atexit
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from kwsd.errors import DeviceError

BLOCK = 0.02  # s of audio a callback
PATIENCE = 5.0  # s; a driver whose device is gone may never let go of its stream

Callback = Callable[[Any, int, Any, Any], None]


@dataclass(frozen=True)
class Device:
    """An input device as PortAudio lists it.

    Attributes:
        index: PortAudio's number of it, which changes when devices come and go.
        name: as the driver gives it.
        host_api: "ALSA", "JACK Audio Connection Kit", ...
        channels: the most that it records.
        rate: its own sample rate in Hz.
        is_default: it is the one that the system would choose.
    """

    index: int
    name: str
    host_api: str
    channels: int
    rate: int
    is_default: bool

    @property
    def model(self) -> str:
        """The name without ALSA's card number, which differs after the device was plugged in again."""
        return re.sub(r"\s*\(hw:\d+,\d+\)$", "", self.name)


def load() -> Any:
    """The module sounddevice.

    Raises:
        DeviceError: it or PortAudio is not installed.
    """
    try:
        import sounddevice  # noqa: PLC0415  # loads PortAudio, which only microphones need
    except OSError:
        raise DeviceError("PortAudio is not installed; on Debian: apt install libportaudio2") from None
    except ImportError:
        raise DeviceError("sounddevice is not installed; pip install sounddevice") from None
    return sounddevice


def devices() -> list[Device]:
    """The devices that can record, in PortAudio's order; none is an empty list.

    Raises:
        DeviceError: PortAudio is not installed or fails.
    """
    library = load()
    try:
        apis = [api["name"] for api in library.query_hostapis()]
        default = library.default.device[0]
        listed = list(library.query_devices())
    except library.PortAudioError as error:
        raise DeviceError(f"PortAudio cannot list the devices: {error}") from None
    return [_device(facts, apis, default) for facts in listed if facts["max_input_channels"] > 0]


def choose(wanted: int | str | None, found: Sequence[Device]) -> Device:
    """The device with that index, that name or that part of a name (in any case); None is the system's default.

    Raises:
        DeviceError: there is no such device, or there are several; the candidates are named.
    """
    if not found:
        raise DeviceError("no microphone was found; plug one in, and see that this user may use it (group audio)")
    matches = _matches(wanted, found)
    if len(matches) == 1:
        return matches[0]
    asked = "the default microphone" if wanted is None else f"a microphone {wanted!r}"
    if not matches:
        raise DeviceError(f"{asked} does not exist; there is {_listed(found)}")
    raise DeviceError(f"{asked} could be any of {_listed(matches)}; give more of the name, or the number")


def again(last: Device, found: Sequence[Device]) -> Device:
    """The device that was opened before, by its name, whatever number it has now.

    Raises:
        DeviceError: it is not there.
    """
    same = [device for device in found if device.model == last.model]
    if not same:
        raise DeviceError(f"the microphone {last.name!r} is not there")
    return next((device for device in same if device.name == last.name), same[0])


def start(device: Device, callback: Callback) -> Any:
    """A running stream of float32 at the device's own rate, of which the first channel matters.

    Raises:
        DeviceError: the device will not open.
    """
    library = load()
    try:
        return _started(library, device, 1, callback)
    except library.PortAudioError as error:
        reason = error
    # Some raw devices have no mono mode at all.
    try:
        return _started(library, device, device.channels, callback)
    except library.PortAudioError:
        raise DeviceError(f"the microphone {device.name!r} will not open: {reason}") from None


def stop(stream: Any) -> None:
    """Close the stream.

    Raises:
        DeviceError: the driver did not let go of it within 5 s; this process cannot use PortAudio any more.
    """
    closing = threading.Thread(target=_close, args=(stream,), name="kwsd-portaudio", daemon=True)
    closing.start()
    closing.join(PATIENCE)
    if closing.is_alive():
        # At exit sounddevice would wait for the same driver, for ever.
        atexit.unregister(load()._exit_handler)
        raise DeviceError("the driver does not let go of a microphone that is gone; start kwsd again")


def restart() -> None:
    """Let PortAudio look for devices again, which it only does at its start; no stream may be open.

    Raises:
        DeviceError: PortAudio fails.
    """
    library = load()
    try:
        if library._initialized:
            library._terminate()
        library._initialize()
    except library.PortAudioError as error:
        raise DeviceError(f"PortAudio does not start again: {error}") from None


def _device(facts: Any, apis: Sequence[str], default: int) -> Device:
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


def _listed(found: Sequence[Device]) -> str:
    return ", ".join(f"{device.index}: {device.name!r} ({device.host_api})" for device in found)


def _started(library: Any, device: Device, channels: int, callback: Callback) -> Any:
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
    # Without an abort first, PortAudio has been seen to wait for ever in close.
    stream.abort(ignore_errors=True)
    stream.close(ignore_errors=True)
