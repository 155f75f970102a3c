"""What every way in shares: limits, back-pressure, throttles, and what becomes of what cannot be read."""
