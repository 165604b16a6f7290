import itertools
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install 'kwsd[train]'")
pytest.importorskip("export.corpus", reason="the trainer is not beside the tests")

from export.systems import training  # noqa: E402  after the skip
from export.systems.codebook import fitted, refined  # noqa: E402
from export.systems.features import HUMMING, SPEECH  # noqa: E402
from export.systems.registry import build  # noqa: E402
from export.systems.shape import Shape  # noqa: E402
from export.systems.system import TrainingError  # noqa: E402
from export.systems.training import Plan, Run, divided  # noqa: E402
from export.systems.training_pairs import Pairs, Sample  # noqa: E402
from kwsd.tokenizer.codebook import unit  # noqa: E402

SMALL = Shape(bins=12, hidden=10, tokens=5)
PLAN = Plan(steps=12, pairs=3, sequences=2, joined=2, every=4)


COUNT = itertools.count()


def equally(found):
    return {"dtw": found, "edit, compressed": found}


def always_better():
    """A judge to whom the last is the best."""
    return lambda system, held_out: equally(float(next(COUNT)))


def made(words=4, speakers=3, seed=1):
    rng = np.random.default_rng(seed)
    said = rng.standard_normal((words, 9, 12))
    return [
        Sample(f"word {w}", f"speaker {s}", (said[w] + 0.3 * rng.standard_normal((9, 12))).astype(np.float16))
        for w in range(words)
        for s in range(speakers)
    ]


@pytest.fixture(autouse=True)
def often(monkeypatch):
    monkeypatch.setattr(training, "LEAST", 3)


def weights(system):
    return torch.cat([p.detach().flatten() for p in system.parameters()])


def interrupted(folder, name, after):
    """A run that is cut off after so many steps, of which the last few were not kept."""
    run, done = Run(folder, name, SMALL, made(), PLAN, always_better()), 0
    advance = run._advance

    def until(optimiser):
        nonlocal done
        if done == after:
            raise KeyboardInterrupt
        done += 1
        return advance(optimiser)

    run._advance = until
    with pytest.raises(KeyboardInterrupt):
        run.train()


@pytest.mark.parametrize("name", ["tokb", "mips"])
def test_an_interrupted_run_goes_on_and_ends_where_an_unbroken_one_does(tmp_path, name):
    whole = Run(tmp_path / "whole", name, SMALL, made(), PLAN, always_better()).train()
    interrupted(tmp_path / "broken", name, after=8)
    resumed = Run(tmp_path / "broken", name, SMALL, made(), PLAN, always_better())

    assert resumed.step == 6
    assert resumed.best[1] == 6
    assert torch.equal(weights(resumed.train()), weights(whole))
    assert torch.equal(resumed.system.codebook, whole.codebook)


def test_a_finished_run_is_not_trained_again(tmp_path):
    first = Run(tmp_path, "toka", SMALL, made(), PLAN, always_better()).train()
    again = Run(tmp_path, "toka", SMALL, made(), PLAN, always_better())
    again._advance = None  # would fail if it were called

    assert torch.equal(weights(again.train()), weights(first))


def test_the_system_is_kept_as_it_was_when_it_did_best_since_it_learns(tmp_path):
    said = iter([0.9, 0.3, 0.6, 0.5, 0.1])
    weighed = {}

    def judge(system, held_out):
        found = next(said)
        weighed[found] = weights(system)
        return equally(found)

    run = Run(tmp_path, "tokb", SMALL, made(), PLAN, judge)

    assert torch.equal(weights(run.train()), weighed[0.6])
    assert run.best == (0.6, 6)


def test_a_run_ends_when_it_was_long_no_better(tmp_path):
    said = iter([0.9, 0.3, 0.6, 0.5, 0.4])
    run = Run(tmp_path, "tokb", SMALL, made(), replace(PLAN, steps=30, patience=2), lambda *_: equally(next(said)))
    run.train()
    again = Run(tmp_path, "tokb", SMALL, made(), replace(PLAN, steps=30, patience=2), lambda *_: equally(next(said)))

    assert (run.step, run.best) == (12, (0.6, 6))
    assert again.over


