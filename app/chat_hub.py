"""The visitors' sockets of this api process: what the activity stream, typing agents and moving queues mean
for each of them. One subscription for all; nothing is stored."""

import asyncio
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Any, Final, Protocol
from uuid import UUID

import structlog

from app.bus.port import Seen
from app.bus.tail import Tail
from app.clock import Clock
from app.database import Database
from app.events import InteractionChanged, TouchCreated, TouchUpdated
from app.notifications import TYPING, VISITOR_GONE, Notifications
from app.typing_notice import TypingNotice
from interactions.agents import visitors
from interactions.life.pace import PaceBook
from interactions.life.policies import PolicyBook

log = structlog.get_logger()

POSITIONS_SECONDS: Final = 3.0


class Window(Protocol):
    """One socket, as the hub knows it. Must not block."""

    def push(self, frame: dict[str, Any]) -> None: ...


@dataclass(eq=False)
class Presence:
    """A visitor's windows in this process. `interaction_id`: their conversation while it lasts; `queue`:
    where it waits; `told`: the last standing; `agent_ids`: whose desktops show it."""

    visitor_id: UUID
    tenant_id: UUID
    reappear: Callable[[], None]
    windows: set[Window] = field(default_factory=set)
    interaction_id: UUID | None = None
    queue: str | None = None
    told: visitors.Standing | None = None
    agent_ids: tuple[UUID, ...] = ()

    def push(self, frame: dict[str, Any]) -> None:
        for window in tuple(self.windows):
            window.push(frame)


