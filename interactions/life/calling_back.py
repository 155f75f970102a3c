"""A callback: the customer has hung up and keeps their place; their phone rings when an agent is there.

As long as `callback_to` is set nobody is on the line: the interaction waits (`callback_waiting`; before a
later time that was asked for, `scheduled`), is offered like any other, and then both phones are dialled."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from interactions.life.live_parts import LiveParts
from models.interaction import State
from models.offer import OfferState
from models.segment import SegmentKind

RETRIES_MAX: Final = 3
RETRY_AFTER: Final = timedelta(minutes=15)
PLANNED: Final = frozenset({State.SCHEDULED, State.CALLBACK_WAITING, State.QUEUED, State.OFFERED})
"""The states in which a callback may still be moved."""
UNREACHED: Final = "unreached"
"""The disposition of who could not be reached."""


@dataclass
class CallingBack(LiveParts):
    """The transitions of a callback until the customer is on the line."""

    @property
    def may_be_promised(self) -> bool:
        """A caller waits, whom no agent has yet."""
        return self.state in (State.QUEUED, State.OFFERED) and not self.is_callback

    @property
    def may_be_moved(self) -> bool:
        """Neither phone rings yet."""
        return self.is_callback and self.state in PLANNED

    @property
    def may_be_retried(self) -> bool:
        return self.interaction.callback_attempts < RETRIES_MAX

    @property
    def waits_for_agent(self) -> bool:
        """It may be offered: it stands in its queue, or is a callback whose time has come."""
        if self.is_callback and self.interaction.callback_at is not None:
            return False
        return self.state == State.QUEUED or (self.state == State.CALLBACK_WAITING and self.is_callback)

    def promise_callback(self, to: str) -> None:
        """The caller may hang up: they will be called at `to`, and the age goes on."""
        if self.offer is not None:
            self._take_offer_back("callback")
        self.interaction.callback_to, self.interaction.callback_attempts = to, 0
        self._wait_for_call("callback_requested")

    def schedule_callback(self, to: str) -> None:
        """New work: nobody has called, but asked to be called at `to`."""
        self.interaction.callback_to, self.interaction.callback_attempts = to, 0
        self.interaction.state = State.SCHEDULED
        self._note("callback_requested")

    def plan_callback(self, at: datetime | None, until: datetime | None) -> None:
        """Not before `at` (None: now is fine), and only `until` then, when the calling hours end."""
        x = self.interaction
        x.callback_at, x.callback_until = at, until
        self._note("callback_planned")

    def come_to_turn(self) -> None:
        """An agent is there: it stands in its queue again, at its old place."""
        self._end_segment(self._open(SegmentKind.CALLBACK), "due")
        self.interaction.entry_kind = "callback"
        self._to(State.QUEUED, "callback_due")
        self._begin(SegmentKind.QUEUE, entry_kind="callback")

    def put_off(self) -> None:
        """The calling hours end while it waits for an agent or rings at one."""
        if self.offer is not None:
            self._take_offer_back("closed")
        if self.state == State.QUEUED:
            self._wait_for_call("put_off")

    def not_reached(self, cause: str) -> None:
        """The customer's phone was busy, or nobody picked up: the agent is free, the place is kept."""
        leg = self.primary
        assert leg is not None
        self._end_segment(self._open(SegmentKind.CONNECT), cause)
        self._end_leg(leg, cause)
        self.interaction.callback_attempts += 1
        self._to(State.QUEUED, cause)
        self._wait_for_call(cause)

    def not_dialled(self) -> None:
        """The platform refuses the call. No agent's phone is to blame: another one would not help."""
        self.not_reached("failed")
        self.plan_callback(self.now + RETRY_AFTER, None)

    def wait_for_next_agent(self, cause: str) -> None:
        """The agent's own phone did not come; the customer heard nothing of it."""
        self.interaction.conversation = None
        self._to(State.QUEUED, cause)

    def take_place_of(self, earlier: "CallingBack") -> None:
        """Who was promised a callback calls themselves: their place is this call's now."""
        x, before = self.interaction, earlier.interaction
        x.age_us = before.age_us
        if before.waiting_since is not None:
            x.waiting_since = min(before.waiting_since, self.now)
        x.queue_entered_at = before.queue_entered_at or x.queue_entered_at
        x.boost_seconds, x.follows_id = before.boost_seconds, before.id

    def _wait_for_call(self, cause: str) -> None:
        self._end_segment(self.entry, "callback_requested")
        self.interaction.conversation = None  # the call is over; the next has an id of its own
        self._to(State.CALLBACK_WAITING, cause)
        self._begin(SegmentKind.CALLBACK)

    def _take_offer_back(self, cause: str) -> None:
        leg = self.primary
        assert leg is not None
        leg.route_command_id = None  # what rings ends with the call
        self._settle(OfferState.REVOKED, cause)
        self._end_leg(leg, cause)
        self._to(State.QUEUED, "offer_revoked")
