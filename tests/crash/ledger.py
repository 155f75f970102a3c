"""What the service has acknowledged, in whose words it can be found again."""

from dataclasses import dataclass, field
from uuid import uuid4

from demo.pbx.exchange import Exchange

LETTERS = str.maketrans("0123456789", "ghijklmnop")


def new_text(kind: str) -> str:
    """What no other says. Without digits: some would be a card's number, and be masked."""
    return f"crash {kind} {uuid4().hex.translate(LETTERS)}"


@dataclass
class Ledger:
    """`texts`: messages, mails and forms by their text, which no other has. `replies`: agents' messages, by
    their text. The exchange keeps its own list of what was acknowledged."""

    exchange: Exchange
    texts: set[str] = field(default_factory=set)
    replies: set[str] = field(default_factory=set)
    refused: list[str] = field(default_factory=list)

    @property
    def events(self) -> int:
        """Acknowledged so far from outside."""
        return len(self.exchange.sent) + len(self.texts)

    @property
    def calls(self) -> set[str]:
        """Calls whose beginning was acknowledged."""
        return {event["call_id"] for event in self.exchange.sent if event["type"] == "call.incoming"}

    @property
    def ended_calls(self) -> set[str]:
        return {event["call_id"] for event in self.exchange.sent if event["type"] == "call.ended"}

    @property
    def legs(self) -> set[tuple[str, str]]:
        """(call, leg) of every agent's leg that was told of."""
        return {(e["call_id"], e["leg_id"]) for e in self.exchange.sent if e.get("leg_id") is not None}
