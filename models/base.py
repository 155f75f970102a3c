"""The declarative base: named constraints, timestamps with zone, ids that the caller makes (UUIDv7)."""

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    DateTime,
    Enum,
    ForeignKey,
    MetaData,
    Text,
    Uuid,
    any_,
    bindparam,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute, Mapped, Session, mapped_column

from app.clock import new_id

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

Json = dict[str, Any]

PRUNED_AT_ONCE = 10_000
"""Rows that one transaction deletes of what has served its time."""

ROWS = bindparam("rows", type_=JSONB())
"""Many rows as one JSON array, for `jsonb_to_recordset`: one statement whatever their number."""

IDS = bindparam("ids", type_=ARRAY(Uuid()))
"""For statements that are built once, where `among` builds one each time: `column == any_(IDS)`."""


def among(column: InstrumentedAttribute[Any], values: Collection[Any]) -> ColumnElement[bool]:
    """Whether the column is one of `values`: one prepared statement whatever their number, while an IN list
    of another length is another statement to prepare."""
    return column == any_(bindparam(None, list(values), type_=ARRAY(column.type), unique=True))


def _values(enum: type[StrEnum]) -> list[str]:
    return [member.value for member in enum]


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {
        datetime: DateTime(timezone=True),
        str: Text(),
        UUID: Uuid(),
        Json: JSONB(),
        list[Any]: JSONB(),
        list[str]: ARRAY(Text()),
        list[UUID]: ARRAY(Uuid()),
        # The value as text, not a native type: a new state is then a changed CHECK, not a changed type.
        StrEnum: Enum(StrEnum, native_enum=False, length=32, values_callable=_values),
    }

    def __init__(self, **values: Any) -> None:
        """A new row has no history: its values need none of the bookkeeping of changes."""
        if unknown := values.keys() - _columns(type(self)):
            raise TypeError(f"{type(self).__name__} has no {', '.join(sorted(unknown))}")
        self.__dict__.update(values)

    def inserted(self, session: AsyncSession | Session) -> None:
        """Told when `models.bulk.insert_rows` has written it."""


@cache
def _columns(table: type[Base]) -> frozenset[str]:
    return frozenset(table.__mapper__.columns.keys())


class TenantRow:
    """A row of one tenant: row-level security shows it to that tenant's transactions only."""

    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenant.id", ondelete="CASCADE"))


class Identified(TenantRow):
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)


def one_of(column: str, values: type[StrEnum] | tuple[str, ...], name: str | None = None) -> CheckConstraint:
    """CHECK (column IN (…)): the enum in code and the constraint are one list."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=name or f"{column}_known")
