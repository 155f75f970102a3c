"""A trace as a bad day delivers it: events lost, doubled and late, old snapshots again, agents who never
answer, crashes of the worker, a clock that steps forward, supervisors who change what they can."""

from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.routing.build import Build
from tests.routing.watched import Watched
from tests.routing.worlds import SECOND, SKILLS, Line, agents, amended, policy, requirement, trace


@dataclass
class Instant:
    at: int
    lines: list[Line] = field(default_factory=list)
    jump: bool = False
    crash: bool = False
    echo: bool = False


def bad_day(random: Random, lines: list[Line], people: list[dict[str, Any]]) -> list[Instant]:
    silent = {person["id"] for person in people if random.random() < 0.1}
    day: list[Instant] = []
    stepped, late = 0, []
    for at in sorted({line["at"] for line in lines}):
        jump = random.random() < 0.05
        stepped += random.choice([1, 7, 30, 600]) * SECOND if jump else 0
        told = [line for line in lines if line["at"] == at and not _is_answer_of(silent, line)]
        arrived, late = _delivered(random, told, late)
        crash, echo = random.random() < 0.1, random.random() < 0.1
        day.append(Instant(at + stepped, arrived, jump, crash, echo))
    return day


def _is_answer_of(silent: set[str], line: Line) -> bool:
    return line["type"].startswith("offer.") and line["agent"] in silent


def _delivered(random: Random, told: list[Line], late: list[Line]) -> tuple[list[Line], list[Line]]:
    """What arrives now, and what will arrive at the next instant."""
    arrived, later = list(late), []
    for line in told:
        copies = random.choices([0, 1, 2], weights=[6, 88, 6])[0]
        for _ in range(copies):
            (later if random.random() < 0.06 else arrived).append(line)
    return arrived, later


def live_through(seed: int, build: Build | None = None, length: int = 120) -> Watched:
    """The whole day under the eyes of the laws. Raises AssertionError."""
    random = Random(seed)
    document = policy(random)
    people = agents(random, document)
    watched = Watched(document, people, build)
    over: set[str] = set()
    old = list(watched.picture.snapshots.values())
    for instant in bad_day(random, trace(random, document, people, length), people):
        if instant.crash:
            watched.crash()
        if instant.echo:
            watched.hear_again([known for known in old if known.id in watched.picture.snapshots])
            old += random.sample(list(watched.picture.snapshots.values()), 1)
        if random.random() < 0.15:
            interfere(random, watched)
        watched.tell(instant.at, [line for line in instant.lines if not _is_over(line, over)], instant.jump)
        over |= {line["interaction"] for line in instant.lines if line["type"] == "interaction.queued"}
    return watched


def interfere(random: Random, watched: Watched) -> None:
    """A supervisor changes an agent, what waits, or the policy; or a service level was measured."""
    known = list(watched.picture.snapshots.values())
    people = [one for one in known if hasattr(one, "presence")]
    waiting = [one for one in known if getattr(one, "state", None) == "queued"]
    pick = random.random()
    if pick < 0.3:
        watched.publish(amended(random, watched.document))
    elif pick < 0.6 and waiting:
        watched.change([_prioritised(random, random.choice(waiting))])
    elif pick < 0.75:
        queue = random.choice(watched.document["queues"])["key"]
        level = random.choice([None, 500_000, 900_000])
        watched.change([watched.build.state.QueueMeasured(queue, level, {})])
    else:
        watched.change([_retrained(random, random.choice(people))])


def _prioritised(random: Random, item: Any) -> Any:
    return item._replace(
        version=item.version + 1,
        boost_us=random.choice([0, 5, 900]) * SECOND,
        requirement=random.choice([item.requirement, requirement(random)]),
    )


def _retrained(random: Random, agent: Any) -> Any:
    """Other skills and teams, all channels, more room than before."""
    return agent._replace(
        version=agent.version + 1,
        skills={skill: random.randint(1, 6) for skill in SKILLS if random.random() < 0.6},
        teams=tuple(random.choice(["t0", "t1", "t2"]) for _ in range(2)),
        channels=None,
        units_max=agent.units_max + 20,
        channel_max={},
    )


def _is_over(line: Line, known: set[str]) -> bool:
    """Told again that it is queued: intake never says so of what is over, which a rebuilt engine forgot."""
    return line["type"] == "interaction.queued" and line["interaction"] in known
