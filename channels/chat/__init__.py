"""Web chat: our own widget and sockets, no provider. Here is only what an endpoint can be set to."""

from channels.chat.adapter import ChatAdapter, ChatConfig

__all__ = ["ChatAdapter", "ChatConfig"]
