"""The papers' claims, each compared with our figures.

Which of our figures a claim is held against is our reading: the same matching on both sides where it leaves that open,
K = 25; for H-QuEST segments of 1 s, and for its accuracy the tokens of kwsd, with which running speech can be searched.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from export.evaluate.published import Scalar
from export.evaluate.report.tables import line, shown
from export.evaluate.results import Result, Value
from export.systems.registry import TITLES

HOLDS, FAILS, UNKNOWN = "holds", "does not hold", "not measured"
WAV2TOK, HQUEST = "Wav2Tok", "H-QuEST"
SUBSTANTIAL = 2.0  # how many times faster counts as "substantial": our reading
NO_REASON = "no reason found yet"

# Why a claim does not hold on our data, by its key: written by hand, once the reason is found.
_SHORT = "H-QuEST counts single tokens of segments that hold a dozen or two, which says little of their order"
REASONS: dict[str, str] = {
    "search-triplet-dtw": (
        "two recordings of the same six words share no more of 25 tokens than two of different words, so that TokB's "
        "loss cannot tell what is said: it sharpens the clusters of the untrained encoder, and vectors come to fill "
        "two thirds of the dimensions. Told from the tokens of the whole batch, on single words, it is far above "
        "Triplet, where the paper has TokB (TokB + batch negatives; see papers-training.md)"
    ),
    "search-stft-tokens": (
        "what is compared is a handful of symbols against whole vectors; the same tokens without compression, which "
        "keeps how long each lasts, are nearer to or beyond STFT + DTW (see Speech search)"
    ),
    "compressed-runs": (
        "the edit distance takes up to 64 tokens in one machine word, so that 25 tokens of a word are matched as fast "
        "as ten; hums, which are longer, gain (see Query by humming)"
    ),
    "hquest-map-dtw": (
        "most is lost where a vector becomes a token, before any ranking, and the more the fewer tokens there are; "
        "the rest because only equal tokens count as alike; the shortlist loses little (see What H-QuEST loses where). "
        "Among 50 segments of its own, as in the paper's test sets, a query's MAP is the paper's"
    ),
    **dict.fromkeys(
        (f"own-dtw-{part}" for part in (1, 2, 3)),
        "the vectors that DTW compares here are better than those of the paper's DTW, which has 0.57 to 0.62; their "
        "tokens lose most of that (see What H-QuEST loses where), and H-QuEST comes out where the paper has it",
    ),
    "hquest-map-tf-idf": f"{_SHORT}, and Smith-Waterman's scores of so few tokens have many ties",
    "hquest-time-tf-idf": (
        "vectors of 100 tokens are so short that multiplying all of them takes about as long as the walk through the "
        "graph and the alignments that follow"
    ),
}

Setting = Mapping[str, Scalar]
Rule = Callable[[Value, Value], bool]


@dataclass(frozen=True)
class Side:
    """One side of a comparison: where its figure is found, and what a reader sees."""

    task: str
    system: str
    metric: str
    setting: Setting

    def value(self, results: Iterable[Result]) -> Value | None:
        """The figure; None where it was not measured, or had no queries."""
        for result in results:
            if (result.task, result.system) == (self.task, self.system) and dict(result.setting) == dict(self.setting):
                value = result.values.get(self.metric)
                return value if value is not None and math.isfinite(value.value) else None
        return None

    def says(self, value: Value | None) -> str:
        """The system, what it was measured with, and the figure."""
        means = [str(self.setting[key]) for key in ("matching", "method") if key in self.setting]
        figure = "-" if value is None else f"{shown(self.metric, value)}{' ms' if self.metric == 'seconds' else ''}"
        return f"{', '.join([TITLES[self.system], *means])}: {figure}"


@dataclass(frozen=True)
class Verdict:
    """Whether a claim holds, the two figures, and whether their intervals overlap ("-" where they have none)."""

    word: str
    ours: str = "-"
    rival: str = "-"
    overlap: str = "-"


@dataclass(frozen=True)
class Claim:
    """A sentence of a paper that our figures can contradict.

    Attributes:
        key: its name in REASONS.
        paper: who says it.
        text: what is said.
        ours: the side that is to win.
        rivals: those it is to beat, each of them.
        rule: whether it does.
        rises: whether the figure is better when it is larger.
    """

    key: str
    paper: str
    text: str
    ours: Side
    rivals: tuple[Side, ...]
    rule: Rule
    rises: bool = True

    def verdict(self, results: Sequence[Result]) -> Verdict:
        """Holds if every rival was measured and beaten; the strongest rival's figure is shown."""
        value = self.ours.value(results)
        found = [(side, side.value(results)) for side in self.rivals]
        known = [(side, rival) for side, rival in found if rival is not None]
        if value is None or not known:
            return Verdict(UNKNOWN, *(side.says(side.value(results)) for side in (self.ours, self.rivals[0])))
        side, rival = (max if self.rises else min)(known, key=lambda one: one[1].value)
        beaten = all(self.rule(value, other) for _, other in known)
        word = FAILS if not beaten else HOLDS if len(known) == len(found) else UNKNOWN
        return Verdict(word, self.ours.says(value), side.says(rival), _overlap(value, rival))


def higher(ours: Value, rival: Value) -> bool:
    """Whether ours is the larger one, whatever the intervals."""
    return ours.value > rival.value


def faster(ours: Value, rival: Value) -> bool:
    """Whether ours takes less time."""
    return ours.value < rival.value


def much_faster(ours: Value, rival: Value) -> bool:
    """Whether ours takes less than half the time."""
    return ours.value * SUBSTANTIAL < rival.value


