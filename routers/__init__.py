"""HTTP and WebSocket surface: translate, authorise, call one use case."""

from collections.abc import Sequence

from fastapi import APIRouter


def all_routers() -> Sequence[APIRouter]:
    """Every router of the api; a new one is listed here."""
    from routers import (
        api_keys,
        attachments,
        explanations,
        forms,
        health,
        interactions,
        me,
        offers,
        queues,
        sessions,
        streams,
        supervision,
    )

    modules = (
        api_keys,
        attachments,
        explanations,
        forms,
        health,
        interactions,
        me,
        offers,
        queues,
        sessions,
        streams,
        supervision,
    )
    return [module.router for module in modules]
