"""How the service and its parser processes talk: lengths, then bytes."""

import struct
from typing import Final

READY: Final = b"+"
"""What a process says first: all is imported."""

REQUEST: Final = struct.Struct(">IQ")
"""Lengths of the options (JSON) and of the mail that follow."""

RESPONSE: Final = struct.Struct(">IQ")
"""Lengths of the head (JSON) and of the attachments that follow, one behind the other."""
