"""A what-if as a table for people and as JSON for programs."""

from collections.abc import Callable
from io import StringIO
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table

from app.replay.figures import Comparison, Figures, Row

WIDTH = 100


def in_words(found: Comparison) -> str:
    """The other policy's differences, the table, and how near the recorded one comes to what really was."""
    record, out = found.record, StringIO()
    console = Console(file=out, width=WIDTH, highlight=False, markup=False)
    title = f"{record.tenant.key}, {record.span}: the recorded policy → {found.other}"
    for line in (title, *(f"  {change}" for change in found.changes or ["nothing is different"])):
        console.print(line, soft_wrap=True)
    console.print()
    console.print(_table(found))
    total = found.rows[-1]
    console.print(f"\nThe recorded policy, run again:  {_in_short(total.recorded)}")
    console.print(f"As it really was:                {_in_short(total.was)}")
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def as_json(found: Comparison) -> str:
    record = found.record
    answer = {
        "tenant": record.tenant.key,
        "from": record.local(record.start_us),
        "to": record.local(record.end_us),
        "policy": found.other,
        "changes": found.changes,
        "tiers": _by_key(found, "tier"),
        "queues": _by_key(found, "queue"),
        "total": _columns(found.rows[-1]),
    }
    return orjson.dumps(answer, option=orjson.OPT_INDENT_2).decode()


def _by_key(found: Comparison, kind: str) -> dict[str, Any]:
    return {row.key: _columns(row) for row in found.rows if row.kind == kind}


def _columns(row: Row) -> dict[str, Figures]:
    return {"recorded": row.recorded, "other": row.other, "as_it_was": row.was}


def _table(found: Comparison) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("")
    for heading in ("offered", "service level", "ASA", "abandoned", "promises kept"):
        table.add_column(heading, justify="right")
    kind = found.rows[0].kind if found.rows else ""
    for row in found.rows:
        if row.kind != kind:
            table.add_row()
            kind = row.kind
        name = row.key if row.kind == "total" else f"{row.kind} {row.key}"
        table.add_row(name, *(_both(row, figure) for figure in FIGURES))
    return table


def _both(row: Row, figure: Callable[[Figures], str]) -> str:
    before, after = figure(row.recorded), figure(row.other)
    return before if before == after else f"{before} → {after}"


def _in_short(of: Figures) -> str:
    return f"service level {_level(of)}, ASA {_asa(of)}, abandoned {_abandoned(of)}"


def _level(of: Figures) -> str:
    return _percent(of["service_level"])


def _asa(of: Figures) -> str:
    seconds = of["asa_seconds"]
    return "–" if seconds is None else f"{seconds:.1f} s"


def _abandoned(of: Figures) -> str:
    return _percent(of["abandon_rate"])


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"


FIGURES: tuple[Callable[[Figures], str], ...] = (
    lambda of: str(of["offered"]),
    _level,
    _asa,
    _abandoned,
    lambda of: _percent(of["promises_kept"]),
)
