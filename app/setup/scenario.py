"""SCENARIO.yaml (API §8): what a simulation plays on a set-up, checked against it."""

import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from app.setup.check import unknown_names
from app.setup.document import Setup, load, text_of, validated
from app.setup.fields import RequirementText, Seconds, Whole
from app.setup.model import Channel, Document, Part
from app.setup.source import Pointer, Source
from routing.calendar import Calendar
from routing.requirement import parse

EVERY_DAY = "mon-sun"
AMOUNT_MIN, AMOUNT_MAX = 1e-6, 1e9
YEARS = range(1970, 2101)

Amount = Annotated[float, Field(strict=True, ge=0, le=AMOUNT_MAX, allow_inf_nan=False)]
PositiveAmount = Annotated[float, Field(strict=True, ge=AMOUNT_MIN, le=AMOUNT_MAX, allow_inf_nan=False)]

_NEEDED: Mapping[str, tuple[str, ...]] = {
    "none": (),
    "constant": ("seconds",),
    "exponential": ("mean_seconds",),
    "lognormal": ("mean_seconds", "sd_seconds"),
    "empirical": ("values_seconds",),
}


class Distribution(Part):
    """How long something takes: by its name, with the parameters that belong to it and no others."""

    distribution: Literal["none", "constant", "exponential", "lognormal", "empirical"]
    seconds: Amount | None = None
    mean_seconds: PositiveAmount | None = None
    sd_seconds: PositiveAmount | None = None
    values_seconds: Annotated[list[Amount], Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _fitting(self) -> "Distribution":
        needed = set(_NEEDED[self.distribution])
        given = self.model_fields_set - {"distribution"}
        for name in sorted(needed - given):
            raise ValueError(f"{self.distribution} needs `{name}`")
        for name in sorted(given - needed):
            raise ValueError(f"{self.distribution} takes no `{name}`")
        return self


NOBODY_LEAVES = Distribution(distribution="none")
NO_WRAP_UP = Distribution(distribution="constant", seconds=0)


def _taking_time(value: Distribution) -> Distribution:
    if value.distribution == "none":
        raise ValueError("`none` is for patience only")
    return value


def _or_seconds(value: Any) -> Any:
    return {"distribution": "constant", "seconds": value} if isinstance(value, int | float) else value


def _one_or_many(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


def _per_hour(rates: list[float]) -> list[float]:
    if len(rates) not in (1, 24):
        raise ValueError(f"one number, or 24 from midnight on; not {len(rates)}")
    return rates


def _day(value: Any) -> Any:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise ValueError("no date like 2026-01-05")
    day = date.fromisoformat(value)
    if day.year not in YEARS:
        raise ValueError(f"not within {YEARS[0]} to {YEARS[-1]}")
    return day


def _any_day(value: Any) -> Any:
    return {EVERY_DAY: value} if isinstance(value, list) else value


TakesTime = Annotated[Distribution, AfterValidator(_taking_time)]
Rates = Annotated[list[Amount], BeforeValidator(_one_or_many), AfterValidator(_per_hour)]
Factors = Annotated[list[Amount], Field(min_length=7, max_length=7)]


class Arrivals(Part):
    """Work of one kind. `weekly` multiplies the rate: 7 factors from Monday on."""

    queue: str
    channel: Channel
    tier: str | None = None
    requirement: RequirementText | None = None
    rate_per_hour: Rates
    weekly: Factors = [1.0] * 7
    handle: TakesTime
    patience: Distribution = NOBODY_LEAVES
    wrap_up_seconds: Annotated[TakesTime, BeforeValidator(_or_seconds)] = NO_WRAP_UP


class Shift(Part):
    """`agents` (all, or e-mails), or a `team`: all of it, or its first `count` by e-mail. `available` as in a
    calendar's `weekly`, or intervals for every day."""

    agents: Annotated[list[str], BeforeValidator(_one_or_many)] | None = None
    team: str | None = None
    count: Whole | None = None
    available: Annotated[dict[str, list[str]], BeforeValidator(_any_day)]

    @model_validator(mode="after")
    def _somebody(self) -> "Shift":
        if (self.agents is None) == (self.team is None):
            raise ValueError("give either `agents` or a `team`")
        if self.count is not None and self.team is None:
            raise ValueError("`count` goes with a `team`")
        self.calendar("UTC")
        return self

    def calendar(self, zone: str) -> Calendar:
        return Calendar.parse(zone, self.available)


class ScenarioDocument(Part):
    """The whole file. `shifts` None: everybody is available throughout."""

    setup: str
    starts_on: Annotated[date, BeforeValidator(_day)] = date(2026, 1, 5)
    horizon_seconds: PositiveAmount
    warm_up_seconds: Seconds = 0
    seed: Annotated[int, Field(strict=True)] = 0
    agents_accept_after_seconds: Seconds = 0
    arrivals: Annotated[list[Arrivals], Field(min_length=1)]
    shifts: list[Shift] | None = None

    @model_validator(mode="after")
    def _something_counts(self) -> "ScenarioDocument":
        if self.warm_up_seconds >= self.horizon_seconds:
            raise ValueError("`warm_up_seconds` must be shorter than `horizon_seconds`")
        return self


def load_scenario(path: Path) -> tuple[ScenarioDocument, Setup]:
    """Read and check a scenario and the set-up that it names.

    Raises SetupError with all problems of either, OSError if the scenario itself cannot be read.
    """
    source = Source(path, text_of(path))
    if not isinstance(source.data, dict):
        source.complain((), "a scenario is a mapping with setup, horizon_seconds, arrivals …")
    document = validated(source, ScenarioDocument) if isinstance(source.data, dict) else None
    source.refuse()
    if document is None:
        raise AssertionError("a document that cannot be read leaves a problem")
    setup = _setup(source, document)
    _Check(source, document, setup).run()
    source.refuse()
    return document, setup


def _setup(source: Source, document: ScenarioDocument) -> Setup:
    path = source.path.parent / document.setup
    try:
        return load(path)
    except OSError as error:
        source.complain(("setup",), f"{path}: {error.strerror}")
        source.refuse()
        raise


class _Check:
    """Everything that the scenario names exists in the set-up."""

    def __init__(self, source: Source, document: ScenarioDocument, setup: Setup) -> None:
        self._source = source
        self._document = document
        self._setup = setup.document
        self._queues = {queue.key: queue for queue in setup.document.queues}
        self._teams = {team.key for team in setup.document.teams}
        self._tiers = {tier.key for tier in setup.document.tiers}
        self._agents = {agent.email for agent in setup.document.agents}

    def run(self) -> None:
        for index, arrivals in enumerate(self._document.arrivals):
            self._arrivals(("arrivals", index), arrivals)
        for index, shift in enumerate(self._document.shifts or ()):
            self._shift(("shifts", index), shift)

    def _arrivals(self, at: Pointer, arrivals: Arrivals) -> None:
        if arrivals.queue not in self._queues:
            self._source.complain((*at, "queue"), f"unknown queue {arrivals.queue!r}")
        else:
            self._accepted_in_time(at, arrivals)
        if arrivals.tier is not None and arrivals.tier not in self._tiers:
            self._source.complain((*at, "tier"), f"unknown tier {arrivals.tier!r}")
        for message in unknown_names(parse(arrivals.requirement), self._setup.skills, self._agents):
            self._source.complain((*at, "requirement"), message)

    def _accepted_in_time(self, at: Pointer, arrivals: Arrivals) -> None:
        offer_seconds = self._queues[arrivals.queue].rules(arrivals.channel).offer_seconds or 0
        if self._document.agents_accept_after_seconds > offer_seconds:
            self._source.complain(
                ("agents_accept_after_seconds",),
                f"agents of {arrivals.queue!r} would miss each offer: it lasts {offer_seconds:g} seconds",
            )

    def _shift(self, at: Pointer, shift: Shift) -> None:
        for index, email in enumerate(shift.agents or ()):
            if email not in self._agents and email != "all":
                self._source.complain(self._source.known((*at, "agents", index)), f"unknown agent {email!r}")
        if shift.team is None:
            return
        members = len(members_of(self._setup, shift.team))
        if shift.team not in self._teams:
            self._source.complain((*at, "team"), f"unknown team {shift.team!r}")
        elif shift.count is not None and shift.count > members:
            self._source.complain((*at, "count"), f"team {shift.team!r} has only {members} agents")


def members_of(setup: Document, team: str) -> list[str]:
    """The team's agents, by e-mail."""
    return sorted(agent.email for agent in setup.agents if team in agent.teams)
