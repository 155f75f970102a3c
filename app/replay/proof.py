"""What the journal recorded, through the engine again: every decision must be the same, byte for byte."""

from dataclasses import dataclass
from typing import Any

import orjson
import typer

from app.errors import CommandError
from app.replay.record import Record, Tick, Wanted, open_record, progress
from app.settings import Settings
from routing.record import Recorded, Unreadable
from routing.replay import Broken, Difference, Replay

DONE, DIFFERENT = 0, 1


@dataclass
class Verdict:
    """`instants` and `decisions` are those of the interval, `before` the instants that led up to it."""

    instants: int = 0
    decisions: int = 0
    before: int = 0
    difference: Difference | None = None


async def run(settings: Settings, wanted: Wanted, as_json: bool) -> int:
    """The command. Raises CommandError when there is nothing to replay, or it cannot be read."""
    async with open_record(settings, wanted) as record:
        with progress(record.stretch.entries, "replaying") as tick:
            replay = Replay(record.policy_of)
            verdict = await _replayed(record, replay, tick)
        typer.echo(_as_json(record, verdict) if as_json else _in_words(record, verdict))
        if replay.new_fields:
            fields = ", ".join(sorted(replay.new_fields))
            typer.echo(f"not compared, for the record is older than them: {fields}", err=True)
    return DIFFERENT if verdict.difference else DONE


async def _replayed(record: Record, replay: Replay, tick: Tick) -> Verdict:
    verdict = Verdict()
    async for entry in record.entries():
        try:
            verdict.difference = replay.feed(entry)
        except (Broken, Unreadable) as error:
            raise CommandError(_told(entry, error)) from None
        if verdict.difference is not None:
            break
        if entry.position < record.begins_at:
            verdict.before += 1
        else:
            verdict.instants += 1
            verdict.decisions += len(entry.decisions)
        tick()
    return verdict


def _told(entry: Recorded, error: Broken | Unreadable) -> str:
    if isinstance(error, Broken):
        return f"The journal is broken at {error}."
    return f"position {entry.position}: {error}. Replay it with the version of Touchpoint that recorded it."


def _in_words(record: Record, verdict: Verdict) -> str:
    lines = []
    if record.stretch.first < record.begins_at:
        lines.append(
            f"begun at the rebuild at position {record.stretch.first}: "
            f"{verdict.before:,} instants lead up to {record.local(record.start_us)}"
        )
    if verdict.difference is None:
        lines.append(f"{verdict.instants:,} instants, {verdict.decisions:,} decisions, all the same")
        return "\n".join(lines)
    found = verdict.difference
    at = f"position {found.position}, {record.local(found.at_us)}: not as recorded"
    return "\n".join(
        [*lines, at, f"  recorded  {_spoken(found.recorded)}", f"  now       {_spoken(found.now)}"]
    )


def _spoken(decision: Any) -> str:
    return "nothing" if decision is None else orjson.dumps(decision).decode()


def _as_json(record: Record, verdict: Verdict) -> str:
    found = verdict.difference
    answer = {
        "tenant": record.tenant.key,
        "from": record.local(record.start_us),
        "to": record.local(record.end_us),
        "begun_at_position": record.stretch.first,
        "instants_before": verdict.before,
        "instants": verdict.instants,
        "decisions": verdict.decisions,
        "difference": None if found is None else {**found._asdict(), "at": record.local(found.at_us)},
    }
    return orjson.dumps(answer, option=orjson.OPT_INDENT_2).decode()
