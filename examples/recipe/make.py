"""Make the recordings of `make demo`: five to enrol, one odd one out, and a long one with its truth."""

import argparse
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray
from rooms import babble, noise, placed, response, speech_level
from voices import PHRASE, RATE, Audio, Cast

HERE = Path(__file__).parent
OPUS_24_KBIT = 0.928  # libsndfile's compression level: 0 is 256 kbit/s, 1 is 6 kbit/s
TALKERS = 6  # people in a babble
PEAK = 0.9

Signal = NDArray[np.float64]


@dataclass(frozen=True)
class Occurrence:
    """One saying of the phrase: its times in s, its voice."""

    start: float
    end: float
    voice: str

    def later(self, seconds: float) -> "Occurrence":
        """Return the same saying in a longer recording."""
        return Occurrence(self.start + seconds, self.end + seconds, self.voice)


class Studio:
    """Records scenes: people who speak in turn, in a room, over its noise."""

    def __init__(self, cast: Cast, seed: int):
        self._cast = cast
        self._rng = np.random.default_rng(seed)
        self._bystanders: list[Audio] = []

    def scene(self, scene: dict[str, Any]) -> tuple[Signal, list[Occurrence]]:
        """Return the recording of a scene and where the phrase is in it."""
        speech, truth = self._speech(scene)
        level = 10 ** (scene["level"] / 20)
        speech *= level / speech_level(speech)
        sound = speech + level / 10 ** (scene["snr"] / 20) * self._noise(scene["noise"], len(speech))
        return sound * min(1.0, PEAK / np.abs(sound).max()), truth

    def _speech(self, scene: dict[str, Any]) -> tuple[Signal, list[Occurrence]]:
        places: dict[str, Signal] = {}
        track = np.zeros(0)
        truth = []
        for voice, text, *speed in scene["lines"]:
            if voice not in places:
                places[voice] = response(scene["room"], scene["reverberation"], self._rng)
            said, spans = self._cast.say(voice, text, *speed)
            begin = len(track) + self._pause(scene)
            track = _overlay(track, self._loudness() * placed(said / np.std(said), places[voice]), begin, len(said))
            truth += [Occurrence(a, b, voice).later(begin / RATE) for a, b in spans]
            if not spans:
                self._bystanders.append(said)
        return np.append(track, np.zeros(self._pause(scene))), truth

    def _pause(self, scene: dict[str, Any]) -> int:
        return int(self._rng.uniform(*scene.get("pause", (0.4, 1.1))) * RATE)

    def _loudness(self) -> float:
        """Return a gain: nobody speaks equally loudly twice."""
        return float(10 ** (self._rng.uniform(-2, 2) / 20))

    def _noise(self, kind: str, n: int) -> Signal:
        if kind == "babble":
            return babble(self._bystanders[-TALKERS:], n, self._rng)
        return noise(kind, n, self._rng)


def _overlay(track: Signal, heard: Signal, begin: int, length: int) -> Signal:
    """Return the track with a line added at `begin`; the line's tail rings on in what follows."""
    end = begin + max(length, len(heard))
    longer = np.append(track, np.zeros(max(0, end - len(track))))
    longer[begin : begin + len(heard)] += heard
    return longer


def long_recording(studio: Studio, scenes: list[dict[str, Any]]) -> tuple[Signal, list[Occurrence]]:
    """Return all scenes one after the other and where the phrase is."""
    parts: list[Signal] = []
    truth: list[Occurrence] = []
    for scene in scenes:
        sound, found = studio.scene(scene)
        truth += [o.later(sum(map(len, parts)) / RATE) for o in found]
        parts.append(sound)
    return np.concatenate(parts), truth


def write_truth(path: Path, truth: list[Occurrence]) -> None:
    """Write one line a saying of the phrase: start and end (s), text, voice."""
    rows = [f"{o.start:.2f}\t{o.end:.2f}\t{PHRASE}\t{o.voice}" for o in truth]
    path.write_text("\n".join(["start\tend\ttext\tvoice", *rows]) + "\n", "utf-8")


def main() -> None:
    """Make everything that script.toml asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("styles", type=Path, help="the folder `voices` of the npm package kokoro-js")
    parser.add_argument("--out", type=Path, default=HERE.parent, help="the folder to write to (default: examples)")
    arguments = parser.parse_args()
    script = tomllib.loads((HERE / "script.toml").read_text("utf-8"))
    studio = Studio(Cast(arguments.styles), script["seed"])
    for take in script["take"]:
        path = arguments.out / take["file"]
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, studio.scene(take)[0], RATE, "PCM_16")
    sound, truth = long_recording(studio, script["scene"])
    opus = {"format": "OGG", "subtype": "OPUS", "compression_level": OPUS_24_KBIT}
    soundfile.write(arguments.out / "long.ogg", sound, RATE, **opus)
    write_truth(arguments.out / "long.tsv", truth)


if __name__ == "__main__":
    main()
