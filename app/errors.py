"""The error families: ServiceError answers a caller, ChannelError blames a payload, PoisonEvent parks a
record.

The families are never mixed. A ServiceError is rendered as RFC 9457 `application/problem+json` with
`type: /problems/<slug>`; slugs are part of the API and documented in docs/problems.md.
"""

from collections.abc import Sequence
from typing import Any, ClassVar


class ServiceError(Exception):
    """Something that a caller did or met. `members` are extra fields of the problem document."""

    status: ClassVar[int] = 500
    slug: ClassVar[str] = "internal"
    title: ClassVar[str] = "Internal error"

    def __init__(self, detail: str = "", **members: Any) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.members = members


class BadRequest(ServiceError):
    status, slug, title = 400, "bad-request", "The request cannot be read"


class Unauthenticated(ServiceError):
    status, slug, title = 401, "unauthenticated", "Sign in first"


class Forbidden(ServiceError):
    status, slug, title = 403, "forbidden", "Not allowed"


class NotFound(ServiceError):
    """Unknown id and another tenant's id alike."""

    status, slug, title = 404, "not-found", "Not found"


class Conflict(ServiceError):
    status, slug, title = 409, "conflict", "The present state does not allow this"


class OfferGone(Conflict):
    """`cause`: customer_left, missed, declined, undelivered, went_away, lease_lost, not_responding, taken,
    taken_by_supervisor, closed; of a consult also returned."""

    slug, title = "offer-gone", "This offer is no longer open"


class IllegalTransition(Conflict):
    slug, title = "illegal-transition", "Not possible in the present state"


class NoRoom(Conflict):
    slug, title = "no-room", "No room for more work"


class Stale(Conflict):
    """`version` is the current one, `missed` lists what was not seen."""

    slug, title = "stale", "Something happened since you looked"


class InProgress(Conflict):
    slug, title = "in-progress", "The same request is still running"


class NoCallControl(Conflict):
    slug, title = "no-call-control", "This telephony platform is only watched"


class NobodyFree(Conflict):
    slug, title = "nobody-free", "Nobody is free for this"


class ContactBlocked(Conflict):
    slug, title = "contact-blocked", "This contact is not allowed now"


class ReplyWindowClosed(Conflict):
    """`templates` are the approved texts that may be sent nevertheless, `reply_until` when it closed."""

    slug, title = "reply-window-closed", "The customer may not be written to freely any more"


class CursorGone(ServiceError):
    """Older than what the log keeps, or not one of ours: take a fresh snapshot."""

    status, slug, title = 410, "cursor-gone", "Nothing can be resumed from this cursor"


class TooLarge(ServiceError):
    status, slug, title = 413, "too-large", "Too large"


class Invalid(ServiceError):
    """`errors` lists `{pointer, message}` for each wrong field."""

    status, slug, title = 422, "invalid", "Some fields are wrong"

    def __init__(self, detail: str = "", *, errors: Sequence[dict[str, str]] = (), **members: Any) -> None:
        super().__init__(detail, errors=list(errors), **members)


class KeyReused(ServiceError):
    status, slug, title = 422, "idempotency-key-reused", "This Idempotency-Key was used with another body"


class TooMany(ServiceError):
    """`retry_after_seconds` goes out as the Retry-After header too."""

    status, slug, title = 429, "too-many-requests", "Too many requests"


class Unavailable(ServiceError):
    """Nothing can store what was sent; the caller keeps it and comes again after `retry_after_seconds`."""

    status, slug, title = 503, "unavailable", "Not available at the moment"


class ChannelError(Exception):
    """What a channel sent is wrong."""


class BadSignature(ChannelError):
    """The request does not prove where it comes from: 401, nothing kept."""


class MalformedPayload(ChannelError):
    """Authentic but unreadable: kept as a dead letter. `pointer` names the field (RFC 6901)."""

    def __init__(self, message: str, pointer: str = "") -> None:
        super().__init__(f"{pointer}: {message}" if pointer else message)
        self.message, self.pointer = message, pointer


class PoisonEvent(Exception):
    """This record can never be applied; it is parked in `dead_letter`."""


class StaleEpoch(Exception):
    """Another worker has taken the partition; drop all memory of it and stop."""


class SetupError(Exception):
    """A set-up file is refused. `problems` are (line, pointer, message)."""

    def __init__(self, path: str, problems: Sequence[tuple[int, str, str]]) -> None:
        super().__init__(
            "\n".join(f"{path}:{line}: {pointer}: {message}" for line, pointer, message in problems)
        )
        self.path, self.problems = path, list(problems)


class CommandError(Exception):
    """A command cannot go on. The text tells the operator what happened and what to do; exit code 1."""