def not_worse(ours: Value, rival: Value) -> bool:
    """Whether ours is no smaller, or the intervals overlap."""
    return ours.value >= rival.value or _overlap(ours, rival) == "yes"


def _overlap(one: Value, other: Value) -> str:
    if one.low is None or one.high is None or other.low is None or other.high is None:
        return "-"
    return "yes" if one.low <= other.high and other.low <= one.high else "no"


def _search(system: str, matching: str, metric: str = "mrr") -> Side:
    return Side("speech-search", system, metric, {"matching": matching})


def _humming(system: str, change: str, matching: str) -> Side:
    return Side("query-by-humming", system, "mrr", {"k": 25, "change": change, "matching": matching})


def _terms(method: str) -> Side:
    return Side("spoken-terms", "kwsd", "map", {"method": method, "segment": 1.0})


def _own(method: str, part: int) -> Side:
    return Side("spoken-terms", "kwsd", "map", {"method": method, "part": part})


def _time(method: str, utterances: int) -> Side:
    return Side("query-time", "tokb", "seconds", {"method": method, "utterances": utterances})


def _of_search() -> Iterable[Claim]:
    for name, matching in (("dtw", "dtw"), ("tokens", "edit, compressed")):
        ours = _search("tokb", matching)
        for rival in (_search("stft", "dtw"), _search("triplet", matching)):
            title = f"{TITLES[rival.system]}{' + DTW' if rival.system == 'stft' else ''}"
            text = f"TokB beats {title} on speech search"
            yield Claim(f"search-{rival.system}-{name}", WAV2TOK, text, ours, (rival,), higher)


def _of_compression() -> Iterable[Claim]:
    text = "shorter token sequences are faster to match"
    for name, ours, rival in (
        ("tokens", "edit, compressed", "dtw"),
        ("vectors", "dtw, compressed", "dtw"),
        ("runs", "edit, compressed", "edit"),
    ):
        sides = [_search("tokb", matching, "seconds") for matching in (ours, rival)]
        yield Claim(f"compressed-{name}", WAV2TOK, text, sides[0], (sides[1],), faster, rises=False)


def _of_humming() -> Iterable[Claim]:
    """Of which the baselines are STFT + DTW, Triplet, MIPS and Wav2Vec 2.0."""
    changes = {"none": "as hummed", "both": "stretched in time and shifted in pitch"}
    for system in ("toka", "tokb"):
        for change, said in changes.items():
            for name, matching in (("dtw", "dtw"), ("tokens", "edit, compressed")):
                rivals = [_humming(rival, change, matching) for rival in ("triplet", "mips", "wav2vec2")]
                text = f"{TITLES[system]} outperforms the baselines on query by humming, {said}"
                ours, first = _humming(system, change, matching), _humming("stft", change, "dtw")
                yield Claim(f"humming-{system}-{change}-{name}", WAV2TOK, text, ours, (first, *rivals), higher)


def _of_hquest(results: Sequence[Result]) -> Iterable[Claim]:
    for rival in ("dtw", "tf-idf"):
        accuracy = "H-QuEST does not sacrifice accuracy"
        yield Claim(f"hquest-map-{rival}", HQUEST, accuracy, _terms("hquest"), (_terms(rival),), not_worse)
    for part in (1, 2, 3):
        for name, said, rivals in (
            ("tf-idf", "TF-IDF and the inverted index", ("tf-idf", "inverted")),
            ("dtw", "DTW", ("dtw",)),
        ):
            text = f"H-QuEST beats {said} among 50 segments of a query, set {part}"
            sides = tuple(_own(rival, part) for rival in rivals)
            yield Claim(f"own-{name}-{part}", HQUEST, text, _own("hquest", part), sides, higher)
    for rival in ("dtw", "tf-idf"):
        count = _largest(results, ("hquest", rival))
        speed = f"H-QuEST is substantially faster{f', {count:,} utterances' if count else ''}"
        sides = _time("hquest", count), _time(rival, count)
        yield Claim(f"hquest-time-{rival}", HQUEST, speed, sides[0], (sides[1],), much_faster, rises=False)


def _largest(results: Iterable[Result], methods: Sequence[str]) -> int:
    """The largest archive that all of these methods were timed on; 0 if there is none."""
    timed: dict[str, set[int]] = {method: set() for method in methods}
    for result in results:
        method = str(result.setting.get("method"))
        if (result.task, result.system) == ("query-time", "tokb") and method in timed:
            timed[method].add(int(result.setting.get("utterances", 0)))
    return max(set.intersection(*timed.values()), default=0)


def claims(results: Sequence[Result]) -> list[Claim]:
    """All claims, in the order of the papers."""
    return [*_of_search(), *_of_compression(), *_of_humming(), *_of_hquest(results)]


def rendered(results: Sequence[Result], reasons: Mapping[str, str] = REASONS) -> str:
    """The table of all claims, and below it the reason for each that does not hold."""
    judged = [(claim, claim.verdict(results)) for claim in claims(results)]
    head = ["paper", "claim", "ours", "strongest rival", "intervals overlap", "verdict"]
    rows = [[c.paper, c.text, v.ours, v.rival, v.overlap, f"**{v.word}**"] for c, v in judged]
    failed = [
        f"- {c.text} ({v.ours}; {v.rival}): {reasons.get(c.key, NO_REASON)}" for c, v in judged if v.word == FAILS
    ]
    below = ["", "Where our ranking differs, and why:", "", *failed] if failed else []
    return "\n".join([*map(line, [head, ["---"] * len(head), *rows]), *below]) + "\n"
