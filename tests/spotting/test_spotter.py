import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kwsd.errors import ConfigError
from kwsd.keywords.keyword import Keyword, Template
from kwsd.spotting.matching import FREE, NEAR, SCORERS, USUAL
from kwsd.spotting.score_track import ScoreTrack
from kwsd.spotting.spotter import Spotter
from kwsd.tokenizer.codebook import Codebook, unit
from kwsd.tokenizer.frames import Frames

HOP = 0.04
RNG = np.random.default_rng(11)
SOUNDS = unit(RNG.standard_normal((40, 16)).astype(np.float32))
CODEBOOK = Codebook(SOUNDS, np.stack([np.resize(SOUNDS, (256, 16)), np.zeros((256, 16), np.float32)]))


def speech(n, seed):
    """Frames that move between random sounds, each held for a few frames."""
    rng = np.random.default_rng(seed)
    sounds = np.repeat(rng.integers(0, len(SOUNDS), n), rng.integers(1, 5, n))[:n]
    vectors = SOUNDS[sounds] + 0.1 * rng.standard_normal((n, 16)).astype(np.float32)
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return Frames(np.arange(n) * HOP, vectors, (vectors @ SOUNDS.T).argmax(axis=1).astype(np.int32))


def spoken(frames, n, first):
    """A stream of other sounds with the phrase in it at frame `first`."""
    stream = speech(n, 99)
    for whole, part in ((stream.vectors, frames.vectors), (stream.tokens, frames.tokens)):
        whole[first : first + len(part)] = part
    return stream


def within(distance, scorer="subsequence"):
    """The threshold that lets clear frames be so far from a phrase: they are let off nothing."""
    if scorer == "edit":
        return distance * float(1 + FREE * USUAL / NEAR)
    return distance + (float(FREE * USUAL) if scorer in ("subsequence", "dtw", "codes") else 0.0)


def keyword(seed, scorer="subsequence", name="phrase", count=3):
    heard = speech(20, seed)
    templates = tuple(Template(f"{i}", heard, -1, 2) for i in range(count))
    return Keyword(name, templates, within(0.15, scorer), scorer, "m", "as asked")


def changed(phrase, first, after):
    """The frames of a phrase, of which some are of other sounds."""
    heard, others = phrase.templates[0].heard, speech(20, 77)
    vectors, tokens = heard.vectors.copy(), heard.tokens.copy()
    vectors[first:after], tokens[first:after] = others.vectors[first:after], others.tokens[first:after]
    return Frames(heard.time, vectors, tokens)


def run(spotter, frames, edges=()):
    cuts = [0, *edges, len(frames)]
    parts = [Frames(frames.time[a:b], frames.vectors[a:b], frames.tokens[a:b]) for a, b in itertools.pairwise(cuts)]
    return [d for part in parts for d in spotter.push(part)] + spotter.flush()


@pytest.mark.parametrize("scorer", SCORERS)
def test_a_phrase_in_the_stream_is_detected_once_where_it_is(scorer):
    phrase = keyword(1, scorer)
    found = run(Spotter([phrase], HOP, CODEBOOK), spoken(speech(20, 1), 200, 100))

    assert len(found) == 1
    assert found[0].start == pytest.approx(100 * HOP, abs=3 * HOP)
    assert found[0].end == pytest.approx(120 * HOP, abs=5 * HOP)
    assert found[0].distance <= found[0].threshold == within(0.15, scorer)


@pytest.mark.parametrize("scorer", SCORERS)
def test_other_sounds_are_not_detected(scorer):
    assert run(Spotter([keyword(1, scorer)], HOP, CODEBOOK), speech(400, 99)) == []


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(SCORERS), st.lists(st.integers(0, 300), max_size=12))
def test_any_split_of_the_stream_gives_the_same_detections(scorer, cuts):
    stream = spoken(spoken(speech(20, 1), 60, 30), 300, 200)
    keywords = [keyword(1, scorer, "one"), keyword(2, scorer, "two")]
    whole = run(Spotter(keywords, HOP, CODEBOOK), stream)
    split = run(Spotter(keywords, HOP, CODEBOOK), stream, sorted(cuts))

    assert [(d.keyword, d.start, d.end) for d in split] == [(d.keyword, d.start, d.end) for d in whole]
    assert [d.distance for d in split] == pytest.approx([d.distance for d in whole], abs=1e-6)


@pytest.mark.parametrize("scorer", SCORERS)
def test_a_phrase_is_not_detected_where_a_negative_is_nearer(scorer):
    phrase = keyword(1, scorer)
    heard, alike = phrase.templates[0].heard, changed(phrase, 6, 12)
    rash = replace(phrase, threshold=within(0.5 if scorer == "levenshtein" else 0.4, scorer))
    wary = replace(rash, negatives=(Template("alike", alike, -1, 2),))
    other = keyword(5, scorer, "other")
    found = [
        [len(run(Spotter([one, other], HOP, CODEBOOK), spoken(said, 80, 30))) for said in (heard, alike)]
        for one in (rash, wary)
    ]

    assert found == [[1, 1], [1, 0]]


