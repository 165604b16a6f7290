"""The probability of a hit: from its distance and from how many places chance brings as near."""

import math
from dataclasses import replace

import numpy as np
import pytest
import soundfile as sf

from kwsd.archive import Archive, Query, Settings
from kwsd.archive.search.methods import Found, find, find_in_part
from kwsd.archive.search.probability import COHORT, FEWEST, SKIPPED, SMALLEST, Calibration, Weights, chance, weights_for
from kwsd.archive.search.rounds import together
from kwsd.archive.segments.manifest import Manifest
from kwsd.errors import ArchiveError

MANY = 1_000_000  # codes
WEIGHTS = Weights(-6.0, -10.0, -1.0, 1.0)


def line(nearest=0.4, slope=0.02, count=COHORT):
    """Distances that lie on a line over the logarithm of their rank."""
    return [nearest + slope * math.log(rank) for rank in range(1, count + 1)]


def test_the_line_is_found_and_says_the_rank_of_each_distance():
    distances = line()
    by = chance(distances, MANY)

    assert by.nearest == pytest.approx(0.4, abs=1e-6)
    assert by.slope == pytest.approx(0.02, abs=1e-6)
    assert math.exp(by.expected(distances[99])) == pytest.approx(100, rel=1e-3)


def test_hits_that_are_far_nearer_than_chance_do_not_move_the_line():
    distances = line()
    skipped = int(SKIPPED * COHORT)
    distances[:skipped] = [0.1] * skipped

    assert chance(distances, MANY) == chance(line(), MANY)


def test_too_few_places_and_places_that_are_all_alike_make_no_line():
    assert chance(line(count=FEWEST - 1), MANY) is None
    assert chance([0.5] * COHORT, MANY) is None
    assert chance([0.4] * 230 + [0.5] * 170, 8000) is None  # the second half begins where the distance grows
    assert chance(line(), SMALLEST - 1) is None
    assert chance([], 0) is None


def test_where_the_phrase_is_said_often_the_farther_places_count():
    said = COHORT // 3
    often = [0.1 + 0.0008 * rank for rank in range(said)] + line()[said:]

    assert chance(often, MANY).slope == pytest.approx(0.02, rel=0.01)


@pytest.mark.parametrize("recordings", [1, 3])
def test_a_nearer_hit_is_more_probable_and_one_that_chance_brings_less(recordings):
    near, far = chance(line(nearest=0.4), MANY), chance(line(nearest=0.3), MANY)

    assert WEIGHTS.probability(0.2, near, recordings) > WEIGHTS.probability(0.3, near, recordings)
    assert WEIGHTS.probability(0.2, near, recordings) > WEIGHTS.probability(0.2, far, recordings)


def test_probabilities_stay_between_0_and_1():
    by = chance(line(slope=1e-6), MANY)

    assert WEIGHTS.probability(-1e6, by, 1) == 1.0
    assert WEIGHTS.probability(1e6, by, 1) == 0.0


@pytest.mark.parametrize("kind", [*(Settings(stages=count) for count in range(1, 7)), Settings(vectors=True)])
def test_every_kind_of_index_has_weights_with_which_nearer_hits_are_more_probable(shared_tokenizer, kind):
    weights, by = weights_for(Manifest(shared_tokenizer.digest, kind)), chance(line(), MANY)

    assert Calibration.shipped().model == shared_tokenizer.digest
    assert weights.probability(0.1, by, 1) > 0.5 > weights.probability(0.6, by, 1)
    assert weights.probability(0.3, by, 3) > weights.probability(0.3, by, 1)


def test_another_model_has_no_weights():
    assert weights_for(Manifest("0" * 12, Settings())) is None


@pytest.fixture(scope="module")
def archive(tmp_path_factory, long_recording, recordings, shared_tokenizer):
    """An index of the long recording, spoken several times over at other speeds, so that there is enough to compare."""
    folder = tmp_path_factory.mktemp("probability")
    speech, rate = sf.read(long_recording, dtype="float32")
    for number, speed in enumerate((0.9, 1.1)):
        sf.write(folder / f"{number}.flac", speech, round(rate * speed))
    return Archive.build(folder / "index", [long_recording, folder], shared_tokenizer)[0]


def test_what_is_said_is_probable_and_what_is_not_is_improbable(archive, enrolment):
    hits = archive.search(enrolment.keyword, top=60)
    probabilities = [hit.probability for hit in hits]

    assert probabilities == sorted(probabilities, reverse=True)
    assert probabilities[0] > 0.7
    assert probabilities[-1] < 0.1
    assert archive.search(enrolment.keyword, top=60, at_least=0.5) == [hit for hit in hits if hit.probability >= 0.5]


def test_the_number_of_hits_does_not_change_their_probabilities(archive, enrolment):
    assert archive.search(enrolment.keyword, top=60)[:5] == archive.search(enrolment.keyword, top=5)


@pytest.mark.parametrize("top", [1, 20])
def test_as_many_places_are_compared_with_whatever_the_number_of_hits(archive, enrolment, shared_tokenizer, top):
    query, codebook, hop = Query.of_keyword(enrolment.keyword), shared_tokenizer.codebook, shared_tokenizer.hop
    found = {
        method: find(archive.segments, query, codebook, hop, method=method, top=top).distances
        for method in ("pairs", "dtw", "exact")
    }

    assert FEWEST < len(found["pairs"]) < len(found["dtw"]) <= COHORT
    assert found["dtw"] == sorted(found["dtw"])
    assert found["exact"] == []


@pytest.mark.parametrize("method", ["pairs", "dtw"])
def test_parts_of_an_index_that_are_merged_tell_what_the_whole_does(archive, enrolment, shared_tokenizer, method):
    query, codebook, hop = Query.of_keyword(enrolment.keyword), shared_tokenizer.codebook, shared_tokenizer.hop
    (segment,), halves = archive.segments, []
    for left_out in (0, 1):
        half = type(segment).__new__(type(segment))
        half.__dict__ |= segment.__dict__
        half.alive = np.arange(len(segment.documents)) % 2 == left_out
        halves.append(half)
    whole = find(halves, query, codebook, hop, method=method)
    parts = together([find_in_part([half], query, codebook, hop, method=method, top=20) for half in halves])

    assert Found.merge(parts, query, 20) == whole


@pytest.mark.parametrize("method", ["exact", "inverted"])
def test_methods_that_compare_tokens_tell_no_probability(archive, enrolment, method):
    assert {hit.probability for hit in archive.search(enrolment.keyword, method=method)} == {None}
    with pytest.raises(ArchiveError, match="cannot be told"):
        archive.search(enrolment.keyword, method=method, at_least=0.5)


def test_an_index_that_is_too_small_tells_no_probability(tmp_path, recordings, enrolment, shared_tokenizer):
    small, _ = Archive.build(tmp_path / "index", [recordings[0].parent], shared_tokenizer)

    assert {hit.probability for hit in small.search(enrolment.keyword)} == {None}
    with pytest.raises(ArchiveError, match="ten minutes"):
        small.search(enrolment.keyword, at_least=0.5)


def test_probabilities_do_not_change_where_a_hit_is(archive, enrolment, shared_tokenizer):
    query, codebook, hop = Query.of_keyword(enrolment.keyword), shared_tokenizer.codebook, shared_tokenizer.hop
    hits = archive.search(query, top=8)

    assert [replace(hit, probability=None) for hit in hits] == find(archive.segments, query, codebook, hop, top=8).hits
