"""Why a leg ended: Asterisk's hang-up causes (Q.850) and SIP statuses in our words."""

from typing import Final

from app.events import LegCause

_BY_STATUS: Final[dict[int, LegCause]] = {
    403: "rejected",
    404: "unreachable",
    408: "unreachable",
    410: "unreachable",
    480: "unreachable",
    486: "busy",
    487: "no_answer",
    503: "unreachable",
    600: "busy",
    603: "rejected",
}
_BY_DIAL_STATUS: Final[dict[str, LegCause]] = {
    "BUSY": "busy",
    "CONGESTION": "unreachable",
    "CHANUNAVAIL": "unreachable",
    "NOANSWER": "no_answer",
    "CANCEL": "no_answer",
}
_BY_CAUSE: Final[dict[int, LegCause]] = {
    1: "unreachable",
    3: "unreachable",
    17: "busy",
    18: "unreachable",
    19: "no_answer",
    20: "unreachable",
    21: "rejected",
    22: "unreachable",
    27: "unreachable",
    28: "unreachable",
    34: "unreachable",
}
_DROPPED: Final = frozenset({27, 38, 41, 42, 44, 47, 102})
"""The line broke: nobody hung up."""


def not_answered(cause: int | None, tech_cause: int | None, dialstatus: str, *, rang: bool) -> LegCause:
    """Why nobody picked up. The SIP status is the most exact; Local channels only have a dial status; a phone
    that did not even ring is not there."""
    told = _BY_STATUS.get(tech_cause or 0) or _BY_DIAL_STATUS.get(dialstatus) or _BY_CAUSE.get(cause or 0)
    if told == "no_answer" and not rang:
        return "unreachable"
    return told or ("no_answer" if rang else "unreachable")


def hung_up(cause: int | None) -> LegCause:
    """How a leg ended that had been answered."""
    return "failed" if cause in _DROPPED else "normal"
