"""What somebody has said into a telephone: a murmur, as a WAV file of 8,000 samples a second."""

import io
import math
import wave
from typing import Final

RATE: Final = 8000


def spoken(seconds: int) -> bytes:
    """Three syllables a second; 0 seconds are the 44 bytes of the header."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setparams((1, 2, RATE, 0, "NONE", "not compressed"))
        sound.writeframes(b"".join(_sample(n) for n in range(seconds * RATE)))
    return file.getvalue()


def _sample(n: int) -> bytes:
    at = n / RATE
    loud = 6000 * abs(math.sin(3 * math.pi * at))
    return int(loud * math.sin(2 * math.pi * 180 * at)).to_bytes(2, "little", signed=True)
