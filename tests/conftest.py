"""Real speech, the shipped model, and an enrolled keyword, shared by all tests."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import soundfile as sf

from kwsd.enrolment.enroll import Enrolment, enroll
from kwsd.tokenizer.background_bank import Bank
from kwsd.tokenizer.tokenizer import Tokenizer

EXAMPLES = Path(__file__).parent.parent / "examples"


@pytest.fixture(scope="session")
def examples() -> Path:
    if not EXAMPLES.exists():
        pytest.skip("the example recordings are not beside the tests")
    return EXAMPLES


@pytest.fixture(scope="session")
def recordings(examples: Path) -> list[Path]:
    return sorted((examples / "hey-snips").glob("*.flac"))


@pytest.fixture(scope="session")
def long_recording(examples: Path) -> Path:
    return examples / "long.ogg"


@pytest.fixture(scope="session")
def speech(long_recording: Path) -> np.ndarray:
    """20 s of conversation at 16 kHz, two "hey snips" in it."""
    return sf.read(long_recording, dtype="float32", start=9 * 16000, stop=29 * 16000)[0]


@pytest.fixture(scope="session")
def shared_tokenizer() -> Tokenizer:
    return Tokenizer()


@pytest.fixture
def tokenizer(shared_tokenizer: Tokenizer) -> Tokenizer:
    shared_tokenizer.reset()
    return shared_tokenizer


@pytest.fixture(scope="session")
def bank() -> Bank:
    return Bank.shipped()


@pytest.fixture(scope="session")
def enrolment(recordings: list[Path], shared_tokenizer: Tokenizer, bank: Bank) -> Enrolment:
    return enroll("hey snips", recordings, shared_tokenizer, bank=bank)


@pytest.fixture
def talk(tmp_path: Path, long_recording: Path) -> Path:
    """Sixteen files with ten seconds of talk each."""
    (tmp_path / "talk").mkdir()
    samples, rate = sf.read(long_recording, dtype="float32")
    for index in range(16):
        sf.write(tmp_path / "talk" / f"{index:02d}.wav", samples[index * 10 * rate :][: 10 * rate], rate)
    return tmp_path / "talk"


@pytest.fixture
def ipc():
    """An ipc endpoint; its path is short, which pytest's own temporary ones are not on every machine."""
    with TemporaryDirectory(prefix="kwsd-test-") as folder:
        yield f"ipc://{Path(folder).resolve() / 'events.ipc'}"
