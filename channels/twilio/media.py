"""Files that Twilio keeps: pictures of MMS, recordings."""

from typing import Final

from channels.abilities import Media, Steps
from channels.base import Unsendable, WireRequest
from channels.twilio.rest import API, Rest

MEDIA_MAX_BYTES: Final = 20 * 1024 * 1024


def fetched_file(rest: Rest, path: str) -> Steps[Media]:
    """Raises Unsendable when the file is gone, or was never Twilio's."""
    if not path.startswith(f"{API}/") or ".." in path:
        raise Unsendable("this is no file of Twilio's")
    answer = yield rest.file(path, MEDIA_MAX_BYTES)
    place = answer.headers.get("location", "")
    if 300 <= answer.status < 400 and place.startswith(("https://", "http://")):
        answer = yield WireRequest("GET", place, {}, b"", answer_max_bytes=MEDIA_MAX_BYTES)
    if answer.status != 200:
        raise Unsendable(f"Twilio does not give the file: HTTP {answer.status}")
    return Media(answer.headers.get("content-type", "application/octet-stream"), answer.body)
