"""A customer-service account, and its callbacks as WeCom posts them."""

from pathlib import Path
from typing import Any

import orjson

from channels.base import WireRequest
from channels.wecom import WecomAdapter, WecomConfig
from tests.channels.weixin.parts import AES_KEY, TOKEN, sealed

CAPTURED = Path(__file__).parent / "captured"
CORP = "ww12345678910"
ACCOUNT = "wkxxxxxxx"


def adapter(**config: Any) -> WecomAdapter:
    whole = {
        "corp_id": CORP,
        "open_kfid": ACCOUNT,
        "secret": "a secret",
        "token": TOKEN,
        "encoding_aes_key": AES_KEY,
    }
    return WecomAdapter(WecomConfig.model_validate({**whole, **config}))


def callback(old: str = "", new: str = "") -> WireRequest:
    """The documentation's, with something changed."""
    xml = (CAPTURED / "callback.xml").read_text(encoding="utf-8")
    assert old in xml
    return sealed(xml.replace(old, new) if old else xml, receiver=CORP, to=CORP)


def page() -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads((CAPTURED / "messages.json").read_bytes())
    return found
