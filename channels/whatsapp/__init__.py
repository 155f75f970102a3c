"""WhatsApp through the Cloud API of Meta."""

from channels.whatsapp.adapter import WhatsAppAdapter
from channels.whatsapp.config import WhatsAppConfig

__all__ = ["WhatsAppAdapter", "WhatsAppConfig"]
