"""The dialogue of `kwsd enroll --mic`: takes at a microphone, and the report on them, until the keyword is saved."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import click

from kwsd.cli.enrolment_report import print_report
from kwsd.cli.gauge import Gauge, level_bar
from kwsd.cli.group import complain, warn
from kwsd.errors import AudioError, ConfigError, DeviceError

if TYPE_CHECKING:
    from kwsd.enrolment.enroll import Enrolment
    from kwsd.enrolment.live_take import LiveTake
    from kwsd.enrolment.template import Recording

TAKES = 3  # after which the keyword is judged for the first time


class Takes:
    """Takes of a phrase at a microphone.

    Args:
        name: the phrase.
        device: name or number of the microphone, None for the system's default.
    """

    def __init__(self, name: str, device: str | None) -> None:
        self._name, self._device = name, device
        self._kept: list[Recording] = []
        self._stamp = time.strftime("mic-%Y-%m-%d-%H%M%S")
        self._number = 0

    def enroll(self, make: Callable[[Sequence[Recording]], Enrolment]) -> Enrolment:
        """Record three takes, and more as long as they are asked for, and enrol them.

        Raises:
            AudioError: the microphone cannot be used.
            click.Abort: the user gave up.
        """
        for _ in range(TAKES):
            self._record()
        while True:
            made = make(self._kept)
            print_report(made)
            for sentence in made.refused:
                complain(sentence)
            if self._is_done(made):
                return made
            self._record()

    def _is_done(self, made: Enrolment) -> bool:
        """Whether the keyword is to be saved; the odd take is dropped if another is to be recorded instead."""
        odd = [match.recording for match in made.matches if match.odd]
        own = [take for take in self._kept if take.name in odd]
        _say(advice(made, bool(own)))
        choices = {"": "save", "m": "one more take", "q": "quit without saving"}
        answer = _ask(choices | ({"o": "say the odd one out again"} if own else {}))
        if answer == "o":
            self._kept = [take for take in self._kept if take not in own]
        return answer == ""

    def _record(self) -> None:
        """Record until a take is kept."""
        from kwsd.enrolment.template import Recording

        while True:
            _say(f'take {len(self._kept) + 1}: say "{self._name}" once')
            take = self._listen()
            if take is not None and self._is_kept(take):
                break
        self._number += 1
        self._kept.append(Recording(f"{self._stamp}-{self._number}", take.samples))

    def _listen(self) -> LiveTake | None:
        """A take that can be used; None after one that cannot, with a sentence about it."""
        from kwsd.audio import Microphone
        from kwsd.enrolment.live_take import take_live

        gauge = Gauge()
        microphone = Microphone(self._device)
        try:
            return take_live(microphone, lambda samples: gauge.show(level_bar(samples)))
        except DeviceError:
            raise
        except AudioError as error:
            gauge.clear()
            complain(f"this take is not used: {error}")
            _ask({"": "try again", "q": "quit without saving"})
            return None
        finally:
            gauge.clear()

    def _is_kept(self, take: LiveTake) -> bool:
        start, end = take.pieces[0][0], take.pieces[-1][1]
        _say(f"the phrase lasts {end - start:.2f} s")
        for fault in take.faults:
            warn(f"this take {fault}")
        while True:
            answer = _ask({"": "keep it", "p": "play it", "a": "say it again", "q": "quit without saving"})
            if answer != "p":
                return answer == ""
            _play(take)


def advice(made: Enrolment, is_odd: bool) -> str:
    """What to answer after the report: to save, or what would make a better keyword."""
    if is_odd:
        return "advice: say the odd one out again"
    if made.one_more_avoids:
        return "advice: one more take, by another voice or from another place"
    if made.misses and made.misses.count:
        return "advice: quit, and enrol a longer phrase; more takes of this one bring little"
    return "advice: save"


def _play(take: LiveTake) -> None:
    from kwsd.audio.playback import play

    try:
        play(take.phrase)
    except DeviceError as error:
        complain(error)


def _ask(choices: Mapping[str, str]) -> str:
    """One of the keys of the choices; nothing typed is one, and "q" ends the program.

    Raises:
        ConfigError: standard input has ended.
    """
    while True:
        _say(", ".join(f"{key or 'Enter'}: {meaning}" for key, meaning in choices.items()))
        line = sys.stdin.readline()
        if not line:
            raise ConfigError("standard input has ended: --mic asks its questions there, so run it in a terminal")
        answer = line.strip().lower()
        if answer == "q" and answer in choices:
            _say("nothing was saved")
            raise click.Abort
        if answer in choices:
            return answer


def _say(text: str) -> None:
    click.echo(text, err=True)
