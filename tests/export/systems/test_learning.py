import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install 'kwsd[train]'")
pytest.importorskip("export.corpus", reason="the trainer is not beside the tests")

from made_sounds import made_words  # noqa: E402
from trials import found, noted  # noqa: E402

from export.systems.shape import Shape  # noqa: E402
from export.systems.training import Plan, Run  # noqa: E402
from export.systems.training_pairs import Sample  # noqa: E402  after the skip

SHAPE = Shape(bins=16, hidden=24, tokens=10)
MATCHINGS = ("dtw", "edit", "edit, compressed")
PLAN = Plan(steps=120, pairs=8, sequences=6, joined=5, every=60, rate=3e-3, seed=2)


def samples(count, takes, seed):
    """Made words, each take by another speaker."""
    return [
        Sample(f"word {i}", f"take {j}", take.astype(np.float16))
        for i, word in enumerate(made_words(count, takes, seed))
        for j, take in enumerate(word)
    ]


@pytest.mark.parametrize("name", ["toka", "tokb"])
def test_training_lowers_the_loss_and_raises_the_retrieval_of_words_that_it_never_heard(tmp_path, name):
    unheard = samples(20, 4, seed=77)
    run = Run(
        tmp_path,
        name,
        SHAPE,
        samples(24, 6, seed=1),
        PLAN,
        lambda system, held_out: dict.fromkeys(MATCHINGS, float(run.step)),
    )
    run._cluster(anew=True)
    before, steps = found(run.system, unheard, *MATCHINGS), noted(run)
    after = found(run.train(), unheard, *MATCHINGS)
    losses = [parts["pairs"] for parts in steps]

    assert np.mean(losses[-20:]) < 0.5 * np.mean(losses[:20])
    assert (after > before).all()
    assert (after - before).mean() > 0.1
