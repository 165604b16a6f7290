"""Is everything there that kwsd needs? Each finding is fine, or says in one sentence what to do."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from kwsd.audio import devices
from kwsd.errors import KwsdError, ModelError, StoreError
from kwsd.events.endpoints import default_endpoints
from kwsd.events.zeromq import ZeroMQPublisher
from kwsd.keywords.store import Store, check_model
from kwsd.tokenizer.background_bank import Bank
from kwsd.tokenizer.tokenizer import Tokenizer

KERNELS = ("edit_distance", "dtw", "windows")


@dataclass(frozen=True)
class Finding:
    """What a check found.

    Attributes:
        subject: what was looked at.
        fact: what it is like, if it is fine.
        problem: one sentence with what to do, if it is not.
        essential: nothing works without it.
    """

    subject: str
    fact: str = ""
    problem: str = ""
    essential: bool = True


def examine(model: Path | None, folder: Path) -> Iterator[Finding]:
    """The findings about the model, the kernels, the background bank, the store, the sockets and the microphones."""
    yield _checked("kernels", _kernels)
    tokenizer, finding = _load(model)
    yield finding
    if tokenizer:
        digest = tokenizer.digest
        yield _checked("background bank", lambda: _bank(digest))
    yield _checked("keyword store", lambda: _store(folder))
    yield from _keywords(Store(folder), tokenizer)
    for endpoint in default_endpoints():
        yield _checked("socket", partial(_socket, endpoint), essential=False)
    yield _checked("microphones", _microphones, essential=False)


def _checked(subject: str, check: Callable[[], str], essential: bool = True) -> Finding:
    try:
        return Finding(subject, check(), essential=essential)
    except KwsdError as error:
        return Finding(subject, problem=str(error), essential=essential)


def _kernels() -> str:
    for name in KERNELS:
        try:
            importlib.import_module(f"kwsd.scorers._{name}")
        except ImportError as error:
            raise KwsdError(f"the compiled kernel {name} does not load ({error}): reinstall kwsd") from error
    return f"{', '.join(KERNELS)} are compiled"


def _load(model: Path | None) -> tuple[Tokenizer | None, Finding]:
    try:
        tokenizer = Tokenizer(model)
    except KwsdError as error:
        return None, Finding("model", problem=str(error))
    return tokenizer, Finding("model", f"{tokenizer.path} ({tokenizer.digest}), {len(tokenizer.codebook)} tokens")


def _bank(digest: str) -> str:
    bank = Bank.shipped()
    if bank.model != digest:
        raise ModelError(f"it was made with model {bank.model}, this is {digest}: use the model that kwsd came with")
    return f"{bank.hours:.1f} hours of speech"


def _store(folder: Path) -> str:
    names = Store(folder).names()
    nearest = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise StoreError(f"{folder} cannot be written: name another folder with --store")
    return f"{folder} holds {len(names)} keywords"


def _keywords(store: Store, tokenizer: Tokenizer | None) -> Iterator[Finding]:
    """The keywords that cannot be used; the others are not worth a line each."""
    try:
        names = store.names()
    except KwsdError:
        return  # said of the store already
    for name in names:
        try:
            keyword = store.load(name)
            if tokenizer:
                check_model(keyword, tokenizer.digest)
        except KwsdError as error:
            yield Finding("keyword", problem=str(error))


def _socket(endpoint: str) -> str:
    ZeroMQPublisher([endpoint]).close()
    return f"{endpoint} is free"


def _microphones() -> str:
    found = devices()
    if not found:
        raise KwsdError("none was found: plug one in, and see that this user may use it (group audio)")
    return ", ".join(f"{one.index}: {one.name}" for one in found)
