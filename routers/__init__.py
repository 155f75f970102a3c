"""HTTP and WebSocket surface: translate, authorise, call one use case."""

from collections.abc import Sequence

from fastapi import APIRouter


def all_routers() -> Sequence[APIRouter]:
    """Every router of the api; a new one is listed here."""
    from routers import health, sessions

    return (health.router, sessions.router)
