"""What holds after every instant, whatever happened: each law looks at the engine's own snapshots before and
after, at what it was told and what it decided. Who may take what is read from `reference_rules`."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from tests.routing.reference_rules import Item, Rules

WAITING = ("queued", "offered", "connecting")


class Picture(Rules):
    """All that an engine knows at one moment."""

    def __init__(self, document: dict[str, Any], known: Iterable[Any], now: int) -> None:
        super().__init__(document)
        self.now = now
        told = list(known)
        self.measured = {one.queue: one for one in told if hasattr(one, "service_level_ppm")}
        self.service_level_ppm = {key: one.service_level_ppm for key, one in self.measured.items()}
        self.snapshots = {one.id: one for one in told if not hasattr(one, "service_level_ppm")}
        for snapshot in self.snapshots.values():
            if hasattr(snapshot, "presence"):
                self.agents[snapshot.id] = snapshot._asdict() | {"accepted": snapshot.last_accepted_at}
            else:
                self.items[snapshot.id] = _item(snapshot)


def _item(snapshot: Any) -> Item:
    leg = snapshot.legs[0] if snapshot.legs else None
    return snapshot._asdict() | {
        "entered": snapshot.entered_at,
        "age": snapshot.age_us,
        "since": snapshot.age_since,
        "boost": snapshot.boost_us,
        "preferred": snapshot.preferred_agent,
        "account_team": getattr(snapshot, "account_team", ()),
        "last_agent": getattr(snapshot, "last_agent", None),
        "excluded": dict(snapshot.excluded),
        "agent": leg.agent if leg else None,
        "leg": leg.state if leg else None,
        "accepted_at": leg.accepted_at if leg else None,
    }


def check(before: Picture, facts: list[Any], made: list[Any], after: Picture) -> None:
    """After the facts of an instant. Raises AssertionError naming the law that is broken."""
    conservation(before, facts, made, after)
    enters_anew(before, after)
    check_standing(made, after)


def check_standing(made: list[Any], after: Picture) -> None:
    """What holds whatever happened, be it a new policy."""
    one_live_leg(after)
    within_capacity(after)
    held_while_interrupted(after)
    not_responding_after_a_miss(made, after)
    reassigned_from_who_is_away(made, after)
    work_conserving(after)
    standing = [decision for decision in made if decision.kind == "offer" and _stands(decision, after)]
    for offer in standing:
        only_to_those_who_may(offer, after)
        for passed in after.waiting(offer.queue):
            if _could_take(offer.agent, passed, offer, after):
                nobody_overtakes(passed, after.items[offer.interaction], after)


def _stands(offer: Any, after: Picture) -> bool:
    item = after.items.get(offer.interaction)
    return item is not None and item["leg"] == "offered" and item["agent"] == offer.agent


def one_live_leg(after: Picture) -> None:
    for key, item in after.items.items():
        legs = after.snapshots[key].legs
        assert len(legs) <= 1, f"{key} has {len(legs)} live legs"
        assert bool(legs) == (item["state"] != "queued"), f"{key} is {item['state']} with {len(legs)} legs"


def within_capacity(after: Picture) -> None:
    """Work that nothing else of the agent's interrupts fits into their units, each channel into its limit."""
    for name, agent in after.agents.items():
        held = after.holds(name)
        channels = Counter(item["channel"] for item in held)
        kept = [item for item in held if not any(after.interrupted_by(other, item) for other in channels)]
        used = sum(after.units[item["channel"]] for item in kept)
        assert used <= agent["units_max"], f"{name} holds {used} units"
        for channel, limit in agent["channel_max"].items():
            assert channels[channel] <= limit, f"{name} holds {channels[channel]} of {channel}"


def held_while_interrupted(after: Picture) -> None:
    """No work stays held once nothing in the agent's hands interrupts it."""
    for key, item in after.items.items():
        if item["leg"] == "held":
            others = [other for other in after.holds(item["agent"]) if other["leg"] in ("active", "held")]
            assert any(after.interrupted_by(other["channel"], item) for other in others), f"{key} stays held"


def conservation(before: Picture, facts: list[Any], made: list[Any], after: Picture) -> None:
    """Each entry into a queue still waits, or has ended as exactly one of its ends, with a cause for it."""
    causes = {(type(fact).__name__, getattr(fact, "interaction", None)) for fact in facts}
    causes |= {(decision.kind, decision.interaction) for decision in made}
    for key in {*before.items, *after.items}:
        was, is_now = _place(before, key), _place(after, key)
        possible = _CAUSES.get((was, is_now), ())
        assert was == is_now or any((cause, key) in causes for cause in possible), f"{key}: {was}, {is_now}"
        if was == is_now == "waiting":
            _keeps_its_age(before.items[key], after.items[key], before, after)


