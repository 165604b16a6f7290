"""What is shown of every threshold of a keyword."""

from dataclasses import replace

import numpy as np

from kwsd.web.curve import curve_of


def test_the_phrase_itself_in_other_speech_is_no_false_alarm(enrolment, tokenizer, bank):
    keyword, prose = enrolment.keyword, next(iter(bank.parts().values()))
    prose, said = prose.beginning(0.7), [template.heard for template in keyword.templates]
    with_phrase = replace(
        prose,
        codes=np.concatenate([prose.codes, *(tokenizer.codebook.encode(one.vectors) for one in said)]),
        tokens=np.concatenate([prose.tokens, *(one.tokens for one in said)]),
        kinds=(),
    )
    without, with_it = (curve_of(keyword, tokenizer, one) for one in (prose, with_phrase))
    middle = float(np.median(without.distances))  # where half of the recordings are found, and no other speech

    assert np.interp(middle, with_it.thresholds, with_it.alarms) < 0.1
    assert np.allclose(np.interp(without.thresholds, with_it.thresholds, with_it.alarms), without.alarms, atol=1.0)
