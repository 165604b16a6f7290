"""The settings of `kwsd index` and `kwsd search`."""

from pathlib import Path
from typing import Annotated, Literal, get_args

from msgspec import Meta

from kwsd.errors import ConfigError
from kwsd.settings.checks import Settings
from kwsd.settings.kinds import ALARMS, Cluster, Indexes, Model, Store, Workers, alarms, check_sharing
from kwsd.settings.say import SayConfig

MOST_STAGES = 6  # that a code of the shipped model has
MOST_SECONDS = 3.0  # that a phrase may be asked to have: discovery looks no farther

Method = Literal["pairs", "hquest", "inverted", "exact", "dtw"]
METHODS: tuple[str, ...] = get_args(Method)  # kwsd.archive.search.methods has them too, and needs numpy


class IndexConfig(Settings, frozen=True, kw_only=True):
    """How an index is built or added to; None is what the index has, or the default of a new one.

    Attributes:
        index: a folder, or an fsspec address.
        paths: files, and folders of which the recordings below are meant.
    """

    index: str
    paths: tuple[Path, ...]
    model: Model | None = None
    workers: Workers = 1
    on: Cluster | None = None
    stages: (
        Annotated[
            int,
            Meta(
                title="the number of stages",
                description="Bytes of a code, two less for every other one; with fewer the index is smaller and finds "
                "less.",
                ge=1,
                le=MOST_STAGES,
            ),
        ]
        | None
    ) = None
    vectors: Annotated[bool, Meta(description="Also keep vectors, 16 times as much, to rank hits by.")] | None = None
    graph: Annotated[bool, Meta(description="Also make the graph that `--method hquest` needs.")] | None = None
    small: (
        Annotated[
            bool,
            Meta(description="A third smaller, with the same hits; a search of a thousand hours takes 0.06 s more."),
        ]
        | None
    ) = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_sharing(self.workers, self.on)


class DiscoverConfig(Settings, frozen=True, kw_only=True):
    """How phrases that recur are looked for in an index, a folder or an fsspec address."""

    index: str
    top: Annotated[int, Meta(title="the number of phrases", description="The most phrases to show.", ge=1)] = 20
    min_seconds: Annotated[
        float,
        Meta(title="the shortest phrase", description="Seconds that a phrase must have.", gt=0, le=MOST_SECONDS),
    ] = 0.4
    second_look: Annotated[
        bool,
        Meta(description="Hear the places again in their files, which tells near words apart; see kwsd[second-look]."),
    ] = False
    model: Model | None = None


class SearchConfig(Settings, frozen=True, kw_only=True):
    """How indexes are searched for an enrolled keyword or for recordings of a phrase.

    Attributes:
        index: each a folder, or an fsspec address; at least one.
        say: the phrase that synthetic voices say; None for none.

    Raises:
        ConfigError: there is no index, nothing to search for, or two things, no such method, or no hit is wanted.
    """

    index: Indexes
    keyword: str | None = None
    recordings: Annotated[tuple[Path, ...], Meta(description="Recording of the phrase; give it again for more.")] = ()
    say: SayConfig | None = None
    method: Annotated[
        Method,
        Meta(
            description="Search method; `dtw` compares the whole index, the others only candidates.",
            extra={"head": 'there is no method "{}"'},
        ),
    ] = "pairs"
    top: Annotated[int, Meta(title="the number of hits", description="The most hits to show.", ge=1)] = 20
    at_least: Annotated[
        float,
        Meta(
            title="the probability",
            description="Show only hits that are the phrase with this probability or a higher one.",
            ge=0,
            le=1,
        ),
    ] = 0.0
    second_look: Annotated[
        bool,
        Meta(
            description="Hear the best hits again in their files, which tells near words apart; see kwsd[second-look]."
        ),
    ] = False
    words: (
        Annotated[str, Meta(description="English words that the recordings say; --second-look listens for them, too.")]
        | None
    ) = None
    like: Annotated[tuple[str, ...], Meta(description="Line of a hit that is right; give it again for more.")] = ()
    unlike: Annotated[tuple[str, ...], Meta(description="Line of a hit that is wrong; give it again for more.")] = ()
    save_keyword: (
        Annotated[
            str,
            Meta(description="Save the phrase with its --like and --unlike hits as this keyword, for scan and listen."),
        ]
        | None
    ) = None
    false_alarms_per_hour: Annotated[
        float, alarms("False alarms per hour that the saved keyword may have; more means fewer misses.")
    ] = ALARMS
    store: Store
    model: Model | None = None
    on: Cluster | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.save_keyword is not None and not self.like:
            raise ConfigError("--save-keyword learns from hits that are right: give their lines with --like")
        if not self.index:
            raise ConfigError("there is no index to search: name one with --index")
        if self.keyword is None and not (self.recordings or self.say):
            raise ConfigError(
                "there is nothing to search for: give an enrolled keyword, a recording with --wav, or a text with --say"
            )
        if self.keyword is not None and (self.recordings or self.say):
            given = "--wav" if self.recordings else "--say"
            raise ConfigError(f'there are two things to search for: give either "{self.keyword}" or {given}')
        if self.words is not None and not (self.recordings and self.second_look):
            raise ConfigError("--words tells the second look what a recording says: give --wav and --second-look, too")
