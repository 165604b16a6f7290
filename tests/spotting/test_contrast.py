"""A detection that is nearer to something else than to the phrase, as synthetic voices say them, is refused."""

from dataclasses import replace

import numpy as np
import pytest
from test_spotter import CODEBOOK, HOP, changed, keyword, run, speech, spoken, within

from kwsd.keywords.keyword import Contrast
from kwsd.spotting.contrast import WEIGHT, excess, penalty, usual_excess
from kwsd.spotting.matching import SCORERS
from kwsd.spotting.spotter import Spotter


def contrasted(phrase, alike):
    """The phrase with a contrast of one voice, which says it as it is enrolled."""
    said = phrase.templates[0].frames.vectors
    return replace(phrase, contrasts=(Contrast("phrase", ("v",), (said,)), Contrast("alike", ("v",), (alike.vectors,))))


@pytest.mark.parametrize("scorer", SCORERS)
def test_what_sounds_alike_is_refused_and_the_phrase_is_not(scorer):
    phrase = replace(keyword(1, scorer), threshold=within(0.5 if scorer == "levenshtein" else 0.4, scorer))
    alike = changed(phrase, 6, 12)
    wary = contrasted(phrase, alike)

    heard = {
        name: [len(run(Spotter([one], HOP, CODEBOOK), spoken(said, 80, 30))) for said in (speech(20, 1), alike)]
        for name, one in (("without", phrase), ("with", wary))
    }

    assert heard == {"without": [1, 1], "with": [1, 0]}


def test_any_split_of_the_stream_refuses_the_same():
    phrase = replace(keyword(1), threshold=within(0.45))
    wary, stream = contrasted(phrase, changed(phrase, 6, 12)), spoken(speech(20, 1), 200, 100)
    stream.vectors[40:60] = changed(phrase, 6, 12).vectors

    whole = run(Spotter([wary], HOP, CODEBOOK), stream)

    assert len(whole) == 1
    assert whole == run(Spotter([wary], HOP, CODEBOOK), stream, range(1, 200))
    assert whole == run(Spotter([wary], HOP, CODEBOOK), stream, (50, 61, 119))


def test_after_what_is_refused_the_phrase_is_detected_at_once():
    phrase = replace(keyword(1), threshold=within(0.35))
    alike = changed(phrase, 6, 12)
    stream = spoken(speech(20, 1), 120, 60)
    stream.vectors[38:58] = alike.vectors

    found = run(Spotter([contrasted(phrase, alike)], HOP, CODEBOOK, refractory=10.0), stream)

    assert [detection.end for detection in found] == pytest.approx([80 * HOP], abs=10 * HOP)


def test_other_keywords_are_not_refused():
    phrase = replace(keyword(1), threshold=within(0.35))
    alike = changed(phrase, 6, 12)
    other = replace(phrase, name="other")

    found = run(Spotter([contrasted(phrase, alike), other], HOP, CODEBOOK), spoken(alike, 80, 30))

    assert [detection.keyword for detection in found] == ["other"]


def test_of_voices_the_mean_counts_and_of_texts_the_nearest():
    said, far = speech(20, 1).vectors, speech(20, 77).vectors
    phrase, near = (Contrast(text, ("a", "b"), (said, other)) for text, other in (("phrase", far), ("near", said)))
    contrasts = (phrase, Contrast("far", ("a", "b"), (far, far)), near)

    found = excess(said, contrasts)

    assert found[0] < 0 < found[1]
    assert found[1] == pytest.approx(-found[0], abs=1e-5)
    assert penalty(said, contrasts, np.zeros(2)) == pytest.approx(WEIGHT * found[1])
    assert penalty(said, contrasts, np.array([0.0, found[1]])) == 0.0


def test_a_text_is_expected_to_be_as_near_as_it_is_to_a_recording():
    phrase = keyword(1)
    nearer = Contrast("alike", ("v",), (phrase.templates[0].frames.vectors,))
    farther = Contrast("other", ("v",), (speech(20, 77).vectors,))
    wary = replace(phrase, contrasts=(Contrast("phrase", ("v",), (changed(phrase, 6, 12).vectors,)), nearer, farther))

    usual = usual_excess(wary)

    assert usual[0] > 0.05
    assert usual[1] == 0.0
    assert run(Spotter([wary], HOP, CODEBOOK), spoken(speech(20, 1), 80, 30))


def test_what_is_refused_before_the_phrase_is_over_is_looked_at_again():
    phrase = replace(keyword(1), threshold=within(0.3))
    said = phrase.templates[0].frames.vectors
    beginning = Contrast("the beginning", ("v",), (said[:12],))
    wary = replace(phrase, contrasts=(Contrast("phrase", ("v",), (said,)), beginning))

    without, found = (run(Spotter([one], HOP, CODEBOOK), spoken(speech(20, 1), 80, 30))[0] for one in (phrase, wary))

    assert found.end > without.end
    assert found.distance < without.distance
