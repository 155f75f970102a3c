"""How each channel account is: what came and went, what was refused, whether its platform can be reached, and
whether it is more silent than it should be. Everything is computed from rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import rfc3339
from models.circuit import Circuit
from models.endpoint import Endpoint
from models.endpoint_lease import EndpointLease
from models.endpoint_pace import Arrived, Attempted, arrivals, attempts
from models.refusal import Refusal

SILENT_BELOW: Final = 7.0
"""An endpoint is silent when so much should have come since the last of it: were arrivals Poisson, as much
silence had a probability of e^-7, less than one in a thousand (docs/channels/health.md)."""

REFUSED_ALARM: Final = 20
"""Wrong signatures in an hour: a changed secret, or somebody at the door."""

FAILED_ALARM: Final = 0.5
ATTEMPTS_MIN: Final = 5
"""Half of at least so many attempts in an hour have failed."""


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is known of one endpoint."""

    endpoint: Endpoint
    arrived: Arrived
    attempted: Attempted
    refused: int
    circuit: Circuit | None
    lease: EndpointLease | None
    listens: bool
    testable: bool

    def silent_since(self, now: datetime) -> datetime | None:
        """The last that came, where that is too long ago."""
        last, limit = self.arrived.last_at, self.endpoint.silent_after_seconds
        if last is None:
            return None
        if limit is not None:
            return last if now - last > timedelta(seconds=limit) else None
        expected = self.arrived.expected
        return last if expected is not None and expected >= SILENT_BELOW else None

    def alarms(self, now: datetime) -> list[str]:
        """silent, circuit, listener, signatures, errors: what a supervisor must look at."""
        tried, failed = self.attempted.attempts, self.attempted.failed
        found = {
            "silent": self.silent_since(now) is not None,
            "circuit": self.circuit is not None and self.circuit.opened_at is not None,
            "listener": self.listens and self.listening(now)["state"] != "listening",
            "signatures": self.refused >= REFUSED_ALARM,
            "errors": tried >= ATTEMPTS_MIN and failed >= FAILED_ALARM * tried,
        }
        return [name for name, is_on in found.items() if is_on]

    def listening(self, now: datetime) -> dict[str, Any]:
        """listening, failing (with the error), nobody (no worker has it)."""
        lease = self.lease
        if lease is None or lease.lease_until <= now:
            return {"state": "nobody", "since": None, "error": None}
        state = "listening" if lease.error is None else "failing"
        return {"state": state, "since": rfc3339(lease.changed_at), "error": lease.error}

    def item(self, now: datetime) -> dict[str, Any]:
        """As the API shows it. Numbers are those of the last hour."""
        e, tried = self.endpoint, self.attempted
        return {
            "endpoint": e.key,
            "id": str(e.id),
            "adapter": e.adapter,
            "channel": e.channel,
            "queue": e.queue,
            "last_event_at": rfc3339(self.arrived.last_at),
            "events": self.arrived.in_last_hour,
            "lag_seconds": self.arrived.lag_seconds,
            "last_success_at": rfc3339(tried.last_sent_at),
            "attempts": tried.attempts,
            "failed": tried.failed,
            "error_rate": tried.failed / tried.attempts if tried.attempts else None,
            "signature_failures": self.refused,
            "circuit": None if self.circuit is None else _circuit(self.circuit),
            "listener": self.listening(now) if self.listens else None,
            "silent_since": rfc3339(self.silent_since(now)),
            "expected_events": self.arrived.expected,
            "testable": self.testable,
            "alarms": self.alarms(now),
        }


@dataclass(frozen=True, slots=True)
class Able:
    """What the process knows of an endpoint's adapter: whether something listens for it, and whether it can
    be tested without harm."""

    listens: bool = False
    testable: bool = False


async def report(
    session: AsyncSession, tenant_id: UUID, able: Mapping[UUID, Able], now: datetime
) -> dict[str, Any]:
    """Every endpoint that is in use, by key."""
    used = [e for e in await Endpoint.of_tenant(session, tenant_id) if e.retired_at is None]
    ids = [endpoint.id for endpoint in used]
    arrived, attempted = await arrivals(session, ids, now), await attempts(session, ids, now)
    refused = await Refusal.since(session, ids, now - timedelta(hours=1))
    circuits = {circuit.endpoint_id: circuit for circuit in await Circuit.all(session)}
    leases = {lease.endpoint_id: lease for lease in await session.scalars(select(EndpointLease))}
    facts = [
        Facts(
            endpoint,
            arrived[endpoint.id],
            attempted[endpoint.id],
            refused.get(endpoint.id, 0),
            circuits.get(endpoint.id),
            leases.get(endpoint.id),
            able.get(endpoint.id, Able()).listens,
            able.get(endpoint.id, Able()).testable,
        )
        for endpoint in sorted(used, key=lambda endpoint: endpoint.key)
    ]
    return {"at": rfc3339(now), "items": [one.item(now) for one in facts], "next_cursor": None}


def _circuit(circuit: Circuit) -> dict[str, Any]:
    state = "resting" if circuit.opened_at is None else "open"
    return {
        "state": state,
        "since": rfc3339(circuit.opened_at),
        "until": rfc3339(circuit.resting_until),
        "reason": circuit.reason,
    }
