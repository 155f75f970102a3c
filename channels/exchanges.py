"""The requests of one attempt: each within what is left of its time, and remembered for the exchange log."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from app.clock import Clock
from app.outbound import Network
from channels import redaction
from channels.base import MailEnvelope, WireRequest, WireResponse
from channels.transport import Transport

SMTP_NOT_AVAILABLE: Final = 421


@dataclass(frozen=True, slots=True)
class Exchanged:
    """As `models.exchange.Exchange` has it."""

    at: datetime
    method: str
    url: str
    status: int | None
    reason: str | None
    seconds: float
    request: str = field(repr=False)
    response: str = field(repr=False)

    @property
    def trouble(self) -> bool:
        """Nobody answered, or the platform says that it cannot."""
        if self.method == "SMTP":
            return self.status in (None, SMTP_NOT_AVAILABLE)
        return self.status is None or self.status >= 500


class Exchanges:
    """`channels.steps.Exchange`. `until` by the monotonic clock; `secret` is hidden in what is remembered."""

    def __init__(self, transport: Transport, allowed: Sequence[Network], until: float, clock: Clock) -> None:
        self._transport, self._allowed, self._until, self._clock = transport, allowed, until, clock
        self.secret: str | None = None
        self.seen: list[Exchanged] = []

    async def __call__(self, request: WireRequest | MailEnvelope) -> WireResponse:
        at, started = self._clock.now(), self._clock.monotonic()
        answer: WireResponse | None = None
        reason: str | None = "no answer in time"
        try:
            left = max(self._until - started, 0)
            answer = await self._transport.exchange(request, self._allowed, left)
            reason = None
            return answer
        except Exception as error:
            reason = str(error)[:200]
            raise
        finally:
            seconds = round(self._clock.monotonic() - started, 3)
            self.seen.append(self._exchanged(request, answer, at, seconds, reason))

    def _exchanged(
        self,
        request: WireRequest | MailEnvelope,
        answer: WireResponse | None,
        at: datetime,
        seconds: float,
        reason: str | None,
    ) -> Exchanged:
        return Exchanged(
            at=at,
            method="SMTP" if isinstance(request, MailEnvelope) else request.method,
            url=_place(request),
            status=None if answer is None else answer.status,
            reason=reason,
            seconds=seconds,
            request=redaction.request_beginning(request, self.secret),
            response="" if answer is None else redaction.response_beginning(answer, self.secret),
        )


def _place(request: WireRequest | MailEnvelope) -> str:
    if isinstance(request, MailEnvelope):
        return f"smtp://{request.host}:{request.port}"
    return redaction.url_without_secrets(request.url)
