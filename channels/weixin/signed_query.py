"""The query of a webhook's address, in which the platforms put their proof: `timestamp`, `nonce`,
`signature`, `msg_signature`, `echostr`."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from app.errors import BadSignature
from channels.base import WireRequest

TOLERANCE_SECONDS: Final = 300
PARAMETERS_MAX: Final = 20
VALUE_MAX: Final = 4096


def query_of(request: WireRequest) -> Mapping[str, str]:
    """Its parameters. Raises BadSignature where one is given twice or is too long to be the platform's."""
    try:
        pairs = parse_qsl(urlsplit(request.url).query, keep_blank_values=True, max_num_fields=PARAMETERS_MAX)
    except ValueError:
        raise BadSignature("the query cannot be read") from None
    query = dict(pairs)
    if len(query) != len(pairs):
        raise BadSignature("a parameter is given twice")
    if any(len(value) > VALUE_MAX for value in query.values()):
        raise BadSignature("a parameter is too long")
    return query


def given(query: Mapping[str, str], name: str) -> str:
    """Raises BadSignature where it is missing."""
    value = query.get(name, "")
    if not value:
        raise BadSignature(f"{name} is missing")
    return value


def fresh_timestamp(query: Mapping[str, str], request: WireRequest) -> str:
    """`timestamp` (Unix seconds) if it is within 5 minutes of our clock, in either direction."""
    timestamp = given(query, "timestamp")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise BadSignature("timestamp is no Unix time")
    if request.received_at is None:
        raise BadSignature("the time of arrival is not known")
    if abs(request.received_at.timestamp() - int(timestamp)) > TOLERANCE_SECONDS:
        raise BadSignature("timestamp is more than 5 minutes away")
    return timestamp
