"""Twilio: phone calls and text messages."""

from channels.twilio.config import SmsConfig
from channels.twilio.sms import SmsAdapter

__all__ = ["SmsAdapter", "SmsConfig"]
