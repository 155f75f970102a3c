"""A file that another service gives for a plain GET."""

from typing import Final

from channels.abilities import Media, NotDone, Steps
from channels.base import Unsendable, WireRequest
from channels.http_answer import result_of

GONE: Final = frozenset({401, 403, 404, 410})


def http_file(request: WireRequest) -> Steps[Media]:
    """Raises Unsendable when it is not there (any more) for us, NotDone when it may be had later."""
    answer = yield request
    if answer.status in GONE:
        raise Unsendable(f"the file is not there (HTTP {answer.status})")
    if answer.status != 200:
        raise NotDone(result_of(answer))
    return Media(answer.headers.get("content-type", "application/octet-stream"), answer.body)
