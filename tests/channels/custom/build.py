"""A bridge to a platform called LINE, and what it posts."""

from typing import Any

from channels.custom import CustomAdapter, CustomConfig
from tests.channels.wire import SECRET

CONFIG: dict[str, Any] = {
    "platform": "line",
    "secret": SECRET,
    "send_url": "https://bridge.test/send",
    "reply_window": {"seconds": 172_800, "messages": 5},
}
RECEIVED: dict[str, Any] = {
    "type": "message.received",
    "id": "325708",
    "at": "2026-11-22T10:00:00Z",
    "customer": {"id": "U4af4980629", "name": "王芳"},
    "text": "你好",
}


def adapter(**changes: Any) -> CustomAdapter:
    return CustomAdapter(CustomConfig.model_validate(CONFIG | changes))
