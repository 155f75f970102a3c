"""New rows by the hundred: one statement for each table. SQLAlchemy's unit of work sends them one by one,
which cost more than all that is decided about them."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import make_transient_to_detached

from models.base import ROWS, Base


async def insert_rows(session: AsyncSession, rows: Sequence[Base]) -> None:
    """Insert `rows`, which are not in the session yet; afterwards it holds them, as if it had flushed them.
    Parents go before children. The caller gives what the server would have defaults for."""
    by_table: dict[type[Base], list[Base]] = {}
    for row in rows:
        by_table.setdefault(type(row), []).append(row)
    for table in sorted(by_table, key=_rank):
        its = by_table[table]
        await session.execute(_statement(table), {"rows": [_complete(row) for row in its]})
        for row in its:
            make_transient_to_detached(row)
        session.add_all(its)


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
def _rank(table: type[Base]) -> int:
    return Base.metadata.sorted_tables.index(Base.metadata.tables[table.__tablename__])


@cache
def _names(table: type[Base]) -> tuple[str, ...]:
    return tuple(column.name for column in table.__table__.columns)


@cache
def _defaults(table: type[Base]) -> dict[str, Any]:
    return {
        column.name: column.default.arg for column in table.__table__.columns if column.default is not None
    }


@cache
def _statement(table: type[Base]) -> TextClause:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    types = [f"{column.name} {column.type.compile(dialect)}" for column in table.__table__.columns]
    names = ", ".join(_names(table))
    return text(
        f"INSERT INTO {table.__tablename__} ({names}) SELECT {names}"  # noqa: S608 - our own names
        f" FROM jsonb_to_recordset(:rows) AS r ({', '.join(types)})"
    ).bindparams(ROWS)
