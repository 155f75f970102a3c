"""WeCom customer service (微信客服): customers write from WeChat, the webhook only says that there is
something, and agents answer through the API."""

from channels.wecom.adapter import WecomAdapter
from channels.wecom.config import WecomConfig

__all__ = ["WecomAdapter", "WecomConfig"]
