import json

import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install 'kwsd[train]'")
pytest.importorskip("export.corpus", reason="the trainer is not beside the tests")

from export.evaluate.report.figures import learning_curves  # noqa: E402  after the skip
from export.evaluate.report.training_runs import logged as logged_runs  # noqa: E402
from export.evaluate.report.training_runs import rendered  # noqa: E402


def logged(runs, name, *steps):
    (runs / name).mkdir(parents=True)
    lines = [json.dumps({"step": s, "seconds": t, "held_out": mrr}) for s, t, mrr in steps]
    (runs / name / "log.jsonl").write_text("\n".join(lines) + "\n")


def test_a_row_says_what_was_best_and_what_was_last(tmp_path):
    logged(tmp_path, "speech-tokb-25", (0, 0.0, 0.6), (50, 60.0, 0.3), (100, 120.0, 0.5), (150, 180.0, 0.4))

    assert "| TokB | speech | 25 | 150 | 3 | 0.600 | 0.400 | 0.500 | 100 |" in rendered(tmp_path)


def test_a_row_says_how_vectors_and_tokens_changed(tmp_path):
    (tmp_path / "speech-tokb-25").mkdir()
    lines = [
        {
            "step": 0,
            "seconds": 0,
            "held_out": 0.3,
            "dtw": 0.4,
            "edit, compressed": 0.2,
            "dimensions": 12.96,
            "used": 22,
        },
        {"step": 9, "seconds": 9, "held_out": 0.4, "dtw": 0.5, "edit, compressed": 0.3, "dimensions": 4.5, "used": 19},
    ]
    (tmp_path / "speech-tokb-25" / "log.jsonl").write_text("\n".join(map(json.dumps, lines)))
    picture = tmp_path / "curves.svg"

    assert "| 9 | 0.400 / 0.500 | 0.200 / 0.300 | 13.0 / 4.5 | 22.0 / 19.0 |" in rendered(tmp_path)
    assert learning_curves(logged_runs(tmp_path), picture)
    assert "</svg>" in picture.read_text()


def test_runs_that_logged_less_have_no_curves(tmp_path):
    logged(tmp_path, "speech-tokb-25", (0, 0.0, 0.6), (50, 60.0, 0.3))

    assert not learning_curves(logged_runs(tmp_path), tmp_path / "curves.svg")


def test_a_run_that_did_not_log_what_it_began_with_is_shown_without(tmp_path):
    logged(tmp_path, "speech-tokb-25", (50, 60.0, 0.3))

    assert "| TokB | speech | 25 | 50 | 1 | - | 0.300 | 0.300 | 50 |" in rendered(tmp_path)


def test_the_sittings_of_a_resumed_run_are_added_up(tmp_path):
    logged(tmp_path, "speech-mips-25", (50, 120.0, 0.3), (100, 60.0, 0.4), (150, 120.0, 0.5))

    assert "| MIPS | speech | 25 | 150 | 4 |" in rendered(tmp_path)


def test_rows_are_by_system_then_domain_then_size_and_one_name_is_not_taken_for_another(tmp_path):
    for name in ("humming-tokb-15", "speech-tokb-25", "speech-tokb-nosim-25", "humming-tokb-100", "speech-triplet-25"):
        logged(tmp_path, name, (50, 60.0, 0.3))
    rows = [row.split(" | ")[:3] for row in rendered(tmp_path).splitlines()[2:] if row]

    assert rows == [
        ["| Triplet", "speech", "25"],
        ["| TokB", "speech", "25"],
        ["| TokB", "humming", "15"],
        ["| TokB", "humming", "100"],
        ["| TokB + NoSim", "speech", "25"],
    ]


def test_a_sentence_says_how_many_gained_by_being_trained(tmp_path):
    for name, untrained in (("speech-toka-25", 0.2), ("speech-tokb-25", 0.4), ("humming-tokb-25", 0.1)):
        logged(tmp_path, name, (0, 0.0, untrained), (50, 60.0, 0.3))
    logged(tmp_path, "humming-mips-25", (50, 60.0, 0.3))

    assert "than untrained, by this measure: 1 of 2 on speech, 1 of 1 on humming." in rendered(tmp_path)


def test_without_runs_there_is_nothing(tmp_path):
    assert rendered(tmp_path) == ""