_CAUSES = {
    ("unknown", "waiting"): ("InteractionQueued",),
    ("waiting", "in hand"): ("OfferAccepted", "InteractionConnected"),
    ("waiting", "unknown"): ("InteractionLeft", "OfferAccepted", "InteractionConnected"),
    ("in hand", "waiting"): ("InteractionTransferred", "reassign"),
    ("in hand", "unknown"): ("InteractionCompleted", "InteractionTransferred"),
}


def _place(picture: Picture, key: str) -> str:
    item = picture.items.get(key)
    if item is None:
        return "unknown"
    return "waiting" if item["state"] in WAITING else "in hand"


def _keeps_its_age(was: Item, item: Item, before: Picture, after: Picture) -> None:
    """A miss, decline, revocation or failed connection takes nothing from it. (Who was served and came back
    within one instant has no talk in between either.)"""
    assert after.age(item) == before.age(was) + after.now - before.now, f"{item['id']} lost its age"
    assert item["boost"] == was["boost"], f"{item['id']} lost its boost"
    moved = item["entered"] == after.now
    assert moved or item["entered"] == was["entered"], f"{item['id']} lost its place"


def enters_anew(before: Picture, after: Picture) -> None:
    """What comes (back) into a queue starts `waited_here` at 0, without cool-downs."""
    for key, item in after.items.items():
        if _place(before, key) == "in hand" and _place(after, key) == "waiting":
            assert item["entered"] == after.now, f"{key} entered, but not now"
            assert not item["excluded"], f"{key} entered with a cool-down"


def reassigned_from_who_is_away(made: list[Any], after: Picture) -> None:
    for decision in made:
        if decision.kind == "reassign":
            assert not after.agents[decision.agent]["lease"], f"{decision.agent} is here and lost work"


def not_responding_after_a_miss(made: list[Any], after: Picture) -> None:
    """Whoever missed an offer gets no other in the same instant, and holds no open one."""
    missed = {decision.agent for decision in made if decision.kind in ("missed", "connect_failed")}
    for name in missed:
        assert after.agents[name]["presence"] != "available", f"{name} missed an offer and is available"
        assert all(item["leg"] != "offered" for item in after.holds(name)), f"{name} is offered more"


def work_conserving(after: Picture) -> None:
    for queue in after.queues:
        for item, names in after.takers(queue):
            assert not names, f"{item['id']} waits beside {names[0]}"


def only_to_those_who_may(offer: Any, after: Picture) -> None:
    item = after.items[offer.interaction]
    agent = after.agents[offer.agent]
    assert agent["lease"] and agent["presence"] == "available", f"{offer.agent} is {agent['presence']}"
    assert after.suits(offer.agent, item), f"{offer.agent} does not suit {offer.interaction}"
    rank = after.rank(offer.agent, item)
    assert rank == offer.rank, f"{offer.interaction} is offered by rank {offer.rank}, seen by {rank}"


def _could_take(agent: str, passed: Item, offer: Any, after: Picture) -> bool:
    """The agent could have got `passed` instead: same channel, so there was room; same rank; nobody's own."""
    return (
        passed["channel"] == offer.channel
        and after.suits(agent, passed)
        and after.rank(agent, passed) == offer.rank
        and not after.preferred(passed)
        and not after.preferred(after.items[offer.interaction])
    )


def nobody_overtakes(passed: Item, served: Item, after: Picture) -> None:
    """Promises first; then nobody passes who came more than the difference of the head starts later, or, in a
    strict queue, of a lower tier."""
    pair = f"{served['id']} passed {passed['id']}"
    overdue = [_is_overdue(item, after) for item in (passed, served)]
    assert overdue != [True, False], f"{pair}, which is overdue"
    if overdue[0] != overdue[1]:
        return
    if after.queues[passed["queue"]].get("order") == "strict":
        places = [(after.place_of_tier(item), -after.age(item)) for item in (served, passed)]
        assert places[0] <= places[1], f"{pair} of a better tier or an older age"
        return
    later = after.age(passed) - after.age(served)
    head_starts = [after.score(item) - after.age(item) for item in (served, passed)]
    assert later <= head_starts[0] - head_starts[1], f"{pair} beyond the head start"


def _is_overdue(item: Item, after: Picture) -> bool:
    due = after.overdue_at(item)
    return due is not None and due <= after.now
