"""A wake-word plugin for OVOS and Neon: an enrolled keyword as `"module": "kwsd"` of their configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ovos_plugin_manager.templates.hotwords import HotWordEngine

from kwsd.audio import RATE
from kwsd.keywords.store import Store, check_model, default_folder
from kwsd.spotting.pcm_stream import DetectionStream
from kwsd.tokenizer.tokenizer import Tokenizer

WIDTH = 2  # bytes a sample; OVOS gives 16-bit mono at 16 kHz


class KwsdHotWord(HotWordEngine):  # type: ignore[misc]  # OVOS has no types
    """One keyword, as OVOS's listener asks for it.

    Args:
        key_phrase: the name of the wake word in OVOS; the keyword of the same name is used, with spaces for "_".
        config: may have a "keyword" of another name, a "store" and a "model".

    Raises:
        KwsdError: the keyword is not enrolled, or was enrolled with another model.
    """

    def __init__(self, key_phrase: str, config: dict[str, Any] | None = None, *args: Any, **options: Any) -> None:
        super().__init__(key_phrase, config)
        model, store = self.config.get("model"), self.config.get("store")
        tokenizer = Tokenizer(Path(model).expanduser() if model else None)
        name = self.config.get("keyword") or self.key_phrase.replace("_", " ")
        keyword = Store(Path(store).expanduser() if store else default_folder()).load(name)
        check_model(keyword, tokenizer)
        self._stream = DetectionStream(tokenizer, [keyword], refractory=1.0)
        self._found = False

    def update(self, chunk: bytes) -> None:
        """Search a chunk of 16-bit mono audio at 16 kHz."""
        self._found |= bool(self._stream.push(chunk, RATE, WIDTH, 1))

    def found_wake_word(self, *args: Any) -> bool:
        """Whether the keyword was spoken since the last call; older releases of OVOS also pass the audio."""
        found, self._found = self._found, False
        return found

    def reset(self) -> None:
        """Begin a new stream."""
        self._stream.flush()
        self._found = False
