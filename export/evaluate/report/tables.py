"""Tables in Markdown: a row a system, a cell a figure with its interval, the papers' own figures beside them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from export.evaluate.published import Figure, Key, Scalar, key_of
from export.evaluate.results import Result, Value
from export.systems.registry import TITLES

METRICS = {
    "mrr": "MRR",
    "p@1": "P@1, %",
    "p@3": "P@3, %",
    "p@5": "P@5, %",
    "map": "MAP",
    "accuracy": "accuracy, %",
    "precision": "precision, %",
    "recall": "recall, %",
    "f1": "F1, %",
    "f1_best": "F1 at the best threshold, %",
    "miss_rate": "misses, %",
    "phone": "phones explained, %",
    "place": "places explained, %",
    "seconds": "time, ms",
    "build": "time to index, s",
}
PLAIN = ("mrr", "map")  # shown as they are; other rates in percent
SETTINGS = {
    "k": "K = {}",
    "change": "queries changed: {}",
    "non_keywords": "{} other words an utterance",
    "segment": "segments of {} s",
    "alarms_per_hour": "false alarms an hour: {}",
    "utterances": "{} utterances",
    "voices": "{} voices a melody",
    "noise": "{}",
    "set": "{}",
    "tokens": "{}",
    "query": "query {}",
    "part": "own segments, set {}",
}
# Values that have an order of their own; others stand in the order of the alphabet, numbers by size.
ORDER = (
    *METRICS,
    *("dtw", "dtw, compressed", "edit", "edit, compressed"),
    *("boaw+dtw", "tf-idf", "inverted", "aligned", "hquest"),
    *("vectors", "51 tokens", "100 tokens", "512 tokens", "cut out", "in its sentence"),
    *("none", "stretch", "pitch", "both", "clean"),
)


@dataclass(frozen=True)
class Layout:
    """How a part of a task's figures becomes tables; what is in neither rows nor column makes a table of its own.

    Attributes:
        column: the setting, or "metric", whose values are the columns.
        rows: settings that tell rows of one system apart.
        metrics: the figures shown; all if empty.
        hides: metrics that are left out here on purpose.
        needs: settings that a result must have.
        only: settings that must have these values.
    """

    column: str = "metric"
    rows: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    hides: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    only: Mapping[str, Scalar] = field(default_factory=dict)

    def covers(self, entry: Entry) -> bool:
        """Whether a figure belongs here, or is left out here on purpose."""
        fits = {*entry.setting, "metric"} >= {*self.rows, *self.needs, self.column}
        return fits and (not self.metrics or entry.metric in (*self.metrics, *self.hides))

    def takes(self, entry: Entry) -> bool:
        """Whether a figure is shown here."""
        fits = all(entry.setting.get(key) == value for key, value in self.only.items())
        return self.covers(entry) and entry.metric not in self.hides and fits


LAYOUTS = {
    "speech-search": (Layout("matching"),),
    "query-by-humming": (
        Layout("change", ("matching",), ("mrr",)),
        Layout("matching", (), ("seconds",), only={"change": "none"}),
    ),
    "humming-voices": (Layout("voices", ("matching",)),),
    "keyword-spotting": (Layout("metric", ("matching",)),),
    "spoken-terms": (
        Layout("metric", ("method",), needs=("segment",)),
        Layout("set", ("method",), ("map",), ("p@1", "p@3", "p@5", "seconds")),
        Layout("part", ("method",), ("map",), ("p@1", "p@3", "p@5", "seconds")),
    ),
    "term-tokens": (Layout("tokens", ("query", "method")),),
    "wake-word": (Layout("noise", ("matching",)),),
    "query-time": (Layout("utterances", ("method",)),),
}


@dataclass(frozen=True)
class Entry:
    """One figure of ours, or a paper's, or both."""

    system: str
    setting: Mapping[str, Scalar]
    metric: str
    result: Result | None = None
    paper: Figure | None = None

    def part(self, key: str) -> Scalar:
        """The value of a setting, or the metric."""
        return self.metric if key == "metric" else self.setting[key]


def entries(task: str, results: Iterable[Result], published: Mapping[Key, Figure]) -> list[Entry]:
    """The figures of a task, each with the paper's; those that only a paper has come last."""
    found: dict[Key, Entry] = {}
    for result in results:
        for metric in result.values if result.task == task else ():
            key = key_of(task, result.system, result.setting, metric)
            found[key] = Entry(result.system, result.setting, metric, result, published.get(key))
    for key, figure in published.items():
        if key[0] == task and key not in found:
            found[key] = Entry(key[1], dict(sorted(key[2])), key[3], None, figure)
    return list(found.values())


def tables(task: str, figures: Sequence[Entry]) -> Iterator[str]:
    """Each table of a task, with a heading, and below it where its figures come from."""
    layouts = LAYOUTS.get(task, ())
    for layout in layouts:
        yield from _laid_out(layout, [entry for entry in figures if layout.takes(entry)])
    yield from _laid_out(Layout(), [entry for entry in figures if not any(one.covers(entry) for one in layouts)])


