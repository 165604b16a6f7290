"""A phrase and what sounds alike, said by the same synthetic voices, for the contrast of detections."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kwsd.enrolment.agreement import agreed
from kwsd.enrolment.template import Recording, Take, take_of
from kwsd.errors import AudioError, SayError
from kwsd.keywords.keyword import Contrast
from kwsd.say.engines import voices_of
from kwsd.say.voice import Voice
from kwsd.tokenizer.tokenizer import Tokenizer

VOICES = 6  # at most; each says every text


def contrasts(
    phrase: str, alike: Sequence[str], language: str, tokenizer: Tokenizer, report: Callable[[str], None]
) -> tuple[Contrast, ...]:
    """The contrast of the phrase, and then one for each text that sounds alike.

    Args:
        phrase: as it is spelled.
        alike: other texts, at least one.
        language: a code such as "de" or "en-gb".
        tokenizer: is reset.
        report: gets a sentence for each voice that fails and is left out.

    Raises:
        SayError: no voice speaks the language, or says all texts.
    """
    texts = (phrase, *alike)
    found: dict[str, list[Take]] = {}
    for voice in voices_of(language):
        if len(found) == VOICES:
            break
        try:
            found[str(voice)] = [_take(text, voice, tokenizer) for text in texts]
        except (SayError, AudioError) as error:
            report(f"the voice {voice} is left out: {error}")
    if not found:
        raise SayError(f'no voice can say "{phrase}" and what sounds alike: spell them otherwise')
    spoken = [agreed([takes[i] for takes in found.values()]) for i in range(len(texts))]
    return tuple(
        Contrast(text, tuple(found), tuple(reading.vectors for reading in readings))
        for text, readings in zip(texts, spoken, strict=True)
    )


def _take(text: str, voice: Voice, tokenizer: Tokenizer) -> Take:
    return take_of(Recording(text, voice.speak(text, 1.0)), tokenizer)
