"""What a trace tells the engine: one fact each, applied as transitions of what is known (API §8)."""

from typing import NamedTuple

from routing.state import AgentRemoved, AgentSnapshot, InteractionSnapshot, PolicyReplaced, QueueMeasured


class OfferAccepted(NamedTuple):
    interaction: str
    agent: str


class OfferConnectFailed(NamedTuple):
    """The agent's leg failed before it was bridged."""

    interaction: str
    agent: str


class OfferDeclined(NamedTuple):
    interaction: str
    agent: str
    reason: str | None = None


class AgentAvailable(NamedTuple):
    agent: str


class AgentUnavailable(NamedTuple):
    """`reason` is `offline` or a break's code."""

    agent: str
    reason: str | None = None


class AgentLeaseLost(NamedTuple):
    agent: str


class InteractionConnected(NamedTuple):
    """Both legs are bridged."""

    interaction: str
    agent: str


class InteractionCompleted(NamedTuple):
    """The end of wrap-up."""

    interaction: str
    agent: str


class InteractionLeft(NamedTuple):
    """The customer is gone."""

    interaction: str


class InteractionTransferred(NamedTuple):
    interaction: str
    queue: str


class InteractionQueued(NamedTuple):
    """A new one. `tier` None: the policy's default; `waited_us` is age brought along. `preferred_agent` is a
    named one; then come the account team, in order, and who served the customer last."""

    interaction: str
    queue: str
    channel: str
    tier: str | None = None
    requirement: str | None = None
    preferred_agent: str | None = None
    waited_us: int = 0
    boost_us: int = 0
    account_team: tuple[str, ...] = ()
    last_agent: str | None = None


TraceEvent = (
    OfferAccepted
    | OfferConnectFailed
    | OfferDeclined
    | AgentAvailable
    | AgentUnavailable
    | AgentLeaseLost
    | InteractionConnected
    | InteractionCompleted
    | InteractionLeft
    | InteractionTransferred
    | InteractionQueued
)
RoutingEvent = (
    TraceEvent | InteractionSnapshot | AgentSnapshot | AgentRemoved | PolicyReplaced | QueueMeasured
)

TRACE_ORDER: tuple[type, ...] = (
    OfferAccepted,
    OfferConnectFailed,
    OfferDeclined,
    AgentAvailable,
    AgentUnavailable,
    AgentLeaseLost,
    InteractionConnected,
    InteractionCompleted,
    InteractionLeft,
    InteractionTransferred,
    InteractionQueued,
)
"""The order in which the events of one instant are applied (SEMANTICS §1.5)."""
