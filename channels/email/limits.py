"""How much of a mail we take on: past a limit it is refused whole, or cut where it says so."""

from dataclasses import asdict, dataclass
from typing import Any

MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class MailLimits:
    """`cpu_seconds` of one mail, and a second more for each `bytes_per_cpu_second`; `memory_bytes` of a
    parser's whole address space. Cut, not refused: `header_chars` of one header, `structure_chars` of one
    that says how a part is built, `addresses` and `references` of one header, `text_chars`, `html_chars` and
    `html_depth` of a body; of a text longer than `reply_chars` only our own patterns look for quotes."""

    mail_bytes: int = 50 * MEGABYTE
    cpu_seconds: float = 1.8
    bytes_per_cpu_second: int = 10 * MEGABYTE
    memory_bytes: int = 1024 * MEGABYTE
    parts: int = 1_000
    depth: int = 30
    headers: int = 2_000
    header_chars: int = 100_000
    structure_chars: int = 4_000
    addresses: int = 200
    references: int = 100
    text_chars: int = 200_000
    html_chars: int = 500_000
    html_depth: int = 300
    reply_chars: int = 20_000
    attachments: int = 200

    def cpu_seconds_for(self, size: int) -> float:
        return self.cpu_seconds + size / self.bytes_per_cpu_second

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)
