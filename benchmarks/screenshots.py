"""The pictures of the page in `docs/`: `python -m benchmarks.screenshots`.

A kwsd listens at `examples/`, at the pace of its time, until three keywords were detected. Needs chromium, and
Playwright from PyPI.
"""

from __future__ import annotations

import io
import shutil
import tempfile
from pathlib import Path
from typing import Literal

import click
import numpy as np
import soundfile as sf
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.page import EXAMPLES, running
from kwsd.enrolment.enroll import enroll
from kwsd.keywords.store import Store
from kwsd.tokenizer.tokenizer import Tokenizer

OUT = EXAMPLES.parent / "docs" / "monitor"
DETECTIONS = 3  # how many are waited for
PATIENCE = 120.0  # s until they must be there
COLOURS = 128  # of a picture, so that it is small
SECONDS = 90  # of the long recording: it plays on while the pictures are taken
Scheme = Literal["light", "dark"]


def prepare(folder: Path) -> tuple[Path, Path]:
    """A store with two keywords, and a file in which both are said."""
    store, tokenizer = Store(folder / "store"), Tokenizer()
    odd = EXAMPLES / "odd" / "odd-one-out.flac"
    recordings = sorted((EXAMPLES / "hey-snips").glob("*.flac"))
    store.save(enroll("hey snips", recordings, tokenizer, keep_audio=True).keyword)
    store.save(enroll("turn the lights on", [odd], tokenizer, keep_audio=True).keyword)
    samples, rate = sf.read(EXAMPLES / "long.ogg", dtype="float32")
    said = folder / "kitchen.flac"
    sf.write(said, np.concatenate([samples[: 30 * rate], sf.read(odd)[0], samples[30 * rate : SECONDS * rate]]), rate)
    return store.folder, said


def opened(browser: Browser, address: str, scheme: Scheme, width: int, height: int) -> Page:
    """The page in a window of this size."""
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": height}, locale="en-GB")
    page = context.new_page()
    page.goto(address)
    return page


def take(pages: dict[str, Page], out: Path) -> None:
    """Wait for the detections, and write a picture of each page."""
    for page in pages.values():
        shown = "(count) => document.querySelectorAll('#detections li').length >= count"
        page.wait_for_function(shown, arg=DETECTIONS, timeout=1000 * PATIENCE)
    next(iter(pages.values())).wait_for_timeout(4000)  # until the audio of the last one is kept
    for name, page in pages.items():
        picture = Image.open(io.BytesIO(page.screenshot()))
        picture.convert("RGB").quantize(COLOURS).save(out / f"{name}.png", optimize=True)


@click.command()
@click.option("--out", type=click.Path(path_type=Path), default=OUT, help="Folder for the pictures.")
def main(out: Path) -> None:
    """Write light.png, dark.png and phone.png."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="kwsd-page-") as name, sync_playwright() as driver:
        store, said = prepare(Path(name))
        places = ("--store", store, "--endpoint", f"ipc://{name}/events.ipc", "--control", f"ipc://{name}/control.ipc")
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        hits, live = Path(name) / "hits", ("--realtime", "--heartbeat", 2)
        with (
            running("monitor", "--port", 0, "--hits", hits, *places) as monitor,
            running("listen", "--file", said.name, *live, "--save-hits", hits, *places, folder=said.parent),
        ):
            assert monitor.stdout
            address = monitor.stdout.readline().strip()
            pages = {
                "light": opened(browser, address, "light", 1200, 960),
                "dark": opened(browser, address, "dark", 1200, 960),
                "phone": opened(browser, address, "dark", 390, 844),
            }
            take(pages, out)
        browser.close()


if __name__ == "__main__":
    main()
