"""What the engine decides: each carries all that a guarded statement needs."""

from typing import Literal, NamedTuple

Kind = Literal["offer", "revoke", "missed", "connect_failed", "reassign", "hold", "resume", "ignored"]

Reason = Literal[
    "preferred",
    "longest_idle",
    "least_loaded",
    "best_skill",
    "customer_left",
    "went_away",
    "lease_lost",
    "not_responding",
    "undelivered",
    "offer_deadline",
    "connect_deadline",
    "reassign_deadline",
    "interrupted",
    "interruption_over",
    "unknown_agent",
    "unknown_interaction",
    "already_known",
    "wrong_state",
    "not_the_holder",
]
"""The closed list of docs/routing.md."""


class Decision(NamedTuple):
    """The engine assumes that it stands until a snapshot says otherwise.

    `offer`: `deadline` is when it is missed; the interaction is offered, the agent holds `units`.
    `revoke`: the offer is withdrawn; the interaction waits again (unless `customer_left`).
    `missed`, `connect_failed`: the agent is not_responding(missed | device), the interaction waits again.
    `reassign`: the agent's leg ends, the interaction waits again with a new `waited_here`, returned to them.
    `hold`, `resume`: the agent's work is interrupted by a call, or goes on after it (the live service does
    that itself, in the transaction that bridges or ends the call).
    `leg` is the leg concerned where a snapshot named it. `interaction_version` and `agent_version` are the
    versions that the decision saw. `score_us` is age + head start and `rank` the membership's. `ordinal`
    counts the engine's decisions.
    """

    at: int
    kind: Kind
    interaction: str | None
    agent: str | None
    reason: Reason
    queue: str | None = None
    channel: str | None = None
    units: int = 0
    deadline: int | None = None
    leg: str | None = None
    interaction_version: int = 0
    agent_version: int = 0
    score_us: int = 0
    rank: int = 0
    ordinal: int = 0
