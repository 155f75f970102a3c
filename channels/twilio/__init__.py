"""Twilio: phone calls and text messages."""

from channels.twilio.config import SmsConfig, VoiceConfig
from channels.twilio.sms import SmsAdapter
from channels.twilio.voice import VoiceAdapter

__all__ = ["SmsAdapter", "SmsConfig", "VoiceAdapter", "VoiceConfig"]
