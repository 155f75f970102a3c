"""Telling poison from outages: only what the event itself is to blame for is ever parked."""

from typing import Final

import asyncpg
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError

from app.errors import PoisonEvent

_STATES: Final = ("22", "23", "54")
"""SQLSTATE classes: data exception, integrity violation, a limit such as an index row's size."""


def is_poison(error: Exception) -> bool:
    """Whether the event can never be applied or stored, however often it is tried."""
    if isinstance(error, DBAPIError):
        state = getattr(error.orig, "sqlstate", None) or ""
        return state.startswith(_STATES) or isinstance(
            getattr(error.orig, "__cause__", None), asyncpg.DataError
        )
    if isinstance(error, asyncpg.PostgresError):
        return (error.sqlstate or "").startswith(_STATES)
    return isinstance(error, PoisonEvent | ValidationError)