class ChatHub:
    """`run` until cancelled."""

    def __init__(
        self,
        database: Database,
        policies: PolicyBook,
        paces: PaceBook,
        tail: Tail,
        notifications: Notifications,
        clock: Clock,
    ) -> None:
        self._database, self._policies, self._paces, self._tail = database, policies, paces, tail
        self._notifications, self._clock = notifications, clock
        self._present: dict[UUID, Presence] = {}
        self._conversations: dict[UUID, Presence] = {}
        self._moved = asyncio.Event()
        notifications.hear(TYPING, self._heard_typing)
        notifications.hear(VISITOR_GONE, self._heard_gone)

    async def run(self) -> None:
        end = self._tail.subscribe(self._deliver)
        try:
            while True:
                await self._moved.wait()
                self._moved.clear()
                await self._tell_positions()
                await self._clock.sleep(POSITIONS_SECONDS)
                if self._waiting():
                    self._moved.set()
        finally:
            end()

    def enter(
        self, visitor_id: UUID, tenant_id: UUID, window: Window, reappear: Callable[[], None]
    ) -> Presence:
        """From now on `window` is told. `reappear`: say once more that the visitor is here."""
        known = self._present.get(visitor_id)
        if known is None:
            known = self._present[visitor_id] = Presence(visitor_id, tenant_id, reappear)
        known.windows.add(window)
        return known

    async def leave(self, presence: Presence, window: Window) -> bool:
        """Whether that was the visitor's last window in this process; others are asked for theirs."""
        presence.windows.discard(window)
        if presence.windows or self._present.get(presence.visitor_id) is not presence:
            return False
        del self._present[presence.visitor_id]
        self._forget_conversation(presence)
        return True

    async def tell_gone(self, visitor_id: UUID) -> None:
        """After VisitorDisconnected is published: who holds another window of theirs says so."""
        await self._notifications.tell(VISITOR_GONE, str(visitor_id))

    def follow(self, presence: Presence, waiting: visitors.Waiting | None) -> None:
        """`waiting`: the visitor's conversation as it is now."""
        if waiting is not None and presence.interaction_id is None:
            self._begin(presence, waiting.interaction_id, waiting.queue)

    async def tell_typing(self, visitor_id: UUID) -> None:
        """To whoever has the conversation on a desktop."""
        presence = self._present.get(visitor_id)
        if presence is None or presence.interaction_id is None or not presence.agent_ids:
            return
        notice = TypingNotice(
            tenant_id=presence.tenant_id,
            interaction_id=presence.interaction_id,
            by="customer",
            agent_ids=presence.agent_ids,
        )
        await self._notifications.tell(TYPING, notice.model_dump_json())

    # ---- what is heard

    def _deliver(self, seen: Iterable[Seen]) -> None:
        for one in seen:
            envelope = one.envelope
            if envelope.type == TouchCreated.type:
                self._touched(TouchCreated.model_validate_json(envelope.data))
            elif envelope.type == TouchUpdated.type:
                self._updated(TouchUpdated.model_validate_json(envelope.data))
            elif envelope.type == InteractionChanged.type and self._conversations:
                self._changed(InteractionChanged.model_validate_json(envelope.data))

    def _touched(self, event: TouchCreated) -> None:
        presence = self._present.get(event.visitor_id) if event.visitor_id else None
        if presence is None or event.touch["direction"] == "internal":
            return
        if event.interaction_id is not None and event.interaction_id != presence.interaction_id:
            self._begin(presence, event.interaction_id, event.queue)
        presence.agent_ids = event.agent_ids
        touch = visitors.shown(event.touch)
        presence.push({"type": "message", "touch_id": touch["id"], "touch": touch})

    def _updated(self, event: TouchUpdated) -> None:
        """Shown in the place of the one with its id."""
        presence = self._present.get(event.visitor_id) if event.visitor_id else None
        if presence is not None:
            touch = visitors.shown(event.touch)
            presence.push({"type": "message", "touch_id": touch["id"], "touch": touch})

    def _changed(self, event: InteractionChanged) -> None:
        presence = self._conversations.get(event.interaction_id)
        if presence is None:
            return
        if visitors.is_over(event.state):
            self._forget_conversation(presence)
            presence.push({"type": "closed"})
        else:
            self._moved_on(presence, event)

    def _moved_on(self, presence: Presence, event: InteractionChanged) -> None:
        waited, waits = presence.queue is not None, event.state in visitors.WAITING
        presence.agent_ids = event.agent_ids
        presence.queue = event.queue if waits else None
        if waited and not waits:
            presence.told = None
            presence.push({"type": "answered"})
        self._moved.set()

    def _heard_typing(self, payload: str) -> None:
        notice = TypingNotice.read(payload)
        presence = self._conversations.get(notice.interaction_id) if notice else None
        if notice and presence and notice.by == "agent" and notice.tenant_id == presence.tenant_id:
            presence.push({"type": "typing"})

    def _heard_gone(self, payload: str) -> None:
        presence = self._present.get(_id(payload))
        if presence is not None:
            presence.reappear()

    # ---- conversations and places

    def _begin(self, presence: Presence, interaction_id: UUID, queue: str | None) -> None:
        self._forget_conversation(presence)
        presence.interaction_id, presence.queue = interaction_id, queue
        self._conversations[interaction_id] = presence
        self._moved.set()

    def _forget_conversation(self, presence: Presence) -> None:
        if presence.interaction_id is not None:
            self._conversations.pop(presence.interaction_id, None)
        presence.interaction_id = presence.queue = presence.told = None
        presence.agent_ids = ()

    def _waiting(self) -> list[Presence]:
        return [presence for presence in self._conversations.values() if presence.queue is not None]

    async def _tell_positions(self) -> None:
        for tenant_id, queue in {(one.tenant_id, one.queue) for one in self._waiting()}:
            here = [one for one in self._waiting() if (one.tenant_id, one.queue) == (tenant_id, queue)]
            ids = [one.interaction_id for one in here if one.interaction_id is not None]
            try:
                standings = await self._standings(tenant_id, queue or "", ids)
            except Exception as error:  # the outer shell: the next round is another chance
                log.warning("positions not told", queue=queue, error=repr(error)[:200])
                continue
            for presence in here:
                if presence.queue == queue and presence.interaction_id in standings:
                    _tell(presence, standings[presence.interaction_id])

    async def _standings(
        self, tenant_id: UUID, queue: str, visiting: Collection[UUID]
    ) -> dict[UUID, visitors.Standing]:
        async with self._database.transaction(tenant_id) as session:
            now = self._clock.now()
            return await visitors.standings(
                session, self._policies, self._paces, tenant_id, queue, now, visiting
            )


def _tell(presence: Presence, standing: visitors.Standing) -> None:
    if standing != presence.told:
        presence.told = standing
        presence.push(standing.frame())


def _id(text: object) -> UUID:
    """Nobody's for what is none."""
    try:
        return UUID(str(text))
    except ValueError:
        return UUID(int=0)
