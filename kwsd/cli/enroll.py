"""`kwsd enroll`: makes a keyword of recordings and stores it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kwsd.cli.enrolment_report import print_json, print_report
from kwsd.cli.group import FAILED, complain, warn
from kwsd.cli.options import device_option, model_option, setting, store_option, voice_options
from kwsd.cli.stdin import RECORDING, stdin_options, with_stdin
from kwsd.cli.takes import Takes
from kwsd.cli.voices import said_by_voices
from kwsd.settings.enrolment import SCORERS, EnrollConfig, RuleName, ScorerName, SecondLookName
from kwsd.settings.inputs import MicrophoneInput, Width
from kwsd.settings.say import SayConfig, UnlikeConfig

if TYPE_CHECKING:
    from kwsd.enrolment.enroll import Enrolment
    from kwsd.enrolment.template import Recording
    from kwsd.enrolment.threshold import Rule
    from kwsd.keywords.keyword import Contrast, Keyword
    from kwsd.keywords.store import Store
    from kwsd.tokenizer.tokenizer import Tokenizer


@click.command(short_help="Enrol a phrase, from recordings or at the microphone.")
@click.argument("name")
@click.argument("recordings", nargs=-1, type=RECORDING, metavar="[FILE]...")
@click.option(
    "--negative",
    "negatives",
    multiple=True,
    type=RECORDING,
    metavar="FILE",
    help="A recording of what sounds like the phrase and must not be detected; may be given several times.",
)
@click.option(
    "--unlike",
    "unlike",
    multiple=True,
    metavar="TEXT",
    help="A text that sounds like NAME and must not be detected; synthetic voices say both, see kwsd[say]. It may be "
    "given several times.",
)
@setting(EnrollConfig, "threshold", metavar="DISTANCE", show_default="learned")
@setting(EnrollConfig, "threshold_rule")
@setting(EnrollConfig, "false_alarms_per_hour", metavar="RATE")
@setting(EnrollConfig, "scorer", show_default="as before, else subsequence")
@setting(EnrollConfig, "replace")
@setting(EnrollConfig, "keep_audio")
@setting(EnrollConfig, "second_look", show_default="as before, else off")
@click.option("--mic", is_flag=True, help="Record the phrase at the microphone, with questions in the terminal.")
@device_option
@click.option("--say", is_flag=True, help="Let synthetic voices say NAME; needs voices, see kwsd[say].")
@voice_options
@stdin_options
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object instead of lines.")
@store_option
@model_option
@click.pass_context
def enroll(
    ctx: click.Context,
    name: str,
    recordings: tuple[Path, ...],
    negatives: tuple[Path, ...],
    unlike: tuple[str, ...],
    threshold: float | None,
    threshold_rule: RuleName,
    false_alarms_per_hour: float,
    scorer: ScorerName | None,
    replace: bool,
    keep_audio: bool,
    second_look: SecondLookName | None,
    mic: bool,
    device: str | None,
    say: bool,
    voices: int,
    language: str,
    stdin: bool,
    rate: int,
    width: Width,
    stdin_channels: int,
    as_json: bool,
    store: Path,
    model: Path | None,
) -> None:
    """Enrol the phrase NAME from recordings, each holding it once.

    Three to ten recordings by different voices, in different rooms, make a good keyword. The same command adds more
    later. A --negative FILE holds what sounds alike and must not be detected. A FILE of "-" is a recording on standard
    input. With --replace and no recordings, a keyword whose audio was kept is enrolled again.

    With --mic the phrase is recorded here: it is found by itself, takes that are silent or clipped are refused, a take
    is played on request, and after three takes the report says whether more are worth it. Nothing is saved before you
    say so; the takes are kept in the keyword.

    With --say nobody needs to record: free synthetic voices of this machine say NAME, as it is spelled, in simulated
    rooms. Such a keyword misses fewer than two recordings do, and more than five do. Recordings of people that are
    added later count for more.

    With --unlike the same voices say NAME and each TEXT, and a detection that is nearer to a TEXT is refused. It needs
    no recordings of these texts, and is worth most for what is often said where kwsd listens.

    With --second-look another model, which hears the phrase as a whole, must confirm each detection: by its sound and,
    where it hears the words of NAME in the recordings, by these words. Much less of what sounds alike is detected, and
    nobody needs to name it. Choose "usual", which misses no more, where people talk or a radio plays. Choose "strict"
    where a false alarm is worse than a miss: it misses about a third more. The model knows English best: for another
    language, try "usual" with `kwsd test` first. Such a keyword needs kwsd[second-look] wherever it is spotted; `kwsd
    doctor` says whether it is there.

    The exit status is 2 if a recording cannot be used; the others are enrolled.

    \b
    Examples:
      kwsd enroll "hey snips" --mic
      kwsd enroll "hey snips" kitchen.wav bedroom.flac phone.mp3
      kwsd enroll "hey snips" --say
      kwsd enroll "hey snips" *.wav --second-look usual
      kwsd enroll "hey snips" --unlike "hey chips" --unlike "hey sniff"
      arecord -q -d 3 -f S16_LE -r 16000 | kwsd enroll "hey snips" -
    """
    from kwsd.audio.opening import STDIN
    from kwsd.keywords.store import Store
    from kwsd.tokenizer.tokenizer import Tokenizer

    config = EnrollConfig(
        name=name,
        recordings=with_stdin(recordings, stdin, rate, width, stdin_channels),
        negatives=negatives,
        threshold=threshold,
        threshold_rule=threshold_rule,
        false_alarms_per_hour=false_alarms_per_hour,
        scorer=scorer,
        replace=replace,
        keep_audio=keep_audio or mic,
        second_look=second_look,
        microphone=_microphone(mic, device, as_json, stdin or STDIN in recordings),
        say=SayConfig(text=name, voices=voices, language=language) if say else None,
        unlike=UnlikeConfig(texts=unlike, language=language) if unlike else None,
        store=store,
        model=model,
    )
    folder = Store(config.store)
    made = _make(config, folder, Tokenizer(config.model))
    path = folder.save(made.keyword)
    _report(made, path, as_json, told=config.microphone is not None)
    if made.refused:
        ctx.exit(FAILED)


def _report(made: Enrolment, path: Path, as_json: bool, told: bool) -> None:
    """Print what came of it, as far as the dialogue at the microphone has not told it."""
    if as_json:
        print_json(made, path)
    elif not told:
        print_report(made)
    if not as_json:
        click.echo(f"saved as {path}")
    for sentence in () if told else made.refused:
        complain(sentence)


def _microphone(mic: bool, device: str | None, as_json: bool, stdin: bool) -> MicrophoneInput | None:
    from kwsd.errors import ConfigError

    if not mic:
        if device is not None:
            raise ConfigError("--device names the microphone of --mic: give --mic too")
        return None
    if as_json or stdin:
        raise ConfigError("--mic asks its questions in the terminal: leave out --json and standard input")
    return MicrophoneInput(device)


def _make(config: EnrollConfig, store: Store, tokenizer: Tokenizer) -> Enrolment:
    from kwsd.enrolment.enroll import enroll as make
    from kwsd.enrolment.enroll import reenroll
    from kwsd.errors import KeywordError
    from kwsd.keywords.keyword import check_name
    from kwsd.keywords.store import check_model

    name, scorer, threshold = check_name(config.name), config.scorer, _threshold(config)
    store.check_spelling(name)
    others = store.others(name, tokenizer)
    given = bool(config.recordings or config.microphone or config.say)
    if config.replace and not given:
        known = store.load(name)
        return reenroll(
            known,
            tokenizer,
            scorer=scorer,
            threshold=threshold,
            negatives=config.negatives,
            contrasts=_contrasts(config, known, tokenizer),
            others=others,
            reach=_reach(config),
        )
    before = store.load(name) if not config.replace and name in store.names() else None
    if not given and not (before and (config.negatives or config.unlike)):
        raise KeywordError(
            f'no recording of "{name}" was given: name a few files that hold the phrase once each, or pass --say'
        )
    if before:
        check_model(before, tokenizer)
    finish = partial(
        make,
        name,
        tokenizer=tokenizer,
        scorer=scorer or (before.scorer if before else SCORERS[0]),
        threshold=threshold,
        negatives=config.negatives,
        contrasts=_contrasts(config, before, tokenizer),
        adding_to=before,
        others=others,
        keep_audio=config.keep_audio,
        reach=_reach(config),
    )
    recordings: list[Path | Recording] = [*config.recordings, *said_by_voices(config.say)]
    if config.microphone is None:
        return finish(recordings)
    return Takes(name, config.microphone.device).enroll(lambda takes: finish([*recordings, *takes]))


def _contrasts(config: EnrollConfig, before: Keyword | None, tokenizer: Tokenizer) -> tuple[Contrast, ...]:
    """What sounds alike, before and from now on, and the phrase, as voices say them; nothing without --unlike."""
    if config.unlike is None:
        return ()
    from kwsd.say.contrast import contrasts

    known = [one.text for one in before.contrasts[1:]] if before else []
    alike = list(dict.fromkeys([*known, *config.unlike.texts]))
    return contrasts(config.name, alike, config.unlike.language, tokenizer, warn)


def _reach(config: EnrollConfig) -> float | None:
    from kwsd.second_look.distance import REACH

    return None if config.second_look is None else REACH.get(config.second_look, 0.0)


def _threshold(config: EnrollConfig) -> float | Rule:
    from kwsd.enrolment.threshold import Rule

    rule = Rule(config.threshold_rule, config.false_alarms_per_hour)
    return rule if config.threshold is None else config.threshold
