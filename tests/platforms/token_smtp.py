"""An SMTP server that lets in only who shows an access token that its token server knows (XOAUTH2)."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope

from tests.platforms.tokens import TokenServer


@dataclass
class TokenSmtp:
    """`let_in`: the access tokens that were shown and good, `turned_away` the others."""

    tokens: TokenServer
    port: int = 0
    taken: list[Envelope] = field(default_factory=list)
    let_in: list[str] = field(default_factory=list)
    turned_away: list[str] = field(default_factory=list)

    async def auth_XOAUTH2(self, server: Any, args: list[str]) -> AuthResult:  # noqa: N802
        """RFC 7628's older brother: user and token at once; who is refused is told why and answers that."""
        user, token = _credentials(args[1] if len(args) > 1 else "")
        if user and self.tokens.issued.get(token) == user:
            self.let_in.append(token)
            return AuthResult(success=True, auth_data=user)
        self.turned_away.append(token)
        await server.challenge_auth(b'{"status":"400","schemes":"Bearer"}')
        return AuthResult(success=False, handled=False)

    async def handle_MAIL(  # noqa: N802
        self, server: Any, session: Any, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if not session.authenticated:
            return "530 5.7.0 Authentication required"
        envelope.mail_from = address
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:  # noqa: N802
        self.taken.append(envelope)
        return "250 2.0.0 queued"


def _credentials(words: str) -> tuple[str, str]:
    user, _, rest = base64.b64decode(words).decode().partition("\x01")
    return user.removeprefix("user="), rest.removeprefix("auth=Bearer ").rstrip("\x01")


@asynccontextmanager
async def running_token_smtp(tokens: TokenServer) -> AsyncIterator[TokenSmtp]:
    box, loop = TokenSmtp(tokens), asyncio.get_running_loop()
    options: dict[str, Any] = {"auth_require_tls": False, "loop": loop}
    server = await loop.create_server(lambda: SMTP(box, **options), "127.0.0.1", 0)
    box.port = server.sockets[0].getsockname()[1]
    try:
        yield box
    finally:
        server.close()
        await server.wait_closed()
