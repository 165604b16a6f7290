"""What control has changed about the keywords of a running daemon: which are disabled, and other thresholds."""

from __future__ import annotations

import threading
from dataclasses import replace

from kwsd.control.messages import KeywordsReply, KeywordState, RequestError
from kwsd.errors import KeywordError
from kwsd.keywords.keyword import Keyword
from kwsd.keywords.selection import Selection
from kwsd.keywords.store import Store


class Adjustments:
    """The changes of one run; they apply whenever the keywords are read from the store. For use from any thread.

    Args:
        store: the keywords.
        selection: the keywords as they were read at the start.
    """

    def __init__(self, store: Store, selection: Selection) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._stored = {keyword.name: keyword for keyword in selection.keywords}
        self._disabled: frozenset[str] = frozenset()
        self._thresholds: dict[str, float] = {}

    def apply(self, selection: Selection) -> Selection:
        """The keywords of a selection that are enabled, with the thresholds that were set.

        Raises:
            KeywordError: all of them are disabled.
        """
        with self._lock:
            self._stored = {keyword.name: keyword for keyword in selection.keywords}
            kept = tuple(
                replace(keyword, threshold=self._thresholds.get(keyword.name, keyword.threshold))
                for keyword in selection.keywords
                if keyword.name not in self._disabled
            )
        if not kept:
            raise KeywordError("all keywords that can be used are disabled: enable one with `kwsd ctl enable`")
        return replace(selection, keywords=kept)

    def list(self) -> KeywordsReply:
        """All keywords, in alphabetical order."""
        with self._lock:
            return KeywordsReply(keywords=tuple(self._state(self._stored[name]) for name in sorted(self._stored)))

    def enable(self, name: str, enabled: bool) -> str:
        """Spot a keyword or not; returns what was done.

        Raises:
            RequestError: there is no such keyword, or no other one would be left.
        """
        self._known(name)
        with self._lock:
            disabled = self._disabled - {name} if enabled else self._disabled | {name}
            if disabled.issuperset(self._stored):
                raise RequestError(f'"{name}" is the only keyword that is enabled: pause kwsd instead')
            self._disabled = disabled
        return f'"{name}" is {"enabled" if enabled else "disabled until kwsd ends"}'

    def set_threshold(self, name: str, threshold: float | None, keep: bool) -> str:
        """Set a keyword's threshold, None for that of the store; with `keep` also there. Returns what was done.

        Raises:
            KwsdError: there is no such keyword, no number to keep, or the store cannot be written.
        """
        keyword = self._known(name)
        if keep and threshold is None:
            raise RequestError("there is no threshold to keep: give a number")
        if keep and threshold is not None:
            self._store.save(replace(self._store.load(name), threshold=threshold, rule="as asked"))
        with self._lock:
            self._thresholds.pop(name, None)
            if threshold is not None and not keep:
                self._thresholds[name] = threshold
        shown = keyword.threshold if threshold is None else threshold
        until = "" if keep or threshold is None else " until kwsd ends"
        return f'the threshold of "{name}" is {shown:g}{until}'

    def _known(self, name: str) -> Keyword:
        with self._lock:
            if name in self._stored:
                return self._stored[name]
            known = ", ".join(f'"{one}"' for one in sorted(self._stored))
        raise RequestError(f'there is no keyword "{name}" (there: {known}): enroll it first')

    def _state(self, keyword: Keyword) -> KeywordState:
        return KeywordState(
            name=keyword.name,
            enabled=keyword.name not in self._disabled,
            threshold=self._thresholds.get(keyword.name, keyword.threshold),
            stored=keyword.threshold,
            scorer=keyword.scorer,
            templates=len(keyword.templates),
        )
