"""Checks of an installation: kernels, model, background bank, keyword store, second look, sockets and microphones."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from kwsd.audio import devices
from kwsd.errors import KwsdError, ModelError, StoreError
from kwsd.events.endpoints import default_endpoint
from kwsd.events.zeromq import ZeroMQPublisher
from kwsd.keywords.store import Store, check_model
from kwsd.second_look.look import second_look
from kwsd.spotting.second_look import check_look
from kwsd.tokenizer.background_bank import Bank
from kwsd.tokenizer.tokenizer import Tokenizer

KERNELS = (
    "scorers._costs",
    "scorers._dtw",
    "scorers._edit_distance",
    "scorers._smith_waterman",
    "scorers._windows",
    "archive.search._kernels",
)


@dataclass(frozen=True)
class CheckResult:
    """The result of a check.

    Attributes:
        subject: the thing that was checked.
        fact: a description, if the check passed.
        problem: one sentence with what to do, if it failed.
        essential: whether kwsd cannot work without it.
    """

    subject: str
    fact: str = ""
    problem: str = ""
    essential: bool = True


def examine(model: Path | None, folder: Path) -> Iterator[CheckResult]:
    """Run all checks; a failed check is a result with a problem, never an exception.

    Args:
        model: the model file, the shipped one if None.
        folder: the keyword store.
    """
    yield _checked("kernels", _kernels)
    tokenizer, result = _load(model)
    yield result
    if tokenizer:
        digest = tokenizer.digest
        yield _checked("background bank", lambda: _bank(digest))
    yield _checked("keyword store", lambda: _store(folder))
    yield from _keywords(Store(folder), tokenizer)
    yield _checked("second look", _second_look, essential=False)
    yield _checked("socket", _socket, essential=False)
    yield _checked("microphones", _microphones, essential=False)


def _checked(subject: str, check: Callable[[], str], essential: bool = True) -> CheckResult:
    try:
        return CheckResult(subject, check(), essential=essential)
    except KwsdError as error:
        return CheckResult(subject, problem=str(error), essential=essential)


def _kernels() -> str:
    for name in KERNELS:
        try:
            importlib.import_module(f"kwsd.{name}")
        except ImportError as error:
            raise KwsdError(f"the compiled kernel kwsd.{name} does not load ({error}): reinstall kwsd") from error
    return f"all {len(KERNELS)} load"


def _load(model: Path | None) -> tuple[Tokenizer | None, CheckResult]:
    try:
        tokenizer = Tokenizer(model)
    except KwsdError as error:
        return None, CheckResult("model", problem=str(error))
    return tokenizer, CheckResult("model", f"{tokenizer.path} ({tokenizer.digest}), {len(tokenizer.codebook)} tokens")


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


def _keywords(store: Store, tokenizer: Tokenizer | None) -> Iterator[CheckResult]:
    """A result for each keyword that cannot be used; there is none for the others."""
    try:
        names = store.names()
    except KwsdError:
        return  # `_store` reports it
    for name in names:
        try:
            keyword = store.load(name)
            if tokenizer:
                check_model(keyword, tokenizer)
            check_look(keyword)
        except KwsdError as error:
            yield CheckResult("keyword", problem=str(error))


def _second_look() -> str:
    second_look()
    return "its encoder is installed, for --second-look"


def _socket() -> str:
    endpoint = default_endpoint()
    ZeroMQPublisher([endpoint]).close()
    return f"{endpoint} is free"


def _microphones() -> str:
    found = devices()
    if not found:
        raise KwsdError("none was found: plug one in, and see that this user may use it (group audio)")
    return ", ".join(f"{one.index}: {one.name}" for one in found)
