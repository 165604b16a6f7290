"""DET curves drawn on normal deviate scales: a panel for each condition, a curve for each system.

The false alarms of speech that goes on without a break are made a probability as in NIST's evaluations of spoken term
detection: of one trial a second (https://www.nist.gov/itl/iad/mig/spoken-term-detection).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kwsd.spotting.plot import load

NEAR = {  # conditions of sources of near phrases
    "voices": "near phrases, synthetic voices",
    "prose": "near phrases, prose",
    "unheard": "near phrases, unheard prose",
}
TRIALS = 3600  # an hour
COLUMNS, PANEL = 2, (4.6, 3.7)  # panels in a row, and inches of one
MISSES = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6)
HOURLY = (0.5, 1, 2, 5, 10, 20, 50, 100)
SHARES = (0.005, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.95)
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#999999", "#000000")  # told apart by the colour blind, too
LINES = ("-", "-", "--", "-.", ":", "--")
STYLE = {"svg.fonttype": "none", "svg.hashsalt": "kwsd", "font.size": 9}  # text as text, and the same file every time


@dataclass(frozen=True)
class Curve:
    """Misses and false alarms of one system in one condition, as the threshold moves.

    Attributes:
        condition: what is tried.
        system: the scorer, or the peer.
        alarms: [n] false alarms an hour of speech; of near phrases, the share that is detected.
        misses: [n] the share that is missed.
        own: false alarms and misses at the keywords' own thresholds; None if they learned none.
    """

    condition: str
    system: str
    alarms: NDArray[np.float64]
    misses: NDArray[np.float64]
    own: tuple[float, float] | None = None


def deviates(probability: NDArray[np.float64]) -> NDArray[np.float64]:
    """Normal deviates of probabilities [n]; those below 1e-6 and above 1 - 1e-6 are taken for these."""
    inverse = NormalDist().inv_cdf
    return np.array([inverse(one) for one in np.clip(probability, 1e-6, 1 - 1e-6).tolist()])


def draw(curves: Sequence[Curve], path: Path) -> None:
    """Write the picture of all curves, SVG or PNG by its suffix."""
    matplotlib = load()
    conditions = list(dict.fromkeys(curve.condition for curve in curves))
    systems = list(dict.fromkeys(curve.system for curve in curves))
    rows = -(-len(conditions) // COLUMNS)
    with matplotlib.rc_context(STYLE):
        figure = matplotlib.figure.Figure((COLUMNS * PANEL[0], rows * PANEL[1] + 0.4), layout="constrained")
        panels = figure.subplots(rows, COLUMNS, squeeze=False).ravel()
        for condition, panel in zip(conditions, panels, strict=False):
            for curve in (one for one in curves if one.condition == condition):
                _add(panel, curve, systems.index(curve.system) % len(COLOURS))
            _scales(panel, condition)
        for panel in panels[len(conditions) :]:
            panel.set_axis_off()
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=len(systems))
        figure.savefig(path, dpi=120, metadata={"Date": None} if path.suffix == ".svg" else None)


def _near(condition: str) -> bool:
    return condition in NEAR.values()


def _add(panel: Any, curve: Curve, style: int) -> None:
    trials = 1 if _near(curve.condition) else TRIALS
    look = {"color": COLOURS[style], "linestyle": LINES[style], "linewidth": 1.3}
    panel.plot(deviates(curve.alarms / trials).round(3), deviates(curve.misses).round(3), label=curve.system, **look)
    if curve.own:
        own = np.array([max(curve.own[0], HOURLY[0]) / trials, max(curve.own[1], MISSES[0])])
        panel.plot(*deviates(own)[:, None], "o", color=COLOURS[style], markersize=5, clip_on=False)


def _scales(panel: Any, condition: str) -> None:
    ticks = np.array(SHARES if _near(condition) else HOURLY, float)
    alarms = deviates(ticks if _near(condition) else ticks / TRIALS)
    misses = deviates(np.array(MISSES))
    panel.set_xticks(alarms, [f"{100 * tick:g}" if _near(condition) else f"{tick:g}" for tick in ticks])
    panel.set_yticks(misses, [f"{100 * tick:g}" for tick in MISSES])
    panel.set(xlim=alarms[[0, -1]], ylim=misses[[0, -1]], title=condition, ylabel="missed, %")
    panel.set_xlabel("near phrases detected, %" if _near(condition) else "false alarms an hour")
    panel.grid(color="#dddddd", linewidth=0.6)
