"""DET curves: misses at a rate of false alarms, and the scales that they are drawn on."""

import numpy as np
import pytest

det = pytest.importorskip("benchmarks.det", reason="the benchmarks are not beside the tests")
det_plot = pytest.importorskip("benchmarks.det_plot")
outcomes = pytest.importorskip("benchmarks.near_outcomes")

HOP = 0.5


def track_with(dips: dict[float, float], hours: float) -> np.ndarray:
    """Far from the keyword but for dips at some seconds."""
    track = np.ones(round(hours * 3600 / HOP))
    for second, distance in dips.items():
        track[round(second / HOP)] = distance
    return track


def test_misses_are_those_at_the_highest_threshold_with_so_many_alarms():
    hits = np.array([0.1, 0.35, 0.45, 0.7])
    track = track_with({100: 0.3, 500: 0.4, 900: 0.5}, hours=0.5)

    assert det.missed(hits, track, 0.5, np.array([0.0, 2.0, 4.0])).tolist() == [0.75, 0.5, 0.25]


def test_a_rate_between_two_counts_of_alarms_allows_the_lower_count():
    hits, track = np.array([0.35]), track_with({100: 0.3, 500: 0.4}, hours=1)

    assert det.missed(hits, track, 1.0, np.array([0.9, 1.0])).tolist() == [1.0, 0.0]


def test_near_phrases_share_one_threshold():
    tried = [
        outcomes.Outcome("a", np.array([0.1, 0.2]), np.array([0.5]), (), ()),
        outcomes.Outcome("b", np.array([0.3, 0.6]), np.array([0.4]), (), ()),
    ]
    curve = det.confused("near", "dtw", tried)

    assert curve.misses[0] == 0.75
    assert curve.alarms[0] == 0
    assert (curve.misses[-1], curve.alarms[-1]) == (0, 1)
    assert np.all(np.diff(curve.misses) <= 0)
    assert np.all(np.diff(curve.alarms) >= 0)
    both = curve.misses[curve.alarms == 0.5]
    assert both.min() == 0.25  # of the hits one is farther than the nearer of the near phrases


def test_the_scales_are_normal_deviates():
    assert det_plot.deviates(np.array([0.5, 0.025, 0.975])) == pytest.approx([0, -1.96, 1.96], abs=0.001)
    assert np.isfinite(det_plot.deviates(np.array([0.0, 1.0]))).all()


def test_a_picture_has_a_panel_for_each_condition_and_a_curve_for_each_system(tmp_path):
    pytest.importorskip("matplotlib")
    rates, falling = np.geomspace(0.5, 100, 10), np.linspace(0.3, 0.01, 10)
    curves = [
        det_plot.Curve("studio", "dtw", rates, falling, own=(0.0, 0.0)),
        det_plot.Curve("studio", "codes", rates, falling / 2, own=(0.6, 0.05)),
        det_plot.Curve(det_plot.NEAR["voices"], "dtw", np.linspace(0, 1, 10), falling),
    ]
    det_plot.draw(curves, tmp_path / "det.svg")
    det_plot.draw(curves, tmp_path / "again.svg")
    picture = (tmp_path / "det.svg").read_text()

    for text in ("studio", "synthetic voices", "dtw", "codes", "false alarms an hour", "near phrases detected, %"):
        assert text in picture
    assert picture == (tmp_path / "again.svg").read_text()
