"""Signing in, staying signed in and out again (API §2)."""

from typing import Annotated

from fastapi import Cookie, Depends, Request, Response, status
from pydantic import BaseModel, Field

from app.access import ACCESS_SECONDS, API_KEY_PREFIX, AgentPrincipal
from app.errors import TooMany, Unauthenticated
from app.problems import problems
from app.sign_in import REFRESH_SECONDS, SignedIn, SignIn
from interactions.agents import presence
from routers.deps import Bearer, Open, Services, api_router

COOKIE = "touchpoint_refresh"
PATH = "/v1/sessions"

router = api_router(PATH, Open("whoever signs in has no token yet"), tags=["sessions"])


class Credentials(BaseModel):
    tenant: str = Field(min_length=1, max_length=63)
    email: str = Field(min_length=1, max_length=254)
    password: str = Field(min_length=1)


class TokenOut(BaseModel):
    access_token: str
    expires_in_seconds: int


def sign_in_of(container: Services) -> SignIn:
    return SignIn(
        container.database, container.passwords, container.tokens, container.clock, container.ended_sessions
    )


def agent_of(credentials: Bearer, container: Services) -> AgentPrincipal | None:
    """Who signs out, if their token tells."""
    if credentials is None or credentials.credentials.startswith(API_KEY_PREFIX):
        return None
    try:
        return container.tokens.read(credentials.credentials)
    except Unauthenticated:
        return None


SignsIn = Annotated[SignIn, Depends(sign_in_of)]
RefreshToken = Annotated[str | None, Cookie(alias=COOKIE, include_in_schema=False)]


@router.post("", status_code=status.HTTP_201_CREATED, responses=problems(Unauthenticated, TooMany))
async def sign_in(
    credentials: Credentials, request: Request, response: Response, access: SignsIn
) -> TokenOut:
    """An access token, and a refresh cookie that no script can read."""
    peer = request.client.host if request.client else ""
    given = (credentials.tenant, credentials.email, credentials.password)
    return _answer(request, response, await access.with_password(*given, peer))


@router.post("/refresh", responses=problems(Unauthenticated))
async def refresh(
    request: Request, response: Response, access: SignsIn, token: RefreshToken = None
) -> TokenOut:
    """The next access token; the cookie is replaced. A cookie that was used before ends the session."""
    if token is None:
        raise Unauthenticated("Sign in first.")
    return _answer(request, response, await access.with_refresh_token(token))


@router.delete("/current", status_code=status.HTTP_204_NO_CONTENT)
async def sign_out(
    response: Response,
    access: SignsIn,
    container: Services,
    agent: Annotated[AgentPrincipal | None, Depends(agent_of)],
    token: RefreshToken = None,
) -> None:
    """End this session; the agent is offline, and a hot desk's device is free."""
    if whose := await access.end(token, agent):
        async with container.database.transaction(whose[0]) as session:
            await presence.sign_out(session, *whose)
    response.delete_cookie(COOKIE, path=PATH, httponly=True, samesite="strict")


def _answer(request: Request, response: Response, signed_in: SignedIn) -> TokenOut:
    response.set_cookie(
        COOKIE,
        signed_in.refresh_token,
        max_age=REFRESH_SECONDS,
        path=PATH,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    response.headers["cache-control"] = "no-store"
    return TokenOut(access_token=signed_in.access_token, expires_in_seconds=ACCESS_SECONDS)
