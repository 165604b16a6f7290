"""From a detection's event to the page of `kwsd monitor` in a browser: `python -m benchmarks.page`.

A kwsd listens at `examples/long.ogg` at the pace of its time. Needs chromium, and Playwright from PyPI.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import numpy as np
from playwright.sync_api import Page, sync_playwright

from benchmarks.tables import table
from kwsd.enrolment.enroll import enroll
from kwsd.events.messages import DetectionEvent
from kwsd.events.subscriber import Subscription, subscribe
from kwsd.keywords.store import Store
from kwsd.tokenizer.tokenizer import Tokenizer

EXAMPLES = Path(__file__).parent.parent / "examples"
PATIENCE = 60.0  # s without an event after which the file has ended
WATCH = """() => {
  window.seen = [];
  const note = () => requestAnimationFrame(() => seen.push(Date.now() / 1000));
  new MutationObserver(note).observe(document.getElementById("detections"), { childList: true });
}"""


@contextmanager
def running(*words: object, folder: Path | None = None) -> Iterator[subprocess.Popen[str]]:
    """A `kwsd WORDS...` in a folder, that is ended after the context."""
    command = [sys.executable, "-m", "kwsd", *map(str, words)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=folder) as process:
        yield process
        process.terminate()


def delays(events: Subscription, page: Page, count: int) -> list[float]:
    """Seconds from each of the first `count` events to the picture in which it is seen."""
    walls = []
    for event in events:
        if isinstance(event, DetectionEvent):
            walls.append(event.wall)
        if len(walls) == count:
            break
    page.wait_for_function("(count) => seen.length >= count", arg=len(walls))
    seen: list[float] = page.evaluate("seen")
    return [shown - wall for wall, shown in zip(walls, seen, strict=False)]


@click.command()
@click.option("--detections", default=8, show_default=True, help="How many to wait for, of the eight in the file.")
def main(detections: int) -> None:
    """Print how long after its event a detection is on the page."""
    with tempfile.TemporaryDirectory(prefix="kwsd-page-") as name, sync_playwright() as driver:
        store, sockets = Path(name) / "store", f"ipc://{name}"
        recordings = sorted((EXAMPLES / "hey-snips").glob("*.flac"))
        Store(store).save(enroll("hey snips", recordings, Tokenizer()).keyword)
        places = ("--store", store, "--endpoint", f"{sockets}/events.ipc", "--control", f"{sockets}/control.ipc")
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page()
        with running("monitor", "--port", 0, *places) as monitor:
            assert monitor.stdout
            page.goto(monitor.stdout.readline().strip())
            page.evaluate(WATCH)
            with (
                subscribe(f"{sockets}/events.ipc", timeout=PATIENCE) as events,
                running("listen", "--file", EXAMPLES / "long.ogg", "--realtime", *places),
            ):
                found = 1000 * np.array(delays(events, page, detections))
        browser.close()
    figures = (len(found), np.median(found), found.max())
    click.echo(table(("detections", "median, ms", "longest, ms"), [figures]))


if __name__ == "__main__":
    main()
