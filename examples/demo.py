"""Enrol "hey snips" from five recordings, look for it in four minutes of talk, and compare with the truth."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

PHRASE = "hey snips"
SLACK = 0.3  # s by which a detection may lie beside the phrase and still be of it


@dataclass(frozen=True)
class Spoken:
    """One saying of the phrase: seconds, and who said it."""

    start: float
    end: float
    voice: str


@dataclass(frozen=True)
class Heard:
    """One detection: seconds, and how close it was."""

    start: float
    end: float
    distance: float


def kwsd(*arguments: str | Path) -> str:
    """What the command printed; the demonstration ends if it fails."""
    words = [str(one) for one in arguments]
    print("$ kwsd", *(f'"{word}"' if " " in word else word for word in words), flush=True)
    done = subprocess.run([sys.executable, "-m", "kwsd", *words], check=False, stdout=subprocess.PIPE, text=True)
    return done.stdout if done.returncode == 0 else sys.exit(done.returncode)


def truth(path: Path) -> list[Spoken]:
    """Where the phrase is."""
    with path.open(encoding="utf-8") as file:
        rows = csv.DictReader(file, delimiter="\t")
        return [Spoken(float(row["start"]), float(row["end"]), row["voice"]) for row in rows]


def matching(said: Spoken, heard: list[Heard]) -> Heard | None:
    """The detection of a saying, if there is one."""
    return next((h for h in heard if h.start < said.end + SLACK and h.end > said.start - SLACK), None)


def table(spoken: list[Spoken], heard: list[Heard]) -> list[str]:
    """A line for each saying and each false alarm, in the order of time."""
    pairs = [(said, matching(said, heard)) for said in spoken]
    rows = [(said.start, row(said, found)) for said, found in pairs]
    matched = [found for _, found in pairs]
    rows += [(one.start, row(None, one)) for one in heard if one not in matched]
    return [line for _, line in sorted(rows)]


def row(said: Spoken | None, found: Heard | None) -> str:
    """One line of the table."""
    spoken = f"{said.start:7.2f} - {said.end:6.2f}  {said.voice}" if said else ""
    heard = f"{found.start:7.2f} - {found.end:6.2f}  {found.distance:8.3f}" if found else ""
    verdict = "found" if said and found else "missed" if said else "false alarm"
    return f"{spoken:30}{heard:28}{verdict}"


def main() -> None:
    """Run the commands that a user would type, and print what came of them."""
    folder = Path(os.path.relpath(Path(__file__).parent))
    with tempfile.TemporaryDirectory(prefix="kwsd-demo-") as store:
        recordings = sorted((folder / "hey-snips").glob("*.flac"))
        print(kwsd("enroll", PHRASE, *recordings, "--second-look", "usual", "--store", store))
        begun = time.perf_counter()
        lines = kwsd("scan", folder / "long.ogg", "--jsonl", "--store", store).splitlines()
        seconds = time.perf_counter() - begun
    events = [json.loads(line) for line in lines]
    heard = [Heard(event["start"], event["end"], event["distance"]) for event in events]
    rows = table(truth(folder / "long.tsv"), heard)
    print(f"\n{'   spoken, s':20}{'voice':10}{'   detected, s':20}distance", *rows, sep="\n")
    counts = [sum(line.endswith(verdict) for line in rows) for verdict in ("found", "missed", "false alarm")]
    print("\nfound {}, missed {}, false alarms {};".format(*counts), f"the scan took {seconds:.1f} s from start to end")
    print('(near misses, such as "hey, chips" and "hey, sniff this", are in the talk on purpose)')


if __name__ == "__main__":
    main()
