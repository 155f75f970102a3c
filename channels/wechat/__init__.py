"""WeChat official accounts: customers write to the account, agents answer through its
customer-service API."""

from channels.wechat.adapter import WechatAdapter
from channels.wechat.config import WechatConfig

__all__ = ["WechatAdapter", "WechatConfig"]
