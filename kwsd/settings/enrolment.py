"""The settings of `kwsd enroll`."""

from pathlib import Path
from typing import Annotated, Literal, get_args

from msgspec import Meta

from kwsd.settings.checks import Settings
from kwsd.settings.inputs import MicrophoneInput
from kwsd.settings.kinds import ALARMS, Alarms, Model, Store
from kwsd.settings.say import SayConfig, UnlikeConfig

ScorerName = Literal["subsequence", "dtw", "codes", "edit", "levenshtein"]
SecondLookName = Literal["off", "usual", "strict"]
RuleName = Literal["background", "midpoint"]

# kwsd.spotting.matching, kwsd.enrolment.threshold and kwsd.second_look.distance have them too, and need numpy.
SCORERS: tuple[str, ...] = get_args(ScorerName)
RULES: tuple[str, ...] = get_args(RuleName)


class EnrollConfig(Settings, frozen=True, kw_only=True):
    """How a phrase is enrolled; a threshold of None is learned by the rule, a scorer of None is the earlier one.

    Attributes:
        microphone: where further recordings are made; None for none.
        say: what synthetic voices say as further recordings; None for nothing.
        unlike: what sounds alike and must not be detected, said by synthetic voices; None for nothing.
    """

    name: str
    recordings: tuple[Path, ...]
    threshold: (
        Annotated[
            float,
            Meta(
                title="the threshold",
                description="Largest distance that counts as the keyword.",
                ge=0,
                le=1e6,
                extra={"range": "0 to 1000000"},
            ),
        ]
        | None
    ) = None
    threshold_rule: Annotated[
        RuleName,
        Meta(
            description="How the threshold is learned: from a rate of false alarms, or midway between recordings and "
            "background.",
            extra={"head": 'there is no threshold rule "{}"'},
        ),
    ] = "background"
    false_alarms_per_hour: Alarms = ALARMS
    scorer: (
        Annotated[
            ScorerName,
            Meta(
                description="How the stream is compared with the recordings.", extra={"head": 'there is no scorer "{}"'}
            ),
        ]
        | None
    ) = None
    negatives: tuple[Path, ...] = ()
    replace: Annotated[bool, Meta(description="Replace the earlier recordings instead of adding to them.")] = False
    keep_audio: Annotated[
        bool, Meta(description="Keep the recordings, so that they can be enrolled again with another model.")
    ] = False
    second_look: (
        Annotated[
            SecondLookName,
            Meta(
                description="How strictly another model confirms each detection, see kwsd[second-look].",
                extra={"head": 'there is no second look "{}"'},
            ),
        ]
        | None
    ) = None
    microphone: MicrophoneInput | None = None
    say: SayConfig | None = None
    unlike: UnlikeConfig | None = None
    store: Store
    model: Model | None = None


class CalibrateConfig(Settings, frozen=True, kw_only=True):
    """How the threshold of an enrolled keyword is learned at the place where kwsd listens."""

    name: str
    background: Annotated[
        tuple[str, ...],
        Meta(description="What is heard there: a recording, a folder of them, or an index; give it again for more."),
    ]
    false_alarms_per_hour: Alarms = ALARMS
    never_said: Annotated[
        bool, Meta(description="The keyword is not said in the background: leave out no passage that sounds like it.")
    ] = False
    store: Store
    model: Model | None = None
