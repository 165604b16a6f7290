import itertools

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kwsd.errors import AudioError, ModelError
from kwsd.scorers import compress, edit_distance
from kwsd.tokenizer.frames import Frames
from kwsd.tokenizer.models import shipped
from kwsd.tokenizer.tokenizer import Tokenizer


def one_shot(tokenizer, samples):
    tokenizer.reset()
    return Frames.join([tokenizer.push(samples), tokenizer.flush()])


def test_frames_come_25_times_a_second_with_unit_vectors(tokenizer, speech):
    frames = tokenizer.push(speech)

    assert len(frames) == len(speech) // 640
    assert np.allclose(np.linalg.norm(frames.vectors, axis=1), 1, atol=1e-5)
    assert np.allclose(np.diff(frames.time), tokenizer.hop)


def test_a_token_is_the_nearest_centroid_of_the_codebook(tokenizer, speech):
    frames = tokenizer.push(speech)

    assert np.array_equal(frames.tokens, (frames.vectors @ tokenizer.codebook.centroids.T).argmax(axis=1))


def test_tokens_of_a_phrase_are_more_like_those_of_the_phrase_than_of_other_speech(enrolment, tokenizer, speech):
    said = [compress(template.frames.tokens)[0] for template in enrolment.keyword.templates]
    talk = tokenizer.push(speech).tokens
    other = [compress(talk[first : first + 18])[0] for first in range(20, len(talk) - 18, 18)]
    alike = np.mean([edit_distance(a, b) / len(a) for a, b in itertools.permutations(said, 2)])
    unlike = np.mean([edit_distance(a, b) / len(a) for a in said for b in other])

    assert set(talk) <= set(range(len(tokenizer.codebook)))
    assert alike < 0.9 * unlike


@pytest.mark.bits
@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 30_000), max_size=30))
def test_any_split_gives_the_one_shot_answer(shared_tokenizer, speech, cuts):
    samples = speech[:80_000]
    whole = one_shot(shared_tokenizer, samples)

    edges = [0, *sorted(min(c, len(samples)) for c in cuts), len(samples)]
    shared_tokenizer.reset()
    parts = [shared_tokenizer.push(samples[a:b]) for a, b in itertools.pairwise(edges)]
    split = Frames.join([*parts, shared_tokenizer.flush()])

    assert np.array_equal(split.tokens, whole.tokens)
    assert np.array_equal(split.vectors, whole.vectors)
    assert np.array_equal(split.time, whole.time)


@pytest.mark.bits
@pytest.mark.parametrize("hops", [1, 2, 3, 5, 8, 13, 16, 31, 33, 63])
def test_any_number_of_hops_a_call_gives_the_same_bits(tokenizer, speech, hops):
    samples = speech[: 200 * 640]
    whole = one_shot(tokenizer, samples)

    step = hops * 640
    parts = [tokenizer.push(samples[first : first + step]) for first in range(0, len(samples), step)]
    split = Frames.join([*parts, tokenizer.flush()])

    assert np.array_equal(split.vectors, whole.vectors)
    assert np.array_equal(split.tokens, whole.tokens)


def test_a_frame_comes_out_with_its_last_sample(tokenizer):
    assert len(tokenizer.push(np.zeros(639, np.float32))) == 0
    assert len(tokenizer.push(np.zeros(1, np.float32))) == 1


def test_flush_gives_the_frames_up_to_the_end_of_the_audio(tokenizer, speech):
    samples = speech[:50_001]
    frames = one_shot(tokenizer, samples)

    assert frames.time[-1] >= len(samples) / 16000
    assert frames.time[-1] < len(samples) / 16000 + 2 * tokenizer.hop


def test_reset_forgets_what_was_heard(tokenizer, speech):
    first = one_shot(tokenizer, speech)
    tokenizer.push(speech[::-1].copy())
    second = one_shot(tokenizer, speech)

    assert np.array_equal(first.vectors, second.vectors)


def test_frames_see_only_the_past(tokenizer, speech):
    changed = speech.copy()
    changed[160_000:] = 0
    before, after = one_shot(tokenizer, speech), one_shot(tokenizer, changed)

    assert np.array_equal(before.vectors[:250], after.vectors[:250])
    assert not np.array_equal(before.vectors[250:], after.vectors[250:])


def test_a_sample_that_is_not_a_number_is_refused_and_the_stream_goes_on(tokenizer, speech):
    whole = one_shot(tokenizer, speech)
    head = tokenizer.push(speech[:10_000])
    with pytest.raises(AudioError, match="not numbers"):
        tokenizer.push(np.array([np.nan], np.float32))
    tail = tokenizer.push(speech[10_000:])

    assert np.array_equal(Frames.join([head, tail]).vectors, whole.vectors[: len(head) + len(tail)])


def test_the_graph_says_where_it_comes_from(tokenizer):
    facts = {key.removeprefix("kwsd.") for key in tokenizer.metadata}

    assert {"rate", "hop", "look_ahead", "tokens", "data", "commit", "metrics"} <= facts


def test_a_file_that_is_not_a_model_is_refused(tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(b"not a model")

    with pytest.raises(ModelError, match="not an ONNX model"):
        Tokenizer(path)


def test_a_model_that_is_not_ours_is_refused(tmp_path):
    graph = onnx.load(shipped("base.onnx"))
    del graph.metadata_props[:]
    path = tmp_path / "model.onnx"
    onnx.save(graph, path)

    with pytest.raises(ModelError, match="does not say its format"):
        Tokenizer(path)


def test_a_missing_model_is_refused_by_name(tmp_path):
    with pytest.raises(ModelError, match=r"gone\.onnx cannot be read"):
        Tokenizer(tmp_path / "gone.onnx")