def test_systems_without_learned_tokens_are_kept_by_their_vectors_alone(tmp_path):
    def judge(system, held_out):
        return {"dtw": 0.5, "edit, compressed": 0.1}

    mips, tokb = (Run(tmp_path / name, name, SMALL, made(), PLAN, judge) for name in ("mips", "tokb"))
    mips.train(), tokb.train()

    assert mips.best[0] == pytest.approx(0.5)
    assert tokb.best[0] == pytest.approx(0.3)


def test_a_recording_says_the_same_whatever_stands_beside_it():
    torch.manual_seed(1)
    system = build("tokb", SMALL)
    rng = np.random.default_rng(1)
    some = [rng.standard_normal((n, 12)).astype(np.float32) for n in (9, 4, 1, 7)]

    for one, beside in zip(some, system.encode(some), strict=True):
        np.testing.assert_allclose(system.encode([one])[0].z, beside.z, atol=1e-5)


def test_speakers_are_held_out_to_judge_by():
    held_in, held_out = divided(made(speakers=10), np.random.default_rng(1))

    assert len({s.speaker for s in held_in}) == 8
    assert len({s.speaker for s in held_out}) == 2
    assert not {s.speaker for s in held_in} & {s.speaker for s in held_out}


def test_few_speakers_all_train_and_are_judged_by():
    held_in, held_out = divided(made(speakers=3), np.random.default_rng(1))

    assert len(held_in) == len(held_out) == 12


def test_those_that_are_only_there_to_judge_by_are_held_out_and_no_others():
    marked = [replace(s, held_out=s.label == "word 1") for s in made(speakers=10)]
    held_in, held_out = divided(marked, np.random.default_rng(1))

    assert {s.label for s in held_out} == {"word 1"}
    assert len(held_in) == 30


def test_a_long_run_is_judged_a_few_times_only(tmp_path):
    run = Run(tmp_path, "tokb", SMALL, made(), replace(PLAN, steps=2000), always_better())

    assert run.interval == 2000 // training.MOST + 1


def test_a_folder_of_another_run_is_refused_and_stays(tmp_path):
    Run(tmp_path, "toka", SMALL, made(), PLAN, always_better()).train()
    before = (tmp_path / "checkpoint.pt").read_bytes()

    with pytest.raises(TrainingError, match="holds another run: name another folder"):
        Run(tmp_path, "tokb", SMALL, made(), PLAN, always_better())
    assert (tmp_path / "checkpoint.pt").read_bytes() == before


def test_a_full_disk_keeps_the_last_checkpoint_and_says_so(tmp_path, monkeypatch):
    run = Run(tmp_path, "toka", SMALL, made(), PLAN, always_better())
    run.train()
    before = (tmp_path / "checkpoint.pt").read_bytes()

    def full(state, path):
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(TrainingError, match=r"No space left on device.*make room and run again"):
        run._save()
    assert (tmp_path / "checkpoint.pt").read_bytes() == before
    assert not list(tmp_path.glob("*.part"))


def test_the_log_has_a_line_for_the_untrained_system_and_for_every_checkpoint(tmp_path):
    Run(tmp_path, "tokb", SMALL, made(), PLAN, always_better()).train()
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]

    assert [line["step"] for line in lines] == [0, 3, 6, 9, 12]
    assert all({"held_out", "dtw", "edit, compressed"} <= set(line) for line in lines)
    assert all({"loss", "pairs", "clusters"} <= set(line) for line in lines[1:])


def test_adam_warms_up_and_lamb_begins_again(tmp_path):
    plan = Plan(steps=100)
    adam, lamb = (Run(tmp_path / name, name, SMALL, made(), plan, always_better()) for name in ("toka", "mips"))
    rates, restarts = [adam.rate(s) for s in range(100)], [lamb.rate(s) for s in range(100)]

    assert np.argmax(rates) == 7  # 8 % of the steps
    assert max(rates) == pytest.approx(plan.rate)
    assert [s for s in range(1, 100) if restarts[s] > restarts[s - 1]] == [34, 68]


def test_systems_that_do_not_learn_tokens_get_their_codebook_at_the_end(tmp_path):
    system = Run(tmp_path, "stft", SMALL, made(), PLAN, always_better()).train()
    said = np.concatenate([e.z for e in system.encode([s.features.astype(np.float32) for s in made()])])

    assert system.codebook.shape == (5, 12)
    assert (said @ system.codebook.numpy().T).max(axis=1).mean() > 0.5


