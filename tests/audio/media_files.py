"""Files as telephones, browsers and cameras make them, encoded by PyAV and by Speex's own encoder."""

import shutil
import subprocess
from fractions import Fraction

import av
import pytest
from audio_signals import write

# name: codec, container, sample rate
KINDS = {
    "phone.m4a": ("aac", "mp4", 44_100),
    "lossless.m4a": ("alac", "mp4", 48_000),
    "browser.webm": ("libopus", "webm", 48_000),
    "camera.mov": ("aac", "mov", 48_000),
    "film.mkv": ("aac", "matroska", 48_000),
    "voice.amr": ("libopencore_amrnb", "amr", 8_000),
    "voice.3gp": ("libopencore_amrnb", "3gp", 8_000),
    "raw.aac": ("aac", "adts", 48_000),
    "old.avi": ("pcm_s16le", "avi", 48_000),
    "telephone.wav": ("g722", "wav", 16_000),
    "television.ts": ("aac", "mpegts", 48_000),
}


LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}


def encode(path, samples, rate, codec, container, video=False, late=0.0):
    """Write samples [n] or [n, channels]; `late` seconds after the beginning, where there is a picture, if asked."""
    frames = samples.reshape(len(samples), -1)
    with av.open(str(path), "w", format=container) as file:
        picture = file.add_stream("mpeg4", rate=25, width=64, height=48, pix_fmt="yuv420p") if video else None
        sound = file.add_stream(codec, rate=rate, layout=LAYOUTS[frames.shape[1]])
        if picture:
            for _ in range(25 * max(1, round(len(samples) / rate + late))):
                file.mux(picture.encode(av.VideoFrame(64, 48, "yuv420p")))
            file.mux(picture.encode(None))
        for at in range(0, len(samples), rate):  # PyAV takes long for a long frame
            frame = av.AudioFrame.from_ndarray(frames[at : at + rate].reshape(1, -1), "flt", sound.layout.name)
            frame.sample_rate, frame.pts, frame.time_base = rate, at + round(late * rate), Fraction(1, rate)
            file.mux(sound.encode(frame))
        file.mux(sound.encode(None))
    return path


def encoded(folder, name, signal):
    """The file of that name in KINDS, of the signal that a function makes for a rate."""
    codec, container, rate = KINDS[name]
    return encode(folder / name, signal(rate), rate, codec, container)


def speex(path, samples, rate):
    if not shutil.which("speexenc"):
        pytest.skip("Speex has no encoder here: apt-get install speex")
    wav = write(path.with_suffix(".wav"), samples, rate)
    subprocess.run(["speexenc", "--quality", "10", wav, path], check=True, capture_output=True)
    return path
