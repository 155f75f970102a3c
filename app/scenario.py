"""A checked SCENARIO.yaml as what the simulation plays."""

from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

from app.setup.document import Setup
from app.setup.model import Document
from app.setup.policy import micros
from app.setup.scenario import Arrivals, Distribution, ScenarioDocument, Shift, members_of
from routing.calendar import Calendar
from routing.scenario import Attendance, Scenario, Stream
from routing.traffic import (
    Constant,
    Empirical,
    Exponential,
    Hour,
    Lognormal,
    Stretch,
    hours,
    midnight,
)
from routing.traffic import Distribution as Drawn

MICROS_PER_HOUR = 3_600_000_000

Span = tuple[int, int]


def scenario_of(document: ScenarioDocument, setup: Setup) -> Scenario:
    """Time begins at midnight of `starts_on` in the tenant's time zone."""
    tenant = setup.document.tenant
    zone = ZoneInfo(tenant.time_zone if tenant else "UTC")
    starts_at = midnight(document.starts_on, zone)
    ends_at = starts_at + micros(document.horizon_seconds)
    calendar = tuple(hours(starts_at, ends_at, zone))
    return Scenario(
        starts_at=starts_at,
        counts_from=starts_at + micros(document.warm_up_seconds),
        ends_at=ends_at,
        seed=document.seed,
        accept_after_us=micros(document.agents_accept_after_seconds),
        streams=[_stream(arrivals, setup.document, calendar, ends_at) for arrivals in document.arrivals],
        attendances=_attendances(document, setup.document, zone, starts_at, ends_at),
    )


# ---- what comes


def _stream(arrivals: Arrivals, setup: Document, calendar: Sequence[Hour], ends_at: int) -> Stream:
    queue = next(queue for queue in setup.queues if queue.key == arrivals.queue)
    patience = arrivals.patience
    return Stream(
        queue=arrivals.queue,
        channel=arrivals.channel,
        tier=arrivals.tier or setup.default_tier,
        requirement=arrivals.requirement,
        stretches=_stretches(arrivals, calendar, ends_at),
        handle=_drawn(arrivals.handle),
        wrap_up=_drawn(arrivals.wrap_up_seconds),
        patience=None if patience.distribution == "none" else _drawn(patience),
        service_level_us=micros(queue.rules(arrivals.channel).service_level_seconds or 0),
        short_abandon_us=micros(queue.short_abandon_seconds),
    )


def _stretches(arrivals: Arrivals, calendar: Sequence[Hour], ends_at: int) -> list[Stretch]:
    rates, factors = arrivals.rate_per_hour, arrivals.weekly
    if len(rates) == 1 and len(set(factors)) == 1:
        return [(ends_at, rates[0] * factors[0] / MICROS_PER_HOUR)]
    return [
        (min(until, ends_at), rates[hour % len(rates)] * factors[weekday] / MICROS_PER_HOUR)
        for until, weekday, hour in calendar
    ]


def _drawn(said: Distribution) -> Drawn:
    mean = (said.mean_seconds or 0) * 1e6
    if said.distribution == "exponential":
        return Exponential(mean)
    if said.distribution == "lognormal":
        return Lognormal.of(mean, (said.sd_seconds or 0) * 1e6)
    if said.distribution == "empirical":
        return Empirical(tuple(micros(value) for value in said.values_seconds or ()))
    return Constant(micros(said.seconds or 0))


# ---- who is there


def _attendances(
    document: ScenarioDocument, setup: Document, zone: ZoneInfo, starts_at: int, ends_at: int
) -> list[Attendance]:
    if document.shifts is None:
        return [Attendance(starts_at, agent.email, True) for agent in setup.agents]
    spans: dict[str, list[Span]] = {}
    for shift in document.shifts:
        worked = list(_spans(shift.calendar(zone.key), starts_at, ends_at))
        for agent in _agents_of(shift, setup):
            spans.setdefault(agent, []).extend(worked)
    return [
        Attendance(at, agent, is_there)
        for agent in sorted(spans)
        for start, end in _joined(spans[agent])
        for at, is_there in ((start, True), (end, False))
    ]


def _agents_of(shift: Shift, setup: Document) -> list[str]:
    if shift.team is not None:
        return members_of(setup, shift.team)[: shift.count]
    named = shift.agents or []
    return [agent.email for agent in setup.agents] if "all" in named else named


def _spans(calendar: Calendar, starts_at: int, ends_at: int) -> Iterator[Span]:
    """When it is open from the beginning to the end."""
    opens = calendar.next_opening(starts_at)
    while opens is not None and opens < ends_at:
        closes = calendar.next_closing(opens)
        yield opens, ends_at if closes is None else min(closes, ends_at)
        opens = None if closes is None else calendar.next_opening(closes)


def _joined(spans: Sequence[Span]) -> list[Span]:
    """The same times without overlaps."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    return joined
