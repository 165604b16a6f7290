import tarfile

import numpy as np
import pytest
import soundfile as sf

corpora = pytest.importorskip("benchmarks.corpora", reason="the benchmarks are not beside the tests")


@pytest.fixture
def shared(tmp_path, monkeypatch):
    """A packed corpus of three clips of half a second, of which the second cannot be decoded."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "shared" / "corpus"
    folder.mkdir(parents=True)
    rows = ["path\tspeaker\ttext\tlanguage\tsplit\tseconds"]
    with tarfile.open(folder / "librispeech.tar", "w") as tar:
        for i in range(3):
            path = tmp_path / f"{i}.wav"
            sf.write(path, np.full(8000, 0.1 * (i + 1), np.float32), corpora.RATE)
            if i == 1:
                path.write_bytes(b"nothing")
            tar.add(path, path.name)
            rows.append(f"{path.name}\ts{i}\tword {i}\ten\tdev\t0.5")
    (folder / "librispeech.tsv").write_text("\n".join(rows) + "\n")
    return tmp_path / "shared"


def test_clips_are_those_of_a_split_in_the_order_of_the_table(shared):
    assert [clip.text for clip in corpora.clips(shared, "librispeech", "dev")] == ["word 0", "word 1", "word 2"]
    assert corpora.clips(shared, "librispeech") == []


def test_clips_that_cannot_be_decoded_are_left_out_if_asked(shared):
    clips = corpora.clips(shared, "librispeech", "dev")

    assert [(clip.text, len(samples)) for clip, samples in corpora.decodable(clips)] == [
        ("word 0", 8000),
        ("word 2", 8000),
    ]
    with pytest.raises(corpora.CorpusError, match="cannot be read"):
        list(corpora.samples(clips))


def test_a_missing_clip_is_named_in_any_case(shared):
    clips = corpora.clips(shared, "librispeech", "dev")
    clips[2].path.unlink()

    with pytest.raises(corpora.CorpusError, match=r"2\.wav"):
        list(corpora.decodable(clips))


def test_read_prose_is_cut_to_the_length_that_is_asked_for(shared):
    assert len(corpora.read_prose(shared, 0.25)) == 4000
    assert np.allclose(corpora.read_prose(shared, 0.25), 0.1, atol=1e-3)
