"""Files that Twilio keeps (pictures of MMS, recordings), and those that it fetches from us for an MMS."""

from collections.abc import Sequence
from typing import Final

from channels.abilities import Media, Steps
from channels.base import OutboundAttachment, Unsendable, WireRequest
from channels.twilio.rest import API, Rest

MEDIA_MAX_BYTES: Final = 20 * 1024 * 1024
MMS_FILES_MAX: Final = 10
MMS_MAX_BYTES: Final = 5 * 1024 * 1024
MMS_TYPES: Final = frozenset(
    {
        *("image/jpeg", "image/png", "image/gif"),
        *("audio/mpeg", "audio/mp4", "audio/ogg", "audio/amr", "video/mp4", "video/3gpp", "video/quicktime"),
        *("application/pdf", "text/vcard", "text/x-vcard"),
    }
)


def mms_media(files: Sequence[OutboundAttachment]) -> Sequence[str]:
    """Where Twilio fetches them. Raises Unsendable for what an MMS does not carry."""
    if len(files) > MMS_FILES_MAX:
        raise Unsendable(f"{len(files)} files, and an MMS carries {MMS_FILES_MAX}")
    for file in files:
        if file.content_type not in MMS_TYPES:
            raise Unsendable(f"{file.name} is {file.content_type}, which an MMS does not carry")
    if sum(len(file.content) for file in files) > MMS_MAX_BYTES:
        raise Unsendable("the files are larger than the 5 MB that an MMS carries")
    found = [file.url for file in files if file.url is not None]
    if len(found) < len(files):
        raise Unsendable("Twilio fetches files from a public address: the setting public_url is missing")
    return found


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
