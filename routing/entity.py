"""The engine's mutable picture of one agent, one interaction and one leg."""

from collections.abc import Mapping

from routing.capacity import Capacity, Interrupts, Load
from routing.requirement import ANYONE, Requirement
from routing.state import LegRole, LegState, Presence
from routing.waiting import Entry, Lane

IdleEntry = tuple[int, int, str, int, "Agent"]
"""(band, time, agent id, stamp, agent): how agents stand in `longest_idle` order."""

HOLDS_NOTHING, NEVER_ACCEPTED, HOLDS_SOMETHING = 0, 1, 2

Counted = tuple[bool, bool, tuple[str, ...], Mapping[str, int]]
"""(signed in, not on a break, queues whose own teams they belong to, pieces at once by channel)."""

NOT_COUNTED: Counted = (False, False, (), {})


class Agent:
    """`open` lists the channels for which they may get one more piece now; `entry` is their place among the
    idle, valid while it carries the present `stamp`; both are set by `refresh`. `searched` are the channels
    for which nothing waited for them at the last matching. `costs` (units by channel that they serve),
    `interrupts` and `queues` (whose work they may get) follow from policy and profile, `on_shift` from their
    `shift`, which turns at `shift_turns_at`. `counted` is what the staffing of queues counts of them, `rooms`
    remembers the channels with room by the units in use."""

    __slots__ = (
        "capacity", "channels", "connected", "costs", "counted", "entry", "id", "idle_since", "interrupts",
        "key", "last_accepted_at", "lease", "lease_lost_at", "legs", "load", "on_shift", "open", "phones",
        "presence", "presence_reason", "queues", "rooms", "searched", "shift", "shift_turns_at", "skills",
        "stamp", "teams", "version",
    )  # fmt: skip

    def __init__(self, id: str) -> None:  # noqa: A002
        self.id = id
        self.key = id
        self.version = -1
        self.presence: Presence = "offline"
        self.presence_reason: str | None = None
        self.lease = False
        self.connected = True
        self.phones: tuple[str, ...] | None = None
        self.idle_since = 0
        self.last_accepted_at: int | None = None
        self.lease_lost_at: int | None = None
        self.teams: frozenset[str] = frozenset()
        self.skills: Mapping[str, int] = {}
        self.channels: frozenset[str] | None = None
        self.capacity = Capacity()
        self.load = Load()
        self.legs: dict[Leg, None] = {}
        self.stamp = 0
        self.open: tuple[str, ...] = ()
        self.searched: tuple[str, ...] = ()
        self.queues: tuple[str, ...] | None = None
        self.costs: Mapping[str, int] = {}
        self.rooms: dict[int, tuple[str, ...]] = {}
        self.interrupts: Interrupts = {}
        self.shift: str | None = None
        self.on_shift = True
        self.shift_turns_at: int | None = None
        self.counted: Counted = NOT_COUNTED
        self.entry: IdleEntry | None = None

    @property
    def is_signed_in(self) -> bool:
        """A lease stands behind them and they are not offline; they may be on a break."""
        return self.lease and self.presence != "offline"

    @property
    def is_available(self) -> bool:
        """Signed in, a socket open, and available: new work may be offered."""
        return self.presence == "available" and self.lease and self.connected

    @property
    def keeps_offers(self) -> bool:
        """Whether an open offer survives their presence. A closed socket alone does not end it."""
        return self.presence == "available" and self.lease

    def may_serve(self, channel: str) -> bool:
        """Permitted the channel and, for voice, reachable somewhere."""
        if channel == "voice" and self.phones == ():
            return False
        return self.channels is None or channel in self.channels

    def refresh(self) -> None:
        """Work out `open` and `entry` anew. Whoever kept the old entry sees by its stamp that it is void."""
        self.stamp += 1
        self.entry = None
        self.open = self._with_room() if self.is_available else ()
        if self.open:
            band, since = self.idle_order(bool(self.legs))
            self.entry = band, since, self.id, self.stamp, self

    def _with_room(self) -> tuple[str, ...]:
        """Kept by the units in use where nothing else counts."""
        if self.interrupts or self.capacity.channel_max:
            return self.capacity.channels_with_room(self.load, self.costs, self.interrupts)
        known = self.rooms.get(self.load.units)
        if known is None:
            known = self.capacity.channels_with_room(self.load, self.costs, self.interrupts)
            self.rooms[self.load.units] = known
        return known

    def has_grown(self) -> bool:
        """Whether there is a channel for which nothing has been sought since they have room for it."""
        if not self.open or self.open == self.searched:
            return False
        return not self.searched or not set(self.open) <= set(self.searched)

    def idle_order(self, holds_something: bool) -> tuple[int, int]:
        """Those who hold nothing by `idle_since`, then the others by their last accepted offer."""
        if not holds_something:
            return HOLDS_NOTHING, self.idle_since
        if self.last_accepted_at is None:
            return NEVER_ACCEPTED, self.idle_since
        return HOLDS_SOMETHING, self.last_accepted_at

    def open_offers(self) -> list["Leg"]:
        """Their open offers, by interaction. Those of a consult are the service's own."""
        offers = [leg for leg in self.legs if leg.state == "offered" and leg.role == "primary"]
        return sorted(offers, key=lambda leg: leg.item.id)


