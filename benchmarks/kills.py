"""kill -9 at random moments while kwsd changes or reads a store of keywords: `python -m benchmarks.kills`.

The verb runs in a forked process on a store of two keywords; a further process does nothing but save, so that most
kills come in the middle of it, and a listening one is killed while it reads the keywords again. After the kill every
keyword must load, with what was learned about it, the store must be as before the verb or as after it, and the next
save must delete what is left. Figures in docs/reliability.md.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from io import FileIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NoReturn

import click
import numpy as np

from benchmarks.tables import table
from kwsd.audio import RATE, read
from kwsd.cli import main as kwsd
from kwsd.enrolment.enroll import enroll
from kwsd.enrolment.hit import Hit
from kwsd.events.messages import State
from kwsd.keywords import experience
from kwsd.keywords.store import Store
from kwsd.tokenizer.tokenizer import Tokenizer

SEED = 9
SAVES, SAVING = "saves without a pause", 0.2  # s within which they are killed
RELOAD = "a reload of listen"
STARTING = 60.0  # s within which a process listens
EXAMPLES = Path(__file__).parent.parent / "examples"

Files = dict[str, bytes]


@dataclass
class Counts:
    """What became of a verb that was killed.

    Attributes:
        verb: its name.
        before, after: kills after which the store was as before the verb, and as after it.
        too_late: of them, kills that came after the verb had ended.
        left: of them, kills after which there was a temporary file.
        faults: a sentence for each kill after which the store was otherwise.
    """

    verb: str
    before: int
    after: int
    too_late: int
    left: int
    faults: list[str]


class Trials:
    """Runs verbs on copies of one store and kills them.

    Args:
        folder: an empty one, for all files.
        recordings: of a phrase, at least three.
    """

    def __init__(self, folder: Path, recordings: Sequence[Path]) -> None:
        tokenizer = Tokenizer()
        keyword = enroll("hey snips", recordings[:2], tokenizer).keyword
        self._whole, self._store = Store(folder / "whole"), Store(folder / "store")
        self._versions = keyword, replace(keyword, threshold=0.1)
        for name in ("hey snips", "another"):
            self._whole.save(replace(keyword, name=name))
        stranger = Store(folder / "stranger").save(self._versions[1])
        options = ["--store", str(self._store.folder)]
        hit = str(_hit(recordings[2], tokenizer).save(folder / "hits"))
        self.verbs = {
            "enroll": ["enroll", "hey snips", str(recordings[2]), *options],
            "keywords import": ["keywords", "import", str(stranger), "--replace", *options],
            "keywords remove": ["keywords", "remove", "hey snips", *options],
            "feedback --true": ["feedback", hit, "--true", *options],
            "feedback --false": ["feedback", hit, "--false", *options],
        }
        sockets = ["--endpoint", f"ipc://{folder}/events", "--control", f"ipc://{folder}/control"]
        live = ["--file", str(EXAMPLES / "long.ogg"), "--realtime", "--learn-background", "--jsonl"]
        self._listen = ["listen", *live, *sockets, *options]

    def run(self, verb: str, kills: int) -> Counts:
        """Kill a verb so many times, each time at a random moment of its time."""
        counts, random = Counts(verb, 0, 0, 0, 0, []), np.random.default_rng([SEED, *verb.encode()])
        before = self.restore()
        seconds = self._once(verb)
        after = self.files()
        for number in range(kills):
            self.restore()
            ended = self.run_verb(verb, float(random.uniform(0, 1.1 * seconds))) is not None
            found = self.files()
            counts.before += found == before
            counts.after += found == after != before
            counts.too_late += ended
            counts.left += bool(_parts(self._store.folder))
            if found not in (before, after) or not self._is_usable():
                counts.faults.append(f"{verb}, kill {number}: the store is neither as before nor as after")
        return counts

    def _once(self, verb: str) -> float:
        """Run a verb to its end, and return for how long it can be killed."""
        if verb == SAVES:
            self._store.save(self._versions[1])
            return SAVING
        return self.run_verb(verb, None) or 0.0

    def _save_for_ever(self) -> NoReturn:
        while True:
            for keyword in self._versions:
                self._store.save(keyword)

    def restore(self) -> Files:
        """Make the store as it is before a verb, and return its keyword files."""
        shutil.rmtree(self._store.folder, ignore_errors=True)
        shutil.copytree(self._whole.folder, self._store.folder)
        return self.files()

    def run_verb(self, verb: str, patience: float | None) -> float | None:
        """Seconds that the verb took; None if it was killed after so many."""
        if verb == RELOAD:
            return self._reload(patience)
        began = time.monotonic()
        child = _fork()
        if not child:
            _be(self._save_for_ever if verb == SAVES else lambda: kwsd.main(self.verbs[verb]))
        while patience is None or time.monotonic() - began < patience:
            if os.waitpid(child, os.WNOHANG)[0]:
                return time.monotonic() - began
            time.sleep(0.0002)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return None

    def _reload(self, patience: float | None) -> float | None:
        """Seconds in which a listening kwsd read the keywords again; None if it was killed after so many before."""
        reader, writer = os.pipe()
        child = _fork()
        if not child:
            _be(lambda: kwsd.main(self._listen), output=writer)
        os.close(writer)
        with os.fdopen(reader, "rb", buffering=0) as events:
            _await(events, State.LISTENING, STARTING)
            began = time.monotonic()
            os.kill(child, signal.SIGHUP)
            was_read = _await(events, State.RELOADED, STARTING if patience is None else patience)
            seconds = time.monotonic() - began
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        return seconds if was_read else None

    def files(self) -> Files:
        """The keyword files in the store, by their names."""
        return {path.name: path.read_bytes() for path in self._store.folder.glob("*.kwsd")}

    def _is_usable(self) -> bool:
        """Whether all keywords load with what was learned, and the next save leaves nothing but keywords."""
        keywords = [self._store.load(name) for name in self._store.names()]
        for keyword in keywords:
            experience.load(self._store.folder / f"{keyword.name}{experience.SUFFIX}", keyword)
        self._store.save(replace(keywords[0], name="the next"))
        return not _parts(self._store.folder)


def _fork() -> int:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of threads, which wait for work here
        return os.fork()


def _be(act: Callable[[], object], output: int | None = None) -> None:
    """Become a process that does this, in silence or with this output."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere if output is None else output, 1)
    os.dup2(nowhere, 2)
    sys.stdout = os.fdopen(1, "w", closefd=False)  # in a test it is another file
    try:
        act()
    finally:
        os._exit(0)


