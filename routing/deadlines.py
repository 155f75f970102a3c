"""What is due: offers missed, connections that failed, work reassigned, and waiting work that moves."""

from routing.entity import Agent, Item, Leg
from routing.life import connect_failed, let_go, not_responding, revoke
from routing.world import World

_UNDELIVERED, _MISSED, _CONNECT_FAILED, _REASSIGN = range(4)

UNDELIVERED_US = 30_000_000
"""How long an agent is skipped for work whose offer never showed on their desktop."""

Due = tuple[int, str, str, Leg]


def fire(world: World, now: int) -> None:
    """All deadlines due at or before `now` as a set; then offers of those who do not respond are revoked."""
    due: list[Due] = []
    for kind, target in world.timers.pop_due(now):
        if isinstance(target, Item):
            world.move(target, now)
        elif isinstance(target, Agent):
            world.turn_shift(target, now)
        else:
            order = _order(kind, target)
            due.append((order, target.item.id, target.agent.id, target))
    for order, _, _, leg in sorted(due, key=lambda entry: entry[:3]):
        if leg in leg.agent.legs:
            _ACTIONS[order](world, leg, now)
    if world.lapsed:
        _withdraw_lapsed(world)


def _withdraw_lapsed(world: World) -> None:
    offers = [leg for agent in world.lapsed for leg in agent.open_offers()]
    world.lapsed.clear()
    for leg in sorted(offers, key=lambda leg: leg.item.id):
        revoke(world, leg, "not_responding")


def _order(kind: str, leg: Leg) -> int:
    if kind == "confirm_by":
        return _UNDELIVERED
    if kind == "reassign_at":
        return _REASSIGN
    return _MISSED if leg.state == "offered" else _CONNECT_FAILED


def _undelivered(world: World, leg: Leg, now: int) -> None:
    leg.item.excluded = {**(leg.item.excluded or {}), leg.agent.id: now + UNDELIVERED_US}
    revoke(world, leg, "undelivered")


def _missed(world: World, leg: Leg, now: int) -> None:
    world.decide("missed", "offer_deadline", leg.item, leg.agent, leg=leg.id, units=leg.units)
    world.detach(leg)
    world.wait(leg.item, now)
    not_responding(world, leg.agent, "missed")


def _connect_deadline(world: World, leg: Leg, now: int) -> None:
    world.decide("connect_failed", "connect_deadline", leg.item, leg.agent, leg=leg.id, units=leg.units)
    connect_failed(world, leg, now)


def _reassign(world: World, leg: Leg, now: int) -> None:
    item, agent = leg.item, leg.agent
    world.decide("reassign", "reassign_deadline", item, agent, leg=leg.id, units=leg.units)
    let_go(world, leg, now)
    item.preferred, item.returned = agent.id, True
    world.enter_queue(item, item.queue, now)


_ACTIONS = {
    _UNDELIVERED: _undelivered,
    _MISSED: _missed,
    _CONNECT_FAILED: _connect_deadline,
    _REASSIGN: _reassign,
}
