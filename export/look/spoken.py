"""Words and phrases in many timbres by eSpeak NG: as many more speakers of what people say in the corpora."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tqdm import tqdm

from export import corpus

ACCENTS = ("en-us", "en-gb", "en-gb-x-rp", "en-gb-scotland", "en-029", "en-gb-x-gbclan", "en-gb-x-gbcwmd")
VARIANTS = (  # not those of benchmarks.near_voices, which judge
    *("f3", "m2", "m6", "m8", "klatt", "klatt2", "klatt4", "klatt5", "whisper", "croak", "Alex", "Annie", "Gene"),
    *("Andrea", "Andy", "Diogo", "Ed", "Jacky", "Lee", "Mario", "Michael", "Mike", "Mr serious", "Storm", "linda"),
    *("max", "michel", "robosoft", "steph", "victor", "zac", "Denis", "Henrique", "Hugo", "Iven", "Marcelo", "travis"),
)
TIMES = 5  # that each text is said
SPEEDS, PITCHES = (120, 220), (20, 80)  # words a minute; as eSpeak NG counts


def say(texts: Sequence[str], folder: Path, seed: int) -> dict[str, list[tuple[str, Path]]]:
    """The recordings of each text, with their voices; what was said before is kept.

    Args:
        texts: to say, each TIMES by different voices.
        folder: of the recordings, as Opus files.
        seed: of the choice of voices.
    """
    rng, jobs = random.Random(seed), []
    folder.mkdir(parents=True, exist_ok=True)
    for i, text in enumerate(texts):
        for variant in rng.sample(VARIANTS, TIMES):
            voice = f"{rng.choice(ACCENTS)}+{variant}"
            jobs.append((text, voice, rng.randint(*SPEEDS), rng.randint(*PITCHES), folder / f"{i}-{variant}.opus"))
    with ThreadPoolExecutor() as pool:
        list(tqdm(pool.map(lambda job: _say(*job), jobs), total=len(jobs), desc="speak", unit="phrase"))
    found: dict[str, list[tuple[str, Path]]] = {text: [] for text in texts}
    for text, voice, _, _, path in jobs:
        found[text].append((f"espeak {voice.split('+')[1]}", path))
    return found


def _say(text: str, voice: str, speed: int, pitch: int, path: Path) -> None:
    if path.exists():
        return
    spoken = path.with_suffix(".wav")
    command = ["espeak-ng", "-v", voice, "-s", str(speed), "-p", str(pitch), "-w", str(spoken), text]
    subprocess.run(command, check=True, capture_output=True)
    corpus.write(path, corpus.read(spoken))
    spoken.unlink()
