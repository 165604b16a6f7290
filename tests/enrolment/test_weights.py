"""How much each recording counts."""

import io
import json
from dataclasses import replace

import numpy as np
import pytest

from kwsd.enrolment.enroll import enroll
from kwsd.enrolment.weights import COUNTS, COUNTS_BY_VECTORS, LEAST, weights
from kwsd.keywords import keyword_file
from kwsd.spotting.matching import SCORERS
from kwsd.spotting.score_track import KeywordScorer


def nearness(count, near, odd):
    """How near recordings are to each other, of which the first is as near as is said."""
    found = np.full((count, count), near)
    found[0] = found[:, 0] = odd
    return found


@pytest.mark.parametrize("near", [1.15, 5.0])
def test_recordings_that_are_nearer_to_each_other_than_other_speech_count_in_full(near):
    assert weights(nearness(5, near, near), COUNTS_BY_VECTORS).tolist() == [1.0] * 5


@pytest.mark.parametrize("count", [3, 5, 10])
def test_one_that_is_as_far_as_other_speech_hardly_counts_and_the_others_in_full(count):
    odd, *others = weights(nearness(count, 5.0, -0.5), COUNTS_BY_VECTORS)

    assert odd == LEAST
    assert others == [1.0] * (count - 1)


@pytest.mark.parametrize(
    ("counts", "odd"), [(COUNTS_BY_VECTORS, [0.75, 0.85, 0.95, 1.15]), (COUNTS, [0.25, 0.4375, 0.625, 1])]
)
def test_between_the_two_the_weight_rises(counts, odd):
    found = [weights(nearness(5, 5.0, one), counts)[0] for one in odd]

    assert found == pytest.approx([LEAST, 0.25, 0.5, 1.0])


def test_a_template_that_cannot_end_in_a_recording_is_far_from_it():
    assert weights(nearness(5, 5.0, -np.inf), COUNTS).tolist() == [LEAST, 1.0, 1.0, 1.0, 1.0]


def test_the_recordings_of_the_example_count_in_full(enrolment):
    assert [template.weight for template in enrolment.keyword.templates] == [1.0] * 5


@pytest.mark.parametrize("scorer", SCORERS)
def test_a_wrong_phrase_counts_less_than_half_with_every_scorer(recordings, examples, tokenizer, bank, scorer):
    odd = examples / "odd" / "odd-one-out.flac"
    *own, wrong = enroll("hey snips", [*recordings[:4], odd], tokenizer, bank=bank, scorer=scorer).keyword.templates

    assert wrong.weight < 0.5
    assert all(template.weight > wrong.weight for template in own)


def test_a_recording_that_counts_little_is_named(recordings, examples, tokenizer, bank):
    odd = examples / "odd" / "odd-one-out.flac"
    made = enroll("hey snips", [*recordings[:4], odd], tokenizer, bank=bank)

    assert [w for w in made.warnings if w.startswith("odd-one-out.flac is unlike the others and counts ")]


def test_two_recordings_count_alike(recordings, tokenizer, bank):
    assert [t.weight for t in enroll("hey snips", recordings[:2], tokenizer, bank=bank).keyword.templates] == [1.0, 1.0]


def test_a_template_of_little_weight_hardly_changes_the_distance(enrolment, speech, tokenizer):
    keyword = enrolment.keyword
    frames = tokenizer.push(speech)
    four = replace(keyword, templates=keyword.templates[1:])
    little = replace(keyword, templates=(replace(keyword.templates[0], weight=1e-3), *keyword.templates[1:]))
    scorer = KeywordScorer(keyword.scorer, [four, little], tokenizer.hop, tokenizer.codebook)
    distance = scorer.push(frames).distance
    known = np.isfinite(distance).all(axis=1)

    assert distance[known, 1] == pytest.approx(distance[known, 0], abs=1e-3)


def test_the_distance_of_a_keyword_is_the_weighted_mean_over_its_templates(enrolment, speech, tokenizer):
    keyword = enrolment.keyword
    frames = tokenizer.push(speech)
    alone = [replace(keyword, templates=(template,)) for template in keyword.templates[:2]]
    one, two = keyword.templates[:2]
    both = replace(keyword, templates=(replace(one, weight=0.25), replace(two, weight=0.75)))
    distance = KeywordScorer(keyword.scorer, [*alone, both], tokenizer.hop, tokenizer.codebook).push(frames).distance
    known = np.isfinite(distance).all(axis=1)

    assert distance[known, 2] == pytest.approx(distance[known, :2] @ (0.25, 0.75), abs=1e-6)


def test_a_keyword_file_without_weights_counts_every_recording_in_full(enrolment, tmp_path):
    path = tmp_path / "earlier.kwsd"
    arrays = dict(np.load(io.BytesIO(keyword_file.to_bytes(enrolment.keyword))))
    header = json.loads(str(arrays["keyword"]))
    for template in header["templates"]:
        del template["weight"]
    with path.open("wb") as file:
        np.savez(file, **arrays | {"keyword": np.array(json.dumps(header))})

    assert [template.weight for template in keyword_file.read(path).templates] == [1.0] * 5


def test_weights_are_kept_in_the_keyword_file(enrolment, tmp_path):
    path = tmp_path / "new.kwsd"
    kept = replace(enrolment.keyword, templates=(replace(enrolment.keyword.templates[0], weight=0.25),))
    path.write_bytes(keyword_file.to_bytes(kept))

    assert keyword_file.read(path).templates[0].weight == 0.25
