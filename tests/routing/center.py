"""A small center to tell things to: a set-up as a dictionary, times in seconds, decisions as short text."""

from typing import Any

from app.setup.model import Document
from app.setup.policy import agent_snapshots, policy_document
from routing.decision import Decision
from routing.engine import Engine
from routing.events import AgentAvailable, InteractionQueued, RoutingEvent
from routing.policy import Policy

SECOND = 1_000_000


def micros(seconds: float) -> int:
    return round(seconds * SECOND)


def policy_of(setup: dict[str, Any]) -> Policy:
    return Policy.from_document(policy_document(Document.model_validate(setup)))


class Center:
    """One queue `q` served by team `t`, unless `queues` and `teams` say otherwise."""

    def __init__(self, agents: dict[str, dict[str, Any]], **setup: Any) -> None:
        setup.setdefault("teams", [{"key": "t"}])
        setup.setdefault("queues", [{"key": "q", "teams": [{"key": "t"}]}])
        people = [{"email": name, "teams": ["t"], **more} for name, more in agents.items()]
        document = Document.model_validate({**setup, "agents": people})
        self.engine = Engine(Policy.from_document(policy_document(document)))
        self.made: list[Decision] = []
        self.engine.apply(agent_snapshots(document), 0)

    def tell(self, at: float, *events: RoutingEvent) -> list[str]:
        """What comes of it, and of all that was due before: `offer x to a`."""
        made: list[Decision] = []
        while (due := self.engine.next_deadline()) is not None and due < micros(at):
            made += self.engine.apply((), due)
        made += self.engine.apply(events, micros(at))
        self.made += made
        return [text_of(decision) for decision in made]

    def available(self, at: float, *names: str) -> list[str]:
        return self.tell(at, *[AgentAvailable(name) for name in names])

    def queue(self, at: float, name: str, channel: str = "voice", queue: str = "q", **more: Any) -> list[str]:
        return self.tell(at, InteractionQueued(name, queue, channel, **more))


def text_of(decision: Decision) -> str:
    seconds = f"{decision.at / SECOND:g}"
    return f"{seconds} {decision.kind} {decision.interaction} {decision.agent}"
