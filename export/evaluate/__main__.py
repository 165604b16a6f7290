"""The command: `python -m export.evaluate TASK` measures, `report` writes what was measured to `docs/papers.md`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from export.corpus import CorpusError, default_cache
from export.evaluate.errors import EvaluationError
from export.evaluate.experiment import Experiment
from kwsd.errors import KwsdError

FAILED, INTERRUPTED = 2, 130
TASKS = {
    "speech-search": ("speech_search", "Find words of other speakers by one spoken word (Wav2Tok)."),
    "query-by-humming": ("query_by_humming", "Find melodies by humming them (Wav2Tok)."),
    "humming-voices": ("humming_voices", "Find hummed melodies where more and more people hum each."),
    "keyword-spotting": ("keyword_spotting", "Find a keyword among other words (Wav2Tok, eq. 19)."),
    "spoken-terms": ("spoken_terms", "Find a spoken word in an archive (H-QuEST)."),
    "term-tokens": ("term_tokens", "Measure what H-QuEST loses by tokens, alignment and shortlist."),
    "wake-word": ("wake_words", "Detect a word from three recordings of it (H-QuEST)."),
    "token-contents": ("token_contents", "Measure what the tokens say: phones, or places in the word."),
    "query-time": ("query_time", "Time queries against archives of growing size (H-QuEST)."),
}
DEFAULT_CORPORA = ("librispeech", "speech-commands", "dspspeech")
Command = Callable[..., Any]


class Failure(click.ClickException):
    """What a user reads when something cannot be done."""

    exit_code = FAILED


class Corpora(dict[str, Path]):
    """The corpora at hand: those below the shared folder, and those named; asking for another is a CorpusError."""

    def __init__(self, shared: Path, given: Iterable[tuple[str, Path]]) -> None:
        below = {name: shared / "corpus" / f"{name}.tsv" for name in DEFAULT_CORPORA}
        super().__init__({name: path for name, path in below.items() if path.exists()} | dict(given))
        self.shared = shared

    def __missing__(self, name: str) -> Path:
        place = f"{self.shared / 'corpus' / name}.tsv"
        raise CorpusError(f"{place} is not there: pass --shared the folder that holds it, or --corpus {name}=PATH")


class Tasks(click.Group):
    """A group of commands whose errors are one sentence each."""

    def main(self, *args: Any, **options: Any) -> Any:
        """Run a command and exit with its status."""
        options["standalone_mode"] = False
        try:
            with sentences():
                status = super().main(*args, **options)
        except click.Abort:
            click.echo("interrupted: run it again and it goes on", err=True)
            sys.exit(INTERRUPTED)
        except click.ClickException as error:
            click.echo(f"error: {_one_line(error.format_message())}", err=True)
            sys.exit(error.exit_code)
        sys.exit(status if isinstance(status, int) else 0)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of the commands, in the order in which they were added."""
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is named, or a sentence with the names of all."""
        if args and not args[0].startswith("-") and args[0] not in self.commands:
            raise Failure(f'there is no task "{args[0]}": choose from {", ".join(self.commands)}')
        return super().resolve_command(ctx, args)


@contextmanager
def sentences() -> Iterator[None]:
    """Whatever a user can mend becomes a Failure."""
    try:
        yield
    except (CorpusError, EvaluationError, KwsdError) as error:
        raise Failure(str(error)) from error
    except ModuleNotFoundError as error:
        if not error.name or error.name.partition(".")[0] in ("export", "kwsd"):
            raise
        extras = "pip install 'kwsd[train,search,plot]'"
        raise Failure(f"{error.name.partition('.')[0]} is not installed: {extras}") from error
    except OSError as error:
        place = f"{error.filename} cannot be read or written" if error.filename else "the disk cannot be used"
        raise Failure(
            f"{place} ({error.strerror or error}): make room or name another folder, and run again"
        ) from error
    except Exception as error:
        # By name: importing its module would load torch, which a report of results and --help do without.
        if type(error).__name__ != "TrainingError":
            raise
        raise Failure(str(error)) from error


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _corpora(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> list[tuple[str, Path]]:
    """Names and paths of `--corpus NAME=PATH`, all of which are there."""
    from export.corpora.registry import NAMES  # noqa: PLC0415  # --help reads no corpus

    names, found = sorted({*NAMES, *DEFAULT_CORPORA}), []
    for one in given:
        name, equals, path = one.partition("=")
        if not (name and equals and path):
            raise Failure(f'--corpus "{one}" is not NAME=PATH, such as timit=/data/TIMIT')
        if name not in names:
            raise Failure(f"no corpus is called {name}: name one of {', '.join(names)}")
        if not Path(path).expanduser().exists():
            raise Failure(f"{path} is not there: name the folder or the table of {name} with --corpus {name}=PATH")
        found.append((name, Path(path).expanduser()))
    return found


def _models(given: str | None) -> tuple[str, ...]:
    """The systems to compare, in the order of the tables."""
    from export.systems.registry import TITLES  # noqa: PLC0415  # loads torch

    names = list(TITLES) if given is None else [name.strip() for name in given.split(",") if name.strip()]
    unknown = [name for name in names if name not in TITLES]
    if unknown or not names:
        raise Failure(f'there is no system "{"".join(unknown[:1])}": choose from {", ".join(TITLES)}')
    return tuple(name for name in TITLES if name in names)


FOLDER = click.Path(path_type=Path)
DATA = (
    click.option(
        "--corpus", "corpora", multiple=True, metavar="NAME=PATH", callback=_corpora, help="A corpus to read."
    ),
    click.option("--shared", type=FOLDER, default=Path("../shared"), help="The folder of corpus/NAME.tsv."),
    click.option("--runs", type=FOLDER, help="Trained systems.", show_default="the cache of kwsd, papers"),
    click.option("--seed", type=click.IntRange(0), default=Experiment.seed, help="Of everything drawn at random."),
)
MEASURING = (
    click.option("--models", metavar="NAME,NAME", help="The systems to compare.", show_default="all"),
    click.option("--out", type=FOLDER, help="Results.", show_default="results, results-quick if quick"),
    *DATA,
    click.option("--quick", is_flag=True, help="A very small version, to see whether all works; never reported."),
)


def _with(options: Iterable[Callable[[Command], Command]]) -> Callable[[Command], Command]:
    def add(function: Command) -> Command:
        for option in reversed(list(options)):
            function = option(function)
        return function

    return add


def experiment_of(
    models: str | None,
    out: Path | None,
    corpora: list[tuple[str, Path]],
    shared: Path,
    runs: Path | None,
    seed: int,
    quick: bool = False,
) -> Experiment:
    """The experiment that options describe."""
    cache, ending = default_cache(), "-quick" if quick else ""
    out, runs = out or Path(f"results{ending}"), runs or cache / f"papers{ending}"
    return Experiment(out, runs, cache, Corpora(shared, corpora), _models(models), seed, quick)


def measure(name: str, experiment: Experiment) -> None:
    """Run a task; what is measured already is not measured again."""
    module, _ = TASKS[name]
    # Asked for now: a folder that cannot be written to should not be found out after an hour of training.
    folder = experiment.results.folder
    import_module(f"export.evaluate.tasks.{module}").run(experiment)
    click.echo(f"{name}: measured, see {folder}", err=True)


SETTINGS = {"show_default": True, "help_option_names": ["-h", "--help"]}


@click.group(cls=Tasks, invoke_without_command=True, context_settings=SETTINGS)
@click.pass_context
def main(ctx: click.Context) -> None:
    """Reproduce the comparisons of Wav2Tok and H-QuEST, a task at a time; an interrupted run goes on."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def _add(name: str, text: str) -> None:
    @main.command(name, help=text, short_help=text)
    @_with(MEASURING)
    def task(**options: Any) -> None:
        measure(name, experiment_of(**options))


