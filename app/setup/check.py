"""What names what: keys are unique, and everything that is referred to exists."""

from collections.abc import Iterable, Mapping, Sequence

from app.setup.dates import country_days, written_out
from app.setup.model import Agent, Calendar, Document, Endpoint, Queue
from app.setup.source import Pointer, Source
from routing.hours import Overlap, parse_dates, parse_weekly, refuse_overlap
from routing.requirement import Requirement, parse


def cross_check(source: Source, document: Document) -> None:
    """Complain to `source` about duplicates and unknown names."""
    _Check(source, document).run()


class _Check:
    def __init__(self, source: Source, document: Document) -> None:
        self._source = source
        self._document = document
        self._skills = frozenset(document.skills)
        self._teams = {team.key for team in document.teams}
        self._queues = {queue.key for queue in document.queues}
        self._agents = {agent.email for agent in document.agents}
        self._calendars = {calendar.key for calendar in document.calendars}
        self._endpoints = {endpoint.key for endpoint in document.endpoints}

    def run(self) -> None:
        self._unique_keys()
        self._one_default_tier()
        for index, calendar in enumerate(self._document.calendars):
            self._calendar(("calendars", index), calendar)
        for index, agent in enumerate(self._document.agents):
            self._agent(("agents", index), agent)
        for index, queue in enumerate(self._document.queues):
            self._queue(("queues", index), queue)
            self._steps(("queues", index), queue)
        self._no_lending_in_a_circle()
        for index, endpoint in enumerate(self._document.endpoints):
            self._known(("endpoints", index, "queue"), "queue", [endpoint.queue], self._queues)
            self._forms(("endpoints", index, "config"), endpoint)

    def _unique_keys(self) -> None:
        document = self._document
        self._unique(("skills",), document.skills)
        self._unique(("break_codes",), document.break_codes)
        for name in ("tiers", "calendars", "teams", "queues", "endpoints"):
            self._unique((name,), [part.key for part in getattr(document, name)], "key")
        self._unique(("address_book",), [contact.address for contact in document.address_book], "address")
        self._unique(("agents",), [agent.email.lower() for agent in document.agents], "email")

    def _unique(self, at: Pointer, names: Sequence[str], *member: str) -> None:
        seen: set[str] = set()
        for index, name in enumerate(names):
            if name in seen:
                self._source.complain((*at, index, *member), f"{name!r} stands here a second time")
            seen.add(name)

    def _one_default_tier(self) -> None:
        marked = [index for index, tier in enumerate(self._document.tiers) if tier.default]
        for index in marked[1:]:
            self._source.complain(("tiers", index, "default"), "another tier is the default already")

    def _calendar(self, at: Pointer, calendar: Calendar) -> None:
        if calendar.holidays is not None and country_days(calendar.holidays) is None:
            told = "no country or subdivision with known holidays, like CN or DE-BY"
            self._source.complain((*at, "holidays"), f"{calendar.holidays!r} is {told}")
            return
        try:
            refuse_overlap(parse_weekly(calendar.weekly), parse_dates(written_out(calendar)))
        except Overlap as error:
            self._source.complain((*at, "dates", error.day), str(error))

    def _agent(self, at: Pointer, agent: Agent) -> None:
        self._known((*at, "teams"), "team", agent.teams, self._teams)
        self._unique((*at, "teams"), agent.teams)
        for skill in agent.skills:
            self._known((*at, "skills", skill), "skill", [skill], self._skills)
        if agent.shift is not None:
            self._known((*at, "shift"), "calendar", [agent.shift], self._calendars)
        for index, device in enumerate(agent.devices):
            self._known((*at, "devices", index, "endpoint"), "endpoint", [device.endpoint], self._endpoints)

    def _queue(self, at: Pointer, queue: Queue) -> None:
        teams = [membership.key for membership in queue.teams]
        if not teams:
            self._source.complain((*at, "teams"), "nobody serves this queue: name at least one team")
        self._unique((*at, "teams"), teams, "key")
        for index, team in enumerate(teams):
            self._known((*at, "teams", index, "key"), "team", [team], self._teams)
        self._requirement((*at, "requirement"), queue.requirement)
        for index, step in enumerate(queue.steps):
            self._requirement((*at, "steps", index, "requirement"), step.requirement)
            self._known((*at, "steps", index, "lend_queues"), "queue", step.lend_queues, self._queues)
        self._unique((*at, "templates"), [template.key for template in queue.templates], "key")
        for index, lend in enumerate(queue.lend):
            self._known((*at, "lend", index, "queues"), "queue", lend.queues, self._queues)
        if queue.hours is not None:
            self._known((*at, "hours"), "calendar", [queue.hours], self._calendars)
        for name in ("closed", "nobody_signed_in", "full"):
            door = getattr(queue, name)
            if door is not None and door.queue is not None:
                self._known((*at, name, "queue"), "queue", [door.queue], self._queues)
            if door is not None and door.voicemail and not (door.announcement or door.auto_reply):
                message = "needs an `announcement`: callers are told that they may speak"
                self._source.complain((*at, name, "voicemail"), message)

    def _steps(self, at: Pointer, queue: Queue) -> None:
        """Each opens the queue's work to somebody for whom it was not open before."""
        anyone = parse(queue.requirement).is_anyone
        ordered = sorted(enumerate(queue.steps), key=lambda numbered: numbered[1].after_seconds)
        for index, step in ordered:
            if anyone and not step.lend_queues:
                message = "this step can never open anything: whoever meets it was accepted before"
                self._source.complain((*at, "steps", index), message)
            anyone = anyone or (step.requirement is not None and parse(step.requirement).is_anyone)
            if step.requirement is None and not step.lend_queues:
                self._source.complain((*at, "steps", index), "a step needs `requirement` or `lend_queues`")

    def _forms(self, at: Pointer, endpoint: Endpoint) -> None:
        """What a chat offers besides itself; a call needs a form that asks for one."""
        forms = {e.key: e for e in self._document.endpoints if e.adapter == "form"}
        calling = {key for key, form in forms.items() if form.config.get("callback") is True}
        for name, known in (("offline_form", set(forms)), ("callback_form", calling)):
            wanted = endpoint.config.get(name) if endpoint.adapter == "chat" else None
            if wanted is not None and wanted not in known:
                what = "form with `callback: true`" if name == "callback_form" else "form"
                self._source.complain((*at, name), f"there is no {what} named {wanted!r}")

    def _no_lending_in_a_circle(self) -> None:
        lends = {queue.key: _borrowers(queue) for queue in self._document.queues}
        for index, queue in enumerate(self._document.queues):
            circle = _circle(queue.key, lends)
            if circle:
                at: Pointer = ("queues", index, "lend" if queue.lend else "steps")
                self._source.complain(at, f"lending in a circle: {' → '.join(circle)}")

    def _requirement(self, at: Pointer, text: str | None) -> None:
        for message in unknown_names(parse(text), self._skills, self._agents):
            self._source.complain(at, message)

    def _known(self, at: Pointer, noun: str, names: Iterable[str], known: Iterable[str]) -> None:
        for index, name in enumerate(names):
            if name not in known:
                self._source.complain(self._source.known((*at, index)), f"unknown {noun} {name!r}")


def _borrowers(queue: Queue) -> list[str]:
    """The queues to whose agents it lends its work, ever."""
    stepwise = [key for step in queue.steps for key in step.lend_queues]
    return sorted({*stepwise, *(key for lend in queue.lend for key in lend.queues)})


def _circle(start: str, lends: Mapping[str, Sequence[str]]) -> list[str]:
    """A way from a queue back to it, itself at both ends; empty: there is none."""
    ways, seen = [[start]], set[str]()
    while ways:
        way = ways.pop()
        for key in lends.get(way[-1], ()):
            if key == start:
                return [*way, key]
            if key not in seen:
                seen.add(key)
                ways.append([*way, key])
    return []


def unknown_names(requirement: Requirement, skills: Iterable[str], agents: Iterable[str]) -> list[str]:
    """What a requirement names that does not exist, one message each."""
    wrong = [f"unknown skill {name!r}" for name in sorted(requirement.skills - frozenset(skills))]
    return wrong + [f"unknown agent {name!r}" for name in sorted(requirement.agents - frozenset(agents))]
