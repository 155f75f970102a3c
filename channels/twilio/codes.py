"""What Twilio's error numbers mean for whoever reads them on a message or a call.

Source: twilio.com/docs/api/errors. What is not here keeps Twilio's own words.
"""

from typing import Final

TOO_MANY: Final = 20429
CALL_OVER: Final = frozenset({20404, 21220})
"""What we asked for is there no more: the call, its conference or the participant has ended."""

REASON_MAX: Final = 200

_REASONS: Final = {
    20003: "Twilio refuses our credentials",
    20404: "Twilio has no such resource (any more)",
    21210: "the caller id is none of this account's numbers",
    21211: "this is no number that can be reached",
    21214: "this number cannot be called",
    21215: "the account may not call this country",
    21217: "this is no phone number",
    21220: "the call has ended",
    21266: "sender and receiver are the same number",
    21401: "this is no phone number",
    21408: "the account may not send to this country",
    21421: "this is no phone number",
    21602: "the message is empty",
    21603: "no number to send from is set up",
    21604: "no number to send to",
    21606: "the number cannot send messages, or not to this country",
    21608: "a trial account sends to verified numbers only",
    21610: "the customer has opted out (STOP)",
    21611: "too many messages of this number wait to be sent",
    21612: "this number cannot be reached from ours",
    21614: "this is no mobile number",
    21617: "the message is longer than 1600 characters",
    21623: "too many files",
    21701: "there is no such messaging service",
    21703: "the messaging service has no number",
    30001: "too many messages waited to be sent",
    30002: "the account is suspended",
    30003: "the phone cannot be reached: switched off, or out of service",
    30004: "the receiver blocks these messages",
    30005: "this number is not in use",
    30006: "this is a landline, or its network cannot be reached",
    30007: "the network took it for spam",
    30008: "the network did not deliver it and gives no reason",
    30017: "the network is overloaded",
    30022: "more messages than the sender's registration allows",
    30024: "the sender is not set up there",
    30034: "the number is not registered for messages to US phones (A2P 10DLC)",
    30410: "the network did not answer in time",
    30450: "the message was blocked",
}


def reason_of(code: int, message: str = "") -> str:
    """In words, with the number for whoever wants to look it up."""
    words = " ".join((_REASONS.get(code) or message or "refused").split())
    return f"{words} (Twilio {code})"[:REASON_MAX]
