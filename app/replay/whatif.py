"""What would have happened on a recorded stretch under another policy. The recorded policy is run in the same
way, so that like is compared with like."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import typer

from app.errors import CommandError
from app.replay.figures import Comparison, Judge, compared
from app.replay.record import MICROSECONDS, Record, Wanted, open_record, progress
from app.replay.words import as_json, in_words
from app.settings import Settings
from app.setup.difference import differences
from app.setup.document import SetupError, load
from app.setup.service import published_policy
from interactions.life.policies import TenantPolicy
from routing.conditions import Conditions, Unknowable
from routing.history import History, Reader
from routing.policy import Policy
from routing.record import Unreadable, input_from_json
from routing.whatif import as_it_was
from routing.whatif import run as rerun

PLOTS: Final = (".png", ".svg")


@dataclass(frozen=True, slots=True)
class Question:
    """`policy` is the other SETUP.yaml, `plot` where the picture goes."""

    wanted: Wanted
    policy: Path
    plot: Path | None = None


async def run(settings: Settings, asked: Question, json: bool) -> int:
    """The command. Raises CommandError when something cannot be read or compared."""
    if asked.plot is not None and asked.plot.suffix.lower() not in PLOTS:
        raise CommandError(f"{asked.plot}: a plot is a file that ends in {' or '.join(PLOTS)}.")
    other = _load(asked.policy)
    async with open_record(settings, asked.wanted) as record:
        found = await compare(record, other, asked.policy.name)
    if asked.plot is not None:
        from app.replay.plot import draw

        draw(found, asked.plot)
    typer.echo(as_json(found) if json else in_words(found))
    return 0


def _load(path: Path) -> TenantPolicy:
    try:
        setup = load(path)
    except SetupError as error:
        raise CommandError(str(error)) from None
    document = published_policy(setup.policy_document(), setup.document)
    return TenantPolicy(0, Policy.from_document(document), document)


async def compare(record: Record, other: TenantPolicy, name: str) -> Comparison:
    """Raises CommandError when the record and the other policy do not fit."""
    history = await _read(record)
    _check_queues(history, other, name)
    versions = _in_force(history, record.start_us)
    policies = [(at, record.policy_of(version)) for at, version in versions]
    last = versions[-1][1]
    ruler = TenantPolicy(last, policies[-1][1], record.documents[last])
    span = (record.start_us, min(record.end_us, history.ends_at + 1))
    conditions = Conditions(history, span[1], partial(_service_level_us, ruler))
    with progress(2 * len(history.visits), "running both policies") as tick:
        try:
            same = rerun(history, conditions, policies, *span, tick)
            otherwise = rerun(history, conditions, [(record.start_us, other.policy)], *span, tick)
        except Unknowable as error:
            raise CommandError(f"{error}. Take a longer stretch.") from None
    was = as_it_was(history, *span)
    judge = Judge(ruler, span[1])
    rows = compared(judge, (same, ruler.policy), (otherwise, other.policy), (was, ruler.policy))
    changes = [change.line() for change in differences(ruler.document, other.document)]
    return Comparison(record, name, changes, rows)


def _service_level_us(ruler: TenantPolicy, queue: str, channel: str) -> int:
    return round(ruler.rules(queue, channel).service_level_seconds * MICROSECONDS)


async def _read(record: Record) -> History:
    reader = Reader()
    with progress(record.stretch.entries, "reading") as tick:
        async for entry in record.entries():
            try:
                events = [input_from_json(event, record.policy_of) for event in entry.events]
            except Unreadable as error:
                raise CommandError(f"position {entry.position}: {error}.") from None
            if entry.now_us < record.end_us:
                offers = [d["interaction"] for d in entry.decisions if d["kind"] == "offer"]
                reader.feed(entry.now_us, entry.policy_version, events, offers)
            tick()
    return reader.history


def _in_force(history: History, start_us: int) -> list[tuple[int, int]]:
    """The version in force at the start, and those that came after."""
    before = [version for at, version in history.policies if at <= start_us]
    later = [(at, version) for at, version in history.policies if at > start_us]
    return [(start_us, before[-1]), *later] if before else later


def _check_queues(history: History, other: TenantPolicy, name: str) -> None:
    used = {visit.entry.queue for visit in history.visits if visit.entered_at is not None}
    missing = sorted(used - set(other.policy.queues))
    if missing:
        raise CommandError(f"{name} has no queue {', '.join(missing)}, which customers waited in.")
