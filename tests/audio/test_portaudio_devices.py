import sys

import pytest
from fake_portaudio import FakeSoundDevice, PortAudioError

from kwsd.audio import Microphone, devices
from kwsd.errors import AudioError, DeviceError


@pytest.fixture
def library(monkeypatch):
    fake = FakeSoundDevice()
    monkeypatch.setitem(sys.modules, "sounddevice", fake)
    return fake


@pytest.fixture
def desk(library):
    library.plug("HDA Intel: HDMI (hw:0,3)", channels=0)
    library.plug("HDA Intel: Analog (hw:0,0)", rate=44100, channels=2)
    library.plug("Webcam C920: USB Audio (hw:1,0)", rate=32000)
    library.plug("Blue Yeti: USB Audio (hw:2,0)", channels=2)
    library.default_name = "HDA Intel: Analog (hw:0,0)"
    library.refresh()
    return library


def chosen(wanted):
    microphone = Microphone(wanted)
    microphone.close()
    return microphone.device.index


def test_only_devices_that_record_are_listed_with_their_facts(desk):
    (analog, webcam, yeti) = devices()

    assert (analog.index, analog.name, analog.host_api) == (1, "HDA Intel: Analog (hw:0,0)", "ALSA")
    assert (analog.channels, analog.rate, analog.is_default) == (2, 44100, True)
    assert [webcam.is_default, yeti.is_default] == [False, False]


def test_a_machine_without_microphones_lists_none(library):
    assert devices() == []


@pytest.mark.parametrize(
    ("wanted", "index"),
    [(None, 1), (2, 2), ("2", 2), ("yeti", 3), ("WEBCAM", 2), ("HDA Intel: Analog (hw:0,0)", 1), ("hw:1,0", 2)],
)
def test_a_device_is_chosen_by_default_by_number_or_by_part_of_its_name(desk, wanted, index):
    assert chosen(wanted) == index


def test_a_whole_name_wins_over_longer_ones_that_contain_it(library):
    library.plug("default").plug("sysdefault").refresh()

    assert chosen("Default") == 0


def test_a_part_of_several_names_is_refused_with_the_candidates(desk):
    with pytest.raises(DeviceError) as refused:
        Microphone("usb audio")

    assert "a microphone 'usb audio' could be any of 2: 'Webcam" in str(refused.value)
    assert "3: 'Blue Yeti" in str(refused.value)
    assert "HDA Intel" not in str(refused.value)


@pytest.mark.parametrize("wanted", ["gramophone", 7, -1, 0])
def test_a_device_that_does_not_exist_is_refused_with_those_that_do(desk, wanted):
    with pytest.raises(DeviceError, match=rf"a microphone {wanted!r} does not exist; there is 1: 'HDA Intel: Analog"):
        Microphone(wanted)


def test_without_a_default_the_candidates_are_named(desk):
    desk.default_name = None

    with pytest.raises(DeviceError, match="the default microphone does not exist; there is 1: 'HDA"):
        Microphone()


def test_a_machine_without_microphones_says_so(library):
    with pytest.raises(DeviceError, match="no microphone was found; plug one in"):
        Microphone()


def test_a_device_that_will_not_open_is_refused_with_portaudios_reason(library):
    library.plug("Yeti", refuses="Device unavailable [PaErrorCode -9985]").refresh()

    with pytest.raises(DeviceError, match=r"the microphone 'Yeti' will not open: Device unavailable"):
        Microphone("Yeti")


def test_a_device_with_a_rate_too_low_for_speech_is_refused(library):
    library.plug("Telegraph", rate=4000).refresh()

    with pytest.raises(AudioError, match="the microphone 'Telegraph' has a sample rate of 4000 Hz"):
        Microphone("Telegraph")


def test_missing_portaudio_is_an_error_that_names_the_package(monkeypatch, tmp_path):
    (tmp_path / "sounddevice.py").write_text("raise OSError('PortAudio library not found')")
    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    monkeypatch.syspath_prepend(tmp_path)

    with pytest.raises(DeviceError, match="apt install libportaudio2"):
        devices()
    with pytest.raises(DeviceError, match="apt install libportaudio2"):
        Microphone()


def test_missing_sounddevice_is_an_error_that_names_the_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "sounddevice", None)

    with pytest.raises(DeviceError, match="pip install sounddevice"):
        devices()


def test_a_failing_portaudio_is_an_error_and_not_a_traceback(library, monkeypatch):
    def fail():
        raise PortAudioError("Unanticipated host error")

    monkeypatch.setattr(library, "query_devices", fail)

    with pytest.raises(DeviceError, match="PortAudio cannot list the devices: Unanticipated host error"):
        devices()


def test_the_real_sounddevice_has_what_is_used_of_it():
    sounddevice = pytest.importorskip("sounddevice", exc_type=OSError)

    assert all(map(callable, (sounddevice._terminate, sounddevice._initialize, sounddevice._exit_handler)))
    assert sounddevice._initialized >= 1
    assert all(device.rate > 0 for device in devices())
