"""A file as a form field `media`, as the upload wants it (RFC 7578)."""

import hashlib
from urllib.parse import quote

from channels.base import OutboundAttachment, WireRequest


def upload(url: str, file: OutboundAttachment) -> WireRequest:
    """The request that uploads `file`. Its boundary is made of the content: a repeat is the same request."""
    boundary = "touchpoint-" + hashlib.sha256(file.content).hexdigest()[:32]
    head = (
        f"--{boundary}\r\n"
        f'Content-Disposition: form-data; name="media"; filename="{_quoted(file.name)}"; '
        f"filelength={len(file.content)}\r\n"
        f"Content-Type: {file.content_type}\r\n\r\n"
    )
    body = head.encode() + file.content + f"\r\n--{boundary}--\r\n".encode()
    return WireRequest("POST", url, {"content-type": f"multipart/form-data; boundary={boundary}"}, body)


def _quoted(name: str) -> str:
    """As browsers do it: only what would end the header is escaped."""
    return "".join(quote(char) if char in '"\r\n\\' else char for char in name)
