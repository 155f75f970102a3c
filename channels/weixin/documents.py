"""XML of ours as the platforms write and read it, in the open or sealed."""

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlencode
from xml.sax.saxutils import escape

from channels.base import WireRequest
from channels.weixin.crypt import MessageCrypt, signature


def document(members: Mapping[str, str]) -> str:
    return "<xml>" + "".join(f"<{tag}>{escape(text)}</{tag}>" for tag, text in members.items()) + "</xml>"


def sealed(crypt: MessageCrypt, token: str, timestamp: str, nonce: str, text: str) -> Mapping[str, str]:
    """The members of the document that carries `text`."""
    ciphertext = crypt.encrypt(text.encode(), f"{timestamp}:{nonce}".encode())
    proof = signature(token, timestamp, nonce, ciphertext)
    return {"Encrypt": ciphertext, "MsgSignature": proof, "TimeStamp": timestamp, "Nonce": nonce}


def test_webhook(url: str, crypt: MessageCrypt | None, token: str, test_id: str, at: datetime) -> WireRequest:
    """As the platform would tell of an event that it calls `test_id`."""
    timestamp, nonce = str(int(at.timestamp())), test_id.rpartition(".")[2]
    event = {"MsgType": "event", "Event": test_id, "CreateTime": timestamp, "FromUserName": "touchpoint"}
    body, query = document(event), {"timestamp": timestamp, "nonce": nonce}
    if crypt is None:
        query["signature"] = signature(token, timestamp, nonce)
    else:
        members = sealed(crypt, token, timestamp, nonce, body)
        query["msg_signature"] = members["MsgSignature"]
        body = document({"Encrypt": members["Encrypt"]})
    return WireRequest("POST", f"{url}?{urlencode(query)}", {"content-type": "text/xml"}, body.encode())