for _name, (_, _text) in TASKS.items():
    _add(_name, _text)


@main.command("all", short_help="Run every task, one after another.")
@_with(MEASURING)
def everything(**options: Any) -> None:
    """Run every task, one after another; one that fails does not stop the others."""
    experiment, failed = experiment_of(**options), []
    for name in TASKS:
        try:
            with sentences():
                measure(name, experiment)
        except Failure as error:
            click.echo(f"{name}: {_one_line(error.message)}", err=True)
            failed.append(name)
    if failed:
        raise Failure(f"not all was measured: {', '.join(failed)} failed")


PLAN = {  # fields of `export.systems.training.Plan`
    "steps": "Steps, at most.",
    "patience": "Judgements without a better one after which it ends.",
    "pairs": "Pairs of single recordings in a batch.",
    "sequences": "Pairs of sequences in a batch.",
    "joined": "Recordings in a sequence.",
    "every": "Steps from one fit of the codebook to the next.",
}
RATES = {"rate": "The largest learning rate of Adam.", "lamb": "The largest learning rate of LAMB."}


@main.command(short_help="Train one system with a plan of your own, to see its learning curve.")
@click.argument("system")
@click.option("--domain", type=click.Choice(("speech", "humming")), default="speech", help="What it learns from.")
@click.option("--tokens", type=click.IntRange(2), default=25, help="K, the size of the codebook.")
@click.option("--units", type=click.IntRange(1), help="Of the encoder, each layer and direction.", show_default="64")
@_with(
    click.option(f"--{name}", type=click.IntRange(1), help=text, show_default="as usual") for name, text in PLAN.items()
)
@_with(
    click.option(f"--{name}", type=click.FloatRange(0, min_open=True), help=text, show_default="as usual")
    for name, text in RATES.items()
)
@_with(DATA)
def train(
    system: str,
    domain: str,
    tokens: int,
    units: int | None,
    corpora: list[tuple[str, Path]],
    shared: Path,
    runs: Path | None,
    seed: int,
    **changes: float | None,
) -> None:
    """Train one system with a plan of your own; each plan needs a folder of its own, --runs.

    The learning curve is in log.jsonl in the folder of the run.
    """
    from export.evaluate.encoders import run_of  # noqa: PLC0415  # loads torch

    names = _models(system)
    out = (runs or default_cache() / "papers") / "results"
    experiment = experiment_of(system, out, corpora, shared, runs, seed)
    given = {name: value for name, value in changes.items() if value is not None}
    run = run_of(experiment, names[0], domain, tokens, units, **given)
    run.train()
    click.echo(f"{run.folder}: best at step {run.best[1]}, where the held-out MRR is {run.best[0]:.3f}", err=True)


