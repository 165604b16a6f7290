"""`kwsd search`: finds where in an archive a phrase is spoken."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from kwsd.cli.asked import Asked
from kwsd.cli.group import FAILED, complain
from kwsd.cli.options import PATH, indexes_option, model_option, on_option, setting, store_option, voice_options
from kwsd.printable import printable
from kwsd.settings.archive import Method, SearchConfig
from kwsd.settings.say import SayConfig

if TYPE_CHECKING:
    from kwsd.archive import Archive, Feedback, Hit, Query
    from kwsd.tokenizer.tokenizer import Tokenizer

Act = Callable[[int, "Hit"], None]


@click.command(short_help="Find a phrase in an archive.")
@click.argument("keyword", required=False)
@setting(SearchConfig, "recordings", "--wav", metavar="FILE")
@click.option("--say", metavar="TEXT", help="Phrase that synthetic voices say; needs voices, see kwsd[say].")
@voice_options
@indexes_option
@setting(SearchConfig, "top", metavar="COUNT")
@setting(SearchConfig, "at_least", metavar="P")
@setting(SearchConfig, "second_look")
@setting(SearchConfig, "words", metavar="TEXT")
@setting(SearchConfig, "like", metavar="HIT")
@setting(SearchConfig, "unlike", metavar="HIT")
@setting(SearchConfig, "save_keyword", metavar="NAME")
@setting(SearchConfig, "false_alarms_per_hour", metavar="RATE")
@setting(SearchConfig, "method")
@click.option("--jsonl", is_flag=True, help="Print one JSON object a line for each hit.")
@click.option("--play", is_flag=True, help="Play each hit after its line.")
@click.option("--clips", type=PATH, metavar="DIR", help="Cut the hits out into FLAC files, half a second around them.")
@on_option
@store_option
@model_option
@click.pass_context
def search(
    ctx: click.Context,
    keyword: str | None,
    wav: tuple[Path, ...],
    say: str | None,
    voices: int,
    language: str,
    index: tuple[str, ...],
    top: int,
    at_least: float,
    second_look: bool,
    words: str | None,
    like: tuple[str, ...],
    unlike: tuple[str, ...],
    save_keyword: str | None,
    false_alarms_per_hour: float,
    method: Method,
    jsonl: bool,
    play: bool,
    clips: Path | None,
    on: str | None,
    store: Path,
    model: Path | None,
) -> None:
    """Find where the enrolled KEYWORD, or the phrase of recordings or of a text, is spoken in indexes.

    A line for each hit says its rank, how probable it is that it is the phrase, how well it fits, where it is and in
    which file, the best first; of several indexes it says before the times which one. Without --at-least they are the
    best that there are, not all of them good. With it, nothing may be left, and a sentence says so. The exit status is
    2 if a part of an index could not be searched, or a hit not played or cut out; the others are shown all the same.

    With --second-look the best hits are heard again in their files, by another encoder, and are ordered by how probable
    that makes them. It finds far more; a keyword that was enrolled with --second-look is searched for so in any case.
    It is surer where it knows what is said: the words of an enrolled keyword, of --say, or of a recording by --words.

    Listen to the first hits, give their lines back with --like and --unlike, and search again: it learns from them.
    With --save-keyword, the phrase and these hits become a keyword of the store with a learned threshold, for `kwsd
    scan` and `kwsd listen`; the audio of the hits is cut out of their files. If NAME is there already, they are added.
    Within sentences such a keyword is missed often, and a sentence says how often. With --second-look it gets one, too,
    and is missed far less; so it is with more --false-alarms-per-hour.

    \b
    Examples:
      kwsd search "hey snips" --index archive.index
      kwsd search "hey snips" --index archive.index --at-least 0.8
      kwsd search --wav said-once.wav --index archive.index --second-look --words "good morning"
      kwsd search --wav said-once.wav --index archive.index --clips found/
      kwsd search --wav said-once.wav --index archive.index --like "00:09.98 - 00:10.70  /talks/monday.ogg"
      kwsd search --wav said-once.wav --index archive.index --like "00:09.98 - 00:10.70  /talks/monday.ogg" \
          --save-keyword "good morning"
      kwsd search --say "good morning" -i talks.index -i calls.index
    """
    from kwsd.tokenizer.tokenizer import Tokenizer

    config = SearchConfig(
        index=index,
        keyword=keyword,
        recordings=wav,
        say=None if say is None else SayConfig(text=say, voices=voices, language=language),
        method=method,
        top=top,
        at_least=at_least,
        second_look=second_look,
        words=words,
        like=like,
        unlike=unlike,
        save_keyword=save_keyword,
        false_alarms_per_hour=false_alarms_per_hour,
        store=store,
        model=model,
        on=on,
    )
    act, tokenizer = action(play, clips), Tokenizer(config.model)
    asked = Asked.of(config, tokenizer)
    hits, problems = _found(config, asked, tokenizer)
    failed = config.save_keyword is not None and not asked.save(config, tokenizer)
    for rank, hit in enumerate(hits, 1):
        click.echo(_json(rank, hit) if jsonl else _line(rank, hit, len(hits), len(config.index) > 1))
        failed |= failed_at(act, rank, hit)
    if not hits:
        click.echo(_nothing(config), err=True)
    for problem in problems:
        complain(problem)
    if failed or problems:
        ctx.exit(FAILED)


def _found(config: SearchConfig, asked: Asked, tokenizer: Tokenizer) -> tuple[Sequence[Hit], Sequence[str]]:
    """The hits, and a sentence for each part of an index that could not be searched, or for hits not heard again."""
    words = config.words or (config.say.text if config.say else "")
    query = asked.query(tokenizer, config.second_look, words)
    known = asked.known if asked.known.right or asked.known.wrong else None
    if not (config.second_look or query.looks):
        return _searched(config, query, known, tokenizer)
    from kwsd.archive.second_look import phrase_of, searched_again

    unread: list[str] = []

    def search(top: int) -> Sequence[Hit]:
        hits, problems = _searched(replace(config, top=top, at_least=0.0), query, known, tokenizer)
        unread.extend(problems)
        return hits

    hits, lost = searched_again(search, phrase_of(query, known), top=config.top, at_least=config.at_least)
    return hits, [*unread, *lost]


def _searched(
    config: SearchConfig, query: Query, known: Feedback | None, tokenizer: Tokenizer
) -> tuple[Sequence[Hit], Sequence[str]]:
    from kwsd.archive import query_for, search_all

    if config.on:
        from kwsd.archive.distributed import search_on_ray

        if known:
            query = query_for(_opened(config, tokenizer), query, known)
        answer = search_on_ray(
            config.on,
            config.index,
            query,
            tokenizer,
            method=config.method,
            top=config.top,
            at_least=config.at_least,
        )
        return answer.hits, answer.problems

    archives = _opened(config, tokenizer)
    hits = search_all(archives, query, method=config.method, top=config.top, at_least=config.at_least, feedback=known)
    return hits, [problem for archive in archives for problem in archive.problems]


def _opened(config: SearchConfig, tokenizer: Tokenizer) -> list[Archive]:
    from kwsd.archive import Archive

    return [Archive.open(location, tokenizer) for location in dict.fromkeys(config.index)]


def _nothing(config: SearchConfig) -> str:
    """That there is no hit."""
    probably = f" that is the phrase with a probability of {config.at_least:g} or more" if config.at_least else ""
    several = "index" if len(config.index) == 1 else "indexes"
    return f"nothing was found in the {several} {', '.join(config.index)}{probably}"


def action(play: bool, folder: Path | None) -> Act:
    """The action for each hit; errors that would prevent it are raised before the search."""
    if not (play or folder):
        return lambda rank, hit: None

    from kwsd.archive import clips

    if play:
        clips.speaker()
    if folder:
        clips.folder_for(folder)

    def act(rank: int, hit: Hit) -> None:
        clip = clips.cut(hit)
        if folder:
            clips.write(clip, folder / clips.name(rank, hit))
        if play:
            clips.play(clip)

    return act


def failed_at(act: Act, rank: int, hit: Hit) -> bool:
    """Whether the action failed; the error is printed."""
    from kwsd.errors import ArchiveError, AudioError, DeviceError

    try:
        act(rank, hit)
    except DeviceError:
        raise  # the next hit would not be heard either
    except (ArchiveError, AudioError) as error:
        complain(error)
        return True
    return False


def _json(rank: int, hit: Hit) -> str:
    return json.dumps({"rank": rank, **facts(hit), "probability": hit.probability, "index": hit.index})


def facts(hit: Hit) -> dict[str, object]:
    """A hit for JSON."""
    return {
        "path": _shown(hit),
        "start": round(hit.start, 3),
        "end": round(hit.end, 3),
        "score": round(hit.score, 4),
        "heard": hit.heard,
    }


def _line(rank: int, hit: Hit, count: int, several: bool = False) -> str:
    """A hit for people: rank, probability, score, times, file; where there are several indexes, the index before it."""
    index = f"{printable(hit.index)}  " if several else ""
    return f"{rank:>{max(3, len(str(count)))}}  {percent(hit)}  {index}{place(hit)}"


def percent(hit: Hit) -> str:
    """How probable a hit is."""
    return "   -" if hit.probability is None else f"{100 * hit.probability:3.0f}%"


def place(hit: Hit) -> str:
    """Score, times and file of a hit."""
    times = f"{_clock(hit.start):>8} - {_clock(hit.end):>8}"
    if hit.heard is not None:
        times = f"{_day(hit.heard)} - {_day(hit.heard + hit.end - hit.start)[11:]}"
    return f"{hit.score:.2f}  {times}  {_shown(hit)}"


def _clock(seconds: float) -> str:
    """A time in a file: minutes and seconds, and hours where there are some."""
    minutes, hundredths = divmod(round(100 * seconds), 6000)
    hours, minutes = divmod(minutes, 60)
    tail = f"{minutes:02d}:{hundredths / 100:05.2f}"
    return f"{hours}:{tail}" if hours else tail


def _day(when: float) -> str:
    """A Unix time as local date and time."""
    return datetime.fromtimestamp(round(when, 2)).isoformat(" ", "milliseconds")[:-1]


def _shown(hit: Hit) -> str:
    from kwsd.audio.opening import shown

    return shown(Path(hit.path))
