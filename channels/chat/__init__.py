"""Web chat: our own widget and sockets, no provider. Here is only what an endpoint can be set to, and whose
word of who a visitor is counts."""

from channels.chat.adapter import ChatAdapter, ChatConfig
from channels.chat.identity import BadIdentity, IdentityExpired, SignedIn

__all__ = ["BadIdentity", "ChatAdapter", "ChatConfig", "IdentityExpired", "SignedIn"]