@main.command(short_help="Draw the learning curves of the runs of a folder.")
@click.argument("runs", type=FOLDER)
@click.argument("picture", type=FOLDER)
def curves(runs: Path, picture: Path) -> None:
    """Draw what the runs of the folder RUNS were worth while they learned, as the SVG file PICTURE."""
    from export.evaluate.report import figures, training_runs  # noqa: PLC0415  # loads torch

    if not figures.learning_curves(training_runs.logged(runs), picture):
        raise Failure(
            f"{runs} holds no log of a run with K = {figures.USUAL}: name the folder of speech-tokb-25 and others"
        )
    click.echo(f"written: {picture}", err=True)


@main.command(short_help="Write what was measured to docs/papers.md.")
@click.option("--results", "--out", type=FOLDER, default=Path("results"), help="What was measured.")
@click.option("--docs", type=FOLDER, default=Path("docs"), help="Where papers.md and its pictures go.")
@click.option("--paper", type=click.Path(path_type=Path, exists=True), help="The papers' own figures.")
@click.option("--pack", is_flag=True, help="Put the files of results into one, to be kept beside the document.")
@click.option(
    "--tokens-of", "models", metavar="NAME,NAME", help="Draw how these systems tokenize; trains them if need be."
)
@_with(DATA)
def report(results: Path, docs: Path, paper: Path | None, pack: bool, models: str | None, **options: Any) -> None:
    """Write docs/papers.md and its pictures from what was measured."""
    from export.evaluate import published  # noqa: PLC0415  # loads torch
    from export.evaluate.report import document, figures  # noqa: PLC0415
    from export.evaluate.results import Results  # noqa: PLC0415

    document.measured(results)
    if models:
        figures.tokenizations(experiment_of(models, results, **options), docs / "papers" / document.TOKENIZATIONS)
    runs = options["runs"] or default_cache() / "papers"
    path = document.write(results, docs, paper or published.PAPER_FILE, runs)
    if pack:
        Results(results).pack()
    click.echo(f"written: {path}", err=True)


if __name__ == "__main__":
    main(prog_name="python -m export.evaluate")
