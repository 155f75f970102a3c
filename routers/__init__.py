"""HTTP and WebSocket surface: translate, authorise, call one use case."""

from collections.abc import Sequence

from fastapi import APIRouter


def all_routers() -> Sequence[APIRouter]:
    """Every router of the api; a new one is listed here."""
    from routers import (
        api_keys,
        attachments,
        callbacks,
        chat,
        chat_settings,
        consults,
        customers,
        endpoints,
        explanations,
        forms,
        health,
        interactions,
        me,
        messages,
        offers,
        outbound,
        public_files,
        queues,
        routing_health,
        sessions,
        streams,
        supervision,
        tasks,
        touches,
        visitor_files,
    )

    modules = (
        api_keys,
        attachments,
        callbacks,
        chat,
        chat_settings,
        consults,
        customers,
        endpoints,
        explanations,
        forms,
        health,
        interactions,
        me,
        messages,
        offers,
        outbound,
        public_files,
        queues,
        routing_health,
        sessions,
        streams,
        supervision,
        tasks,
        touches,
        visitor_files,
    )
    return [module.router for module in modules]
