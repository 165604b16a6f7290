"""Recordings that no phrase can be enrolled from, by what is wrong with them, made of a good one."""

import numpy as np
import soundfile as sf

RATE = 16_000


def empty(path, good):
    path.write_bytes(b"")


def without_audio(path, good):
    sf.write(path, np.zeros(0), RATE)


def silent(path, good):
    sf.write(path, np.zeros(RATE), RATE)


def truncated(path, good):
    path.write_bytes(good.read_bytes()[: good.stat().st_size * 3 // 4])


def too_short(path, good):
    sf.write(path, np.pad(_phrase(good)[: RATE // 10], RATE), RATE)


def too_long(path, good):
    sf.write(path, np.tile(_phrase(good), 12), RATE)


def text(path, good):
    path.write_text("I am not a recording.\n")


def slow(path, good):
    sf.write(path, sf.read(good)[0][::4], 4_000)


def not_a_number(path, good):
    samples = sf.read(good, dtype="float32")[0]
    samples[len(samples) // 2] = np.nan
    sf.write(path, samples, RATE, subtype="FLOAT")


def missing(path, good):
    pass


def folder(path, good):
    path.mkdir()


KINDS = {
    empty: "is empty",
    without_audio: "holds no audio",
    silent: "holds no speech",
    truncated: "is damaged or cut short",
    too_short: "s of speech, a keyword needs 0.2 s",
    too_long: "s of speech, a keyword has at most 5 s",
    text: "is not a recording that can be read",
    slow: "has a sample rate of 4000 Hz",
    not_a_number: "has a sample that is not a finite number",
    missing: "does not exist",
    folder: "is a directory",
}


def _phrase(good):
    samples = sf.read(good)[0]
    loud = np.flatnonzero(np.abs(samples) > 0.2 * np.abs(samples).max())
    return samples[loud[0] : loud[-1]]
