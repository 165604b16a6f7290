import tarfile

import numpy as np
import pytest
import soundfile as sf

corpus = pytest.importorskip("export.corpus", reason="the trainer is not beside the tests")

HEADER = "path\tspeaker\ttext\tlanguage\tsplit\tseconds\n"


@pytest.fixture
def shared(tmp_path):
    """A corpus of two clips, laid out as the shared ones are."""
    folder = tmp_path / "shared" / "corpus"
    folder.mkdir(parents=True)
    for name in ("one", "two"):
        sf.write(tmp_path / f"{name}.wav", np.full(8000, 0.25), 8000)
    with tarfile.open(folder / "words.tar", "w") as tar:
        for name in ("one", "two"):
            tar.add(tmp_path / f"{name}.wav", f"{name}.wav")
    (folder / "words.tsv").write_text(HEADER + "one.wav\ta\tone\ten\ttrain\t1.0\ntwo.wav\tb\ttwo\ten\tdev\t1.0\n")
    return tmp_path / "shared"


def test_a_corpus_is_unpacked_once_and_read_by_split(shared, tmp_path):
    found = corpus.clips(shared, "words", tmp_path / "cache", "train")

    assert [(c.speaker, c.text, c.seconds) for c in found] == [("a", "one", 1.0)]
    assert len(corpus.read(found[0].path)) == 16_000


def test_faster_playing_makes_a_shorter_clip(shared, tmp_path):
    path = corpus.clips(shared, "words", tmp_path / "cache")[0].path

    assert len(corpus.read(path, speed=1.25)) == pytest.approx(16_000 / 1.25, abs=2)


def test_an_interrupted_unpacking_is_done_again(shared, tmp_path):
    half = tmp_path / "cache" / "corpus" / "words"
    half.mkdir(parents=True)

    assert corpus.clips(shared, "words", tmp_path / "cache")[0].path.exists()


@pytest.mark.parametrize("missing", ["words.tar", "words.tsv"])
def test_a_missing_corpus_is_named(shared, tmp_path, missing):
    (shared / "corpus" / missing).unlink()

    with pytest.raises(corpus.CorpusError, match=missing):
        corpus.clips(shared, "words", tmp_path / "cache")


def test_a_damaged_clip_is_named(shared, tmp_path):
    path = corpus.clips(shared, "words", tmp_path / "cache")[0].path
    path.write_bytes(b"noise")

    with pytest.raises(corpus.CorpusError, match=r"one\.wav cannot be read"):
        corpus.read(path)
