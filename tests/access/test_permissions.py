"""Every route says who may call it."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi.routing import APIRoute, APIWebSocketRoute

from app.access import PERMISSIONS, Permission, Role
from app.main import create_app
from app.settings import Settings
from routers import all_routers
from routers.deps import ApiRoute, Guard, Open

DECLARED_ELSEWHERE = {
    "/openapi.json",
    "/docs",
    "/docs/oauth2-redirect",
    "/webhooks/{endpoint_id}",
    "/static",
    "/widget.js",
}
"""FastAPI's own pages, the door that checks signatures, and the pages themselves."""


def routes() -> list[Any]:
    return [route for router in all_routers() for route in router.routes]


def guards(dependant: Any) -> Iterator[Guard | Open]:
    for dependency in dependant.dependencies:
        if isinstance(dependency.call, Guard | Open):
            yield dependency.call
        yield from guards(dependency)


@pytest.mark.parametrize(
    "route", routes(), ids=lambda route: f"{getattr(route, 'methods', 'WS')} {route.path}"
)
class TestEveryRoute:
    def test_declares_its_permission(self, route: Any) -> None:
        assert list(guards(route.dependant)), f"{route.path}: make its router with api_router(…)"

    def test_reads_bodies_safely(self, route: Any) -> None:
        assert isinstance(route, ApiRoute | APIWebSocketRoute), f"{route.path}: use api_router(…)"

    def test_open_only_from_outside(self, route: Any) -> None:
        asked = list(guards(route.dependant))
        if all(isinstance(guard, Open) for guard in asked):
            ours = ("/v1/sessions", "/v1/stream", "/healthz", "/readyz", "/metrics")
            places = (*ours, "/chat/", "/forms/", "/files/")
            assert route.path.startswith(places), f"{route.path} asks nobody for a token"


def test_nothing_else_is_served() -> None:
    app = create_app(SimpleNamespace(settings=Settings()))  # type: ignore[arg-type]
    others = [route for route in app.routes if hasattr(route, "path") and not isinstance(route, APIRoute)]
    assert {route.path for route in others} <= {*DECLARED_ELSEWHERE, "/{path:path}"}


def test_roles_grow() -> None:
    assert PERMISSIONS[Role.AGENT] < PERMISSIONS[Role.SUPERVISOR] < PERMISSIONS[Role.ADMIN]
    assert PERMISSIONS[Role.ADMIN] == frozenset(Permission)


def test_identity_numbers_are_not_everybodys() -> None:
    may_see = {role for role in Role if Permission.IDENTITY_REVEAL in PERMISSIONS[role]}
    assert may_see == {Role.ADMIN, Role.IDENTITY_READER}
