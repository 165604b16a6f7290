"""The report on an enrolment, as lines for people or as JSON."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kwsd.cli.group import warn

if TYPE_CHECKING:
    from kwsd.enrolment.enroll import Enrolment

NEAR_WORDS = "what sounds almost alike is often detected, too: --second-look usual refuses most of it"


def print_report(made: Enrolment) -> None:
    """Print an enrolment as lines, and its warnings to standard error."""
    keyword = made.keyword
    width = max(len(match.recording) for match in made.matches)
    click.echo(f'"{keyword.name}", {len(made.matches)} recordings, each with its distance from the others:')
    for match in made.matches:
        distance = "     -" if match.distance is None else f"{match.distance:6.3f}"
        click.echo(f"  {match.recording:{width}}  {distance}{'  <- the odd one out' if match.odd else ''}")
    if keyword.negatives:
        names = ", ".join(negative.recording for negative in keyword.negatives)
        click.echo(f"not to be detected: {names}")
    if keyword.contrasts:
        phrase, *alike = keyword.contrasts
        texts = ", ".join(f'"{one.text}"' for one in alike)
        click.echo(f"not to be taken for it, by {len(phrase.voices)} synthetic voices: {texts}")
    if keyword.looks:
        from kwsd.spotting.second_look import described

        click.echo(described(keyword))
    elif not keyword.contrasts:
        click.echo(NEAR_WORDS)
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


def print_json(made: Enrolment, path: Path) -> None:
    """Print an enrolment, and the path of its keyword's file, as a JSON object."""
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
                "said": t.said,
            }
            for match, t in zip(made.matches, keyword.templates, strict=True)
        ],
        "negatives": [negative.recording for negative in keyword.negatives],
        "unlike": [one.text for one in keyword.contrasts[1:]],
        "second_look": bool(keyword.looks),
        "refused": list(made.refused),
        "warnings": list(made.warnings),
        "file": str(path),
    }
    click.echo(json.dumps(facts))


def _finite(distance: float | None) -> float | None:
    return distance if distance is not None and math.isfinite(distance) else None
