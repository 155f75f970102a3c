"""New rows by the hundred, and what changes of others: one statement, with the events, at the end of the
transaction. SQLAlchemy's unit of work sends them one by one, which cost more than all that is decided about
them."""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from sqlalchemy import inspect
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import make_transient_to_detached

from app.bus.outbox import outbox
from models.base import Base


def insert_rows(session: AsyncSession, rows: Sequence[Base]) -> None:
    """Insert `rows`, which are not in the session, when the transaction ends, as they are then; afterwards it
    holds them, as if it had flushed them. Who is to read them before calls `app.bus.outbox.write_rows`."""
    pending = outbox(session).writes
    for row in rows:
        its = pending.setdefault(row.__tablename__, _NewRows(type(row)))
        assert isinstance(its, _NewRows)
        its.rows.append(row)


def update_rows(session: AsyncSession, rows: Iterable[Base]) -> None:
    """Update `rows`, all of one table and locked, when the transaction ends, as they are now: the columns in
    which any of them has been changed. The session lets them go: nothing in the transaction may change them,
    or read them from the database, after that."""
    changed = list(dict.fromkeys(row for row in rows if session.is_modified(row)))
    if not changed:
        return
    columns = ("id", *sorted({name for row in changed for name in inspect(row).committed_state}))
    name = f"changes_of_{changed[0].__tablename__}"
    assert name not in outbox(session).writes, "changed twice in one transaction"
    records = [{column: getattr(row, column) for column in columns} for row in changed]
    insert_records(session, name, _update(type(changed[0]), columns), records)
    for row in changed:
        session.expunge(row)


def insert_records(
    session: AsyncSession, table: str, statement: str, records: Sequence[dict[str, Any]]
) -> None:
    """As `insert_rows`, by a statement of the caller's that reads the recordset `:rows`; the session does not
    hold them."""
    if records:
        its = outbox(session).writes.setdefault(table, _NewRecords(statement))
        assert isinstance(its, _NewRecords)
        its.records += records


class _NewRows:
    """`app.bus.outbox.Writes` of one table."""

    def __init__(self, table: type[Base]) -> None:
        self._table = table
        self.rows: list[Base] = []
        self.statement = _statement(table)

    def values(self) -> list[dict[str, Any]]:
        return [_complete(row) for row in self.rows]

    def written(self, session: AsyncSession) -> None:
        if _numbered(self._table):
            return
        for row in self.rows:
            make_transient_to_detached(row)
        session.add_all(self.rows)
        for row in self.rows:
            row.inserted(session)


def _complete(row: Base) -> dict[str, Any]:
    """The row's values. It has all of them from now on: a missing one would be loaded when it is read."""
    values = row.__dict__
    for name, default in _defaults(type(row)).items():
        if name not in values:
            setattr(row, name, default(None) if callable(default) else default)
    for name in _names(type(row)):
        values.setdefault(name, None)
    return {name: values[name] for name in _names(type(row)) if values[name] is not None}


@cache
def _names(table: type[Base]) -> tuple[str, ...]:
    return tuple(column.name for column in table.__table__.columns if column.identity is None)


@cache
def _numbered(table: type[Base]) -> bool:
    """The server gives its key, and nobody asks for it."""
    return any(column.identity is not None for column in table.__table__.columns)


@cache
def _defaults(table: type[Base]) -> dict[str, Any]:
    return {
        column.name: column.default.arg for column in table.__table__.columns if column.default is not None
    }


@cache
def _statement(table: type[Base]) -> str:
    values = ", ".join(_value(table.__table__.c[name]) for name in _names(table))
    names = ", ".join(_names(table))
    return (
        f"INSERT INTO {table.__tablename__} ({names}) SELECT {values} FROM {_recordset(table, _names(table))}"  # noqa: S608 - our own names
    )


@cache
def _update(table: type[Base], columns: tuple[str, ...]) -> str:
    """The ids are named beside the join: by that alone the planner would read the whole table."""
    name, values = table.__tablename__, ", ".join(f"{column} = r.{column}" for column in columns[1:])
    return (
        f"UPDATE {name} SET {values} FROM {_recordset(table, columns)}"  # noqa: S608 - our own names
        f" WHERE {name}.id = r.id AND {name}.id = ANY(array("
        "SELECT CAST(row ->> 'id' AS uuid) FROM jsonb_array_elements(:rows) AS row))"
    )


def _recordset(table: type[Base], names: Iterable[str]) -> str:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    columns = [table.__table__.c[name] for name in names]
    types = ", ".join(f"{column.name} {column.type.compile(dialect)}" for column in columns)
    return f"jsonb_to_recordset(:rows) AS r ({types})"


def _value(column: Any) -> str:
    """What the row says, else the server's default: always the clock."""
    return column.name if column.server_default is None else f"coalesce({column.name}, clock_timestamp())"


class _NewRecords:
    """`app.bus.outbox.Writes` of what is no mapped row: its statement makes more of it."""

    def __init__(self, statement: str) -> None:
        self.statement = statement
        self.records: list[dict[str, Any]] = []

    def values(self) -> list[dict[str, Any]]:
        return self.records

    def written(self, session: AsyncSession) -> None:
        """The session does not hold them."""