class Item:
    """An interaction. `asked` is its own requirement, `own` that and the phone that a call takes. `lane` and
    `slot` are its place among the waiting, None while it does not wait there; `wake` is when its place must
    be looked at again, `placed_in` the queue that counts it as waiting, `preferring` are the agents whose
    changes may move it."""

    __slots__ = (
        "account_team", "age_since", "age_us", "asked", "boost_us", "channel", "due", "endpoint",
        "entered_at", "excluded", "id", "lane", "last_agent", "legs", "own", "placed_in", "preferred",
        "preferring", "queue", "returned", "slot", "state", "tier", "version", "wake",
    )  # fmt: skip

    def __init__(self, id: str, queue: str, channel: str) -> None:  # noqa: A002
        self.id = id
        self.version = 0
        self.state = "queued"
        self.queue = queue
        self.channel = channel
        self.tier: str | None = None
        self.asked: Requirement = ANYONE
        self.own: Requirement = ANYONE
        self.endpoint: str | None = None
        self.boost_us = 0
        self.age_us = 0
        self.age_since: int | None = None
        self.entered_at = 0
        self.due: int | None = None
        self.preferred: str | None = None
        self.returned = False
        self.account_team: tuple[str, ...] = ()
        self.last_agent: str | None = None
        self.placed_in: str | None = None
        self.preferring: tuple[str, ...] = ()
        self.excluded: Mapping[str, int] | None = None
        self.legs: tuple[Leg, ...] = ()
        self.lane: Lane | None = None
        self.slot: Entry | None = None
        self.wake: int | None = None

    def age(self, now: int) -> int:
        """SEMANTICS §1.4, in microseconds."""
        return self.age_us + (0 if self.age_since is None else now - self.age_since)

    def excluded_at(self, now: int) -> frozenset[str]:
        """The agents whose cool-down still runs."""
        if not self.excluded:
            return NOBODY
        return frozenset(agent for agent, until in self.excluded.items() if until > now)

    def primary(self) -> "Leg | None":
        """The one live primary leg that may be offered, connecting or talking."""
        for leg in self.legs:
            if leg.role == "primary" and leg.state != "wrap_up":
                return leg
        return None


NOBODY: frozenset[str] = frozenset()


class Leg:
    """An agent's part in an interaction; its units are held from offer to the end of wrap-up. `ordinal` is
    that of the offer decided here, 0 when a snapshot brought it. `interrupted`: it was held here for work of
    a channel that interrupts it."""

    __slots__ = (
        "accepted_at", "agent", "channel", "confirm_by", "deadline", "id", "interrupted", "item", "ordinal",
        "reassign_at", "role", "state", "units",
    )  # fmt: skip

    def __init__(self, item: Item, agent: Agent, units: int, state: LegState = "offered") -> None:
        self.id: str | None = None
        self.item = item
        self.agent = agent
        self.channel = item.channel
        self.units = units
        self.state: LegState = state
        self.role: LegRole = "primary"
        self.deadline: int | None = None
        self.accepted_at: int | None = None
        self.confirm_by: int | None = None
        self.reassign_at: int | None = None
        self.ordinal = 0
        self.interrupted = False
