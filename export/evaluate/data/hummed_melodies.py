"""Hummed melodies for training and for testing: MIR-QBSH where it is at hand, else synthetic voices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from export.corpora import registry
from export.corpora.composed_melodies import composed
from export.corpora.melodies import MELODIES
from export.corpora.splits import Halves, split
from export.corpora.synthetic_hums import RATE, Sung, crowd, hummings
from export.evaluate.errors import EvaluationError
from export.evaluate.experiment import Experiment

CORPUS = "mir-qbsh"
LEARNED, VALIDATED, OTHERS = 400, 20, 24  # composed melodies to train on, to judge by, and among those of the test
VOICES, JUDGES, SINGERS = 6, 12, 12  # synthetic voices of each of them
CROWD = 90  # synthetic voices, where as many are wanted as MIR-QBSH has of each song
QUICK_MELODIES, QUICK_SINGERS, QUICK_TRAINED = 6, 3, 12
TRAINED, ITEMS, QUERIES = 2000, 864, 72  # at most; a query a melody, for the sake of time


@dataclass(frozen=True)
class Retrieval:
    """What is searched, and with what.

    Attributes:
        items: the database.
        queries: [q] int64 which of the items are also queries; the rest of their singer's items do not count.
        data: one phrase that says where they are from.
    """

    items: Sequence[Sung]
    queries: NDArray[np.int64]
    data: str

    @property
    def labels(self) -> list[str]:
        """The melody of each query."""
        return [self.items[i].label for i in self.queries]

    @property
    def relevant(self) -> NDArray[np.bool_]:
        """[q, d] which items are the query's melody."""
        label = np.array([item.label for item in self.items])
        return np.asarray(label[self.queries][:, None] == label, bool)

    @property
    def allowed(self) -> NDArray[np.bool_]:
        """[q, d] which items are someone else's than the query."""
        who = np.array([item.singer for item in self.items])
        return np.asarray(who[self.queries][:, None] != who, bool)


def training(experiment: Experiment) -> list[Sung]:
    """Recordings to train on, melodies that several people sing.

    Raises:
        CorpusError: MIR-QBSH is given, but cannot be read.
    """
    if CORPUS in experiment.corpora:
        return _recorded(experiment, 0, QUICK_TRAINED if experiment.quick else TRAINED)
    return _crowd(experiment, 0, LEARNED, VOICES)


def validation(experiment: Experiment) -> list[Sung]:
    """Other melodies by other voices, to judge systems by while they learn; none where the corpus is people's."""
    return [] if CORPUS in experiment.corpora else _crowd(experiment, 1, VALIDATED, JUDGES)


def retrieval(experiment: Experiment) -> Retrieval:
    """Recordings to test on, by other people: synthetic voices sing other melodies, too.

    Raises:
        CorpusError: MIR-QBSH is given, but cannot be read.
        EvaluationError: no melody in it is sung by two people.
    """
    if CORPUS in experiment.corpora:
        items = _recorded(experiment, 1, QUICK_SINGERS * QUICK_MELODIES if experiment.quick else ITEMS)
    else:
        items = _synthetic(experiment, QUICK_SINGERS if experiment.quick else SINGERS)
    shared = _shared(items)
    if not len(shared):
        raise EvaluationError("no melody of the test recordings is sung by two people: name a folder with all of them")
    count = QUICK_MELODIES if experiment.quick else QUERIES
    chosen = evenly([items[i].label for i in shared], count, np.random.default_rng([experiment.seed, 2]))
    return Retrieval(items, shared[chosen], _phrase(experiment, items))


def crowded(experiment: Experiment) -> Retrieval:
    """The melodies that everyone knows by CROWD synthetic voices, of which the first ones are those of `retrieval`.

    The queries are those of `retrieval` that are such melodies.
    """
    test = Experiment(experiment.out, experiment.runs, experiment.cache, seed=experiment.seed, quick=experiment.quick)
    asked = retrieval(test)
    melodies = MELODIES[:QUICK_MELODIES] if experiment.quick else MELODIES
    items = hummings(_test_seed(experiment), 2 * QUICK_SINGERS if experiment.quick else CROWD, 1, melodies)
    place = {(item.label, item.singer): i for i, item in enumerate(items)}
    chosen = ((asked.items[i].label, asked.items[i].singer) for i in asked.queries)
    return Retrieval(items, np.array([place[one] for one in chosen if one in place]), _phrase(test, items))


def evenly(labels: Sequence[str], count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Which recordings to take, in order, `count` at most: as many of one label as of another, drawn at random."""
    order = rng.permutation(len(labels))
    seen: dict[str, int] = {}
    turn = np.empty(len(labels), np.int64)
    for i in order:
        turn[i] = seen[labels[i]] = seen.get(labels[i], -1) + 1
    return np.sort(order[np.argsort(turn[order], kind="stable")][:count])


def _crowd(experiment: Experiment, part: int, melodies: int, voices: int) -> list[Sung]:
    seed = 3 * experiment.seed + part
    return crowd(
        seed,
        QUICK_SINGERS if experiment.quick else voices,
        composed(QUICK_MELODIES if experiment.quick else melodies, seed),
    )


def _synthetic(experiment: Experiment, singers: int) -> list[Sung]:
    """Melodies that everyone knows, and as many composed ones: none of them is trained on."""
    seed = _test_seed(experiment)
    melodies = MELODIES[:QUICK_MELODIES] if experiment.quick else MELODIES + composed(OTHERS, seed)
    return hummings(seed, singers, 1, melodies)


def _test_seed(experiment: Experiment) -> int:
    return 3 * experiment.seed + 2


def _recorded(experiment: Experiment, part: int, count: int) -> list[Sung]:
    halves: Halves = split(
        registry.read(CORPUS, experiment.corpora[CORPUS], experiment.cache),
        experiment.seed,
        experiment.out / "splits" / f"{CORPUS}.json",
    )
    chosen = evenly([u.text for u in halves[part]], count, np.random.default_rng([experiment.seed, part]))
    return [Sung(u.text, u.speaker, u.samples(RATE)) for u in (halves[part][i] for i in chosen)]


def _shared(items: Sequence[Sung]) -> NDArray[np.int64]:
    """The items whose melody someone else sings too."""
    singers: dict[str, set[str]] = {}
    for item in items:
        singers.setdefault(item.label, set()).add(item.singer)
    return np.array([i for i, item in enumerate(items) if len(singers[item.label]) > 1], np.int64)


def _phrase(experiment: Experiment, items: Sequence[Sung]) -> str:
    melodies, singers = len({i.label for i in items}), len({i.singer for i in items})
    if CORPUS in experiment.corpora:
        return f"MIR-QBSH: {len(items)} recordings of {melodies} songs by {singers} people"
    return f"{len(items)} hums of {melodies} melodies by {singers} synthetic voices"