def _await(events: FileIO, state: State, seconds: float) -> bool:
    """Read lines of JSON until one says that state; whether it came within so many seconds."""
    end = time.monotonic() + seconds
    while select.select([events], [], [], max(0.0, end - time.monotonic()))[0]:
        line = events.readline()
        if not line:
            return False
        if json.loads(line).get("state") == state:
            return True
    return False


def _hit(recording: Path, tokenizer: Tokenizer) -> Hit:
    """A recording as a detection in it would have been kept."""
    samples = read(recording, None)
    end = len(samples) / RATE
    return Hit("hey snips", samples, 0.3, max(0.4, end - 0.3), 0.3, 0.5, tokenizer.digest, time.time())


def _parts(folder: Path) -> list[Path]:
    return list(folder.glob(".*.part"))


@click.command()
@click.option("--kills", default=1000, show_default=True, help="Of all verbs together.")
@click.option("--only", "chosen", multiple=True, help="A verb; may be given several times. All if there is none.")
def main(kills: int, chosen: tuple[str, ...]) -> None:
    """Kill kwsd while it changes a store of keywords."""
    with TemporaryDirectory() as folder:
        trials = Trials(Path(folder), sorted((EXAMPLES / "hey-snips").glob("*.flac")))
        verbs = chosen or (*trials.verbs, RELOAD, SAVES)
        found = [trials.run(verb, -(-kills // len(verbs))) for verb in verbs]
    columns = ("verb", "kills", "store as before", "as after", "verb had ended", "left a temporary file", "faults")
    click.echo(table(columns, [(one.verb, one.before + one.after + len(one.faults), one.before, one.after,
                                one.too_late, one.left, len(one.faults)) for one in found]))  # fmt: skip
    for one in found:
        for fault in one.faults:
            click.echo(fault)


if __name__ == "__main__":
    main()