def _laid_out(layout: Layout, figures: Sequence[Entry]) -> Iterator[str]:
    groups: dict[tuple[tuple[str, Scalar], ...], list[Entry]] = {}
    for entry in figures:
        taken = {layout.column, *layout.rows}
        apart = tuple((key, entry.part(key)) for key in ("metric", *entry.setting) if key not in taken)
        groups.setdefault(apart, []).append(entry)
    for apart in sorted(groups, key=lambda group: [_place(value) for _, value in group]):
        heading = ", ".join(named(key, value) for key, value in apart)
        yield "\n".join([*([f"**{heading}**", ""] if heading else []), *_rows(layout, groups[apart]), ""])
        yield source(groups[apart]) + "\n"


def _rows(layout: Layout, figures: Sequence[Entry]) -> Iterator[str]:
    columns = sorted({entry.part(layout.column) for entry in figures}, key=_place)
    rows: dict[tuple[Scalar, ...], dict[Scalar, Entry]] = {}
    for entry in figures:
        row = (entry.system, *(entry.part(key) for key in layout.rows))
        rows.setdefault(row, {})[entry.part(layout.column)] = entry
    head = ["system", *layout.rows, *(named(layout.column, value) for value in columns), "paper"]
    yield line(head)
    yield line(["---"] * len(head))
    for row in sorted(rows, key=lambda row: (_rank(str(row[0])), *map(_place, row[1:]))):
        cells = [rows[row].get(value) for value in columns]
        yield line([TITLES.get(str(row[0]), row[0]), *row[1:], *map(_ours, cells), _papers(cells)])


def line(cells: Iterable[object]) -> str:
    """A row of a table."""
    return f"| {' | '.join(str(cell).replace('|', '/') for cell in cells)} |"


def _ours(entry: Entry | None) -> str:
    return "-" if entry is None or entry.result is None else shown(entry.metric, entry.result.values[entry.metric])


def _papers(cells: Iterable[Entry | None]) -> str:
    """The papers' figures in the order of ours; one dash where there are none."""
    found = ["-" if cell is None or cell.paper is None else number(cell.metric, cell.paper.value) for cell in cells]
    return "-" if set(found) == {"-"} else " / ".join(found)


def shown(metric: str, value: Value) -> str:
    """A figure and its interval."""
    text = number(metric, value.value)
    if value.low is None or value.high is None:
        return text
    return f"{text} [{number(metric, value.low)}, {number(metric, value.high)}]"


def number(metric: str, value: float) -> str:
    """A figure in the unit of its column: MRR and MAP as they are, other rates in percent, times in milliseconds."""
    if not math.isfinite(value):
        return "none"
    if metric == "seconds":
        return f"{value * 1000:.3g}" if value < 1 else f"{value * 1000:.0f}"
    if metric == "build":
        return f"{value:.2g}"
    return f"{100 * value:.1f}" if metric in METRICS and metric not in PLAIN else f"{value:.3f}"


def named(key: str, value: Scalar) -> str:
    """A setting's value in words; a metric's title."""
    return METRICS.get(str(value), str(value)) if key == "metric" else SETTINGS.get(key, "{}").format(value)


def source(figures: Iterable[Entry]) -> str:
    """Below a table: the data, how many queries, the seed and the time, which papers' tables."""
    results = list({entry.result.name: entry.result for entry in figures if entry.result is not None}.values())
    papers = sorted({entry.paper.source for entry in figures if entry.paper is not None})
    said = [f"Data: {'; '.join(_data(results))}."] if results else []
    if results:
        counts, seeds = sorted({r.queries for r in results}), sorted({r.seed for r in results})
        said.append(f"Queries: {_span(counts)}. Seed: {', '.join(map(str, seeds))}.")
        said.append(f"Measured in {_duration(sum(r.seconds for r in results))}.")
    return " ".join([*said, *([f"Paper: {'; '.join(papers)}."] if papers else [])])


def _data(results: Sequence[Result]) -> Iterator[str]:
    """Each phrase once; with the systems that it is about where not all were measured on the same."""
    about: dict[str, dict[str, None]] = {}
    for result in results:
        about.setdefault(result.data, {})[TITLES.get(result.system, result.system)] = None
    alike = len({frozenset(systems) for systems in about.values()}) == 1
    for data, systems in about.items():
        yield data if alike else f"{data} ({', '.join(systems)})"


def _span(counts: Sequence[int]) -> str:
    return f"{counts[0]:,}" if len(counts) == 1 else f"{counts[0]:,} to {counts[-1]:,}"


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _rank(system: str) -> tuple[int, str]:
    names = list(TITLES)
    return (names.index(system) if system in TITLES else len(names)), system


def _place(value: Scalar) -> tuple[int, float, str]:
    """Where a value stands: numbers by size, then names in their own order, then the rest."""
    if not isinstance(value, str):
        return 0, float(value), ""
    return (1, ORDER.index(value), "") if value in ORDER else (2, 0, value)
