"""The settings of synthetic voices, for `kwsd enroll --say` and `kwsd search --say`."""

from typing import Annotated

from msgspec import Meta

from kwsd.settings.checks import Settings

MOST_VOICES = 100


Language = Annotated[
    str,
    Meta(
        description="Language that the synthetic voices speak, such as de, en or en-gb.",
        pattern=r"^[A-Za-z0-9]+([-_][A-Za-z0-9]+)*\Z",
        extra={"head": '"{}" is no language', "range": "a code such as de, en or en-gb"},
    ),
]


class UnlikeConfig(Settings, frozen=True, kw_only=True):
    """Texts that sound like a phrase and must not be taken for it; synthetic voices say them, and the phrase."""

    texts: tuple[str, ...]
    language: Language = "en"


class SayConfig(Settings, frozen=True, kw_only=True):
    """A text that synthetic voices say."""

    text: str
    voices: Annotated[
        int,
        Meta(
            title="the number of voices",
            description="How often --say says the phrase, each time by another voice while there is one.",
            ge=1,
            le=MOST_VOICES,
        ),
    ] = 12
    language: Language = "en"
