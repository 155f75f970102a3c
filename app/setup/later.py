"""Keys that are read but have no effect yet: each is a warning with its line."""

from collections.abc import Iterator

from app.setup.model import Document, Queue
from app.setup.source import Pointer, Problem, Source
from routing.policy import REASSIGNED_CHANNELS

NO_EFFECT = "no effect yet"


def without_effect(source: Source, document: Document) -> list[Problem]:
    """In the order of the file."""
    found = [source.problem(pointer, message) for pointer, message in _places(document)]
    return sorted(found)


def _places(document: Document) -> Iterator[tuple[Pointer, str]]:
    staffed = {team for agent in document.agents for team in agent.teams}
    for index, queue in enumerate(document.queues):
        if staffed.isdisjoint(team.key for team in queue.teams):
            yield ("queues", index, "teams"), "no agent is in these teams yet"
        yield from _of_queue(("queues", index), queue)


def _of_queue(at: Pointer, queue: Queue) -> Iterator[tuple[Pointer, str]]:
    yield from _of_doors(at, queue)
    yield from _of_channels(at, queue)


def _of_doors(at: Pointer, queue: Queue) -> Iterator[tuple[Pointer, str]]:
    if queue.drain_seconds is not None and queue.hours is None:
        yield (*at, "drain_seconds"), "no effect: a queue without `hours` never closes"


def _of_channels(at: Pointer, queue: Queue) -> Iterator[tuple[Pointer, str]]:
    for channel, rules in queue.channels.items():
        here = (*at, "channels", channel)
        if rules.connect_seconds is not None and channel != "voice":
            yield (*here, "connect_seconds"), "no effect: only voice connects"
        if rules.reassign_after_seconds is not None and channel not in REASSIGNED_CHANNELS:
            yield (*here, "reassign_after_seconds"), "no effect: only chats and messages are reassigned"