@given(st.lists(st.integers(0, 80), max_size=4))
@settings(max_examples=20, deadline=None)
def test_any_split_gives_the_same_detections_beside_negatives(cuts):
    phrase = replace(keyword(1), threshold=within(0.35))
    wary = replace(phrase, negatives=(Template("alike", changed(phrase, 6, 12), -1, 2),))
    keywords = [replace(keyword(2), name="other"), wary]
    stream = spoken(phrase.templates[0].heard, 80, 30)

    assert run(Spotter(keywords, HOP, CODEBOOK), stream, sorted(cuts)) == run(Spotter(keywords, HOP, CODEBOOK), stream)


def test_keywords_with_different_scorers_share_a_stream():
    keywords = [keyword(1, "edit", "one"), keyword(2, "subsequence", "two"), keyword(3, "dtw", "three")]
    stream = spoken(speech(20, 2), 300, 100)
    found = run(Spotter(keywords, HOP, CODEBOOK), stream)

    assert [d.keyword for d in found] == ["two"]
    assert Spotter(keywords, HOP, CODEBOOK).track(stream).distance.argmin(axis=1)[120] == 1


def test_within_the_refractory_time_a_keyword_is_not_detected_again():
    phrase = speech(20, 1)
    stream = spoken(phrase, 300, 50)
    stream.vectors[90:110], stream.tokens[90:110] = phrase.vectors, phrase.tokens

    assert len(run(Spotter([keyword(1)], HOP, CODEBOOK, refractory=1.0), stream)) == 2
    assert len(run(Spotter([keyword(1)], HOP, CODEBOOK, refractory=3.0), stream)) == 1


def test_a_phrase_at_the_very_end_is_detected_at_flush():
    assert len(run(Spotter([keyword(1)], HOP, CODEBOOK), spoken(speech(20, 1), 120, 100))) == 1


def test_templates_vote_so_that_one_bad_template_neither_finds_nor_hides_a_phrase():
    good = keyword(1, count=5)
    bad = replace(good, templates=(*good.templates[:4], Template("bad", speech(20, 7), -1, 2)))
    stream = spoken(speech(20, 7), 300, 100)

    assert run(Spotter([bad], HOP, CODEBOOK), stream) == []
    track = Spotter([bad], HOP, CODEBOOK).track(spoken(speech(20, 1), 300, 100))
    assert track.distance[:, 0].argmin() == pytest.approx(119, abs=2)


def test_a_scorer_that_does_not_exist_is_refused_with_those_that_do():
    with pytest.raises(ConfigError, match="subsequence, dtw, codes, edit, levenshtein"):
        Spotter([keyword(1, "euclid")], HOP, CODEBOOK)


@pytest.mark.parametrize("scorer", ["subsequence", "dtw"])
def test_a_phrase_is_detected_before_the_frame_after_its_end(scorer):
    spotter, stream = Spotter([keyword(1, scorer)], HOP, CODEBOOK), spoken(speech(20, 1), 200, 100)
    heard = next(n for n in range(len(stream)) if spotter.push(stream.part(n, n + 1)))

    assert heard <= 120


def test_a_keyword_whose_distance_stays_low_is_detected_once():
    time, low = np.arange(200) * HOP, np.full((200, 1), 0.1)
    spotter = Spotter([keyword(1)], HOP, CODEBOOK, refractory=0.2)

    assert len(spotter.decide(ScoreTrack(time, low, time[:, None], time[:, None]))) == 1


@pytest.mark.parametrize(("again", "count"), [(1.9, 1), (2.1, 1), (2.6, 2)])
def test_a_longer_match_of_the_same_phrase_is_not_detected_again(again, count):
    time, far = np.arange(200) * HOP, np.full((200, 1), 0.9)
    start, end = time[:, None] - 1.0, time[:, None]
    far[75:77], far[120:122] = 0.1, 0.14
    start[75:77], start[120:122] = 2.0, again
    spotter = Spotter([keyword(1)], HOP, CODEBOOK, refractory=1.0)

    assert len(spotter.decide(ScoreTrack(time, far, start, end))) == count


@pytest.mark.parametrize("scorer", SCORERS)
def test_pushing_as_many_frames_as_are_due_makes_no_detection_later(scorer):
    stream = spoken(speech(20, 1), 200, 100)
    one_by_one, as_due = (Spotter([keyword(1, scorer)], HOP, CODEBOOK) for _ in range(2))
    at = next(n + 1 for n in range(200) if one_by_one.push(stream.part(n, n + 1)))

    heard = 0
    while heard < 200 and not as_due.push(stream.part(heard, heard := heard + as_due.due)):
        pass
    assert heard == at


def test_many_frames_are_due_while_no_keyword_is_near():
    spotter = Spotter([keyword(1)], HOP, CODEBOOK)
    spotter.push(speech(100, 99))

    assert spotter.due == 16
