"""`kwsd enroll`: makes a keyword of recordings and stores it."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kwsd.cli.group import FAILED, complain, warn
from kwsd.cli.options import model_option, setting, store_option
from kwsd.cli.stdin import RECORDING, stdin_options, with_stdin
from kwsd.settings.enrolment import SCORERS, EnrollConfig, RuleName, ScorerName
from kwsd.settings.inputs import Width

if TYPE_CHECKING:
    from kwsd.enrolment.enroll import Enrolment
    from kwsd.enrolment.threshold import Rule
    from kwsd.keywords.store import Store
    from kwsd.tokenizer.tokenizer import Tokenizer


@click.command(short_help="Enrol a phrase from recordings.")
@click.argument("name")
@click.argument("recordings", nargs=-1, type=RECORDING, metavar="FILE...")
@click.option(
    "--negative",
    "negatives",
    multiple=True,
    type=RECORDING,
    metavar="FILE",
    help="A recording of what sounds like the phrase and must not be detected; may be given several times.",
)
@setting(EnrollConfig, "threshold", show_default="learned")
@setting(EnrollConfig, "threshold_rule")
@setting(EnrollConfig, "false_alarms_per_hour", metavar="RATE")
@setting(EnrollConfig, "scorer", show_default="as before, else subsequence")
@setting(EnrollConfig, "replace")
@setting(EnrollConfig, "keep_audio")
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
    threshold: float | None,
    threshold_rule: RuleName,
    false_alarms_per_hour: float,
    scorer: ScorerName | None,
    replace: bool,
    keep_audio: bool,
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

    The exit status is 2 if a recording cannot be used; the others are enrolled.

    \b
    Examples:
      kwsd enroll "hey snips" kitchen.wav bedroom.flac phone.mp3
      arecord -q -d 3 -f S16_LE -r 16000 | kwsd enroll "hey snips" -
    """
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
        keep_audio=keep_audio,
        store=store,
        model=model,
    )
    folder = Store(config.store)
    made = _make(config, folder, Tokenizer(config.model))
    path = folder.save(made.keyword)
    _print_json(made, path) if as_json else _print(made, path)
    for sentence in made.refused:
        complain(sentence)
    if made.refused:
        ctx.exit(FAILED)


def _make(config: EnrollConfig, store: Store, tokenizer: Tokenizer) -> Enrolment:
    from kwsd.enrolment.enroll import enroll as make
    from kwsd.enrolment.enroll import reenroll
    from kwsd.errors import KeywordError
    from kwsd.keywords.keyword import check_name
    from kwsd.keywords.store import check_model

    name, scorer, threshold = check_name(config.name), config.scorer, _threshold(config)
    store.check_spelling(name)
    others = store.others(name, tokenizer)
    if config.replace and not config.recordings:
        return reenroll(
            store.load(name), tokenizer, scorer=scorer, threshold=threshold, negatives=config.negatives, others=others
        )
    before = store.load(name) if not config.replace and name in store.names() else None
    if not config.recordings and not (before and config.negatives):
        raise KeywordError(f'no recording of "{name}" was given: name a few files that hold the phrase once each')
    if before:
        check_model(before, tokenizer)
    return make(
        name,
        config.recordings,
        tokenizer,
        scorer=scorer or (before.scorer if before else SCORERS[0]),
        threshold=threshold,
        negatives=config.negatives,
        adding_to=before,
        others=others,
        keep_audio=config.keep_audio,
    )


def _threshold(config: EnrollConfig) -> float | Rule:
    from kwsd.enrolment.threshold import Rule

    rule = Rule(config.threshold_rule, config.false_alarms_per_hour)
    return rule if config.threshold is None else config.threshold


def _print(made: Enrolment, path: Path) -> None:
    keyword = made.keyword
    width = max(len(match.recording) for match in made.matches)
    click.echo(f'"{keyword.name}", {len(made.matches)} recordings, each with its distance from the others:')
    for match in made.matches:
        distance = "     -" if match.distance is None else f"{match.distance:6.3f}"
        click.echo(f"  {match.recording:{width}}  {distance}{'  <- the odd one out' if match.odd else ''}")
    if keyword.negatives:
        names = ", ".join(negative.recording for negative in keyword.negatives)
        click.echo(f"not to be detected: {names}")
    click.echo(f"threshold {keyword.threshold:.3f}: {keyword.rule}")
    click.echo(f"expect {made.false_alarms_per_hour:.2f} false alarms an hour of other speech")
    if made.misses:
        click.echo(
            f"expect about {100 * made.misses.rate:.0f} % misses: {made.misses.count} of {made.misses.recordings} "
            "recordings would be missed, each by the keyword that the others make"
        )
    if made.one_more_avoids:
        click.echo(f"one more recording would avoid about {100 * made.one_more_avoids:.0f} % of the misses")
    for sentence in made.warnings:
        warn(sentence)
    click.echo(f"saved as {path}")


def _print_json(made: Enrolment, path: Path) -> None:
    from dataclasses import asdict

    keyword = made.keyword
    facts: dict[str, Any] = {
        "name": keyword.name,
        "scorer": keyword.scorer,
        "model": keyword.model,
        "threshold": keyword.threshold,
        "rule": keyword.rule,
        "false_alarms_per_hour": made.false_alarms_per_hour,
        "misses": asdict(made.misses) if made.misses else None,
        "one_more_recording_avoids": made.one_more_avoids,
        "confusions": [asdict(confusion) for confusion in made.confusions],
        "recordings": [
            {
                "recording": match.recording,
                "distance": _finite(match.distance),
                "odd": match.odd,
                "seconds": t.seconds,
                "weight": t.weight,
            }
            for match, t in zip(made.matches, keyword.templates, strict=True)
        ],
        "negatives": [negative.recording for negative in keyword.negatives],
        "refused": list(made.refused),
        "warnings": list(made.warnings),
        "file": str(path),
    }
    click.echo(json.dumps(facts))


def _finite(distance: float | None) -> float | None:
    return distance if distance is not None and math.isfinite(distance) else None
