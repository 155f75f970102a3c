"""What the live service tells the engine: the whole routing state of one entity, replacing what was known.

A snapshot whose version is not above the known one is ignored, unless `force` (a row read anew after a lost
guard). Times are whole microseconds since the epoch; `queue`, `tier` and teams are keys, agents ids.
"""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from routing.policy import Policy

Presence = Literal["offline", "available", "break", "not_responding"]
LegRole = Literal["primary", "consult", "conference"]
LegState = Literal["offered", "connecting", "active", "held", "wrap_up"]


class LegSnapshot(NamedTuple):
    """One live leg. `deadline`: of the offer while offered, of the connection while connecting.
    `confirm_by`: an offer that the desktop has not shown yet is revoked (`undelivered`) then."""

    id: str
    agent: str
    state: LegState
    units: int
    role: LegRole = "primary"
    deadline: int | None = None
    accepted_at: int | None = None
    confirm_by: int | None = None


class InteractionSnapshot(NamedTuple):
    """`state` as in SEMANTICS §1.1; only `queued` waits to be offered, a final state is forgotten.
    `age` is `age_us` plus, while `age_since` is set, the time since then; `entered_at` starts `waited_here`.
    `preferred_agent` is the named one, `account_team` the customer's, `last_agent` who had them last.
    `due`: overdue from then on, whatever its tier was promised.
    `returned`: it, or what it follows, was in `preferred_agent`'s hands, or it was handed to them: it goes to
    them first, whatever the queue prefers. `excluded`: agents and until when they are not offered it.
    `endpoint`: a call of this telephony endpoint, so only for agents with a phone there."""

    id: str
    version: int
    state: str
    queue: str
    channel: str
    tier: str | None = None
    requirement: str | None = None
    boost_us: int = 0
    age_us: int = 0
    age_since: int | None = None
    entered_at: int | None = None
    preferred_agent: str | None = None
    returned: bool = False
    excluded: tuple[tuple[str, int], ...] = ()
    endpoint: str | None = None
    legs: tuple[LegSnapshot, ...] = ()
    account_team: tuple[str, ...] = ()
    last_agent: str | None = None
    due: int | None = None
    force: bool = False


class AgentSnapshot(NamedTuple):
    """`key` is the e-mail that `agent(…)` in a requirement names. `lease`: the lease is alive; `connected`:
    a socket is open now (without one there are no new offers, open ones stay). `idle_since`: the later of the
    end of their last handled work and their last change to available. `lease_lost_at`: set while the time
    to reassign their chats and messages runs down. `channels` None: all. `phones`: the telephony endpoints
    at which a phone of theirs can be reached; None: that is not told, and no call names its endpoint.
    `shift` is a calendar's key; None: always on shift."""

    id: str
    version: int
    key: str
    presence: Presence = "offline"
    presence_reason: str | None = None
    lease: bool = False
    connected: bool = True
    phones: tuple[str, ...] | None = None
    idle_since: int = 0
    last_accepted_at: int | None = None
    lease_lost_at: int | None = None
    teams: tuple[str, ...] = ()
    skills: Mapping[str, int] = {}
    channels: tuple[str, ...] | None = None
    units_max: int = 100
    channel_max: Mapping[str, int] = {}
    shift: str | None = None
    force: bool = False


class AgentRemoved(NamedTuple):
    """The agent exists no more. Their legs, if any, must have ended."""

    id: str
    version: int


class PolicyReplaced(NamedTuple):
    """A newly published policy: everything that waits is placed and matched anew."""

    policy: Policy


class QueueMeasured(NamedTuple):
    """What was measured of a queue lately: its service level in parts per million (None: nothing to measure)
    and the handling time by channel, for estimates; a channel left out has the set-up's."""

    queue: str
    service_level_ppm: int | None = None
    handle_us: Mapping[str, int] = {}


Snapshot = InteractionSnapshot | AgentSnapshot


def to_json(snapshot: Snapshot) -> dict[str, Any]:
    """The snapshot as the `state` of a routing fact."""
    document = snapshot._asdict()
    if isinstance(snapshot, InteractionSnapshot):
        document["legs"] = [leg._asdict() for leg in snapshot.legs]
        document["excluded"] = [list(pair) for pair in snapshot.excluded]
        document["account_team"] = list(snapshot.account_team)
    else:
        document["teams"] = list(snapshot.teams)
        document["channels"] = None if snapshot.channels is None else list(snapshot.channels)
        document["phones"] = None if snapshot.phones is None else list(snapshot.phones)
        document["skills"] = dict(snapshot.skills)
        document["channel_max"] = dict(snapshot.channel_max)
    return document


def interaction_from_json(document: Mapping[str, Any]) -> InteractionSnapshot:
    """Raises TypeError or KeyError on a document that is not an interaction's."""
    known = _known(InteractionSnapshot._fields, document)
    known["legs"] = tuple(LegSnapshot(**_known(LegSnapshot._fields, leg)) for leg in document.get("legs", ()))
    known["excluded"] = tuple((agent, until) for agent, until in document.get("excluded", ()))
    known["account_team"] = tuple(document.get("account_team", ()))
    return InteractionSnapshot(**known)


def agent_from_json(document: Mapping[str, Any]) -> AgentSnapshot:
    """Raises TypeError or KeyError on a document that is not an agent's."""
    known = _known(AgentSnapshot._fields, document)
    known["teams"] = tuple(document.get("teams", ()))
    for name in ("channels", "phones"):
        told = document.get(name)
        known[name] = None if told is None else tuple(told)
    return AgentSnapshot(**known)


def _known(fields: tuple[str, ...], document: Mapping[str, Any]) -> dict[str, Any]:
    return {name: document[name] for name in fields if name in document}
