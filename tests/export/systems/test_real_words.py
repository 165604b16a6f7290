"""That every loss of pairs falls on real words, and that words of speakers never heard are found the better for it."""

from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install 'kwsd[train]'")
pytest.importorskip("export.corpus", reason="the trainer is not beside the tests")

from trials import found, noted  # noqa: E402

from export.align import loud_span  # noqa: E402  after the skip
from export.corpora import registry  # noqa: E402
from export.evaluate.encoders import judge  # noqa: E402
from export.systems.features import SPEECH  # noqa: E402
from export.systems.shape import Shape  # noqa: E402
from export.systems.training import Plan, Run  # noqa: E402
from export.systems.training_pairs import Sample  # noqa: E402

TABLE = Path(__file__).parents[4] / "shared/corpus/dspspeech.tsv"
SHAPE = Shape(hidden=48)
TRAIN_SPEAKERS, TRAIN_TAKES = 12, 2


@pytest.fixture(scope="module")
def words(tmp_path_factory):
    """Nineteen words as twelve speakers say them twice, and as twelve others say them once."""
    if not TABLE.exists():
        pytest.skip("the shared corpora are not beside the project")
    takes = defaultdict(list)
    for recording in registry.read("dspspeech", TABLE, tmp_path_factory.mktemp("cache")):
        if recording.text.isalpha():
            takes[recording.speaker, recording.text].append(recording)
    speakers = sorted({speaker for speaker, _ in takes})
    train, test = [], []
    for (speaker, text), own in sorted(takes.items()):
        heard = speaker in speakers[:TRAIN_SPEAKERS]
        for recording in own[: TRAIN_TAKES if heard else 1]:
            sample = Sample(text, speaker, SPEECH(spoken(recording.samples())).astype(np.float16))
            (train if heard else test).append(sample)
    return train, test


def spoken(samples):
    start, end = loud_span(samples)
    return samples[round(start * SPEECH.rate) : round(end * SPEECH.rate)]


# Wav2Vec 2.0 learns from no pairs, and the variants of TokB have its loss.
@pytest.mark.parametrize(
    ("name", "steps"), [("triplet", 200), ("mips", 200), ("toka", 200), ("tokb", 200), ("wav2vec-tok", 60)]
)
def test_real_pairs_lower_the_loss_and_raise_the_retrieval_of_speakers_never_heard(tmp_path, words, name, steps):
    train, test = words
    plan = Plan(steps=steps, pairs=8, joined=4, seed=2)
    run = Run(tmp_path, name, SHAPE, train, plan, judge)
    before, steps = found(run.system, test, "dtw"), noted(run)
    after = found(run.train(), test, "dtw")
    first, last = (np.mean([parts["loss"] for parts in some]) for some in (steps[:20], steps[-20:]))

    assert last < 0.8 * first
    assert after > before + 0.01