def test_a_codebook_of_another_size_needs_no_other_training(tmp_path):
    run = Run(tmp_path, "mips", SMALL, made(), PLAN, always_better())
    system = run.retokenized(7)
    trained = run.train()

    assert len(system.codebook) == 7
    assert torch.equal(weights(system), weights(trained))
    assert len(trained.codebook) == 5


def test_too_few_frames_for_the_tokens_are_told(tmp_path):
    few = made(1, 2)

    with pytest.raises(TrainingError, match="18 frames for 40 tokens: train on more"):
        Run(tmp_path, "toka", Shape(bins=12, hidden=10, tokens=40), few, PLAN, always_better()).train()


def test_pairs_are_one_label_by_two_speakers():
    pairs = Pairs(made())
    rng, seen = np.random.default_rng(2), set()
    for _ in range(50):
        one, other = pairs._pair(pairs._groups[int(rng.integers(4))], rng)
        seen.add((one.label == other.label, one.speaker == other.speaker))

    assert seen == {(True, False)}


def test_the_sides_of_a_pair_of_sequences_hold_the_same_words_in_the_same_order():
    samples = [
        Sample(f"word {w}", f"speaker {s}", np.full((4 + s, 12), 10 * w, np.float16))
        for w in range(5)
        for s in range(2)
    ]
    batch = Pairs(samples, joined=3).draw(4, np.random.default_rng(3))
    said = [
        [key for key, _ in itertools.groupby(row[:n, 0].tolist())]
        for row, n in zip(batch.features, batch.lengths.tolist(), strict=True)
    ]

    assert said[0::2] == said[1::2]
    assert all(3 * 4 <= length <= 3 * 5 for length in batch.lengths.tolist())
    assert len({tuple(words) for words in said}) > 1


def test_random_pairs_hold_any_two_recordings():
    pairs = Pairs(made(), same=False)
    rng = np.random.default_rng(2)
    drawn = [pairs._pair(pairs._groups[0], rng) for _ in range(80)]

    assert {one.label == other.label for one, other in drawn} == {True, False}


def test_labels_of_one_speaker_cannot_be_paired():
    with pytest.raises(TrainingError, match="no label was recorded by two speakers"):
        Pairs(made(speakers=1))


def test_k_means_finds_made_clusters_and_keeps_the_numbers_of_its_centroids():
    rng = np.random.default_rng(8)
    centres = unit(rng.standard_normal((6, 20)).astype(np.float32))
    x = unit(np.repeat(centres, 50, axis=0) + 0.1 * rng.standard_normal((300, 20)).astype(np.float32))
    found = fitted(x, 6, np.random.default_rng(1))
    moved = refined(x, unit(found[::-1] + 0.1 * rng.standard_normal((6, 20)).astype(np.float32)))

    assert (found @ centres.T).max(axis=0).min() > 0.99
    assert np.allclose(moved, found[::-1], atol=1e-3)


def test_a_centroid_without_rows_is_moved_to_the_row_that_is_farthest_from_its_own():
    x = unit(np.array([[1, 0, 0], [1, 0.1, 0], [0.2, 1, 0]], np.float32))
    found = refined(x, unit(np.array([[1, 0.05, 0], [-1, 0, 0]], np.float32)), rounds=2)

    assert np.allclose(found[1], x[2], atol=1e-5)


@pytest.mark.parametrize("features", [SPEECH, HUMMING])
def test_features_are_one_frame_a_hop_and_0_on_average(features):
    samples = np.random.default_rng(1).standard_normal(features.rate).astype(np.float32)
    found = features(samples)

    assert found.shape == (1 + (features.rate - features.window) // features.hop, features.bins)
    assert abs(found.mean()) < 1e-5
    assert features(samples[:10]).shape == (1, features.bins)


def test_the_louder_recording_has_the_same_features():
    samples = np.random.default_rng(1).standard_normal(16_000).astype(np.float32)

    assert np.abs(SPEECH(samples) - SPEECH(0.25 * samples)).mean() < 0.01


def test_two_runs_with_one_seed_are_equal(tmp_path):
    runs = [Run(tmp_path / str(i), "tokb", SMALL, made(), PLAN, always_better()).train() for i in range(2)]
    shutil.rmtree(tmp_path / "0")

    assert torch.equal(weights(runs[0]), weights(runs[1]))
